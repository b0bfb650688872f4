//! Frees what gateways leave behind that were killed: their work goes on at once.

use std::time::Duration;

use super::periodic::{Due, Periodic};
use crate::{
    store::{self, Store},
    sync::gateways::Alive,
};

pub struct Gateways {
    pub store: Store,
    pub alive: Alive,
}

impl Periodic for Gateways {
    const NAME: &'static str = "gateways";
    const PERIOD: Duration = Duration::from_secs(1);
    const NOT_DONE: &'static str = "the leases of a gateway that has gone are not freed";

    async fn due(&self) -> store::Result<Due> {
        Ok(if self.alive.others_gone() { Due::Now } else { Due::No })
    }

    async fn work(&self) -> store::Result<()> {
        self.alive.bury(&self.store).await.map(drop)
    }
}
