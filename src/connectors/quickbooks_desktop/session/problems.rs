//! What people are told of a session with the Web Connector.

use std::fmt::Display;

use crate::{
    connectors::{
        calls_in::{DOUBTED, Queued, Trouble},
        quickbooks_desktop::plan::Suspect,
    },
    domain::problem::Problem,
};

pub(super) static QUEUED: Queued = Queued {
    queued: "Queued until the Web Connector calls.",
    late: "On the machine that runs QuickBooks, look at the Web Connector: it must be running, the application ticked, \
           Auto-Run on, and its password entered. Update Selected tries at once.",
    never: "It has never called: download the .qwc file, open it on the machine that runs QuickBooks, and type the \
            connection's password into the Web Connector.",
};

pub(super) fn of(trouble: Trouble, connection_id: &str) -> Problem {
    match trouble {
        Trouble::WrongPassword => Problem::new(
            "credentials",
            "A Web Connector called with the user name of this connection and a wrong password.",
            "Enter the password again in the Web Connector's password column. If it is lost, make a new one: `rollcall \
             connection password`, or POST /v1/connections/{id}/password.",
        ),
        Trouble::Rivals => Problem::new(
            "two_web_connectors",
            "Two Web Connectors use this user name: each ends the other's update, so that few are read to their end.",
            format!(
                "Keep the application in one Web Connector, and remove it from the others. Where you do not know them, make \
                 a new password with `rollcall connection password {connection_id}` and enter it in one only. A second \
                 company file needs a connection of its own."
            ),
        ),
        Trouble::Expired => Problem::new(
            "session_expired",
            "The Web Connector did not call for too long, so the session was ended.",
            "Run the update again. If it happens often, look whether QuickBooks waits for an answer in a dialog.",
        ),
        Trouble::Silent(ago) => Problem::new(
            "silent",
            format!("The Web Connector has not called for {ago}."),
            "Look whether its computer runs, QuickBooks is set up to let the Web Connector in, and Auto-Run is ticked.",
        ),
        Trouble::TooLarge => Problem::new(
            "answer_too_large",
            "QuickBooks' answer is larger than this gateway accepts. Nobody was marked absent.",
            "Raise ROLLCALL_MAX_QBWC_BODY, or ask for fewer customers at once: set `page_size` of this connection.",
        ),
        Trouble::DatabaseFailed => Problem::new(
            "database_failed",
            "Rollcall's own database failed while the list was taken in. Nobody was marked absent; what had been \
             stored is kept.",
            "Look into the gateway's log and at its database (`rollcall doctor`), then run the update again.",
        ),
    }
}

pub(super) fn not_written() -> Problem {
    Problem::new(
        "request_not_written",
        "Rollcall could not write its request to QuickBooks.",
        "Please report this as a fault of Rollcall, with the lines of its log.",
    )
}

/// What QuickBooks says of itself cannot be read.
pub(super) fn not_read(error: &dyn Display) -> Problem {
    Problem::new(
        "company_not_read",
        format!("What QuickBooks says of itself could not be read: {error}."),
        "Run the update again. If it repeats, restart QuickBooks and the Web Connector.",
    )
}

/// What the people of a company file in doubt have shown.
pub(super) enum People {
    /// So many of the first ones are known.
    Known { known: usize, of: usize },
    /// There are none.
    None,
    /// They were looked at by an earlier session.
    SeenBefore,
}

pub(super) fn doubted(connection_id: &str, suspect: &Suspect, people: People) -> Problem {
    let people = match people {
        People::Known { known, of } => format!("other people: {known} of the first {of} are known"),
        People::None => "no people that could tell".into(),
        People::SeenBefore => "other people".into(),
    };
    Problem::new(
        DOUBTED,
        format!(
            "The company file «{}» ({}) carries the FileID of this connection, but another name and path than before, \
             and {people}. It may be a copy that another company uses now, so nothing was staged, and nobody was marked \
             absent.",
            suspect.name, suspect.path
        ),
        format!(
            "If it is the same company, say so: `rollcall connection set {connection_id} --same-company-file`, or PATCH \
             /v1/connections/{connection_id} with `same_company_file`. If it is another one, add a connection for it, and \
             in that file its own .qwc file."
        ),
    )
}
