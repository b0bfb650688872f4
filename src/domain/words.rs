//! The closed vocabularies, as they stand in tables, in the API and on the command line.

use std::{fmt, str::FromStr};

/// A word that is not in the vocabulary, with those that are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is not a {vocabulary}; known: {known}")]
pub struct UnknownWord {
    pub vocabulary: &'static str,
    pub word: String,
    pub known: String,
}

/// An enum whose variants are words: `as_str`, `Display`, `FromStr` and serde agree by construction.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident ($what:literal) { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word).ok_or_else(|| UnknownWord {
                    vocabulary: $what,
                    word: word.to_owned(),
                    known: Self::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

words! {
    /// Which of the two lists a record or a profile belongs to.
    List ("list") { Employee = "employee", Customer = "customer" }
}

impl List {
    /// The prefix of the IDs of this list's records.
    pub fn prefix(self) -> &'static str {
        match self {
            List::Employee => "emp",
            List::Customer => "cus",
        }
    }

    /// `employees` or `customers`: how people and paths name the list.
    pub fn plural(self) -> &'static str {
        match self {
            List::Employee => "employees",
            List::Customer => "customers",
        }
    }
}

words! {
    /// The source system at the other end of a connection.
    Kind ("kind of connection") {
        QuickbooksDesktop = "quickbooks_desktop",
        QuickbooksOnline = "quickbooks_online",
        Paycom = "paycom",
        Connectwise = "connectwise",
        Autotask = "autotask",
        Push = "push",
    }
}

words! {
    /// How much of a list a run asks for.
    Mode ("mode") {
        /// All of it: absence can be judged at its end.
        Full = "full",
        /// What changed since the run before.
        Delta = "delta",
    }
}

words! {
    /// Where a run stands.
    RunState ("state of a run") {
        /// Asked for; starts when the source can be reached (the Web Connector calls).
        Queued = "queued",
        Running = "running",
        Complete = "complete",
        /// Its absences look like a mistake: nothing is marked until a person decides.
        Held = "held",
        Failed = "failed",
    }
}

words! {
    /// What an entry of the change feed says happened.
    ChangeKind ("kind of change") {
        Created = "created",
        Updated = "updated",
        /// No longer in the source's list.
        Absent = "absent",
        /// In the source's list again.
        Returned = "returned",
        Linked = "linked",
        Unlinked = "unlinked",
        /// Of an app's own user or customer, as the next two.
        ProfileCreated = "profile_created",
        ProfileUpdated = "profile_updated",
        ProfileRemoved = "profile_removed",
        /// Gone for good with its connection, and its links with it.
        RecordRemoved = "record_removed",
    }
}

words! {
    /// Where a session with the Web Connector stands.
    SessionState ("state of a session") {
        Open = "open",
        /// Closed by the Web Connector, or by an error that it was told of.
        Closed = "closed",
        /// A later `authenticate` of the same connection took its place.
        Retired = "retired",
        /// Not heard of for too long.
        Expired = "expired",
    }
}

words! {
    /// Why a source did not answer as it should: what a test of a connection tells apart.
    Cause ("cause") {
        /// The host's name is not known.
        Dns = "dns",
        Tcp = "tcp",
        Tls = "tls",
        Timeout = "timeout",
        Credentials = "credentials",
        /// A private address that the connection may not reach, or an address of ours that the source does not list.
        AddressNotAllowed = "address_not_allowed",
        Permission = "permission",
        RateLimit = "rate_limit",
        Version = "version",
        NotFound = "not_found",
        /// Everything else: the source failed, or said what cannot be understood.
        Server = "server",
    }
}

words! {
    /// Where a connection stands, for people.
    ConnectionState ("state of a connection") {
        /// The last poll read everything, and who is absent could be judged.
        Ok = "ok",
        /// Read, but nobody can be marked absent: a list did not come whole.
        Incomplete = "incomplete",
        /// A list is being read now.
        Polling = "polling",
        /// Nothing is wrong, and nothing was read yet, or nothing may be read now.
        Waiting = "waiting",
        RateLimited = "rate_limited",
        CredentialsRejected = "credentials_rejected",
        PermissionMissing = "permission_missing",
        /// A run waits for a person's decision.
        Held = "held",
        Failing = "failing",
    }
}

words! {
    /// Where a webhook's message stands.
    MessageState ("state of a message") {
        /// Accepted, not dealt with yet.
        Pending = "pending",
        Done = "done",
        /// Given up: a person may look at it and replay it.
        Dead = "dead",
    }
}

words! {
    /// How a worker of a gateway is.
    WorkerState ("state of a worker") {
        Idle = "idle",
        Working = "working",
        /// Its last try did not do what it should, or it panicked.
        Failing = "failing",
    }
}

words! {
    /// How one piece of a worker's work ended.
    Ended ("end of a piece of work") {
        Done = "done",
        Failed = "failed",
        /// Its lease was lost: another gateway has taken it over.
        Lost = "lost",
        /// The gateway was stopped: it is gone on with elsewhere, or later.
        Stopped = "stopped",
    }
}

words! {
    /// What a caller asks to do: the rows of the table in [`crate::domain::access`].
    Action ("action") {
        /// Records, profiles, links, runs, histories, changes, and how connections stand.
        Read = "read",
        /// The names of companies.
        ReadCompanies = "read_companies",
        /// Link, unlink, undo, ignore, make and write profiles.
        Link = "link",
        /// Ask for the lists of a connection.
        Poll = "poll",
        /// Test whether a source answers.
        Test = "test",
        /// Approve or reject a held run.
        DecideHolds = "decide_holds",
        /// Connections, their credentials, `.qwc` files and webhooks.
        ManageConnections = "manage_connections",
        /// Make and revoke Quicklinks.
        ManageQuicklinks = "manage_quicklinks",
        /// See and change one's own account.
        OwnAccount = "own_account",
        /// Apps, tokens, accounts, companies, the audit, and how the gateway stands.
        Administer = "administer",
    }
}

words! {
    /// What the audit says was done.
    AuditAction ("action of the audit") {
        CompanyAdded = "company_added",
        CompanyChanged = "company_changed",
        /// The removal of a company began.
        CompanyClosing = "company_closing",
        CompanyRemoved = "company_removed",
        ConnectionAdded = "connection_added",
        /// Its name, settings or secrets; the fields are named, never a secret.
        ConnectionChanged = "connection_changed",
        /// A secret that Rollcall makes was made anew.
        SecretRenewed = "secret_renewed",
        ConnectionRemoved = "connection_removed",
        CallbacksRegistered = "callbacks_registered",
        CallbacksRemoved = "callbacks_removed",
        /// Somebody asked for the lists of a connection.
        ListsRequested = "lists_requested",
        /// A message of a webhook that was given up is tried again.
        MessageReplayed = "message_replayed",
        HoldApproved = "hold_approved",
        HoldRejected = "hold_rejected",
        AppAdded = "app_added",
        AppChanged = "app_changed",
        AppRemoved = "app_removed",
        TokenAdded = "token_added",
        TokenRevoked = "token_revoked",
        AccountAdded = "account_added",
        QuicklinkAdded = "quicklink_added",
        QuicklinkRevoked = "quicklink_revoked",
        /// What an account keeps for a source; never the secrets themselves.
        CredentialsKept = "credentials_kept",
        CredentialsRemoved = "credentials_removed",
        AccountChanged = "account_changed",
        AccountDisabled = "account_disabled",
        AccountEnabled = "account_enabled",
        PasswordChanged = "password_changed",
        SecondFactorSet = "second_factor_set",
        SecondFactorRemoved = "second_factor_removed",
        /// An account belongs to a person at an identity provider from now on.
        IdentityBound = "identity_bound",
        /// A link to choose another password.
        ResetLinkMade = "reset_link_made",
        /// A link to make the first account: it was printed at a start.
        SetUpLinkMade = "set_up_link_made",
        SessionsEnded = "sessions_ended",
        SignedIn = "signed_in",
        SignedOut = "signed_out",
        ProfileCreated = "profile_created",
        ProfileUpdated = "profile_updated",
        ProfileRemoved = "profile_removed",
        Linked = "linked",
        Unlinked = "unlinked",
        /// A run changed what is staged, or is held.
        RunEnded = "run_ended",
        /// Records were staged outside of a run, as a webhook told them.
        RecordsStaged = "records_staged",
        /// Records went with their connection.
        RecordsRemoved = "records_removed",
        /// The key that seals secrets was rotated.
        KeyRotated = "key_rotated",
        /// A backup was put in the place of the database, or the feed's epoch was renewed as after that.
        Restored = "restored",
        /// A chain of the audit began: noted in the chain `global`, so that one that is gone is missed.
        ChainBegun = "chain_begun",
        /// Old rows of a chain were removed; the row says up to which, and what that one's hash was.
        AuditCut = "audit_cut",
    }
}

words! {
    /// What a token of an app may be used for.
    Scope ("scope") { Read = "read", Link = "link", Poll = "poll", Manage = "manage" }
}

words! {
    /// What an account may do: everything, or what concerns its own companies.
    Role ("role") { AccountAdmin = "account-admin", User = "user" }
}

words! {
    /// How a person has proved who it is.
    SignInMethod ("way to sign in") {
        Password = "password",
        /// A password, and a code of the second factor.
        Totp = "totp",
        /// A password, and one of the codes that were kept for a lost second factor.
        RecoveryCode = "recovery_code",
        /// An identity provider's word.
        Oidc = "oidc",
    }
}

words! {
    /// What a link that works once is for.
    LinkPurpose ("purpose of a link") {
        /// Makes the first account.
        SetUp = "set_up",
        /// Chooses another password.
        Reset = "reset",
    }
}

words! {
    /// What kind of party did something.
    ActorKind ("kind of actor") {
        App = "app",
        Account = "account",
        Quicklink = "quicklink",
        CommandLine = "command_line",
        Worker = "worker",
    }
}

words! {
    /// How mail is encrypted on its way to the server.
    MailSecurity ("way to encrypt mail") {
        /// Encrypted after the greeting; a server that cannot is refused.
        StartTls = "starttls",
        /// From the first byte.
        Tls = "tls",
        /// Not at all: for a server on the same machine.
        Plain = "none",
    }
}

words! {
    /// How sure a suggested match is.
    MatchLevel ("level of a match") {
        /// Two independent facts agree, and nothing is against it.
        Certain = "certain",
        /// Nothing else fits as well.
        Likely = "likely",
        Possible = "possible",
    }
}
