//! Puts what was staged into the search index, in small transactions: what arrives meanwhile gets its turn.

use std::collections::HashSet;

use chrono::TimeDelta;

use crate::{
    clock::Ambient,
    store::{self, Store, records::search},
};

/// How long a run must have written nothing before its list is indexed: staging does not share the database with it.
const QUIET: TimeDelta = TimeDelta::seconds(10);

/// Whether there is something to index.
///
/// # Errors
/// The database's.
pub async fn waits(store: &Store, ambient: &Ambient) -> store::Result<bool> {
    let since = ambient.now() - QUIET;
    let waiting = store.read(move |db| search::waiting(db, since)).await?;
    Ok(!waiting.is_empty())
}

/// Indexes all there is.
///
/// # Errors
/// The first list's that fails; the others are done all the same.
pub async fn work_off(store: &Store, ambient: &Ambient) -> store::Result<()> {
    let mut failed = HashSet::new();
    let mut result = Ok(());
    loop {
        let since = ambient.now() - QUIET;
        let waiting = store.read(move |db| search::waiting(db, since)).await?;
        let waiting: Vec<i64> = waiting.into_iter().filter(|list| !failed.contains(list)).collect();
        if waiting.is_empty() {
            return result;
        }
        for list in waiting {
            match store.write(move |db| search::step(db, list)).await {
                // Or its connection was deleted meanwhile: nobody searches in it.
                Ok(_) | Err(store::Error::NotFound(_)) => {}
                Err(error) => {
                    failed.insert(list);
                    result = result.and(Err(error));
                }
            }
        }
    }
}
