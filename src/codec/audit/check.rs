//! Whether a chain is whole: it is gone through row by row, from the first that is kept to its end.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use crate::domain::{
    audit::{Checkpoint, Row},
    words::AuditAction,
};

use super::{AuditKey, Hash, hash_of, hex};

/// Something that is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// A row that was changed, or put into another place.
    Altered { seq: i64 },
    /// Rows that are not there, from the first to the last.
    Missing { from: i64, to: i64 },
    /// A row whose key is not known here.
    UnknownKey { seq: i64, key_id: String },
    /// A row with a key that had been replaced before.
    OldKey { seq: i64, key_id: String },
    /// The chain begins here, and no row of it says that what was before was removed by its age.
    Beheaded { begins: i64 },
    /// The end of the chain is not where its head says.
    Truncated { last: i64, head: i64 },
    /// A row that was there once had another hash: the chain was written anew.
    Rewritten { seq: i64 },
    /// A checkpoint names a row after the end of the chain.
    BeforeCheckpoint { last: i64, checkpoint: i64 },
    /// The whole chain is not there.
    Gone,
}

impl Finding {
    /// Its code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Altered { .. } => "altered",
            Self::Missing { .. } => "missing",
            Self::UnknownKey { .. } => "unknown_key",
            Self::OldKey { .. } => "old_key",
            Self::Beheaded { .. } => "beheaded",
            Self::Truncated { .. } | Self::BeforeCheckpoint { .. } => "truncated",
            Self::Rewritten { .. } => "rewritten",
            Self::Gone => "gone",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { seq } => write!(f, "row {seq} was changed, or is not in its place"),
            Self::Missing { from, to } if from == to => write!(f, "row {from} is missing"),
            Self::Missing { from, to } => write!(f, "the rows {from} to {to} are missing"),
            Self::UnknownKey { seq, key_id } => {
                write!(f, "row {seq} has a key that is not known here: {key_id}")
            }
            Self::OldKey { seq, key_id } => {
                write!(f, "row {seq} has the key {key_id}, which had been replaced before")
            }
            Self::Beheaded { begins } => {
                write!(
                    f,
                    "it begins with row {begins}, and nothing says that those before were removed by their age"
                )
            }
            Self::Truncated { last, head } => {
                write!(f, "it ends with row {last}, and its head says {head}")
            }
            Self::Rewritten { seq } => write!(f, "row {seq} had another hash when the checkpoint was made"),
            Self::BeforeCheckpoint { last, checkpoint } => {
                write!(f, "it ends with row {last}, and had {checkpoint} when the checkpoint was made")
            }
            Self::Gone => f.write_str("it is not there"),
        }
    }
}

/// Where a chain stands, as its head says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub chain: String,
    /// The last row, and its hash.
    pub last: i64,
    pub hash: Vec<u8>,
    /// The first row that is kept, and the hash before it.
    pub begins: i64,
    pub before: Vec<u8>,
}

/// The keys that rows may have, by their fingerprints.
pub type Keys = BTreeMap<String, AuditKey>;

/// Goes through one chain.
#[derive(Debug)]
pub struct Check<'a> {
    keys: &'a Keys,
    head: Head,
    /// What checkpoints say: row to hashes.
    anchors: BTreeMap<i64, BTreeSet<String>>,
    expected: i64,
    before: Option<Hash>,
    /// The keys so far; the last is that of the row before.
    used: Vec<String>,
    /// The last row that says up to where the chain was cut, and the hash of that one.
    cut: Option<(i64, String)>,
    pub rows: u64,
    pub findings: Vec<Finding>,
}

/// Findings of one chain that are told: one that was written anew has one a row.
const TOLD: usize = 100;

impl<'a> Check<'a> {
    /// `anchors` are the checkpoints of this chain.
    pub fn new(keys: &'a Keys, head: Head, anchors: &[Checkpoint]) -> Self {
        let mut by_row: BTreeMap<i64, BTreeSet<String>> = BTreeMap::new();
        for anchor in anchors {
            by_row.entry(anchor.seq).or_default().insert(anchor.hash.clone());
        }
        let (expected, before) = (head.begins, hash_of(&head.before));
        Self {
            keys,
            head,
            anchors: by_row,
            expected,
            before,
            used: Vec::new(),
            cut: None,
            rows: 0,
            findings: Vec::new(),
        }
    }

    /// The next row, in the order of their numbers.
    pub fn row(&mut self, row: &Row) {
        self.rows += 1;
        if row.seq != self.expected {
            self.found(Finding::Missing { from: self.expected, to: row.seq - 1 });
            // What was before is not known, so nothing can be said of this row.
            self.before = None;
        }
        self.key(row);
        let hash = hash_of(&row.hash);
        let right = match (self.keys.get(&row.key_id), &self.before) {
            (Some(key), Some(before)) => hash == Some(key.hash(before, row)),
            // Already told.
            (None, _) => true,
            (Some(_), None) => hash.is_some(),
        };
        if !right {
            self.found(Finding::Altered { seq: row.seq });
        }
        if self.anchors.get(&row.seq).is_some_and(|anchors| anchors.iter().any(|it| *it != hex(&row.hash))) {
            self.found(Finding::Rewritten { seq: row.seq });
        }
        if right && row.action == AuditAction::AuditCut.as_str() {
            let up_to = row.after("up_to").and_then(|seq| seq.parse().ok());
            self.cut = up_to.zip(row.after("hash"));
        }
        // As it stands there: one that is wrong makes one finding, not one for each row after it.
        self.before = hash;
        self.expected = row.seq.saturating_add(1);
    }

    fn key(&mut self, row: &Row) {
        if !self.keys.contains_key(&row.key_id) {
            self.found(Finding::UnknownKey { seq: row.seq, key_id: row.key_id.clone() });
        }
        if self.used.last() != Some(&row.key_id) {
            if self.used.contains(&row.key_id) {
                self.found(Finding::OldKey { seq: row.seq, key_id: row.key_id.clone() });
            }
            self.used.push(row.key_id.clone());
        }
    }

    /// The end of the chain.
    pub fn end(mut self) -> Checked {
        let last = self.expected.saturating_sub(1);
        if last != self.head.last || self.before != hash_of(&self.head.hash) {
            self.found(Finding::Truncated { last, head: self.head.last });
        }
        let (begins, before) = (self.head.begins, hex(&self.head.before));
        let whole = begins == 1 && before == hex(&super::NONE);
        let told = self
            .cut
            .as_ref()
            .is_some_and(|(up_to, hash)| up_to.saturating_add(1) == begins && *hash == before);
        if !(whole || told) {
            self.found(Finding::Beheaded { begins });
        }
        let anchored = self.anchors.keys().next_back().copied();
        if let Some(checkpoint) = anchored.filter(|seq| *seq > last) {
            self.found(Finding::BeforeCheckpoint { last, checkpoint });
        }
        // The last row that was cut has its hash in the row that says so.
        let cut = self.anchors.get(&(begins - 1));
        if cut.is_some_and(|anchors| anchors.iter().any(|hash| *hash != before)) {
            self.found(Finding::Rewritten { seq: begins - 1 });
        }
        Checked {
            chain: self.head.chain,
            rows: self.rows,
            begins,
            last,
            anchored_to: anchored.filter(|seq| (begins..=last).contains(seq)),
            findings: self.findings,
        }
    }

    fn found(&mut self, finding: Finding) {
        if self.findings.len() < TOLD {
            self.findings.push(finding);
        }
    }
}

/// How a chain was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub chain: String,
    /// How many rows there are.
    pub rows: u64,
    /// The first and the last row.
    pub begins: i64,
    pub last: i64,
    /// The last row that a checkpoint names: up to here it is shown that nothing was taken from the end, nor written anew.
    pub anchored_to: Option<i64>,
    pub findings: Vec<Finding>,
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
