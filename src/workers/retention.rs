//! Forgets what happened long ago: changes, runs, superseded contents.

use std::time::Duration;

use super::periodic::Periodic;
use crate::{
    clock::Ambient,
    store::{self, Store},
    sync::retention::{self, Kept},
};

pub struct Retention {
    pub store: Store,
    pub ambient: Ambient,
    pub kept: Kept,
}

impl Periodic for Retention {
    const NAME: &'static str = "retention";
    const PERIOD: Duration = Duration::from_hours(1);
    const NOT_DONE: &'static str = "what happened long ago cannot be forgotten";

    async fn work(&self) -> store::Result<()> {
        let rows = retention::forget(&self.store, self.kept, self.ambient.now()).await?;
        if rows > 0 {
            tracing::debug!(rows, "what happened long ago was forgotten");
        }
        Ok(())
    }
}
