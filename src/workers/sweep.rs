//! Ends what was left in the middle, so that it does not look as if it still ran: sessions of Web Connectors that have
//! gone, whole lists whose pages stopped coming. Forgets webhooks that were dealt with.

use std::time::Duration;

use chrono::TimeDelta;

use super::periodic::Periodic;
use crate::{
    clock::Ambient,
    store::{self, Store, clocks},
    sync::{calls_in::expire_silent, inbox},
};

pub struct Sweep {
    pub store: Store,
    pub ambient: Ambient,
    /// How long webhooks that were dealt with are kept.
    pub webhooks: TimeDelta,
}

impl Periodic for Sweep {
    const NAME: &'static str = "sweep";
    const PERIOD: Duration = Duration::from_mins(1);
    const NOT_DONE: &'static str =
        "what was left in the middle cannot be ended, or old webhooks not be forgotten";

    async fn work(&self) -> store::Result<()> {
        // What keeps one from being done keeps none of the others. The first is before all else: they look at its times.
        let set_right = self.set_right().await;
        let sessions = self.end_sessions().await;
        let lists = self.end_lists().await;
        let forgotten = self.forget().await;
        set_right.and(sessions).and(lists).and(forgotten)
    }
}

impl Sweep {
    async fn set_right(&self) -> store::Result<()> {
        let now = self.ambient.now();
        let rows = self.store.write(move |db| clocks::set_right(db, now)).await?;
        if rows > 0 {
            tracing::warn!(rows, "the clock was ahead: what it had put off is due now");
        }
        Ok(())
    }

    async fn end_sessions(&self) -> store::Result<()> {
        let ambient = self.ambient.clone();
        let ended = self.store.write(move |db| expire_silent(db, &ambient)).await?;
        if ended > 0 {
            tracing::info!(ended, "sessions of silent programs were ended");
        }
        Ok(())
    }

    async fn end_lists(&self) -> store::Result<()> {
        let now = self.ambient.now();
        let ended = self.store.write(move |db| inbox::end_silent_lists(db, now)).await?;
        if ended > 0 {
            tracing::warn!(ended, "whole lists were given up: their pages stopped coming");
        }
        Ok(())
    }

    /// In small transactions: webhooks that arrive meanwhile get their turn.
    async fn forget(&self) -> store::Result<()> {
        let (now, kept) = (self.ambient.now(), self.webhooks);
        loop {
            match self.store.write(move |db| inbox::forget(db, now, kept)).await? {
                0 => return Ok(()),
                forgotten => tracing::debug!(forgotten, "old webhooks were forgotten"),
            }
        }
    }
}
