//! Refusals of the verbs that set up connections, apps and companies, and of those that call sources.

use serde_json::json;

use crate::{
    connectors::{SettingsError, calls_in::SetupError, source::Failure},
    domain::problem::sentence,
    service::{
        Class, Refusal,
        interface::{Operation, Wording},
    },
    sync::{
        ask::AskError, calls_in::SetupFailure, connection_test::TestError, credentials, register,
        remove::RemoveError, subscribe::SubscribeError, vault::VaultError,
    },
};

/// The remedy for a setting or secret that its kind does not have.
fn named_rightly() -> Wording {
    taken_by_kind("Leave it out, or correct its name")
}

fn taken_by_kind(what: &str) -> Wording {
    Wording::each(
        format!("{what}."),
        format!("{what}; `rollcall connection add --help` tells what each kind takes."),
    )
}

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::Store(error) => error.into(),
            // The key is the business of the operator, who runs the commands.
            error => {
                let general = "Its operator finds the reason in the gateway's log, and by `rollcall doctor`.";
                let close = error.problem().map_or_else(|| general.to_owned(), |problem| problem.remedy);
                Refusal::new(
                    Class::Unavailable,
                    "secrets_unavailable",
                    "The gateway cannot seal or open the secrets of connections.",
                    Wording::each(general, close),
                )
                .caused_by(error)
            }
        }
    }
}

impl From<register::Error> for Refusal {
    fn from(error: register::Error) -> Self {
        let detail = sentence(&error.to_string());
        match error {
            register::Error::BadName => Refusal::unacceptable("invalid_name", detail, "Choose another name."),
            register::Error::NoCompany => {
                Refusal::unacceptable("no_company", detail, Wording::by(|interface| format!("Name those that it may see by {}.", interface.parameter("companies"))))
            }
            register::Error::NoScope | register::Error::ScopeBeyond { .. } => Refusal::unacceptable(
                "invalid_scopes",
                detail,
                Wording::by(|interface| {
                    let change = interface.operation(Operation::ChangeApp);
                    format!("Choose among the app's own scopes, or give it others first: {change}.")
                }),
            ),
            register::Error::BadExpiry => {
                Refusal::unacceptable("invalid_expires_in_days", detail, "Choose another number of days.")
            }
            register::Error::SeesAll(_) => Refusal::conflict(
                "sees_all",
                detail,
                Wording::by(|interface| format!("Leave {} out: an admin's app sees each of them.", interface.parameter("companies"))),
            ),
            register::Error::MayAll(_) => Refusal::conflict(
                "may_all",
                detail,
                Wording::by(|interface| format!("Leave {} out: an admin's token may do everything.", interface.parameter("scopes"))),
            ),
            register::Error::HasProfiles { profiles, links, .. } => Refusal::conflict(
                "company_in_use",
                detail,
                Wording::by(|interface| {
                    let remove = interface.operation(Operation::RemoveProfile);
                    format!("Leave the company in the list, or delete these profiles first: {remove}. Nothing was changed.")
                }),
            )
            .with("profiles", json!(profiles))
            .with("links", json!(links)),
            register::Error::NothingInDoubt(_) => {
                Refusal::conflict("nothing_in_doubt", detail, Wording::by(|interface| {
                    let show = interface.operation(Operation::ShowConnection);
                    format!("Nothing to do: {show} tells how it stands.")
                }))
            }
            register::Error::Settings(SettingsError::NoConnector { .. }) => {
                Refusal::unacceptable("no_connector", detail, "Choose a kind that this version has.")
            }
            register::Error::Settings(SettingsError::Unknown(_)) => {
                Refusal::unacceptable("invalid_settings", detail, named_rightly())
            }
            register::Error::Settings(SettingsError::Invalid { .. }) => {
                Refusal::unacceptable(
                    "invalid_settings",
                    detail,
                    taken_by_kind("Correct the setting that is named"),
                )
            }
            register::Error::Settings(SettingsError::Unreadable) => {
                Refusal::conflict("unreadable_settings", detail, Wording::by(|interface| {
                    let remove = interface.operation(Operation::RemoveConnection);
                    format!("Remove the connection ({remove}), and add it anew.")
                }))
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
        let detail = sentence(&error.to_string());
        match error {
            E::Denied(denied) => denied.into(),
            E::Vault(error) => error.into(),
            E::Missing { .. } => Refusal::unacceptable(
                "invalid_secrets",
                detail,
                Wording::each(
                    "Add them to `secrets`.",
                    "Add --secret NAME=@FILE for each; `rollcall connection add --help` tells more.",
                ),
            ),
            E::Unknown { .. } => Refusal::unacceptable("invalid_secrets", detail, named_rightly()),
            E::Invalid { .. } => {
                Refusal::unacceptable("invalid_secrets", detail, "Correct the secret that is named.")
            }
            E::NotMade { .. } => Refusal::unacceptable(
                "invalid_secrets",
                detail,
                Wording::each(
                    "Set it by PATCH, as the source gave it.",
                    "Set it as the source gave it: `rollcall connection set CONNECTION --secret NAME=@FILE`.",
                ),
            ),
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
                Wording::each(
                    "Set ROLLCALL_PUBLIC_URL to an https address with a host name.",
                    "Set ROLLCALL_PUBLIC_URL or --public-url to an https address with a host name.",
                ),
            ),
            SetupFailure::Store(error) => error.into(),
        }
    }
}

impl From<SubscribeError> for Refusal {
    fn from(error: SubscribeError) -> Self {
        let problem = error.problem();
        let class = match &error {
            // The source is slow, not the caller.
            SubscribeError::Source(Failure::NotSent(_)) => Class::Unavailable,
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
        let detail = sentence(&error.to_string());
        match error {
            AskError::Pushes(_) => Refusal::conflict(
                "cannot_be_polled",
                detail,
                "Let the other system send its whole list: `employees.replaced`.",
            ),
            AskError::Settings(_) => Refusal::conflict(
                "invalid_settings",
                detail,
                Wording::by(|interface| {
                    let change = interface.operation(Operation::ChangeConnection);
                    format!("Correct the connection's settings first: {change}.")
                }),
            ),
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
                Wording::each(
                    "Send `?confirm=true` to delete them with it. To stop it for a while, pause it.",
                    "Confirm that, or stop it for a while: `rollcall connection set CONNECTION --pause`.",
                ),
            )
            .with("links", links),
            RemoveError::Store(error) => error.into(),
        }
    }
}
