//! Why a secret cannot be kept or read, and what to do.

use std::path::PathBuf;

use crate::{
    domain::problem::{Problem, sentence},
    store,
};

use super::KeySource;

/// Why a secret cannot be kept or read. No variant holds a secret or a key.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(transparent)]
    Store(#[from] store::Error),
    /// It is there, or may be.
    #[error("the key file {path:?} cannot be looked into: {why}")]
    Unreadable { path: PathBuf, why: String },
    #[error("the key file {path:?} cannot be used: {why}")]
    Malformed { path: PathBuf, why: String },
    #[error("the key file {path:?} cannot be written: {why}")]
    Unwritable { path: PathBuf, why: String },
    #[error("the key file {path:?} has mode {mode:04o}: others than its owner can read it")]
    Open { path: PathBuf, mode: u32 },
    #[error(
        "the key file {path:?} is missing: it is the only thing that opens what is sealed in the database, the credentials of {connections} connections among it, and that shows whether the audit is whole"
    )]
    Missing { path: PathBuf, connections: usize },
    #[error("the stored credentials are sealed with the key {wanted}; {} holds {}", .keys.name(), if .held.is_empty() { "none" } else { .held })]
    WrongKey { keys: KeySource, held: String, wanted: String },
    /// Of a connection or an account.
    #[error(
        "the secret `{name}` of the {} {owner_id} does not open: it is damaged, or was moved from elsewhere",
        if .owner_id.starts_with("acc_") { "account" } else { "connection" }
    )]
    NotOpened { owner_id: String, name: String },
    #[error("the sealed key {id} of the audit does not open: it is damaged, or was moved from elsewhere")]
    AuditKeyNotOpened { id: String },
}

impl VaultError {
    pub(super) fn not_opened(owner_id: &str, name: &str) -> Self {
        Self::NotOpened { owner_id: owner_id.into(), name: name.into() }
    }

    /// What to tell the operator; `None` where the store has its own words.
    pub fn problem(&self) -> Option<Problem> {
        let (code, remedy) = match self {
            Self::Store(_) => return None,
            Self::Unreadable { .. } => (
                "key_file_unreadable",
                "Let the user that Rollcall runs as read it, and go into the folders that lead there; ROLLCALL_KEY_FILE says where it is."
                    .to_owned(),
            ),
            Self::Malformed { .. } => (
                "key_file_malformed",
                "Restore it from the backup; ROLLCALL_KEY_FILE says where it is.".to_owned(),
            ),
            Self::Unwritable { .. } => (
                "key_file_unwritable",
                "Let the user that Rollcall runs as write in its folder, or set ROLLCALL_KEY_FILE or ROLLCALL_SECRET_KEY."
                    .to_owned(),
            ),
            Self::Open { path, .. } => (
                "key_file_open",
                format!("Run `chmod 600 {}`; if others may have read it, run `rollcall key rotate` after that.", path.display()),
            ),
            Self::Missing { .. } => (
                "key_file_missing",
                "Restore it from the backup, or set ROLLCALL_KEY_FILE to where it is. A new key would open none of them."
                    .to_owned(),
            ),
            Self::WrongKey { keys, .. } => ("wrong_key", keys.remedy()),
            Self::NotOpened { owner_id, name } if owner_id.starts_with("acc_") => (
                "secret_not_opened",
                format!("Have the credentials of the account {owner_id} entered again: `{name}` is one of them."),
            ),
            Self::NotOpened { owner_id, name } => (
                "secret_not_opened",
                format!("Enter it again: `rollcall connection set {owner_id} --secret {name}=@FILE`."),
            ),
            Self::AuditKeyNotOpened { .. } => (
                "audit_key_not_opened",
                "Restore the table `audit_keys` from a backup: without it the rows from before the key was rotated cannot be verified.".to_owned(),
            ),
        };
        Some(Problem::new(code, sentence(&self.to_string()), remedy))
    }
}

impl KeySource {
    /// What people call it.
    pub fn name(&self) -> String {
        match self {
            Self::Given(_) => "ROLLCALL_SECRET_KEY".to_owned(),
            Self::File(path) => format!("the key file {path:?}"),
        }
    }

    /// What to do where it holds other keys than it should.
    fn remedy(&self) -> String {
        match self {
            Self::Given(_) => "Add that key to ROLLCALL_SECRET_KEY, parted by a comma, and start again; \
                               while a key is rotated, both the new and the old one are in it."
                .to_owned(),
            Self::File(_) => {
                "Restore the key file that belongs to this database. Where several machines share the \
                              database, copy it from the one on which the key was rotated."
                    .to_owned()
            }
        }
    }
}
