//! Writes where the chains of the audit stand into the log, and into a file if there is one: what is taken from the end of a
//! chain, or a chain that was written anew by someone who has its key, shows only against what was written elsewhere.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use chrono::{DateTime, Utc};

use crate::{
    codec::audit::{check::Head, hex},
    domain::audit::Checkpoint,
    store::{self, PageLimit, Store, audit},
};

/// The checkpoints of one gateway. Cheap to clone.
#[derive(Clone)]
pub struct Checkpoints(Arc<Inner>);

struct Inner {
    file: Option<PathBuf>,
    /// The last row of each chain that was written of.
    written: Mutex<BTreeMap<String, i64>>,
}

impl Checkpoints {
    pub fn new(file: Option<PathBuf>) -> Self {
        Self(Arc::new(Inner { file, written: Mutex::default() }))
    }

    /// Writes of each chain that has grown since the last time, and of all at the first time; how many. What could not be
    /// written into the file is tried again the next time.
    ///
    /// # Errors
    /// The database's.
    pub async fn write(&self, store: &Store, now: DateTime<Utc>) -> store::Result<usize> {
        let (mut grown, mut after) = (Vec::new(), None);
        loop {
            let page = store.read(move |db| audit::heads(db, after.as_deref(), PageLimit::SCAN)).await?;
            after = page.rows.last().map(|head| head.chain.clone());
            grown.extend(page.rows.into_iter().filter(|head| self.is_news(head)).map(|head| of(head, now)));
            if !page.more {
                break;
            }
        }
        if grown.is_empty() {
            return Ok(0);
        }
        if let Some(file) = self.0.file.clone() {
            let lines = grown.clone();
            let written = tokio::task::spawn_blocking(move || append(&file, &lines)).await;
            if let Err(error) = written.map_err(io::Error::other).flatten() {
                tracing::error!(%error, "the checkpoints of the audit cannot be written into their file");
                return Ok(0);
            }
        }
        for Checkpoint { chain, seq, hash, count, time } in &grown {
            tracing::info!(chain, seq, hash, count, time = time.to_rfc3339(), "checkpoint of the audit");
        }
        let mut written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        let count = grown.len();
        written.extend(grown.into_iter().map(|checkpoint| (checkpoint.chain, checkpoint.seq)));
        Ok(count)
    }

    fn is_news(&self, head: &Head) -> bool {
        let written = self.0.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.get(&head.chain).is_none_or(|seq| *seq != head.last)
    }
}

fn of(head: Head, time: DateTime<Utc>) -> Checkpoint {
    let Head { chain, last, hash, begins, .. } = head;
    Checkpoint { chain, seq: last, hash: hex(&hash), count: last - begins + 1, time }
}

/// Adds a line for each to the end of the file, which only its owner may read if it is made now.
fn append(path: &Path, checkpoints: &[Checkpoint]) -> io::Result<()> {
    let mut lines = Vec::new();
    for checkpoint in checkpoints {
        serde_json::to_writer(&mut lines, checkpoint)?;
        lines.push(b'\n');
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    // In one piece: gateways may share the file.
    file.write_all(&lines)?;
    file.sync_data()
}

/// The checkpoints in a text: that of the file, or lines of the log in JSON.
///
/// # Errors
/// The number of the first line that is none. What a crash has left of the last line counts as nothing.
pub fn read(text: &str) -> Result<Vec<Checkpoint>, usize> {
    let mut all = Vec::new();
    let whole = text.ends_with('\n');
    let last = text.lines().count();
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        match serde_json::from_str::<Line>(line) {
            Ok(Line::Checkpoint(checkpoint)) => all.push(checkpoint),
            Ok(Line::Logged { fields: Fields::Checkpoint(checkpoint) }) => all.push(checkpoint),
            Ok(Line::Logged { fields: Fields::Other {} }) => {}
            Err(_) if number == last && !whole => {}
            Err(_) => return Err(number),
        }
    }
    Ok(all)
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Line {
    Checkpoint(Checkpoint),
    Logged { fields: Fields },
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Fields {
    Checkpoint(Checkpoint),
    Other {},
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_are_read_from_their_file_and_from_a_log_in_json() {
        let one = r#"{"chain":"com_1","seq":3,"hash":"ab","count":3,"time":"2026-03-01T12:00:00Z"}"#;
        let logged = format!(r#"{{"timestamp":"x","level":"INFO","fields":{one},"target":"t"}}"#);
        let other = r#"{"timestamp":"x","level":"INFO","fields":{"message":"serving"},"target":"t"}"#;
        let text = format!("{one}\n{logged}\n\n{other}\n");
        let read_back = read(&text).unwrap();
        assert_eq!(read_back.len(), 2);
        assert!(read_back.iter().all(|it| (it.chain.as_str(), it.seq) == ("com_1", 3)));
        assert_eq!(
            read(&format!("{one}\n{}", one.get(..20).unwrap())).unwrap().len(),
            1,
            "a crash has cut the last line"
        );
        assert_eq!(read(&format!("{}\n{one}\n", one.get(..20).unwrap())), Err(1));
    }
}
