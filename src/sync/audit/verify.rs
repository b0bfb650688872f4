//! Goes through all chains of the audit, while others write.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    codec::audit::check::{Check, Checked, Finding, Head, Keys},
    domain::{
        audit::{Checkpoint, GLOBAL},
        words::AuditAction,
    },
    store::{PageLimit, Store, audit},
    sync::vault::{Vault, VaultError},
};

/// How often a chain is gone through from its beginning again, because old rows of it were removed meanwhile.
const TRIES: usize = 5;

/// Goes through all chains; what it found of each, in the order of their names. A chain that once was, and is not there, is
/// one of them.
///
/// # Errors
/// The database's; a key file that cannot be used.
pub async fn verify(
    store: &Store,
    vault: &Vault,
    checkpoints: Vec<Checkpoint>,
) -> Result<Vec<Checked>, VaultError> {
    let mut anchors: BTreeMap<String, Vec<Checkpoint>> = BTreeMap::new();
    for checkpoint in checkpoints {
        anchors.entry(checkpoint.chain.clone()).or_default().push(checkpoint);
    }
    let heads = heads(store).await?;
    // After the heads: a key that came later is not needed for them.
    let vault = vault.clone();
    let keys = store.read(move |db| vault.audit_keys(db)).await?;
    let mut expected: BTreeSet<String> = anchors.keys().cloned().collect();
    if !heads.is_empty() {
        expected.insert(GLOBAL.to_owned());
    }
    let mut all = Vec::with_capacity(heads.len());
    for head in heads {
        let chain = head.chain.clone();
        let theirs = anchors.get(&chain).map(Vec::as_slice).unwrap_or_default();
        let (checked, begun) = chain_of(store, &keys, head, theirs).await?;
        expected.extend(begun);
        all.push(checked);
    }
    for checked in &all {
        expected.remove(&checked.chain);
    }
    for chain in expected {
        // Begun after the heads were read.
        let (name, there) = (chain.clone(), move |db: &mut _| audit::head(db, &chain));
        if store.read(there).await?.is_none() {
            all.push(gone(name));
        }
    }
    all.sort_by(|a, b| a.chain.cmp(&b.chain));
    Ok(all)
}

fn gone(chain: String) -> Checked {
    Checked { chain, rows: 0, begins: 0, last: 0, anchored_to: None, findings: vec![Finding::Gone] }
}

async fn heads(store: &Store) -> Result<Vec<Head>, VaultError> {
    let mut all: Vec<Head> = Vec::new();
    loop {
        let after = all.last().map(|head| head.chain.clone());
        let page = store.read(move |db| audit::heads(db, after.as_deref(), PageLimit::SCAN)).await?;
        all.extend(page.rows);
        if !page.more {
            return Ok(all);
        }
    }
}

/// One chain, and the names of those that began according to it.
async fn chain_of(
    store: &Store,
    keys: &Keys,
    mut head: Head,
    anchors: &[Checkpoint],
) -> Result<(Checked, Vec<String>), VaultError> {
    let mut tries = TRIES;
    loop {
        let (checked, begun) = once(store, keys, head.clone(), anchors).await?;
        let chain = head.chain.clone();
        let now = store.read(move |db| audit::head(db, &chain)).await?;
        match now {
            Some(now) if now.begins != head.begins && tries > 0 => (head, tries) = (now, tries - 1),
            _ => return Ok((checked, begun)),
        }
    }
}

async fn once(
    store: &Store,
    keys: &Keys,
    head: Head,
    anchors: &[Checkpoint],
) -> Result<(Checked, Vec<String>), VaultError> {
    let (chain, last) = (head.chain.clone(), head.last);
    let (mut after, mut begun) = (0, Vec::new());
    let mut check = Check::new(keys, head, anchors);
    loop {
        let name = chain.clone();
        let rows = store.read(move |db| audit::rows(db, &name, after, last, PageLimit::SCAN)).await?;
        let Some(newest) = rows.last() else { return Ok((check.end(), begun)) };
        after = newest.seq;
        for row in &rows {
            check.row(row);
            if chain == GLOBAL && row.action == AuditAction::ChainBegun.as_str() {
                begun.push(row.object_id.clone());
            }
        }
    }
}
