//! One supervisor for all workers: who panics is started anew after a pause, and meanwhile `/readyz` and `/metrics` tell.

use std::time::Duration;

use tokio::{
    sync::watch,
    task::{JoinError, JoinHandle},
    time::{sleep, timeout},
};

use super::board::Workers;

impl Workers {
    /// Runs `work` under the name until it ends by itself, which it does when `shutdown` becomes true.
    pub async fn supervise<F>(
        self,
        name: &'static str,
        work: impl Fn() -> F + Send,
        mut shutdown: watch::Receiver<bool>,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.change(name, |_| {});
        let mut pause = self.pace.first;
        loop {
            let mut task = Task(tokio::spawn(work()));
            let mut ended = timeout(self.pace.recovered, &mut task.0).await;
            if ended.is_err() {
                // It lives.
                self.change(name, |health| health.failing = false);
                pause = self.pace.first;
                ended = Ok((&mut task.0).await);
            }
            match ended {
                Ok(Err(panic)) if panic.is_panic() => self.panicked(name, panic, pause),
                _ => return,
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return,
            }
            pause = (pause * 2).min(self.pace.longest);
        }
    }

    fn panicked(&self, name: &'static str, panic: JoinError, pause: Duration) {
        self.change(name, |health| {
            (health.panics, health.failing) = (health.panics.saturating_add(1), true);
        });
        // Its place and message were printed by the panic hook.
        tracing::error!(worker = name, error = %panic, pause = pause.as_secs(), "a worker panicked: it is started anew");
    }
}

/// A task that ends with its supervisor.
struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    };

    use super::*;
    use crate::workers::{board::Health, pace::Pace};

    /// A worker that panics three times and then stays, with so much time to recover; how it is once it has stayed, and
    /// once it is well again if `until_well`.
    async fn falls_thrice(recovered: Duration, until_well: bool) -> Health {
        let pace = Pace { first: Duration::from_millis(1), longest: Duration::from_millis(2), recovered };
        let mut workers = Workers::default();
        workers.pace = pace;
        let (stop, stopped) = watch::channel(false);
        let (starts, work_stopped) = (Arc::new(AtomicU32::new(0)), stopped.clone());
        let counted = starts.clone();
        let work = move || {
            let (nth, mut stopped) = (counted.fetch_add(1, SeqCst), work_stopped.clone());
            async move {
                assert!(nth >= 3, "of its own accord");
                drop(stopped.wait_for(|stop| *stop).await);
            }
        };
        let supervised = tokio::spawn(workers.clone().supervise("test", work, stopped));
        while starts.load(SeqCst) < 4 || (until_well && !workers.failing().is_empty()) {
            tokio::task::yield_now().await;
        }
        let health = workers.health()["test"].clone();
        stop.send_replace(true);
        supervised.await.unwrap();
        health
    }

    #[tokio::test]
    async fn a_worker_that_panics_is_told_of_and_started_anew_until_it_stays() {
        let soon = falls_thrice(Duration::from_secs(3600), false).await;
        assert_eq!(soon, Health { panics: 3, failing: true, ..Health::default() });
        let later = falls_thrice(Duration::from_millis(50), true).await;
        assert_eq!(later, Health { panics: 3, ..Health::default() });
    }
}
