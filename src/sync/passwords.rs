//! Works on passwords away from the threads that serve requests, and on few at once: each takes 19 MiB and tens of
//! milliseconds of a core, and strangers can ask for as many as they like.

use std::{num::NonZero, sync::LazyLock, thread::available_parallelism, time::Duration};

use tokio::time::timeout;

use crate::{
    codec::password::{self, SALT, Verdict},
    domain::secret::Secret,
    threads::Threads,
};

/// Passwords that are worked on at once, on a machine with as many cores.
const AT_ONCE: usize = 4;

/// How long one waits for its turn.
const PATIENCE: Duration = Duration::from_secs(2);

/// One for the process: memory and cores are the machine's, whoever asks.
static PLACES: LazyLock<Threads> = LazyLock::new(|| {
    let cores = available_parallelism().map_or(1, NonZero::get);
    Threads::new("passwords", cores.min(AT_ONCE))
});

/// Why a password was not worked on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too many wait. It says nothing about the password.
    #[error("too many passwords are being looked at")]
    Busy,
    #[error(transparent)]
    Password(#[from] password::Error),
    #[error("no thread looks at the password: {0}")]
    Thread(#[from] std::io::Error),
}

/// See [`password::verify`].
///
/// # Errors
/// [`Error::Busy`] after two seconds.
pub async fn verify(password: Secret, stored: Option<String>) -> Result<Verdict, Error> {
    work(&PLACES, PATIENCE, move || password::verify(&password, stored.as_deref())).await
}

/// See [`password::hash`].
///
/// # Errors
/// [`Error::Busy`] after two seconds.
pub async fn hash(password: Secret, salt: [u8; SALT]) -> Result<String, Error> {
    work(&PLACES, PATIENCE, move || password::hash(&password, salt)).await
}

/// The place is taken until the work has ended, also where the request was dropped meanwhile: the hashing goes on.
async fn work<T: Send + 'static>(
    places: &Threads,
    patience: Duration,
    work: impl FnOnce() -> Result<T, password::Error> + Send + 'static,
) -> Result<T, Error> {
    let place = timeout(patience, places.place()).await.map_err(|_| Error::Busy)??;
    Ok(place.run(work).await??)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn who_finds_all_places_taken_is_sent_away_and_a_dropped_request_keeps_its_place() {
        let places = Threads::new("test", 1);
        let (go, wait) = mpsc::channel();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let its = places.clone();
        let first = tokio::spawn(async move {
            let hashing = move || {
                let _ = began.send(());
                wait.recv().unwrap();
                Ok(())
            };
            work(&its, PATIENCE, hashing).await
        });
        has_begun.await.unwrap();
        first.abort();
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(matches!(work(&places, Duration::ZERO, || Ok(())).await, Err(Error::Busy)));
        go.send(()).unwrap();
        assert!(work(&places, Duration::from_mins(1), || Ok(())).await.is_ok());
    }

    #[tokio::test]
    async fn what_was_hashed_is_verified() {
        let hash = hash(Secret::new("mild walrus 421"), [7; SALT]).await.unwrap();
        assert!(verify(Secret::new("mild walrus 421"), Some(hash)).await.unwrap().right);
    }
}
