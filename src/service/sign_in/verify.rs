//! Looks at passwords, away from the threads that serve requests.

use crate::{
    clock::Ambient,
    codec::password::{self, Error, Verdict},
    domain::secret::Secret,
};

use crate::service::{Refusal, Result};

/// Whether the password is the one whose hash is stored; without a stored hash the same work is done.
pub(crate) async fn verify(password: Secret, stored: Option<String>) -> Result<Verdict> {
    let verified = tokio::task::spawn_blocking(move || password::verify(&password, stored.as_deref())).await;
    match verified.map_err(Refusal::internal)? {
        Ok(verdict) => Ok(verdict),
        // Nobody can have such a password.
        Err(Error::TooLong) => Ok(Verdict { right: false, rehash: false }),
        Err(error) => Err(Refusal::internal(error)),
    }
}

/// The hash of a password, in PHC form.
pub async fn hash(password: Secret, ambient: &Ambient) -> Result<String> {
    let salt = ambient.entropy.bytes();
    let hashed = tokio::task::spawn_blocking(move || password::hash(&password, salt)).await;
    hashed.map_err(Refusal::internal)?.map_err(Refusal::internal)
}
