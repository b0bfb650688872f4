//! Forgets what has happened long ago, in small transactions: what arrives meanwhile gets its turn.

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::{PageLimit, Result, Store, WriteDb, accounts, audit, prune, sign_in};

/// Who was offered a second factor and has not taken it by then, has to begin anew.
const OFFERED: TimeDelta = TimeDelta::hours(1);

/// How long what has happened is kept.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    pub changes: TimeDelta,
    pub runs: TimeDelta,
    pub versions: TimeDelta,
    /// `None`: for ever.
    pub audit: Option<TimeDelta>,
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
    if let Some(kept) = kept.audit {
        gone += forget_audit(store, now - kept, now).await?;
    }
    gone += until_none(store, move |db| sign_in::forget_old(db, now, now - OFFERED)).await?;
    Ok(gone)
}

async fn forget_audit(store: &Store, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<usize> {
    let (mut gone, mut after) = (0, None);
    loop {
        let page = store.read(move |db| audit::heads(db, after.as_deref(), PageLimit::SCAN)).await?;
        for head in &page.rows {
            let chain = head.chain.clone();
            gone += until_none(store, move |db| audit::cut(db, &chain, before, now)).await?;
        }
        after = page.rows.last().map(|head| head.chain.clone());
        if !page.more {
            return Ok(gone);
        }
    }
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
