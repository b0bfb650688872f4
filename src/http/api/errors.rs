//! One translator for each error of a verb: what happened and what to do, as a problem.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    connectors::{SettingsError, quickbooks_desktop::QwcError, source::Failure},
    domain::problem::Problem,
    http::problem::ApiError,
    store,
    sync::{
        ask::AskError, credentials, feed, link, profile, register, subscribe::SubscribeError,
        vault::VaultError, web_connector::QwcFailure,
    },
};

/// An answer that refuses.
pub(crate) fn refuse(status: StatusCode, code: &str, detail: impl Into<String>, remedy: &str) -> ApiError {
    ApiError::new(status, Problem::new(code, detail, remedy))
}

/// 422: understood, but not acceptable.
pub(crate) fn unacceptable(code: &str, detail: impl Into<String>, remedy: &str) -> ApiError {
    refuse(StatusCode::UNPROCESSABLE_ENTITY, code, detail, remedy)
}

/// 409: not as things stand.
pub(crate) fn conflict(code: &str, detail: impl Into<String>, remedy: &str) -> ApiError {
    refuse(StatusCode::CONFLICT, code, detail, remedy)
}

/// Gives a store's [`store::Error::Referred`] the words of the resource; others keep theirs.
pub(crate) fn in_use(
    code: &'static str,
    detail: &'static str,
    remedy: &'static str,
) -> impl Fn(store::Error) -> ApiError {
    move |error| match error {
        store::Error::Referred(_) => conflict(code, detail, remedy),
        other => other.into(),
    }
}

impl From<store::Error> for ApiError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound(what) => refuse(
                StatusCode::NOT_FOUND,
                &format!("{}_not_found", what.to_lowercase().replace(' ', "_")),
                format!("There is no such {what}, or this token may not see it."),
                "Check the ID, and which companies the token's app may see.",
            ),
            store::Error::Duplicate(_) => conflict(
                "already_exists",
                "There is one already of that name or ID.",
                "Choose another, or use the one that is there.",
            ),
            store::Error::Referred(_) => {
                conflict("in_use", "Something else refers to it.", "Remove what refers to it first.")
            }
            store::Error::Stale(what) => conflict(
                "changed_meanwhile",
                format!("The {what} was changed by another call in the meantime."),
                "Read it again, then decide.",
            ),
            error if error.is_unavailable() => unavailable(error),
            error => ApiError::internal(error),
        }
    }
}

/// 503 for what [`store::Error::is_unavailable`] says that another try may help with.
fn unavailable(error: store::Error) -> ApiError {
    use store::Error as E;
    let (code, detail, remedy, retry_after) = match &error {
        E::Busy => (
            "database_busy",
            "More waits for the gateway's database than it may.",
            "Try again in a moment, with fewer requests at once.",
            1,
        ),
        E::ReadOnly => (
            "database_read_only",
            "The gateway's database cannot be written: it is read-only.",
            "Its operator makes the disk, or the server, writable again; the gateway goes on by itself.",
            30,
        ),
        E::Full => (
            "database_full",
            "The gateway's database cannot be written: its disk is full.",
            "Its operator makes room on the disk; the gateway goes on by itself.",
            30,
        ),
        E::Locked => (
            "database_locked",
            "The gateway's database cannot be written: another program holds it.",
            "Try again in a moment. If it lasts, its operator closes the program that has it open.",
            5,
        ),
        E::Disk => (
            "database_disk",
            "The disk of the gateway's database does not read or write.",
            "Its operator looks at the disk and at the system's log; the gateway goes on by itself.",
            30,
        ),
        _ => (
            "database_unavailable",
            "The gateway's database does not answer.",
            "Try again in a moment. If it lasts, look at the gateway's log and at the database.",
            5,
        ),
    };
    let mut refused = refuse(StatusCode::SERVICE_UNAVAILABLE, code, detail, remedy);
    refused.retry_after = Some(retry_after);
    // Too much at once is the callers' doing: a line of the log for each would be one thing more to wait for.
    if matches!(error, E::Busy) { refused } else { refused.caused_by(error) }
}

impl From<feed::Error> for ApiError {
    fn from(error: feed::Error) -> Self {
        match error {
            feed::Error::BadCursor => unacceptable(
                "bad_cursor",
                "The cursor is none that this feed has given out.",
                "Send `next` of the answer before as it is, `latest`, or nothing to begin with the oldest change.",
            ),
            feed::Error::OtherCompany => refuse(
                StatusCode::NOT_FOUND,
                "company_not_found",
                "The cursor is another company's than the one that is asked for, or this token may not see that.",
                "Each company has a feed and a cursor of its own.",
            ),
            feed::Error::Expired => refuse(
                StatusCode::GONE,
                "cursor_expired",
                "What follows this cursor is not kept any more, or the gateway's database was restored from a backup.",
                "Start anew: get `next` with `after=latest`, then read the lists, profiles and links whole, then go on from that `next`.",
            ),
            feed::Error::Store(error) => error.into(),
        }
    }
}

impl From<link::Error> for ApiError {
    fn from(error: link::Error) -> Self {
        match error {
            link::Error::RecordLinked { list, record_id, profile_id } => conflict(
                "record_linked",
                format!("The {list} {record_id} is linked to profile {profile_id:?} already."),
                "Unlink it first, or leave it as it is.",
            )
            .with("conflict", json!({ "profile_id": profile_id })),
            link::Error::ProfileLinked { list, record_id, profile_id } => conflict(
                "profile_linked",
                format!("Profile {profile_id:?} is linked to the {list} {record_id} of the same connection already."),
                "Unlink that one first, or choose another profile.",
            )
            .with("conflict", json!({ "record_id": record_id, "list": list })),
            link::Error::NoProfile { list, profile_id } => refuse(
                StatusCode::NOT_FOUND,
                "profile_not_found",
                format!("The app has no {list} profile {profile_id:?}."),
                &format!("PUT /v1/profiles/{list}/{{profile_id}} first, or create the profile from the {list} itself."),
            ),
            link::Error::OtherCompany { list, profile_id } => conflict(
                "other_company",
                format!("Profile {profile_id:?} belongs to another company than the {list}."),
                "Choose a profile of the same company.",
            ),
            link::Error::ProfileExists { list, profile_id } => conflict(
                "profile_exists",
                format!("The app has a {list} profile {profile_id:?} already."),
                "Link that profile, or choose another ID.",
            )
            .with("conflict", json!({ "profile_id": profile_id, "list": list })),
            link::Error::NotUndoable => conflict(
                "not_undoable",
                "This change is not a link or an unlink of the app.",
                "Only those can be undone: look for `linked` and `unlinked` in the record's history.",
            ),
            link::Error::Undone(why) => conflict(
                "cannot_be_undone",
                format!("This change cannot be undone: {why}."),
                "Look at the record's history: something has happened since.",
            ),
            link::Error::Store(error) => error.into(),
        }
    }
}

impl From<profile::Error> for ApiError {
    fn from(error: profile::Error) -> Self {
        match error {
            profile::Error::WhichCompany(seen) => unacceptable(
                "which_company",
                format!("The app sees {seen} companies, so a new profile must say which one it belongs to."),
                "Add `company`: the company's ID or name.",
            ),
            profile::Error::OtherCompany => conflict(
                "other_company",
                "The profile belongs to another company and cannot be moved.",
                "Leave `company` out, or delete the profile and make it anew.",
            ),
            profile::Error::Linked(links) => {
                let records: Vec<_> = links
                    .iter()
                    .map(|link| json!({ "record_id": link.record_id, "list": link.list }))
                    .collect();
                conflict("profile_linked", "The profile is linked.", "Unlink it from these records first.")
                    .with("conflict", json!({ "records": records }))
            }
            profile::Error::Store(error) => error.into(),
        }
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            // Where the key is, is the operator's business.
            error => refuse(
                StatusCode::SERVICE_UNAVAILABLE,
                "secrets_unavailable",
                "The gateway cannot seal or open the secrets of connections.",
                "Its operator finds the reason in the gateway's log, and by `rollcall doctor`.",
            )
            .caused_by(error),
        }
    }
}

impl From<register::Error> for ApiError {
    fn from(error: register::Error) -> Self {
        let detail = error.to_string();
        match error {
            register::Error::BadName => unacceptable("invalid_name", detail, "Choose another name."),
            register::Error::NoCompany => {
                unacceptable("no_company", detail, "Name the companies that it may see.")
            }
            register::Error::SeesAll(_) => {
                conflict("sees_all", detail, "Leave `companies` out: an admin's app sees each of them.")
            }
            register::Error::HasProfiles { profiles, links, .. } => conflict(
                "company_in_use",
                detail,
                "Delete these profiles first, or leave the company in the list: nothing is lost silently.",
            )
            .with("profiles", json!(profiles))
            .with("links", json!(links)),
            register::Error::NothingInDoubt(_) => {
                conflict("nothing_in_doubt", detail, "Nothing to do: read the connection's status.")
            }
            register::Error::Settings(SettingsError::NoConnector(_)) => {
                unacceptable("no_connector", detail, "Choose a kind that this version has.")
            }
            register::Error::Settings(SettingsError::Invalid(_)) => {
                unacceptable("invalid_settings", detail, "Correct the setting that is named.")
            }
            register::Error::Credentials(error) => error.into(),
            register::Error::Store(error) => error.into(),
        }
    }
}

impl From<credentials::Error> for ApiError {
    fn from(error: credentials::Error) -> Self {
        use credentials::Error as E;
        let detail = error.to_string();
        match error {
            E::Vault(error) => error.into(),
            E::Missing { .. } => unacceptable("invalid_secrets", detail, "Add them to `secrets`."),
            E::Unknown { .. } | E::Invalid { .. } => {
                unacceptable("invalid_secrets", detail, "Correct the secret that is named.")
            }
            E::NotMade { .. } => {
                unacceptable("invalid_secrets", detail, "Set it by PATCH, as the source gave it.")
            }
        }
    }
}

impl From<QwcFailure> for ApiError {
    fn from(failure: QwcFailure) -> Self {
        match failure {
            QwcFailure::Qwc(error @ QwcError::Write(_)) => ApiError::internal(error),
            QwcFailure::Qwc(address) => conflict(
                "no_qwc_file",
                format!("The Web Connector would refuse this file: {address}."),
                "Set ROLLCALL_PUBLIC_URL to an https address with a host name.",
            ),
            QwcFailure::Store(error) => error.into(),
        }
    }
}

impl From<SubscribeError> for ApiError {
    fn from(error: SubscribeError) -> Self {
        let problem = error.problem();
        let status = match &error {
            // Not the caller's pace, but the source's.
            SubscribeError::Source(Failure::Closed(_)) => StatusCode::SERVICE_UNAVAILABLE,
            SubscribeError::Source(_) => StatusCode::BAD_GATEWAY,
            _ => StatusCode::CONFLICT,
        };
        let retry_after = match &error {
            SubscribeError::Source(Failure::Source { retry_after, .. }) => *retry_after,
            _ => None,
        };
        let retry_after = retry_after.and_then(|wait| u16::try_from(wait.as_secs()).ok());
        match (problem, error) {
            (Some(problem), _) => {
                let mut refused = Self::new(status, problem);
                refused.retry_after = retry_after;
                refused
            }
            (None, SubscribeError::Vault(error)) => error.into(),
            (None, SubscribeError::Store(error)) => error.into(),
            (None, error) => Self::internal(error),
        }
    }
}

impl From<AskError> for ApiError {
    fn from(error: AskError) -> Self {
        let detail = error.to_string();
        match error {
            AskError::Pushes(_) => conflict(
                "cannot_be_polled",
                detail,
                "Let the other system send its whole list: `employees.replaced`.",
            ),
            AskError::Settings(_) => {
                conflict("invalid_settings", detail, "Correct the connection's settings first.")
            }
            AskError::Store(error) => error.into(),
        }
    }
}
