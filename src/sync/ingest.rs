//! The one way in: a batch of records of either list from any source.
//!
//! Each batch is one transaction: what is known of its records is read, hashes are compared, only what changed is
//! written, with its change rows; a full run also notes what it saw, so that absence can be judged after a crash
//! between two batches.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use crate::{
    clock::Ambient,
    domain::{
        ids::RecordId,
        record::{ContentHash, Record},
        words::{ChangeKind, Mode, RunState},
    },
    store::{
        Result, WriteDb, locks,
        records::{self, Known, Place, Texts, Write},
        runs::{self, Counts, Run},
    },
};

use super::descendants::{self, Renamed};

/// Records of one transaction: large enough that its commit is cheap, small enough that others get their turn.
pub const BATCH: usize = 8000;

/// A record, and what is made of it before it is staged, outside of the transaction for which others wait.
#[derive(Debug)]
pub(super) struct Prepared<'a> {
    record: Cow<'a, Record>,
    content_hash: ContentHash,
    /// Only what is written needs them.
    texts: Option<Texts>,
}

impl<'a> Prepared<'a> {
    /// `written` is whether it is likely to be written.
    pub(super) fn of(record: Cow<'a, Record>, written: bool) -> Self {
        let texts = written.then(|| Texts::of(&record));
        Self { content_hash: record.content_hash(), texts, record }
    }

    fn all(records: &'a [Record]) -> Vec<Self> {
        records.iter().map(|record| Self::of(Cow::Borrowed(record), false)).collect()
    }
}

/// Stages a batch of `run`. `high_water` is the newest modification seen so far, in the source's own words.
///
/// # Errors
/// [`crate::store::Error::Stale`] where the run does not run any more: nothing was written then.
pub fn batch(
    db: &mut WriteDb,
    ambient: &Ambient,
    run: &Run,
    batch: &[Record],
    high_water: Option<&str>,
) -> Result<Counts> {
    prepared(db, ambient, run, Prepared::all(batch), high_water)
}

/// The same of records that were prepared.
///
/// # Errors
/// As [`batch`].
pub(super) fn prepared(
    db: &mut WriteDb,
    ambient: &Ambient,
    run: &Run,
    batch: Vec<Prepared<'_>>,
    high_water: Option<&str>,
) -> Result<Counts> {
    let now = ambient.now();
    let lock = locks::of(&run.connection_id).list(db, run.list)?;
    let staged = write_changed(db, ambient, &super::run::place(run, &lock, now), batch)?;
    if run.mode == Mode::Full && !staged.seen.is_empty() {
        runs::add_seen(db, &run.id, &staged.seen)?;
    }
    runs::advance(db, &run.id, staged.counts, high_water, now)?;
    Ok(staged.counts)
}

/// Stages records that no run asked for. A whole list that is being read meanwhile will not find them absent: it may
/// have passed their place before they were there.
pub fn stage(db: &mut WriteDb, ambient: &Ambient, place: &Place<'_>, batch: &[Record]) -> Result<Counts> {
    let staged = write_changed(db, ambient, place, Prepared::all(batch))?;
    let running = runs::in_state(db, place.lock.connection_id(), place.lock.what(), RunState::Running)?;
    if let Some(run) = running.filter(|run| run.mode == Mode::Full && !staged.seen.is_empty()) {
        runs::add_seen(db, &run.id, &staged.seen)?;
    }
    Ok(staged.counts)
}

/// Stages records that a message told. Whether a whole list that is being read meanwhile finds them absent is decided by
/// the times of both, not by what came in between.
pub fn told(db: &mut WriteDb, ambient: &Ambient, place: &Place<'_>, batch: &[Record]) -> Result<Counts> {
    Ok(write_changed(db, ambient, place, Prepared::all(batch))?.counts)
}

/// What became of a batch.
struct Staged {
    counts: Counts,
    /// The keys of its records, one after the other.
    seen: Vec<u8>,
}

/// Compares records with what is known of them, and writes those that differ.
fn write_changed(
    db: &mut WriteDb,
    ambient: &Ambient,
    place: &Place<'_>,
    batch: Vec<Prepared<'_>>,
) -> Result<Staged> {
    let records = last_of_each(&batch);
    let external_ids: Vec<&str> = records.iter().map(|one| one.record.external_id.as_str()).collect();
    let known = records::known(db, place.lock.connection_id(), place.lock.what(), &external_ids)?;

    let mut counts = Counts { received: batch.len() as u64, ..Counts::default() };
    let mut writes = Vec::new();
    for one in records {
        let Some(write) = write(ambient, place, one, known.get(&one.record.external_id)) else {
            counts.unchanged += 1;
            continue;
        };
        match write.kind {
            ChangeKind::Created => counts.created += 1,
            _ => counts.updated += 1,
        }
        writes.push(write);
    }
    records::upsert(db, place, &writes)?;
    let told: HashSet<&str> = external_ids.iter().copied().collect();
    counts.updated += descendants::rename(db, place, renamed(&writes, &known), &told)?;
    let seen_again: Vec<&str> = known.values().map(|known| known.id.as_str()).collect();
    records::clear_absences(db, place.lock, &seen_again)?;
    Ok(Staged { counts, seen: external_ids.iter().flat_map(|id| seen_key(id)).collect() })
}

/// Those whose full name is another one now.
fn renamed(writes: &[Write<'_>], known: &HashMap<String, Known>) -> Vec<Renamed> {
    let renamed = |write: &Write<'_>| {
        let external_id = &write.record.external_id;
        let before = known.get(external_id)?.full_name.clone()?;
        let after = write.record.full_name.clone().filter(|after| *after != before)?;
        Some(Renamed { external_id: external_id.clone(), before, after })
    };
    writes.iter().filter_map(renamed).collect()
}

/// What a run remembers of a record that it saw: 8 bytes of a hash of its external ID. Two IDs with the same bytes
/// could at worst leave an absent record unmarked until the next list.
pub(super) fn seen_key(external_id: &str) -> [u8; 8] {
    let mut key = [0; 8];
    blake3::Hasher::new().update(external_id.as_bytes()).finalize_xof().fill(&mut key);
    key
}

/// A source may repeat a record within a batch: the last one counts.
fn last_of_each<'b, 'a>(batch: &'b [Prepared<'a>]) -> Vec<&'b Prepared<'a>> {
    let mut place: HashMap<&str, usize> = HashMap::with_capacity(batch.len());
    let mut records: Vec<&Prepared<'_>> = Vec::with_capacity(batch.len());
    for one in batch {
        let external_id = one.record.external_id.as_str();
        match place.get(external_id).and_then(|at| records.get_mut(*at)) {
            Some(earlier) => *earlier = one,
            None => {
                place.insert(external_id, records.len());
                records.push(one);
            }
        }
    }
    records
}

/// How `record` is to be written, if it is.
fn write<'a>(
    ambient: &Ambient,
    place: &Place<'_>,
    prepared: &'a Prepared<'_>,
    known: Option<&Known>,
) -> Option<Write<'a>> {
    let content_hash = prepared.content_hash;
    let (id, version, kind) = match known {
        None => {
            (RecordId::new(place.lock.what(), ambient.now(), ambient.entropy.bytes()), 1, ChangeKind::Created)
        }
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
    let texts = prepared.texts.clone();
    Some(Write { id, record: &prepared.record, content_hash, texts, version, kind })
}
