//! Which keys there are, and what they seal. Changes nothing.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::store::{Db, secrets};

use super::{KeySource, Result, Vault, VaultError, file};

/// A key by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStanding {
    pub id: String,
    /// New secrets are sealed with it.
    pub current: bool,
    /// Whether its source holds it.
    pub held: bool,
    /// How many secrets it seals.
    pub secrets: u64,
    /// When the database got to know it; `None` where it does not.
    pub known_since: Option<DateTime<Utc>>,
}

/// The keys and where they come from.
#[derive(Debug, Clone)]
pub struct KeyReport {
    /// What people call the source.
    pub source: String,
    /// The key file, if that is it.
    pub file: Option<PathBuf>,
    pub keys: Vec<KeyStanding>,
}

impl Vault {
    /// # Errors
    /// A key file that cannot be used, or is missing while the database knows keys.
    pub fn look(&self, db: &mut Db) -> Result<KeyReport> {
        let (known, counts) = (secrets::keys(db)?, secrets::counts(db)?);
        let held = match (&self.0.source, known.is_empty()) {
            // Not made yet.
            (KeySource::File(path), true) => file::read(path)?.unwrap_or_default(),
            _ => self.read_again(db)?,
        };
        let held: Vec<String> = held.iter().map(super::Key::id).collect();
        let mut keys: Vec<KeyStanding> = known
            .into_iter()
            .map(|key| KeyStanding {
                held: held.contains(&key.id),
                secrets: counts.get(&key.id).copied().unwrap_or(0),
                current: key.current,
                known_since: Some(key.created_at),
                id: key.id,
            })
            .collect();
        for id in held {
            if !keys.iter().any(|key| key.id == id) {
                keys.push(KeyStanding { id, current: false, held: true, secrets: 0, known_since: None });
            }
        }
        let file = match &self.0.source {
            KeySource::File(path) => Some(path.clone()),
            KeySource::Given(_) => None,
        };
        Ok(KeyReport { source: self.0.source.name(), file, keys })
    }

    /// Opens every secret: how many do, and the errors of those that do not, each with its connection's ID.
    pub fn try_all(&self, db: &mut Db) -> Result<(u64, Vec<(String, VaultError)>)> {
        let (mut opened, mut failed) = (0, Vec::new());
        // No key has an empty fingerprint: all of them.
        for row in secrets::gateway_keys_not_sealed_with(db, "")? {
            match self.open(db, &row) {
                Ok(_) => opened += 1,
                Err(error @ VaultError::Store(_)) => return Err(error),
                Err(error) => failed.push((row.owner_id, error)),
            }
        }
        let mut after = (String::new(), String::new());
        loop {
            let rows = secrets::not_sealed_with(db, "", &after, 500)?;
            let Some(last) = rows.last() else { return Ok((opened, failed)) };
            after = (last.owner_id.clone(), last.name.clone());
            for row in rows {
                match self.open(db, &row) {
                    Ok(_) => opened += 1,
                    Err(error @ VaultError::Store(_)) => return Err(error),
                    Err(error) => failed.push((row.owner_id, error)),
                }
            }
        }
    }
}
