//! How runs are read.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        ids::{CompanyId, ConnectionId, RunId},
        words::{Kind, List, Mode, RunState},
    },
    store::{
        Db, Error, Page, PageLimit, Result,
        connections::deleted,
        dsl::*,
        schema::{connections, runs},
        values::{at, escaped, uncount},
        word::word,
    },
};

use super::Run;

pub fn get(db: &mut Db, id: &RunId) -> Result<Run> {
    let there = runs::table.find(id).filter(runs::connection_id.ne_all(deleted()));
    let row = there.select(Run::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("run"))
}

/// The IDs of up to `most` runs whose IDs begin so; only those of the companies `among` where they are given.
pub fn beginning(db: &mut Db, among: Option<&[CompanyId]>, with: &str, most: u16) -> Result<Vec<RunId>> {
    let there = runs::table.filter(runs::connection_id.ne_all(deleted()));
    let alike = there.filter(runs::id.like(format!("{}%", escaped(with))).escape('\\'));
    let mut query = alike.select(runs::id).limit(i64::from(most)).into_boxed();
    if let Some(ids) = among {
        query = query.filter(runs::company_id.eq_any(ids.to_vec()));
    }
    Ok(query.load(db)?)
}

/// The run of the list that is in `state`: there is at most one queued, one running and one held.
pub fn in_state(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    state: RunState,
) -> Result<Option<Run>> {
    Ok(runs::table
        .filter(runs::connection_id.eq(connection_id.to_owned()))
        .filter(runs::list.eq(list.as_str()).and(runs::state.eq(word(state.as_str()))))
        .select(Run::as_select())
        .order(runs::id.desc())
        .first(db)
        .optional()?)
}

/// The newest run that asked for the whole list and has ended.
pub fn last_full(db: &mut Db, connection_id: &ConnectionId, list: List) -> Result<Option<Run>> {
    Ok(runs::table
        .filter(runs::connection_id.eq(connection_id).and(runs::list.eq(list.as_str())))
        .filter(runs::mode.eq(Mode::Full.as_str()).and(runs::ended_at.is_not_null()))
        .select(Run::as_select())
        .order(runs::id.desc())
        .first(db)
        .optional()?)
}

/// The runs of some connections that are held or running, employees before customers.
pub fn open_of(db: &mut Db, connection_ids: &[&str]) -> Result<Vec<Run>> {
    let open = [RunState::Held.as_str(), RunState::Running.as_str()];
    Ok(runs::table
        .filter(runs::connection_id.eq_any(connection_ids).and(runs::state.eq_any(open)))
        .order((runs::list.desc(), runs::id.desc()))
        .select(Run::as_select())
        .load(db)?)
}

/// A connection's runs, newest first.
pub fn page(
    db: &mut Db,
    connection_id: &ConnectionId,
    before: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Run>> {
    let mut query = runs::table
        .filter(runs::connection_id.eq(connection_id.to_owned()))
        .select(Run::as_select())
        .order(runs::id.desc())
        .limit(limit.and_one())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(runs::id.lt(before.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// Which runs are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The IDs of their companies; all where it is `None`.
    pub among: Option<Vec<CompanyId>>,
    pub connection_id: Option<ConnectionId>,
    pub state: Option<RunState>,
}

/// The runs of all connections, newest first.
pub fn list(db: &mut Db, filter: &Filter, before: Option<&str>, limit: PageLimit) -> Result<Page<Run>> {
    let mut query = runs::table
        .filter(runs::connection_id.ne_all(deleted()))
        .select(Run::as_select())
        .order(runs::id.desc())
        .limit(limit.and_one())
        .into_boxed();
    if let Some(ids) = &filter.among {
        query = query.filter(runs::company_id.eq_any(ids.clone()));
    }
    if let Some(id) = &filter.connection_id {
        query = query.filter(runs::connection_id.eq(id.clone()));
    }
    // One that still marks absences is told of as running.
    query = match filter.state {
        Some(RunState::Running) => {
            query.filter(runs::state.eq(word(RunState::Running.as_str())).or(runs::to_mark.is_not_null()))
        }
        Some(state) => query.filter(runs::state.eq(word(state.as_str())).and(runs::to_mark.is_null())),
        None => query,
    };
    if let Some(before) = before {
        query = query.filter(runs::id.lt(before.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// The approved runs that have absences to mark.
pub fn to_mark(db: &mut Db) -> Result<Vec<RunId>> {
    let runs = runs::table.filter(runs::to_mark.is_not_null());
    let there = runs.filter(runs::connection_id.ne_all(deleted()));
    Ok(there.select(runs::id).order(runs::id).load(db)?)
}

/// The runs that are running for a connection whose Web Connector has gone.
pub fn running_of(db: &mut Db, connection_id: &ConnectionId) -> Result<Vec<Run>> {
    Ok(runs::table
        .filter(runs::connection_id.eq(connection_id).and(runs::state.eq(word(RunState::Running.as_str()))))
        // Their lists are locked in this order.
        .order(runs::list.desc())
        .select(Run::as_select())
        .load(db)?)
}

/// How many records runs of changes have marked absent in a list since `since`, those aside that a person has approved.
pub fn removed_since(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    since: DateTime<Utc>,
) -> Result<u64> {
    let absent: Vec<i64> = runs::table
        .filter(runs::connection_id.eq(connection_id).and(runs::list.eq(list.as_str())))
        .filter(runs::mode.eq(Mode::Delta.as_str()).and(runs::state.eq(RunState::Complete.as_str())))
        .filter(runs::ended_at.ge(at(since)).assume_not_null().and(runs::absent.gt(0)))
        .filter(runs::decision.is_null())
        .select(runs::absent)
        .load(db)?;
    Ok(absent.into_iter().map(uncount).sum())
}

/// The running runs of connections of `kind` that have not come further since `before`.
pub fn silent_since(db: &mut Db, kind: Kind, before: DateTime<Utc>) -> Result<Vec<Run>> {
    Ok(runs::table
        .inner_join(connections::table)
        .filter(runs::state.eq(word(RunState::Running.as_str())).and(runs::updated_at.lt(at(before))))
        .filter(connections::kind.eq(kind.as_str()))
        .order((runs::connection_id, runs::list.desc()))
        .select(Run::as_select())
        .load(db)?)
}

/// How many runs are held, over all connections.
pub fn held(db: &mut Db) -> Result<u64> {
    let there = runs::table.filter(runs::connection_id.ne_all(deleted()));
    let rows: i64 = there.filter(runs::state.eq(word(RunState::Held.as_str()))).count().get_result(db)?;
    Ok(uncount(rows))
}
