//! The audit: everything that is changed has a row, and whatever is done to the rows is found.

mod chains;
mod retention;
mod routes;
mod staging;

use rollcall::{
    codec::audit::check::Checked,
    domain::audit::{Checkpoint, Row},
    store::{PageLimit, Store, audit},
    sync::audit::verify,
};

use crate::support::test_vault;

/// All rows, chain by chain.
async fn rows(store: &Store) -> Vec<Row> {
    let read = store.read(|db| -> rollcall::store::Result<_> {
        let mut all = Vec::new();
        for head in audit::heads(db, None, PageLimit::SCAN)?.rows {
            all.extend(audit::rows(db, &head.chain, 0, i64::MAX, PageLimit::SCAN)?);
        }
        Ok(all)
    });
    read.await.unwrap()
}

/// The words of what was done, in the order of a chain.
async fn actions(store: &Store, chain: &str) -> Vec<String> {
    let rows = rows(store).await.into_iter().filter(|row| row.chain == chain);
    rows.map(|row| row.action).collect()
}

async fn verified(store: &Store, anchors: Vec<Checkpoint>) -> Vec<Checked> {
    verify::verify(store, &test_vault(), anchors).await.unwrap()
}

/// What is wrong, as chain and code.
async fn findings(store: &Store, anchors: Vec<Checkpoint>) -> Vec<(String, &'static str)> {
    let checked = verified(store, anchors).await.into_iter();
    let found = checked.flat_map(|checked| {
        let chain = checked.chain;
        checked.findings.into_iter().map(move |found| (chain.clone(), found.code()))
    });
    found.collect()
}
