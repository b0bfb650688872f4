//! Reads the feed, and waits for it to grow. A waiting reader holds no connection to the database, and its token is
//! checked at each read, so that a revoked one reads nothing more.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    clock::Ambient,
    domain::ids::CompanyId,
    http::{problem::ApiError, stop::Stop},
    service::{
        call::{self, CallContext},
        feed::{self, FeedPage, FeedQuery},
    },
    store::Store,
    sync::feed::Start,
};

/// The longest wait that a reader may ask for: proxies give up after 30 to 60 seconds.
pub const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// How often the feed is read for changes of other gateways, and the token is checked.
pub(super) const PERIOD: Duration = Duration::from_secs(1);

/// A reader of a company's feed.
#[derive(Clone)]
pub(super) struct FeedReader {
    pub context: CallContext,
    pub ambient: Ambient,
    pub feed_query: FeedQuery,
    /// The ID of the company: the query need not name it.
    pub company: CompanyId,
}

impl FeedReader {
    pub(super) async fn read(&self, store: &Store, start: &Start) -> Result<FeedPage, ApiError> {
        let (reader, start) = (self.clone(), start.clone());
        let context = CallContext { now: self.ambient.now(), ..self.context.clone() };
        let part = call::read(store, context, move |db, attempt| {
            let feed_query = FeedQuery { company: Some(reader.company.into()), ..reader.feed_query };
            feed::read(db, attempt, &feed_query, Some(&start))
        });
        part.await.result.map_err(ApiError::from)
    }

    /// Reads until there are changes, the time is up, or the gateway stops.
    pub(super) async fn wait(
        &self,
        store: &Store,
        mut start: Start,
        wait: Duration,
        stop: Option<Stop>,
    ) -> Result<FeedPage, ApiError> {
        // Subscribed before the first read, so that nothing committed after it is missed.
        let mut grows = store.feed_grows(&self.company);
        let until = Instant::now() + wait;
        loop {
            let part = self.read(store, &start).await?;
            if !part.changes.is_empty() || Instant::now() >= until {
                return Ok(part);
            }
            start = Start::After(part.next.clone());
            if part.more {
                continue;
            }
            tokio::select! {
                Ok(()) = grows.changed() => {}
                () = sleep(PERIOD) => {}
                () = sleep_until(until) => {}
                () = Stop::stopped(stop.clone()) => return Ok(part),
            }
        }
    }
}
