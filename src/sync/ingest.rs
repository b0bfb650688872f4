//! The one way in: a batch of records of either list from any source.
//!
//! Each batch is one transaction: what is known of its records is read, hashes are compared, only what changed is
//! written, with its change rows; a full run also notes what it saw, so that absence can be judged after a crash
//! between two batches.

use std::collections::HashMap;

use crate::{
    clock::Ambient,
    domain::{
        ids::new_id,
        record::Record,
        words::{ChangeKind, Mode},
    },
    store::{
        Db, Result, lists,
        records::{self, Known, Write},
        runs::{self, Counts, Run},
    },
};

/// Records of one transaction: large enough that its commit is cheap, small enough that others get their turn.
pub const BATCH: usize = 4000;

/// Stages a batch of `run`. `high_water` is the newest modification seen so far, in the source's own words.
///
/// # Errors
/// [`crate::store::Error::Stale`] where the run does not run any more: nothing was written then.
pub fn batch(
    db: &mut Db,
    ambient: &Ambient,
    run: &Run,
    batch: &[Record],
    high_water: Option<&str>,
) -> Result<Counts> {
    let now = ambient.now();
    lists::lock(db, &run.connection_id, run.list)?;
    let records = last_of_each(batch);
    let external_ids: Vec<&str> = records.iter().map(|record| record.external_id.as_str()).collect();
    let known = records::known(db, &run.connection_id, run.list, &external_ids)?;

    let mut counts = Counts { received: batch.len() as u64, ..Counts::default() };
    let mut writes = Vec::new();
    for record in records {
        let Some(write) = write(ambient, run, record, known.get(&record.external_id)) else {
            counts.unchanged += 1;
            continue;
        };
        match write.kind {
            ChangeKind::Created => counts.created += 1,
            _ => counts.updated += 1,
        }
        writes.push(write);
    }
    records::upsert(db, &super::run::place(run, now), &writes)?;
    if run.mode == Mode::Full && !external_ids.is_empty() {
        runs::add_seen(db, &run.id, &external_ids.iter().flat_map(|id| seen_key(id)).collect::<Vec<u8>>())?;
    }
    let seen_again: Vec<&str> = known.values().map(|known| known.id.as_str()).collect();
    records::clear_absences(db, &run.connection_id, run.list, &seen_again)?;
    runs::advance(db, &run.id, counts, high_water, now)?;
    Ok(counts)
}

/// What a run remembers of a record that it saw: 8 bytes of a hash of its external ID. Two IDs with the same bytes
/// could at worst leave an absent record unmarked until the next list.
pub(super) fn seen_key(external_id: &str) -> [u8; 8] {
    let mut key = [0; 8];
    blake3::Hasher::new().update(external_id.as_bytes()).finalize_xof().fill(&mut key);
    key
}

/// A source may repeat a record within a batch: the last one counts.
fn last_of_each(batch: &[Record]) -> Vec<&Record> {
    let mut place: HashMap<&str, usize> = HashMap::with_capacity(batch.len());
    let mut records: Vec<&Record> = Vec::with_capacity(batch.len());
    for record in batch {
        match place.get(record.external_id.as_str()).and_then(|at| records.get_mut(*at)) {
            Some(earlier) => *earlier = record,
            None => {
                place.insert(&record.external_id, records.len());
                records.push(record);
            }
        }
    }
    records
}

/// How `record` is to be written, if it is.
fn write<'a>(ambient: &Ambient, run: &Run, record: &'a Record, known: Option<&Known>) -> Option<Write<'a>> {
    let content_hash = record.content_hash();
    let (id, version, kind) = match known {
        None => (new_id(run.list.prefix(), ambient.now(), ambient.entropy.bytes()), 1, ChangeKind::Created),
        Some(known) => {
            let changed = known.content_hash != content_hash;
            let kind = match (known.absent, changed) {
                (true, _) => ChangeKind::Returned,
                (false, true) => ChangeKind::Updated,
                (false, false) => return None,
            };
            (known.id.clone(), known.version.saturating_add(i32::from(changed)), kind)
        }
    };
    Some(Write { id, record, content_hash, version, kind })
}
