//! The lists of a connection: the cursor of each, and the lock that puts its writers in a row.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::domain::words::List;

use super::{
    Db, Result,
    engine::per_backend,
    schema::lists,
    values::{at, utc},
};

/// How far one list of a connection has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The newest modification seen, in the source's own words.
    pub high_water: Option<String>,
    pub last_started_at: Option<DateTime<Utc>>,
    pub last_complete_at: Option<DateTime<Utc>>,
    /// When the whole list was last asked for with success.
    pub last_full_at: Option<DateTime<Utc>>,
    /// A request that the source refused: not sent again before it changes or the next full pass is due.
    pub refused: Option<(String, DateTime<Utc>)>,
}

type Row = (
    Option<String>,
    Option<NaiveDateTime>,
    Option<NaiveDateTime>,
    Option<NaiveDateTime>,
    Option<String>,
    Option<NaiveDateTime>,
);

pub fn cursor(db: &mut Db, connection_id: &str, list: List) -> Result<Cursor> {
    let row = lists::table
        .find((connection_id, list.as_str()))
        .select((
            lists::high_water,
            lists::last_started_at,
            lists::last_complete_at,
            lists::last_full_at,
            lists::refused,
            lists::refused_at,
        ))
        .first::<Row>(db)
        .optional()?;
    Ok(row.map_or_else(Cursor::default, |(high_water, started, complete, full, refused, refused_at)| {
        Cursor {
            high_water,
            last_started_at: started.map(utc),
            last_complete_at: complete.map(utc),
            last_full_at: full.map(utc),
            refused: refused.zip(refused_at.map(utc)),
        }
    }))
}

/// Takes the list's lock until the transaction ends: whoever writes its records or judges its absences waits here.
/// Under READ COMMITTED this is what makes reading and then writing safe.
pub fn lock(db: &mut Db, connection_id: &str, list: List) -> Result<()> {
    per_backend!(db, |connection| diesel::insert_into(lists::table)
        .values((
            lists::connection_id.eq(connection_id),
            lists::list.eq(list.as_str()),
            lists::revision.eq(0i64)
        ))
        .on_conflict((lists::connection_id, lists::list))
        .do_update()
        .set(lists::revision.eq(lists::revision + 1))
        .execute(connection))?;
    Ok(())
}

fn row(connection_id: &str, list: List) -> diesel::dsl::Find<lists::table, (String, &'static str)> {
    lists::table.find((connection_id.to_owned(), list.as_str()))
}

/// Notes that a run of the list began. The list must have been locked.
pub fn started(db: &mut Db, connection_id: &str, list: List, now: DateTime<Utc>) -> Result<()> {
    diesel::update(row(connection_id, list)).set(lists::last_started_at.eq(at(now))).execute(db)?;
    Ok(())
}

/// Moves the cursor at the end of a run. `full` says that the whole list was asked for.
pub fn completed(
    db: &mut Db,
    connection_id: &str,
    list: List,
    high_water: Option<&str>,
    full: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(row(connection_id, list)).set(lists::last_complete_at.eq(at(now))).execute(db)?;
    if let Some(high_water) = high_water {
        diesel::update(row(connection_id, list)).set(lists::high_water.eq(high_water)).execute(db)?;
    }
    if full {
        let cleared = (lists::refused.eq(None::<String>), lists::refused_at.eq(None::<NaiveDateTime>));
        diesel::update(row(connection_id, list))
            .set((lists::last_full_at.eq(at(now)), cleared))
            .execute(db)?;
    }
    Ok(())
}

/// Remembers a request that the source refused.
pub fn refused(
    db: &mut Db,
    connection_id: &str,
    list: List,
    request: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let set = (lists::refused.eq(request), lists::refused_at.eq(at(now)));
    diesel::update(row(connection_id, list)).set(set).execute(db)?;
    Ok(())
}
