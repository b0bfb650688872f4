//! Writes checkpoints of the audit.

use std::time::Duration;

use super::periodic::Periodic;
use crate::{
    clock::Ambient,
    store::{self, Store},
    sync::audit::checkpoints::Checkpoints,
};

pub struct Audit {
    pub store: Store,
    pub ambient: Ambient,
    pub checkpoints: Checkpoints,
}

impl Periodic for Audit {
    const NAME: &'static str = "audit";
    const PERIOD: Duration = Duration::from_mins(1);
    const NOT_DONE: &'static str = "no checkpoints of the audit can be written";

    async fn work(&self) -> store::Result<()> {
        self.checkpoints.write(&self.store, self.ambient.now()).await.map(drop)
    }
}
