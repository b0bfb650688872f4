//! Forgets what has happened long ago, in small transactions: what arrives meanwhile gets its turn.

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::{Result, Store, WriteDb, accounts, prune, sign_in};

/// Who was offered a second factor and has not taken it by then, has to begin anew.
const OFFERED: TimeDelta = TimeDelta::hours(1);

/// How long what has happened is kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    pub changes: TimeDelta,
    pub runs: TimeDelta,
    pub versions: TimeDelta,
}

/// Forgets all that is older, and the sessions and links of people that have ended; how many rows were dealt with. Safe to be done by several gateways at once.
///
/// # Errors
/// The database's: what was forgotten before stays so, and the next call goes on.
pub async fn forget(store: &Store, kept: Kept, now: DateTime<Utc>) -> Result<usize> {
    let ended = move |db: &mut WriteDb| -> Result<usize> {
        Ok(accounts::sessions::forget_ended(db, now)? + accounts::one_time::forget_expired(db, now)?)
    };
    let mut gone = store.write(ended).await?;
    let before = now - kept.changes;
    for company in store.read(prune::feeds).await? {
        gone += until_none(store, move |db| prune::changes(db, &company, before)).await?;
    }
    let before = now - kept.versions;
    gone += until_none(store, move |db| prune::versions(db, before)).await?;
    let before = now - kept.runs;
    for connection in store.read(prune::connections).await? {
        gone += until_none(store, move |db| prune::runs(db, &connection, before)).await?;
    }
    gone += until_none(store, move |db| sign_in::forget_old(db, now, now - OFFERED)).await?;
    Ok(gone)
}

async fn until_none(
    store: &Store,
    some: impl FnOnce(&mut WriteDb) -> Result<usize> + Clone + Send + 'static,
) -> Result<usize> {
    let mut all = 0;
    loop {
        match store.write(some.clone()).await? {
            0 => return Ok(all),
            more => all += more,
        }
    }
}
