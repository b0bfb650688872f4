//! One look at the feed, and waiting for the next. Who waits holds no place before the database, and is asked for the
//! token at each look: one that was revoked reads nothing more.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    clock::Ambient,
    http::{problem::ApiError, stop::Stop},
    service::{
        door::{self, Asker},
        feed::{self, Part, Wanted},
    },
    store::Store,
    sync::feed::Start,
};

/// What a reader may wait for at most: proxies give up after 30 to 60 seconds.
pub const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// How often it is looked for what other gateways have written, and whether the token still stands.
pub(super) const PERIOD: Duration = Duration::from_secs(1);

/// Who reads what.
#[derive(Clone)]
pub(super) struct Reader {
    pub asker: Asker,
    pub ambient: Ambient,
    pub wanted: Wanted,
    /// The ID of the company, which it did not need to name.
    pub company: String,
}

impl Reader {
    pub(super) async fn look(&self, store: &Store, start: &Start) -> Result<Part, ApiError> {
        let (reader, start) = (self.clone(), start.clone());
        let asker = Asker { now: self.ambient.now(), ..self.asker.clone() };
        let looked = door::read(store, asker, move |db, attempt| {
            let wanted = Wanted { company: Some(reader.company), ..reader.wanted };
            feed::read(db, attempt, &wanted, Some(&start))
        });
        looked.await.result.map_err(ApiError::from)
    }

    /// Looks until there is something, the time is up, or the gateway stops.
    pub(super) async fn wait(
        &self,
        store: &Store,
        mut start: Start,
        wait: Duration,
        stop: Option<Stop>,
    ) -> Result<Part, ApiError> {
        // Before the first look: nothing that is committed after it goes unnoticed.
        let mut grows = store.feed_grows(&self.company);
        let until = Instant::now() + wait;
        loop {
            let looked = self.look(store, &start).await?;
            if !looked.changes.is_empty() || Instant::now() >= until {
                return Ok(looked);
            }
            start = Start::After(looked.next.clone());
            if looked.more {
                continue;
            }
            tokio::select! {
                Ok(()) = grows.changed() => {}
                () = sleep(PERIOD) => {}
                () = sleep_until(until) => {}
                () = Stop::stopped(stop.clone()) => return Ok(looked),
            }
        }
    }
}
