//! What a run has seen of its list: batches of keys, which outlive a restart.

use crate::{
    domain::ids::RunId,
    store::{Db, Result, WriteDb, dsl::*, schema::run_seen},
};

/// Adds what a batch of a run saw: 8 bytes of a hash of each external ID.
pub fn add_seen(db: &mut WriteDb, run_id: &RunId, seen: &[u8]) -> Result<()> {
    let last: Option<i32> = run_seen::table
        .filter(run_seen::run_id.eq(run_id))
        .select(diesel::dsl::max(run_seen::batch))
        .first(db)?;
    diesel::insert_into(run_seen::table)
        .values((
            run_seen::run_id.eq(run_id),
            run_seen::batch.eq(last.map_or(0, |last| last.saturating_add(1))),
            run_seen::seen.eq(seen),
        ))
        .execute(db)?;
    Ok(())
}

/// Takes what a run saw of some records back: they are gone since. `keys` are sorted.
pub fn unsee(db: &mut WriteDb, run_id: &RunId, keys: &[[u8; 8]]) -> Result<()> {
    for batch in 0.. {
        let Some(before) = seen(db, run_id, batch)? else { return Ok(()) };
        let all = before.as_chunks::<8>().0;
        let left: Vec<u8> =
            all.iter().filter(|key| keys.binary_search(key).is_err()).flatten().copied().collect();
        if left.len() < before.len() {
            diesel::update(run_seen::table.find((run_id, batch))).set(run_seen::seen.eq(left)).execute(db)?;
        }
    }
    Ok(())
}

/// What a batch of a run saw; they are numbered from 0. `None` after the last.
pub fn seen(db: &mut Db, run_id: &RunId, batch: i32) -> Result<Option<Vec<u8>>> {
    Ok(run_seen::table.find((run_id, batch)).select(run_seen::seen).first(db).optional()?)
}

/// Forgets what a run saw: its list begins anew, or it has ended.
pub fn forget_seen(db: &mut WriteDb, run_id: &RunId) -> Result<()> {
    diesel::delete(run_seen::table.filter(run_seen::run_id.eq(run_id))).execute(db)?;
    Ok(())
}
