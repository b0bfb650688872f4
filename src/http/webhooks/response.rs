//! The answer to a webhook that is refused: the status tells the sender whether to send it again.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{
    connectors::hook::Refused,
    domain::problem::Problem,
    http::{api::errors::refuse, limits::BodyFailure, problem::ApiError},
    store,
    sync::{inbox::NotAccepted, vault::VaultError},
};

/// Seconds after which a sender may try again.
const RETRY_AFTER: u16 = 5;

/// Why a webhook is refused.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no such connection.
    Unknown,
    Refused(Refused),
    /// Another message was kept under the same ID.
    Reused,
    Body(BodyFailure),
    Full,
    TooSlow,
    /// The database is not available for now.
    Unavailable(store::Unavailable),
    Store(store::Error),
    /// The secrets that verify the message cannot be opened.
    Vault(Arc<VaultError>),
    NotKept(Box<NotAccepted>),
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        match error.unavailable() {
            Some(unavailable) => Self::Unavailable(unavailable),
            None => Self::Store(error),
        }
    }
}

impl From<Arc<VaultError>> for Refusal {
    fn from(error: Arc<VaultError>) -> Self {
        let unavailable = match &*error {
            VaultError::Store(error) => error.unavailable(),
            _ => None,
        };
        unavailable.map_or(Self::Vault(error), Self::Unavailable)
    }
}

impl Refusal {
    /// The word for the counter; the sender does not see it.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown_connection",
            Self::Refused(Refused::NoWebhooks) => "no_webhooks",
            Self::Refused(Refused::Signature) => "signature",
            Self::Refused(Refused::Stale) => "stale",
            Self::Refused(Refused::Unreadable(_)) => "unreadable",
            Self::Refused(Refused::KeyUnavailable(_) | Refused::Settings(_)) => "key_unavailable",
            Self::Reused => "id_reused",
            Self::Body(BodyFailure::TooLarge) => "too_large",
            Self::Body(_) => "incomplete",
            Self::Full => "full",
            Self::TooSlow => "too_slow",
            Self::Unavailable(unavailable) => unavailable.code,
            Self::Store(_) | Self::Vault(_) | Self::NotKept(_) => "unavailable",
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unknown | Self::Refused(Refused::NoWebhooks | Refused::Signature | Refused::Stale) => {
                // RFC 9110 section 15.5.2: it must say how; a webhook is signed in its own way.
                ([(header::WWW_AUTHENTICATE, HeaderValue::from_static("Webhook"))], not_taken())
                    .into_response()
            }
            Self::Refused(Refused::Unreadable(why)) => refuse(
                StatusCode::UNPROCESSABLE_ENTITY,
                "unreadable_message",
                why,
                "Correct the message and send it again, as a new message.",
            )
            .into_response(),
            Self::Reused => refuse(
                StatusCode::CONFLICT,
                "message_id_reused",
                "Another message was kept under the same `webhook-id`: this one was not.",
                "Give each message an ID of its own, and send this one again under a new one.",
            )
            .into_response(),
            Self::Body(failure) => failure.problem().into_response(),
            Self::Full => later("too_busy").into_response(),
            Self::TooSlow => later("took_too_long").into_response(),
            Self::Refused(refused) => later("key_unavailable").caused_by(refused).into_response(),
            Self::Unavailable(unavailable) => {
                let mut error = later(unavailable.code);
                error.retry_after = Some(unavailable.retry_after);
                error.problem.detail = format!("The message was not kept: {}.", unavailable.what);
                error.problem.remedy =
                    format!("{} If it lasts: {}", error.problem.remedy, unavailable.remedy);
                error.into_response()
            }
            Self::Vault(error) => later("unavailable").caused_by_shared(error).into_response(),
            Self::Store(error) => later("unavailable").caused_by(error).into_response(),
            Self::NotKept(error) => later("unavailable").caused_by(error).into_response(),
        }
    }
}

/// All unverified senders get the same answer.
fn not_taken() -> ApiError {
    refuse(
        StatusCode::UNAUTHORIZED,
        "webhook_not_accepted",
        "The address, the signature or the secret, or the time of the message is not right.",
        "Compare the address and the secret with those of the connection, and the sender's clock with the true time.",
    )
}

/// The message was not kept: the sender should send it again.
fn later(code: &str) -> ApiError {
    let mut error = ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Problem::new(
            code,
            "The gateway could not keep the message now.",
            "Send the same message again, with the same ID.",
        ),
    );
    error.retry_after = Some(RETRY_AFTER);
    error
}
