//! The chain of the audit: each row's hash is made of the row and of the hash before it, with a key that is not in the
//! database. Whoever writes the database without the key can neither change a row nor put one in between unseen. What is
//! taken from the end of a chain is shown by checkpoints that are kept elsewhere.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `mod` | a row as bytes, and its hash |
//! | [`check`] | whether a chain is whole |

pub mod check;

use crate::domain::{audit::Row, key::Key};

/// The hash of a row.
pub type Hash = [u8; 32];

/// The hash before the first row of a chain.
pub const NONE: Hash = [0; 32];

/// What the key is derived for: another text makes another key.
const CONTEXT: &str = "rollcall 2026-11-27 audit chain v1";

/// Which form the bytes of a row have. A row of another form says so in its first byte.
const VERSION: u8 = 1;

/// Instead of a length: there is no such text.
const ABSENT: u64 = u64::MAX;

/// The key of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditKey(Key);

impl AuditKey {
    /// Derived from a key that seals secrets, and useless for that.
    pub fn of(master: &Key) -> Self {
        Self(master.derive(CONTEXT))
    }

    /// One that was kept.
    pub fn kept(bytes: [u8; 32]) -> Self {
        Self(Key::new(bytes))
    }

    /// To be kept, sealed.
    pub fn bytes(&self) -> &[u8; 32] {
        self.0.bytes()
    }

    /// The fingerprint, which reveals nothing of the key.
    pub fn id(&self) -> String {
        self.0.id()
    }

    /// The hash of a row after the one whose hash is `before`.
    pub fn hash(&self, before: &Hash, row: &Row) -> Hash {
        let mut hasher = blake3::Hasher::new_keyed(self.0.bytes());
        hasher.update(before);
        hasher.update(&canonical(row));
        *hasher.finalize().as_bytes()
    }
}

/// The row as bytes, the same on every database: each member with its length before it, in one order. Not the text of
/// a JSON column read back, which a database may write anew.
fn canonical(row: &Row) -> Vec<u8> {
    let Row { chain, seq, at, actor_kind, actor_id, action, object_kind, object_id, .. } = row;
    let Row { members, request_id, address, credential, key_id, hash: _, .. } = row;
    let mut bytes = vec![VERSION];
    put(&mut bytes, Some(chain.as_bytes()));
    put(&mut bytes, Some(&seq.to_be_bytes()));
    put(&mut bytes, Some(&at.timestamp_micros().to_be_bytes()));
    for text in [Some(actor_kind), actor_id.as_ref(), Some(action), Some(object_kind), Some(object_id)] {
        put(&mut bytes, text.map(std::string::String::as_bytes));
    }
    for text in [Some(members), request_id.as_ref(), address.as_ref(), credential.as_ref(), Some(key_id)] {
        put(&mut bytes, text.map(std::string::String::as_bytes));
    }
    bytes
}

fn put(bytes: &mut Vec<u8>, part: Option<&[u8]>) {
    let length = part.map_or(ABSENT, |part| part.len() as u64);
    bytes.extend(length.to_be_bytes());
    bytes.extend(part.unwrap_or_default());
}

/// A hash in hexadecimal.
pub fn hex(hash: &[u8]) -> String {
    match Hash::try_from(hash) {
        Ok(hash) => blake3::Hash::from(hash).to_hex().to_string(),
        Err(_) => String::new(),
    }
}

/// A hash as the database has it; `None` where it is none.
pub fn hash_of(bytes: &[u8]) -> Option<Hash> {
    bytes.try_into().ok()
}
