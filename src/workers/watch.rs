//! Looks whether the database can be written, so that its operator reads of it before anybody complains, and learns when
//! it is over; and what time it has. The gateway goes on by itself: what fails is tried anew with new connections.

use std::{sync::Arc, time::Duration};

use super::periodic::Periodic;
use crate::{
    store::{self, Store},
    sync::shared_clock::SharedClock,
};

pub struct Watch {
    pub store: Store,
    /// The database's, by which this gateway goes.
    pub clock: Arc<SharedClock>,
}

impl Periodic for Watch {
    const NAME: &'static str = "watch";
    const PERIOD: Duration = Duration::from_secs(5);
    const NOT_DONE: &'static str = "nothing can be taken in";

    async fn work(&self) -> store::Result<()> {
        self.store.check_writes().await?;
        self.clock.set(&self.store).await
    }
}
