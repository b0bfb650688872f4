//! Goes on with what was decided at once and takes long: deletions, approved absences.

use std::time::Duration;

use super::periodic::{Due, Periodic};
use crate::{
    clock::Ambient,
    store::{self, Store},
    sync::backlog,
};

pub struct Backlog {
    pub store: Store,
    pub ambient: Ambient,
}

impl Periodic for Backlog {
    const NAME: &'static str = "backlog";
    const PERIOD: Duration = Duration::from_secs(1);
    const NOT_DONE: &'static str = "a deletion or an approval cannot be gone on with";

    async fn due(&self) -> store::Result<Due> {
        let tasks = self.store.read(backlog::tasks).await?;
        Ok(if tasks.is_empty() { Due::No } else { Due::Now })
    }

    async fn work(&self) -> store::Result<()> {
        backlog::work_off(&self.store, &self.ambient).await
    }
}
