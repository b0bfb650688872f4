//! Reading the change feed (promise 10): from a cursor on, in the order of commits.

use std::fmt::Write;

use crate::{
    clock::Ambient,
    domain::{
        access::{Actor, Origin},
        audit::Act,
        cursor::Cursor,
        ids::CompanyId,
        words::AuditAction,
    },
    store::{
        self, Db, Store, WriteDb, audit,
        changes::{self, Change, Filter},
    },
};

/// Why the feed was not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the cursor is none that the feed has given out")]
    BadCursor,
    #[error("the cursor is another company's")]
    OtherCompany,
    /// What follows it was forgotten, or the database was restored from a backup.
    #[error("the cursor is too old")]
    Expired,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Where to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// With the oldest change that is kept.
    Oldest,
    /// After the newest one: only what is to come.
    Newest,
    After(Cursor),
}

impl Start {
    /// Reads what a caller sends as `after`: nothing, `latest`, or a cursor.
    ///
    /// # Errors
    /// [`Error::BadCursor`].
    pub fn read(after: Option<&str>) -> Result<Self, Error> {
        match after {
            None | Some("") => Ok(Self::Oldest),
            Some("latest") => Ok(Self::Newest),
            Some(text) => Cursor::read(text).map(Self::After).ok_or(Error::BadCursor),
        }
    }
}

/// A part of a feed, and where the next one begins.
#[derive(Debug, Clone)]
pub struct Part {
    pub changes: Vec<Change>,
    pub next: Cursor,
    /// Whether more follows already.
    pub more: bool,
}

/// Reads up to `most` changes of a company. A part may be empty and still be followed by more: what a filter leaves out
/// has been read as well.
///
/// # Errors
/// [`Error::Expired`], [`Error::OtherCompany`].
pub fn read(
    db: &mut Db,
    company_id: &CompanyId,
    start: &Start,
    filter: &Filter,
    most: usize,
) -> Result<Part, Error> {
    let epoch = changes::epoch(db)?.ok_or(store::Error::NotFound("epoch of the feed"))?;
    let cursor = |position| Cursor { epoch: epoch.clone(), company_id: company_id.to_owned(), position };
    let after = match start {
        Start::Newest => {
            let next = cursor(changes::newest(db, company_id)?);
            return Ok(Part { changes: Vec::new(), next, more: false });
        }
        Start::Oldest => None,
        Start::After(cursor) if cursor.company_id != *company_id => return Err(Error::OtherCompany),
        Start::After(cursor) if cursor.epoch != epoch => return Err(Error::Expired),
        Start::After(cursor) => Some(cursor.position),
    };
    let section = changes::section(db, company_id, after, filter, most)?.ok_or(Error::Expired)?;
    Ok(Part { changes: section.changes, next: cursor(section.up_to), more: section.more })
}

/// Makes the epoch of a new database, unless it has one.
///
/// # Errors
/// The database's.
pub async fn ensure_epoch(store: &Store, ambient: &Ambient) -> store::Result<()> {
    if store.read(changes::epoch).await?.is_none() {
        let fresh = fresh_epoch(ambient);
        store.write(move |db| changes::begin_epoch(db, &fresh, false)).await?;
    }
    Ok(())
}

/// Begins a new epoch: all cursors that were given out are refused from now on. To be done after a backup was restored,
/// for the positions that were given out after the backup are given out once more.
///
/// # Errors
/// The database's.
pub async fn new_epoch(store: &Store, ambient: &Ambient) -> store::Result<()> {
    let (fresh, origin) = (fresh_epoch(ambient), Origin::at(ambient.now()));
    let renew = move |db: &mut WriteDb| {
        let act = Act::new(AuditAction::Restored, "feed", &fresh).with("epoch", &fresh);
        audit::note_by(db, &Actor::command_line(), &origin, act);
        changes::begin_epoch(db, &fresh, true)
    };
    store.write(renew).await?;
    Ok(())
}

fn fresh_epoch(ambient: &Ambient) -> String {
    ambient.entropy.bytes().iter().fold(String::with_capacity(32), |mut epoch, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(epoch, "{byte:02x}");
        epoch
    })
}
