//! Keeps the search index up with what is staged.

use std::time::Duration;

use super::periodic::{Due, Periodic};
use crate::{
    clock::Ambient,
    store::{self, Store},
    sync::search_index,
};

pub struct SearchIndex {
    pub store: Store,
    pub ambient: Ambient,
}

impl Periodic for SearchIndex {
    const NAME: &'static str = "search_index";
    const PERIOD: Duration = Duration::from_secs(1);
    const NOT_DONE: &'static str =
        "a list cannot be indexed: it is tried again, and until then searched row by row";

    async fn due(&self) -> store::Result<Due> {
        let waits = search_index::waits(&self.store, &self.ambient).await?;
        Ok(if waits { Due::Now } else { Due::No })
    }

    async fn work(&self) -> store::Result<()> {
        search_index::work_off(&self.store, &self.ambient).await
    }
}
