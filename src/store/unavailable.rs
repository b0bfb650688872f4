//! A database that does not do its work for now: the words stand here once, for the API, webhooks, the Web Connector and the
//! command line.

/// What keeps a database from its work, and what helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unavailable {
    /// For programs, in `snake_case`.
    pub code: &'static str,
    /// What happened, and why: to be put into a sentence.
    pub what: &'static str,
    /// What its operator does about it, if it lasts.
    pub remedy: &'static str,
    /// Seconds after which another try may do.
    pub retry_after: u16,
}

impl Unavailable {
    /// What whoever asked does about it.
    pub fn advice(&self) -> String {
        format!("Try again in a moment. If it lasts: {}", self.remedy)
    }
}

pub(super) const BUSY: Unavailable = Unavailable {
    code: "database_busy",
    what: "more waits for the gateway's database than it may",
    remedy: "Ask for less at once, and look at what else uses the database.",
    retry_after: 1,
};

pub(super) const READ_ONLY: Unavailable = Unavailable {
    code: "database_read_only",
    what: "the gateway's database cannot be written: it is read-only",
    remedy: "Make the disk, the folder and the file writable for the gateway's user, or the server's database.",
    retry_after: 30,
};

pub(super) const FULL: Unavailable = Unavailable {
    code: "database_full",
    what: "the gateway's database cannot be written: its disk is full",
    remedy: "Make room on the disk of the database.",
    retry_after: 30,
};

/// SQLite lets one program write at a time.
pub(super) const LOCKED: Unavailable = Unavailable {
    code: "database_locked",
    what: "the gateway's database cannot be written: another program holds it",
    remedy: "Close what writes to it: a database browser, a `sqlite3` shell, a backup that hangs; `fuser -v FILE` or \
             `lsof FILE` names it.",
    retry_after: 5,
};

pub(super) const DISK: Unavailable = Unavailable {
    code: "database_disk",
    what: "the disk of the gateway's database does not read or write",
    remedy: "Look at the disk and at the system's log; restore a backup if it is broken.",
    retry_after: 30,
};

pub(super) const UNREACHABLE: Unavailable = Unavailable {
    code: "database_unavailable",
    what: "the gateway's database does not answer",
    remedy: "Look at the gateway's log and at the database; `rollcall doctor` looks closer.",
    retry_after: 5,
};
