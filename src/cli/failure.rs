//! Why a command did not do what it was asked: what happened, and what to do.

use std::error::Error;

pub use crate::domain::problem::sentence;

use crate::{
    config::Mistakes,
    domain::{access::Denied, ids::named_by, problem::Problem},
    service::Refusal,
    store,
    sync::{
        ask::AskError, check::TestError, credentials, register, remove::RemoveError,
        subscribe::SubscribeError, vault::VaultError,
    },
};

/// The exit code of a command that failed.
pub const FAILED: u8 = 1;
/// The exit code of a call, or of settings, that cannot be understood.
pub const USAGE: u8 = 2;

/// Why a command ends without success.
#[derive(Debug)]
pub enum Failure {
    /// To be told.
    Problem { problem: Problem, exit: u8 },
    /// The answer on standard output says it already.
    Answered,
    /// Whoever read standard output went away: nobody is left to tell.
    Unread,
}

impl Failure {
    pub fn new(code: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Problem { problem: Problem::new(code, detail, remedy), exit: FAILED }
    }

    /// A call that cannot be understood.
    pub fn usage(detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Problem { problem: Problem::new("usage", detail, remedy), exit: USAGE }
    }

    /// The operating system refused something.
    pub fn system(what: &str, error: &std::io::Error) -> Self {
        Self::new(
            "system",
            format!("{what}: {error}."),
            "Correct what the system complains of, and try again.",
        )
    }

    pub fn internal(error: &dyn Error) -> Self {
        Self::new("internal", chain(error), "This is a mistake in Rollcall: please report it.")
    }

    pub fn not_found(what: &str, name: &str) -> Self {
        let list = match what {
            "run" => "`rollcall connection runs CONNECTION`",
            "message" => "`rollcall webhook list CONNECTION`",
            "token" => "`rollcall app token list APP`",
            "company" => "`rollcall company list`",
            "app" => "`rollcall app list`",
            _ => "`rollcall connection list`",
        };
        let detail = match named_by(name.trim()).filter(|other| *other != what) {
            Some(other) => {
                format!("There is no {what} `{name}`: that is the ID of a{n} {other}.", n = n(other))
            }
            None => format!("There is no {what} `{name}`."),
        };
        Self::new("not_found", detail, format!("{list} shows those that there are."))
    }

    /// The same, where a use case says that there is no such `what`, or that it may be several: with what was typed.
    pub fn named(self, what: &str, wanted: &str) -> Self {
        let Self::Problem { problem, exit } = self else { return self };
        if problem.code == "ambiguous" {
            let detail = problem.detail.replacen("That", &format!("`{}`", wanted.trim()), 1);
            return Self::Problem { problem: Problem { detail, ..problem }, exit };
        }
        if problem.code != format!("{what}_not_found") {
            return Self::Problem { problem, exit };
        }
        let not_found = Self::not_found(what, wanted.trim());
        match problem.remedy.split_once("? ") {
            Some((near, _)) => not_found.hinted(&format!("{near}?")),
            None => not_found,
        }
    }

    /// The same with the codes and the exit that the commands which set up have for what the use cases refuse.
    pub fn of_setup(self) -> Self {
        let Self::Problem { problem: Problem { code, detail, remedy }, exit } = self else { return self };
        let detail = sentence(&detail);
        match code.as_str() {
            "already_exists" => Self::new("duplicate", detail, remedy),
            "invalid_name" => Self::new("bad_name", detail, remedy),
            "no_company" | "invalid_scopes" | "invalid_expires_in_days" => Self::usage(detail, remedy),
            _ => Self::Problem { problem: Problem { code, detail, remedy }, exit },
        }
    }

    /// The same, with a hint before what to do.
    pub fn hinted(self, hint: &str) -> Self {
        match self {
            Self::Problem { problem, exit } => {
                let remedy = format!("{hint} {}", problem.remedy);
                Self::Problem { problem: Problem { remedy, ..problem }, exit }
            }
            other => other,
        }
    }

    /// The same, with `code`, `detail` and `remedy` of its own if the store said [`store::Error::Duplicate`].
    pub fn if_duplicate(self, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        self.replace(&["duplicate", "already_exists"], "duplicate", detail, remedy)
    }

    /// The same for [`store::Error::Referred`].
    pub fn if_in_use(self, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        self.replace(&["in_use", "company_in_use", "app_in_use"], "in_use", detail, remedy)
    }

    fn replace(
        self,
        codes: &[&str],
        code: &str,
        detail: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        match self {
            Self::Problem { problem, exit } if codes.contains(&problem.code.as_str()) => {
                Self::Problem { problem: Problem::new(code, detail, remedy), exit }
            }
            other => other,
        }
    }
}

/// The rest of the article before a word.
fn n(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "n" } else { "" }
}

/// An error and its causes as one text.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        // Some errors repeat their cause in their own words.
        if !text.contains(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem { problem, exit: FAILED }
    }
}

impl From<Mistakes> for Failure {
    fn from(mistakes: Mistakes) -> Self {
        let remedy = "Correct the variable, or the flag of the same name.";
        Self::Problem { problem: Problem::new("bad_settings", mistakes.to_string(), remedy), exit: USAGE }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let detail = sentence(&error.to_string());
        // Where it is, is for the command line to say.
        let unavailable = error.unavailable().filter(|_| !matches!(error, E::Open(_) | E::File(_)));
        if let Some(store::Unavailable { code, remedy, .. }) = unavailable {
            return Self::new(code, detail, remedy);
        }
        let (code, remedy) = match &error {
            E::Url(_) => ("bad_database_url", "Correct ROLLCALL_DATABASE_URL or --database-url."),
            E::Open(_) => (
                "database_unreachable",
                "Check the path or the address, and that this user may open it; `rollcall doctor` looks closer.",
            ),
            E::File(obstacle) => ("database_unreachable", remedy_of(obstacle)),
            E::Migrate(_) => {
                ("database_not_migrated", "Use the version of Rollcall that made it, or restore a backup.")
            }
            E::NotFound(_) => {
                ("not_found", "Look at the list, `rollcall COMMAND list`, for those that there are.")
            }
            E::Duplicate(_) => ("duplicate", "Use another name."),
            E::Referred(_) => ("in_use", "Remove what depends on it first."),
            E::Stale(_) => {
                ("changed_meanwhile", "Look at it again, and repeat the command if it is still wanted.")
            }
            E::Corrupt { .. } => {
                ("database_corrupt", "Use the version of Rollcall that wrote it, or restore a backup.")
            }
            E::Database(_) | E::ReadOnly | E::Full | E::Locked | E::Disk | E::Busy => {
                ("database_failed", "`rollcall doctor` looks closer; the database's own log may tell more.")
            }
            E::Panicked => ("internal", "This is a mistake in Rollcall: please report it."),
        };
        Self::new(code, detail, remedy)
    }
}

fn remedy_of(obstacle: &store::Obstacle) -> &'static str {
    use store::Obstacle as O;
    match obstacle {
        O::NoFolder(_) => "Make the folder, or correct ROLLCALL_DATABASE_URL.",
        O::Hidden { .. } => {
            "Let the user that Rollcall runs as go into the folders that lead there, or correct ROLLCALL_DATABASE_URL."
        }
        O::NoFile(_) => "Correct ROLLCALL_DATABASE_URL: it must name a file.",
        O::Unreadable { .. } => {
            "Let the user that Rollcall runs as read and write it, or correct ROLLCALL_DATABASE_URL."
        }
        O::Closed { .. } => {
            "Let the user that Rollcall runs as write in that folder, or correct ROLLCALL_DATABASE_URL."
        }
    }
}

/// What a use case refuses: its code and words, as the API has them.
impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let Refusal { problem, cause, .. } = refusal;
        match cause {
            // Who runs commands is the operator: the cause is for his eyes.
            Some(cause) => {
                let why = sentence(&chain(cause.as_ref()));
                let detail = if why == problem.detail { why } else { format!("{} {why}", problem.detail) };
                Self::Problem { problem: Problem::new(problem.code, detail, problem.remedy), exit: FAILED }
            }
            None => Self::Problem { problem, exit: FAILED },
        }
    }
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Refusal::from(denied).into()
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        match (error.problem(), error) {
            (Some(problem), _) => Self::Problem { problem, exit: FAILED },
            (None, VaultError::Store(error)) => error.into(),
            (None, error) => Self::internal(&error),
        }
    }
}

impl From<register::Error> for Failure {
    fn from(error: register::Error) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            register::Error::BadName => Self::new("bad_name", detail, "Use another name."),
            register::Error::NoCompany => Self::usage(
                detail,
                "Add --company COMPANY, once for each, or --admin for an app that manages everything.",
            ),
            register::Error::NoScope | register::Error::ScopeBeyond { .. } | register::Error::BadExpiry => {
                Self::usage(
                    detail,
                    "`rollcall app list --json` shows the scopes of apps; choose within them.",
                )
            }
            register::Error::SeesAll(_) => Self::new("sees_all", detail, "Leave --company out."),
            register::Error::MayAll(_) => Self::new("may_all", detail, "Leave --scope out."),
            register::Error::HasProfiles { .. } => Self::new(
                "company_in_use",
                detail,
                "Name that company as well, or delete the profiles by the API first: DELETE \
                 /v1/profiles/{list}/{profile_id}. Nothing was changed.",
            ),
            register::Error::NothingInDoubt(_) => Self::new(
                "nothing_in_doubt",
                detail,
                "Nothing to do: `rollcall connection show` tells how it stands.",
            ),
            register::Error::Settings(_) => Self::new(
                "bad_connection_settings",
                detail,
                "`rollcall connection add --help` tells what each kind takes.",
            ),
            register::Error::Credentials(error) => error.into(),
            register::Error::Denied(denied) => denied.into(),
            register::Error::Store(error) => error.into(),
        }
    }
}

impl From<SubscribeError> for Failure {
    fn from(error: SubscribeError) -> Self {
        match (error.problem(), error) {
            (Some(problem), _) => Self::Problem { problem, exit: FAILED },
            (None, SubscribeError::Denied(denied)) => denied.into(),
            (None, SubscribeError::Vault(error)) => error.into(),
            (None, SubscribeError::Store(error)) => error.into(),
            (None, error) => Self::internal(&error),
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            AskError::Pushes(_) => Self::new(
                "cannot_be_polled",
                detail,
                "Let the other system send its whole list: `employees.replaced`.",
            ),
            AskError::Settings(_) => {
                Self::new("bad_connection_settings", detail, "Correct them with `rollcall connection set`.")
            }
            AskError::Denied(denied) => denied.into(),
            AskError::Store(error) => error.into(),
        }
    }
}

impl From<TestError> for Failure {
    fn from(error: TestError) -> Self {
        match error {
            TestError::Denied(denied) => denied.into(),
            TestError::Store(error) => error.into(),
        }
    }
}

impl From<RemoveError> for Failure {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Denied(denied) => denied.into(),
            error @ RemoveError::InUse(_) => Self::new(
                "connection_in_use",
                sentence(&error.to_string()),
                "Confirm that, or stop it for a while: `rollcall connection set ID --pause`.",
            ),
            RemoveError::Store(error) => error.into(),
        }
    }
}

impl From<credentials::Error> for Failure {
    fn from(error: credentials::Error) -> Self {
        use credentials::Error as E;
        let remedy = match &error {
            E::Missing { .. } => {
                "Add --secret NAME=@FILE for each; `rollcall connection add --help` tells more."
            }
            E::Unknown { .. } => {
                "Leave it out, or correct its name; `rollcall connection add --help` tells more."
            }
            E::Invalid { .. } => "Look at how the source shows it, and give it again.",
            E::NotMade { .. } => {
                "Set it as the source gave it: `rollcall connection set ID --secret NAME=@FILE`."
            }
            E::Denied(_) | E::Vault(_) => "",
        };
        match error {
            E::Denied(denied) => denied.into(),
            E::Vault(error) => error.into(),
            E::Missing { .. } | E::Unknown { .. } => Self::usage(sentence(&error.to_string()), remedy),
            error => Self::new("bad_secret", sentence(&error.to_string()), remedy),
        }
    }
}
