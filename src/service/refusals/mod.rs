//! Turns each error of a verb into a refusal: what happened and what to do. The API, the pages and the command line all
//! use these codes.

mod setup;

use serde_json::json;

use crate::{
    domain::{
        access::Denied,
        problem::sentence,
        words::{Action, List, Scope},
    },
    store,
    sync::{feed, hold, inbox::ReplayError, link, profile},
};

use super::{
    Class, Refusal,
    interface::{Operation, Wording},
};

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
                    Wording::by(|interface| {
                        let (app, change) =
                            (interface.parameter("app"), interface.operation(Operation::ChangeApp));
                        format!("Name another app by {app}, or give this one the company: {change}.")
                    }),
                )
            }
            Denied::Forbidden { scope: Some(scope), .. } => lacks(scope),
            Denied::Forbidden { action: Action::Administer, .. } => Refusal::new(
                Class::Forbidden,
                "admin_only",
                "This needs an account-admin or an admin's token.",
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
                Wording::by(|interface| {
                    let (app, list) = (interface.parameter("app"), interface.operation(Operation::ListApps));
                    format!("Name the app by {app}; {list} lists them.")
                }),
            ),
            Denied::NotFresh => Refusal::new(
                Class::Forbidden,
                "fresh_sign_in_needed",
                "For this the person must have signed in within the last ten minutes.",
                "Sign in once more (`POST /v1/session`), and send the request again.",
            ),
            Denied::NoAccount => Refusal::unacceptable(
                "no_account",
                "The caller is not a person: it has no account of its own.",
                "Sign in with an account (`POST /v1/session`).",
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
            store::Error::Closing => Refusal::conflict(
                "company_closing",
                "The company is being removed: nothing is taken or changed for it any more.",
                "Leave it. Was the removal broken off, `rollcall company remove` goes on with it, and with `--cancel` takes \
                 it back while nothing is deleted.",
            ),
            store::Error::Stale(what) => Refusal::conflict(
                "changed_meanwhile",
                format!("The {what} was changed by another call in the meantime."),
                "Read it again, then decide.",
            ),
            // The key is the business of the operator, who runs the commands.
            store::Error::AuditKey(problem) => Refusal::new(
                Class::Unavailable,
                "audit_unavailable",
                "The gateway cannot write its audit, so it changes nothing.",
                Wording::each(
                    "Its operator finds the reason in the gateway's log, and by `rollcall doctor`.",
                    problem.remedy.clone(),
                ),
            )
            .caused_by(problem.detail),
            error => match error.unavailable() {
                Some(why) => unavailable(&why, error),
                None if error.is_deadlock() => Refusal::internal(error).raced(),
                None => Refusal::internal(error),
            },
        }
    }
}

/// The database is not available for now. The cause also goes to the log, unless the callers bring it about: a line for
/// each of them would only be more work.
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
                Wording::by(|interface| {
                    let unlink = interface.operation_on(list, Operation::Unlink);
                    format!("Unlink it first ({unlink}), or leave it as it is.")
                }),
            )
            .with("conflict", json!({ "profile_id": profile_id })),
            link::Error::ProfileLinked { list, record_id, .. } => Refusal::conflict(
                "profile_linked",
                format!("The profile is linked to the {list} {record_id} of the same connection already."),
                Wording::by(|interface| {
                    let unlink = interface.operation_on(list, Operation::Unlink);
                    format!("Unlink that one first ({unlink}), or choose another profile.")
                }),
            )
            .with("conflict", json!({ "record_id": record_id, "list": list })),
            link::Error::NoProfile { list, .. } => Refusal::new(
                Class::NotThere,
                "profile_not_found",
                format!("The app has no {list} profile of this ID."),
                Wording::by(|interface| {
                    let put = interface.operation_on(list, Operation::PutProfile);
                    let itself =
                        interface.choose(format!(", or make one from the {list} itself"), String::new());
                    format!("Make it first: {put}{itself}.")
                }),
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
                Wording::by(|interface| {
                    let company = interface.parameter("company");
                    format!("Add {company}: the company's ID or name.")
                }),
            ),
            profile::Error::OtherCompany => Refusal::conflict(
                "other_company",
                "The profile belongs to another company and cannot be moved.",
                Wording::by(|interface| {
                    let company = interface.parameter("company");
                    format!("Leave {company} out, or delete the profile and make it anew.")
                }),
            ),
            profile::Error::Linked(links) => {
                let list = links.first().map_or(List::Employee, |link| link.list);
                let records: Vec<_> = links
                    .iter()
                    .map(|link| json!({ "record_id": link.record_id, "list": link.list }))
                    .collect();
                Refusal::conflict(
                    "profile_linked",
                    "The profile is linked.",
                    Wording::by(|interface| {
                        let unlink = interface.operation_on(list, Operation::Unlink);
                        format!("Unlink it from its records first: {unlink}.")
                    }),
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
                Wording::by(|interface| {
                    let show = interface.operation(Operation::ShowRun);
                    format!(
                        "Look at the run ({show}): it says who decided, or which later run took its place."
                    )
                }),
            ),
            hold::Error::Denied(denied) => denied.into(),
            hold::Error::Store(error) => error.into(),
        }
    }
}

impl From<ReplayError> for Refusal {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::NotDead => Refusal::conflict(
                "message_not_dead",
                "The message was not given up, or not any more: there is nothing to replay.",
                Wording::by(|interface| {
                    let list = interface.operation(Operation::ListMessages);
                    format!(
                        "Look at the message: its state says where it stands. {list} shows which were given up."
                    )
                }),
            ),
            ReplayError::Denied(denied) => denied.into(),
            ReplayError::Store(error) => error.into(),
        }
    }
}
