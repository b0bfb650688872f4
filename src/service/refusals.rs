//! One translator for each error of a verb: what happened and what to do. API, pages and command line all answer with
//! these codes.

use serde_json::json;

use crate::{
    connectors::{SettingsError, calls_in::SetupError, source::Failure},
    domain::{
        access::Denied,
        problem::sentence,
        words::{Action, Scope},
    },
    store,
    sync::{
        ask::AskError, calls_in::SetupFailure, check::TestError, credentials, feed, hold, link, profile,
        register, remove::RemoveError, subscribe::SubscribeError, vault::VaultError,
    },
};

use super::{Class, Refusal};

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::NotThere(what) => Refusal::not_there(what),
            Denied::NotForApp { app, what } => {
                let which =
                    if what == "company" { "this company" } else { &format!("the company of this {what}") };
                Refusal::unacceptable(
                    "not_for_app",
                    format!("The app `{app}`, for which it would be done, does not see {which}."),
                    "Name another app by `app`, or give this one the company: `rollcall app set`, PATCH /v1/apps/{id}.",
                )
            }
            Denied::Forbidden { scope: Some(scope), .. } => lacks(scope),
            Denied::Forbidden { action: Action::Administer, .. } => Refusal::new(
                Class::Forbidden,
                "admin_only",
                "This needs an admin's token.",
                "Ask an administrator, or make an admin's token with `rollcall app add NAME --admin`.",
            ),
            Denied::Forbidden { .. } => Refusal::new(
                Class::Forbidden,
                "not_allowed",
                "This needs more rights than the caller has.",
                "Ask an administrator.",
            ),
            Denied::AppNeeded => Refusal::unacceptable(
                "app_needed",
                "It must be said for which app: several could be meant.",
                "Name the app by `app`.",
            ),
        }
    }
}

fn lacks(scope: Scope) -> Refusal {
    Refusal::new(
        Class::Forbidden,
        "scope_missing",
        format!("The token lacks the scope `{scope}`."),
        format!(
            "Use a token that has it; `rollcall app token add APP --scope {scope}` makes one, within the app's scopes."
        ),
    )
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound(what) => Refusal::not_there(what),
            store::Error::Duplicate(_) => Refusal::conflict(
                "already_exists",
                "There is one already of that name or ID.",
                "Choose another, or use the one that is there.",
            )
            .raced(),
            store::Error::Referred(_) => {
                Refusal::conflict("in_use", "Something else refers to it.", "Remove what refers to it first.")
                    .raced()
            }
            store::Error::Stale(what) => Refusal::conflict(
                "changed_meanwhile",
                format!("The {what} was changed by another call in the meantime."),
                "Read it again, then decide.",
            ),
            error => match error.unavailable() {
                Some(why) => unavailable(&why, error),
                None => Refusal::internal(error),
            },
        }
    }
}

/// A database that does not do its work for now. The log has it too, but for what is the callers' doing: a line for each
/// would be one thing more to wait for.
fn unavailable(why: &store::Unavailable, error: store::Error) -> Refusal {
    let mut refused = Refusal::new(Class::Unavailable, why.code, sentence(why.what), why.advice());
    refused.retry_after = Some(why.retry_after);
    if matches!(error, store::Error::Busy) { refused } else { refused.caused_by(error) }
}

impl From<feed::Error> for Refusal {
    fn from(error: feed::Error) -> Self {
        match error {
            feed::Error::BadCursor => Refusal::unacceptable(
                "bad_cursor",
                "The cursor is none that this feed has given out.",
                "Send `next` of the answer before as it is, `latest`, or nothing to begin with the oldest change.",
            ),
            feed::Error::OtherCompany => Refusal::new(
                Class::NotThere,
                "company_not_found",
                "The cursor is another company's than the one that is asked for, or this token may not see that.",
                "Each company has a feed and a cursor of its own.",
            ),
            feed::Error::Expired => Refusal::new(
                Class::Gone,
                "cursor_expired",
                "What follows this cursor is not kept any more, or the gateway's database was restored from a backup.",
                "Start anew: get `next` with `after=latest`, then read the lists, profiles and links whole, then go on from that `next`.",
            ),
            feed::Error::Store(error) => error.into(),
        }
    }
}

impl From<link::Error> for Refusal {
    fn from(error: link::Error) -> Self {
        match error {
            link::Error::RecordLinked { list, record_id, profile_id } => Refusal::conflict(
                "record_linked",
                format!("The {list} {record_id} is linked to profile {profile_id:?} already."),
                "Unlink it first, or leave it as it is.",
            )
            .with("conflict", json!({ "profile_id": profile_id })),
            link::Error::ProfileLinked { list, record_id, .. } => Refusal::conflict(
                "profile_linked",
                format!("The profile is linked to the {list} {record_id} of the same connection already."),
                "Unlink that one first, or choose another profile.",
            )
            .with("conflict", json!({ "record_id": record_id, "list": list })),
            link::Error::NoProfile { list, .. } => Refusal::new(
                Class::NotThere,
                "profile_not_found",
                format!("The app has no {list} profile of this ID."),
                format!(
                    "Make it first (`PUT /v1/profiles/{list}/{{profile_id}}`, `rollcall profile add`), or make one from \
                     the {list} itself."
                ),
            ),
            link::Error::OtherCompany { list, .. } => Refusal::conflict(
                "other_company",
                format!("The profile belongs to another company than the {list}."),
                "Choose a profile of the same company.",
            ),
            link::Error::ProfileExists { list, profile_id } => Refusal::conflict(
                "profile_exists",
                format!("The app has a {list} profile of this ID already."),
                "Link that profile, or choose another ID.",
            )
            .with("conflict", json!({ "profile_id": profile_id, "list": list })),
            link::Error::NotUndoable => Refusal::conflict(
                "not_undoable",
                "This change is not a link or an unlink of the app.",
                "Only those can be undone: look for `linked` and `unlinked` in the record's history.",
            ),
            link::Error::Undone(why) => Refusal::conflict(
                "cannot_be_undone",
                format!("This change cannot be undone: {why}."),
                "Look at the record's history: something has happened since.",
            ),
            link::Error::Denied(denied) => denied.into(),
            link::Error::Store(error) => error.into(),
        }
    }
}

impl From<profile::Error> for Refusal {
    fn from(error: profile::Error) -> Self {
        match error {
            profile::Error::WhichCompany(seen) => Refusal::unacceptable(
                "which_company",
                format!("The app sees {seen} companies, so a new profile must say which one it belongs to."),
                "Add `company`: the company's ID or name.",
            ),
            profile::Error::OtherCompany => Refusal::conflict(
                "other_company",
                "The profile belongs to another company and cannot be moved.",
                "Leave `company` out, or delete the profile and make it anew.",
            ),
            profile::Error::Linked(links) => {
                let records: Vec<_> = links
                    .iter()
                    .map(|link| json!({ "record_id": link.record_id, "list": link.list }))
                    .collect();
                Refusal::conflict(
                    "profile_linked",
                    "The profile is linked.",
                    "Unlink it from these records first.",
                )
                .with("conflict", json!({ "records": records }))
            }
            profile::Error::Denied(denied) => denied.into(),
            profile::Error::Store(error) => error.into(),
        }
    }
}

impl From<hold::Error> for Refusal {
    fn from(error: hold::Error) -> Self {
        match error {
            hold::Error::NotHeld => Refusal::conflict(
                "run_not_held",
                "The run is not held, or not any more: there is nothing to decide.",
                "Look at the run: `decision` says who decided, or which later run took its place.",
            ),
            hold::Error::Denied(denied) => denied.into(),
            hold::Error::Store(error) => error.into(),
        }
    }
}

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            // Where the key is, is the operator's business.
            error => Refusal::new(
                Class::Unavailable,
                "secrets_unavailable",
                "The gateway cannot seal or open the secrets of connections.",
                "Its operator finds the reason in the gateway's log, and by `rollcall doctor`.",
            )
            .caused_by(error),
        }
    }
}

impl From<register::Error> for Refusal {
    fn from(error: register::Error) -> Self {
        let detail = error.to_string();
        match error {
            register::Error::BadName => Refusal::unacceptable("invalid_name", detail, "Choose another name."),
            register::Error::NoCompany => {
                Refusal::unacceptable("no_company", detail, "Name the companies that it may see.")
            }
            register::Error::NoScope | register::Error::ScopeBeyond { .. } => Refusal::unacceptable(
                "invalid_scopes",
                detail,
                "Choose among the app's own scopes, or give it others first: `rollcall app set APP --scope …`, or PATCH \
                 /v1/apps/{id}.",
            ),
            register::Error::BadExpiry => {
                Refusal::unacceptable("invalid_expires_in_days", detail, "Choose another number of days.")
            }
            register::Error::SeesAll(_) => Refusal::conflict(
                "sees_all",
                detail,
                "Leave `companies` out: an admin's app sees each of them.",
            ),
            register::Error::MayAll(_) => Refusal::conflict(
                "may_all",
                detail,
                "Leave `scopes` out: an admin's token may do everything.",
            ),
            register::Error::HasProfiles { profiles, links, .. } => Refusal::conflict(
                "company_in_use",
                detail,
                "Delete these profiles first, or leave the company in the list: nothing is lost silently.",
            )
            .with("profiles", json!(profiles))
            .with("links", json!(links)),
            register::Error::NothingInDoubt(_) => {
                Refusal::conflict("nothing_in_doubt", detail, "Nothing to do: read the connection's status.")
            }
            register::Error::Settings(SettingsError::NoConnector(_)) => {
                Refusal::unacceptable("no_connector", detail, "Choose a kind that this version has.")
            }
            register::Error::Settings(SettingsError::Unknown(_)) => {
                Refusal::unacceptable("invalid_settings", detail, "Leave it out, or correct its name.")
            }
            register::Error::Settings(SettingsError::Invalid { .. }) => {
                Refusal::unacceptable("invalid_settings", detail, "Correct the setting that is named.")
            }
            register::Error::Settings(SettingsError::Unreadable) => {
                Refusal::conflict("unreadable_settings", detail, "Delete the connection, and add it anew.")
            }
            register::Error::Credentials(error) => error.into(),
            register::Error::Denied(denied) => denied.into(),
            register::Error::Store(error) => error.into(),
        }
    }
}

impl From<credentials::Error> for Refusal {
    fn from(error: credentials::Error) -> Self {
        use credentials::Error as E;
        let detail = error.to_string();
        match error {
            E::Denied(denied) => denied.into(),
            E::Vault(error) => error.into(),
            E::Missing { .. } => Refusal::unacceptable("invalid_secrets", detail, "Add them to `secrets`."),
            E::Unknown { .. } => {
                Refusal::unacceptable("invalid_secrets", detail, "Leave it out, or correct its name.")
            }
            E::Invalid { .. } => {
                Refusal::unacceptable("invalid_secrets", detail, "Correct the secret that is named.")
            }
            E::NotMade { .. } => {
                Refusal::unacceptable("invalid_secrets", detail, "Set it by PATCH, as the source gave it.")
            }
        }
    }
}

impl From<SetupFailure> for Refusal {
    fn from(failure: SetupFailure) -> Self {
        match failure {
            SetupFailure::Setup(error @ (SetupError::Write(_) | SetupError::Settings)) => {
                Refusal::internal(error)
            }
            SetupFailure::Setup(address) => Refusal::conflict(
                "no_qwc_file",
                format!("The Web Connector would refuse this file: {address}."),
                "Set ROLLCALL_PUBLIC_URL to an https address with a host name.",
            ),
            SetupFailure::Store(error) => error.into(),
        }
    }
}

impl From<SubscribeError> for Refusal {
    fn from(error: SubscribeError) -> Self {
        let problem = error.problem();
        let class = match &error {
            // Not the caller's pace, but the source's.
            SubscribeError::Source(Failure::Closed(_)) => Class::Unavailable,
            SubscribeError::Source(_) => Class::SourceFailed,
            _ => Class::Conflict,
        };
        let retry_after = match &error {
            SubscribeError::Source(Failure::Source { retry_after, .. }) => *retry_after,
            _ => None,
        };
        let retry_after = retry_after.and_then(|wait| u16::try_from(wait.as_secs()).ok());
        match (problem, error) {
            (Some(problem), _) => {
                let mut refused = Self::of(class, problem);
                refused.retry_after = retry_after;
                refused
            }
            (None, SubscribeError::Denied(denied)) => denied.into(),
            (None, SubscribeError::Vault(error)) => error.into(),
            (None, SubscribeError::Store(error)) => error.into(),
            (None, error) => Self::internal(error),
        }
    }
}

impl From<AskError> for Refusal {
    fn from(error: AskError) -> Self {
        let detail = error.to_string();
        match error {
            AskError::Pushes(_) => Refusal::conflict(
                "cannot_be_polled",
                detail,
                "Let the other system send its whole list: `employees.replaced`.",
            ),
            AskError::Settings(_) => {
                Refusal::conflict("invalid_settings", detail, "Correct the connection's settings first.")
            }
            AskError::Denied(denied) => denied.into(),
            AskError::Store(error) => error.into(),
        }
    }
}

impl From<TestError> for Refusal {
    fn from(error: TestError) -> Self {
        match error {
            TestError::Denied(denied) => denied.into(),
            TestError::Store(error) => error.into(),
        }
    }
}

impl From<RemoveError> for Refusal {
    fn from(error: RemoveError) -> Self {
        match error {
            RemoveError::Denied(denied) => denied.into(),
            RemoveError::InUse(links) => Refusal::conflict(
                "connection_in_use",
                format!("{links} of the connection's records are linked; these links would go with it."),
                "Send `?confirm=true` to delete them with it. To stop it for a while, pause it.",
            )
            .with("links", links),
            RemoveError::Store(error) => error.into(),
        }
    }
}
