//! What follows from a new name: those below bear it in theirs. QuickBooks renames a customer and does not touch its jobs,
//! so that no delta brings them.

use std::collections::{HashMap, HashSet};

use crate::{
    domain::{record::Record, words::ChangeKind},
    store::{
        PageLimit, Result, WriteDb,
        records::{self, Place, Staged, Write},
    },
};

/// How deep names are followed. QuickBooks has five levels; other sources have few more.
const DEEPEST: usize = 16;

/// External IDs of one look-up.
const LOOKUP: usize = 500;

/// A record's full name before and after.
pub(super) struct Renamed {
    pub external_id: String,
    pub before: String,
    pub after: String,
}

/// Gives those below `renamed` their new full names, with versions and changes: as many as are returned. A record whose
/// full name did not begin with that of its parent is not one that follows, and `told` are those of whom the source
/// itself has just said how they are called.
///
/// To be called in the transaction that writes the new names.
pub(super) fn rename(
    db: &mut WriteDb,
    place: &Place<'_>,
    renamed: Vec<Renamed>,
    told: &HashSet<&str>,
) -> Result<u64> {
    let mut count = 0;
    let mut done: HashSet<String> = HashSet::new();
    let mut level = renamed;
    for _ in 0..DEEPEST {
        let mut next = Vec::new();
        for some in level.chunks(LOOKUP) {
            let parents: HashMap<&str, &Renamed> =
                some.iter().map(|renamed| (renamed.external_id.as_str(), renamed)).collect();
            let ids: Vec<&str> = parents.keys().copied().collect();
            let mut after: Option<String> = None;
            loop {
                let (id, limit) = (place.lock.connection_id(), PageLimit::SCAN);
                let page = records::children(db, id, place.lock.what(), &ids, after.as_deref(), limit)?;
                after = page.rows.last().map(|last| last.record.external_id.clone());
                let mut following = Vec::new();
                for staged in page.rows {
                    let id = &staged.record.external_id;
                    if told.contains(id.as_str()) || done.contains(id) {
                        continue;
                    }
                    let Some((staged, renamed)) = follow(staged, &parents) else { continue };
                    done.insert(renamed.external_id.clone());
                    next.push(renamed);
                    following.push(staged);
                }
                count += following.len() as u64;
                write(db, place, &following)?;
                if !page.more {
                    break;
                }
            }
        }
        if next.is_empty() {
            break;
        }
        level = next;
    }
    Ok(count)
}

/// A record with its new full name, if it follows its parent's.
fn follow(mut staged: Staged, parents: &HashMap<&str, &Renamed>) -> Option<(Staged, Renamed)> {
    let Record { external_id, full_name, parent_external_id, .. } = &mut staged.record;
    let parent = parents.get(parent_external_id.as_deref()?)?;
    let before = full_name.take()?;
    let own = before.strip_prefix(parent.before.as_str())?.strip_prefix(':')?;
    let after = format!("{}:{own}", parent.after);
    *full_name = Some(after.clone());
    let renamed = Renamed { external_id: external_id.clone(), before, after };
    Some((staged, renamed))
}

fn write(db: &mut WriteDb, place: &Place<'_>, following: &[Staged]) -> Result<()> {
    let writes: Vec<Write<'_>> = following
        .iter()
        .map(|staged| Write {
            id: staged.id.clone(),
            record: &staged.record,
            content_hash: staged.record.content_hash(),
            texts: None,
            version: staged.version.saturating_add(1),
            kind: ChangeKind::Updated,
        })
        .collect();
    records::upsert(db, place, &writes)
}
