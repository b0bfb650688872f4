//! Threads for work that blocks: each kind of work has a bounded number of its own, so that none starves another.

use std::{
    any::Any,
    io,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    thread,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The places of one kind of work. Clones share them.
#[derive(Debug, Clone)]
pub struct Threads {
    name: &'static str,
    places: Arc<Semaphore>,
}

/// A place that was waited for.
#[derive(Debug)]
pub struct Place {
    name: &'static str,
    permit: OwnedSemaphorePermit,
}

impl Threads {
    /// At most `most` threads at once; `name` is theirs.
    pub fn new(name: &'static str, most: usize) -> Self {
        Self { name, places: Arc::new(Semaphore::new(most)) }
    }

    /// Waits for a place, in the order of asking.
    ///
    /// # Errors
    /// Never: the places are not closed.
    pub async fn place(&self) -> io::Result<Place> {
        let permit = self.places.clone().acquire_owned().await.map_err(io::Error::other)?;
        Ok(Place { name: self.name, permit })
    }
}

impl Place {
    /// Does `work` on a thread. A panic of it is passed on. The place is free when the work has ended, also where
    /// nobody waits for it any more.
    ///
    /// # Errors
    /// A machine that has no thread left.
    pub async fn run<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let Self { name, permit } = self;
        let (done, made) = oneshot::channel::<Result<T, Box<dyn Any + Send>>>();
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            let result = catch_unwind(AssertUnwindSafe(work));
            drop(permit);
            // Whoever asked may be gone.
            let _ = done.send(result);
        })?;
        match made.await {
            Ok(Ok(made)) => Ok(made),
            Ok(Err(panic)) => resume_unwind(panic),
            Err(_) => Err(io::Error::other("the thread ended without a result")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn no_more_work_than_places_is_done_at_once_and_a_panic_frees_its_place() {
        let threads = Threads::new("test", 1);
        let (go, wait) = mpsc::channel();
        let first = threads.place().await.unwrap();
        let first = tokio::spawn(first.run(move || wait.recv().unwrap()));
        let second = threads.clone();
        let mut second = tokio::spawn(async move { second.place().await.unwrap().run(|| 2).await.unwrap() });
        tokio::task::yield_now().await;
        assert!(futures_util::FutureExt::now_or_never(&mut second).is_none(), "it waits for the first");
        go.send(1).unwrap();
        assert_eq!(first.await.unwrap().unwrap(), 1);
        assert_eq!(second.await.unwrap(), 2);
        let place = threads.place().await.unwrap();
        let panicked = tokio::spawn(place.run(|| panic!("on purpose"))).await;
        assert!(panicked.unwrap_err().is_panic());
        assert_eq!(threads.place().await.unwrap().run(|| 3).await.unwrap(), 3);
    }
}
