//! Looks whether the database can be written, so that its operator reads of it before anybody complains, and learns when
//! it is over. The gateway goes on by itself: what fails is tried anew with new connections.

use std::time::Duration;

use super::periodic::Periodic;
use crate::store::{self, Store};

pub struct Watch {
    pub store: Store,
}

impl Periodic for Watch {
    const NAME: &'static str = "watch";
    const PERIOD: Duration = Duration::from_secs(5);
    const NOT_DONE: &'static str = "nothing can be taken in";

    async fn work(&self) -> store::Result<()> {
        self.store.check_writes().await
    }
}
