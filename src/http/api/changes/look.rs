//! One look at the feed, and waiting for the next. Who waits holds no place before the database, and is asked for the
//! token at each look: one that was revoked reads nothing more.

use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    domain::secret::SecretHash,
    http::{api::auth, problem::ApiError, server::Stop},
    store::{Db, Store, apps, changes::Filter, companies},
    sync::{
        feed::{self, Part, Start},
        scope::Scope,
    },
};

/// What a reader may wait for at most: proxies give up after 30 to 60 seconds.
pub const LONGEST_WAIT: Duration = Duration::from_secs(25);

/// How often it is looked for what other gateways have written, and whether the token still stands.
pub(super) const PERIOD: Duration = Duration::from_secs(1);

/// Who reads what.
#[derive(Clone)]
pub(super) struct Reader {
    pub token: SecretHash,
    pub company: String,
    pub filter: Filter,
    pub most: usize,
}

/// A part of the feed, and for whom it was read.
pub(super) struct Looked {
    pub part: Part,
    pub scope: Scope,
}

impl Reader {
    pub async fn look(&self, store: &Store, start: &Start) -> Result<Looked, ApiError> {
        let (reader, start) = (self.clone(), start.clone());
        store.read(move |db| reader.read(db, &start)).await
    }

    fn read(&self, db: &mut Db, start: &Start) -> Result<Looked, ApiError> {
        let app = apps::by_token(db, &self.token.0)?.ok_or_else(auth::unauthorized)?;
        let scope = Scope { app };
        scope.check(&self.company, "company")?;
        companies::get(db, &self.company)?;
        let part = feed::read(db, &self.company, start, &self.filter, self.most)?;
        Ok(Looked { part, scope })
    }

    /// Looks until there is something, the time is up, or the gateway stops.
    pub async fn wait(
        &self,
        store: &Store,
        mut start: Start,
        wait: Duration,
        stop: Option<Stop>,
    ) -> Result<Looked, ApiError> {
        // Before the first look: nothing that is committed after it goes unnoticed.
        let mut grows = store.feed_grows(&self.company);
        let until = Instant::now() + wait;
        loop {
            let looked = self.look(store, &start).await?;
            if !looked.part.changes.is_empty() || Instant::now() >= until {
                return Ok(looked);
            }
            start = Start::After(looked.part.next.clone());
            if looked.part.more {
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
