//! The lists of a connection: the cursor of each, and the lock that puts its writers in a row.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::{
    ids::ConnectionId,
    problem::Problem,
    words::{List, RunState},
};

use super::{
    Db, Result, WriteDb,
    dsl::*,
    locks::Locked,
    schema::lists,
    values::{MaybeTime, at, uncount},
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
    /// Set while it is not known who is gone: the list did not come whole, or a run of it failed.
    pub unjudged: Option<Unjudged>,
}

/// Why nobody of a list can be marked absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unjudged {
    pub since: DateTime<Utc>,
    /// Only the whole list ends it, not a delta.
    pub full: bool,
    pub problem: Problem,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = lists)]
struct Row {
    list: List,
    high_water: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    last_started_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    last_complete_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    last_full_at: Option<DateTime<Utc>>,
    refused: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    refused_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    unjudged_at: Option<DateTime<Utc>>,
    unjudged_full: Option<bool>,
    unjudged_code: Option<String>,
    unjudged_detail: Option<String>,
    unjudged_remedy: Option<String>,
}

impl From<Row> for Cursor {
    fn from(row: Row) -> Self {
        let unjudged = row.unjudged_at.map(|since| Unjudged {
            since,
            full: row.unjudged_full.unwrap_or_default(),
            problem: Problem::new(
                row.unjudged_code.unwrap_or_default(),
                row.unjudged_detail.unwrap_or_default(),
                row.unjudged_remedy.unwrap_or_default(),
            ),
        });
        Self {
            high_water: row.high_water,
            last_started_at: row.last_started_at,
            last_complete_at: row.last_complete_at,
            last_full_at: row.last_full_at,
            refused: row.refused.zip(row.refused_at),
            unjudged,
        }
    }
}

pub fn cursor(db: &mut Db, connection_id: &ConnectionId, list: List) -> Result<Cursor> {
    let row = row(connection_id, list).select(Row::as_select()).first(db).optional()?;
    Ok(row.map_or_else(Cursor::default, Cursor::from))
}

/// The cursors of the lists of some connections, by the connections' IDs; a list that was never touched has none.
pub fn cursors(
    db: &mut Db,
    connection_ids: &[&str],
) -> Result<BTreeMap<ConnectionId, BTreeMap<List, Cursor>>> {
    let rows: Vec<(ConnectionId, Row)> = lists::table
        .filter(lists::connection_id.eq_any(connection_ids))
        .select((lists::connection_id, Row::as_select()))
        .load(db)?;
    let mut cursors: BTreeMap<ConnectionId, BTreeMap<List, Cursor>> = BTreeMap::new();
    for (connection_id, row) in rows {
        cursors.entry(connection_id).or_default().insert(row.list, row.into());
    }
    Ok(cursors)
}

type One<'a> = diesel::dsl::Find<lists::table, (&'a str, &'static str)>;

fn row(connection_id: &ConnectionId, list: List) -> One<'_> {
    lists::table.find((connection_id.as_str(), list.as_str()))
}

fn locked(lock: &Locked<List>) -> One<'_> {
    row(lock.connection_id(), lock.what())
}

/// Notes that a run of the list began.
pub fn started(db: &mut WriteDb, lock: &Locked<List>, now: DateTime<Utc>) -> Result<()> {
    diesel::update(locked(lock)).set(lists::last_started_at.eq(at(now))).execute(db)?;
    Ok(())
}

/// Moves the cursor at the end of a run. `full` says that the whole list was asked for.
pub fn completed(
    db: &mut WriteDb,
    lock: &Locked<List>,
    high_water: Option<&str>,
    full: bool,
    now: DateTime<Utc>,
) -> Result<()> {
    diesel::update(locked(lock)).set(lists::last_complete_at.eq(at(now))).execute(db)?;
    if let Some(high_water) = high_water {
        diesel::update(locked(lock)).set(lists::high_water.eq(high_water)).execute(db)?;
    }
    if full {
        let cleared = (lists::refused.eq(None::<String>), lists::refused_at.eq(None::<NaiveDateTime>));
        diesel::update(locked(lock)).set((lists::last_full_at.eq(at(now)), cleared)).execute(db)?;
    }
    Ok(())
}

/// Remembers a request that the source refused.
pub fn refused(db: &mut WriteDb, lock: &Locked<List>, request: &str, now: DateTime<Utc>) -> Result<()> {
    let set = (lists::refused.eq(request), lists::refused_at.eq(at(now)));
    diesel::update(locked(lock)).set(set).execute(db)?;
    Ok(())
}

/// Notes that it is not known who of the list is gone, and why. `full` says that only the whole list will tell.
pub fn unjudged(
    db: &mut WriteDb,
    lock: &Locked<List>,
    full: bool,
    problem: &Problem,
    now: DateTime<Utc>,
) -> Result<()> {
    let first = locked(lock).filter(lists::unjudged_at.is_null());
    diesel::update(first).set((lists::unjudged_at.eq(at(now)), lists::unjudged_full.eq(full))).execute(db)?;
    if full {
        diesel::update(locked(lock)).set(lists::unjudged_full.eq(true)).execute(db)?;
    }
    let why = (
        lists::unjudged_code.eq(&problem.code),
        lists::unjudged_detail.eq(&problem.detail),
        lists::unjudged_remedy.eq(&problem.remedy),
    );
    diesel::update(locked(lock)).set(why).execute(db)?;
    Ok(())
}

/// Notes that it is known who of the list is gone; where only the whole list could tell, a delta changes nothing.
pub fn judged(db: &mut WriteDb, lock: &Locked<List>, full: bool) -> Result<()> {
    let cleared = (
        lists::unjudged_at.eq(None::<NaiveDateTime>),
        lists::unjudged_full.eq(None::<bool>),
        lists::unjudged_code.eq(None::<String>),
        lists::unjudged_detail.eq(None::<String>),
        lists::unjudged_remedy.eq(None::<String>),
    );
    let rest = locked(lock).filter(lists::unjudged_full.eq(false).assume_not_null());
    match full {
        true => diesel::update(locked(lock)).set(cleared).execute(db)?,
        false => diesel::update(rest).set(cleared).execute(db)?,
    };
    Ok(())
}

/// Counts a run of the list that has ended.
pub fn count_run(db: &mut WriteDb, lock: &Locked<List>, state: RunState) -> Result<()> {
    let row = locked(lock);
    match state {
        RunState::Queued | RunState::Running => 0,
        RunState::Complete => {
            diesel::update(row).set(lists::runs_complete.eq(lists::runs_complete + 1)).execute(db)?
        }
        RunState::Held => diesel::update(row).set(lists::runs_held.eq(lists::runs_held + 1)).execute(db)?,
        RunState::Failed => {
            diesel::update(row).set(lists::runs_failed.eq(lists::runs_failed + 1)).execute(db)?
        }
    };
    Ok(())
}

/// How many runs ended in each way, over all lists.
pub fn run_counts(db: &mut Db) -> Result<BTreeMap<RunState, u64>> {
    let rows: Vec<(i64, i64, i64)> =
        lists::table.select((lists::runs_complete, lists::runs_held, lists::runs_failed)).load(db)?;
    let states = [RunState::Complete, RunState::Held, RunState::Failed];
    let mut counts: BTreeMap<RunState, u64> = states.into_iter().map(|state| (state, 0)).collect();
    for (complete, held, failed) in rows {
        for (state, count) in states.into_iter().zip([complete, held, failed]) {
            *counts.entry(state).or_default() += uncount(count);
        }
    }
    Ok(counts)
}
