//! Looks at passwords, away from the threads that serve requests.

use crate::{
    clock::Ambient,
    codec::password::{self, Verdict},
    domain::secret::Secret,
    service::{Class, Refusal, Result},
    sync::passwords::{self, Error},
};

/// Whether the password is the one whose hash is stored; without a stored hash the same work is done.
///
/// # Errors
/// `busy`, where too many wait.
pub(crate) async fn verify(password: Secret, stored: Option<String>) -> Result<Verdict> {
    const WRONG: Verdict = Verdict { right: false, rehash: false };
    match passwords::verify(password, stored).await {
        Ok(verdict) => Ok(verdict),
        // Nobody can have such a password.
        Err(Error::Password(password::Error::TooLong)) => Ok(WRONG),
        Err(Error::Password(error @ (password::Error::Unreadable | password::Error::Absurd))) => {
            tracing::error!(%error, "nobody can sign in with this password");
            Ok(WRONG)
        }
        Err(error) => Err(refused(error)),
    }
}

/// The hash of a password, in PHC form.
///
/// # Errors
/// `busy`, where too many wait.
pub async fn hash(password: Secret, ambient: &Ambient) -> Result<String> {
    passwords::hash(password, ambient.entropy.bytes()).await.map_err(refused)
}

fn refused(error: Error) -> Refusal {
    match error {
        Error::Busy => Refusal {
            retry_after: Some(2),
            ..Refusal::new(
                Class::Unavailable,
                "busy",
                "Too many people sign in just now.",
                "Try again in a few seconds: this try does not count.",
            )
        },
        error => Refusal::internal(error),
    }
}
