//! Runs: one synchronisation of one list of one connection.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::domain::{
    access::Actor,
    problem::Problem,
    words::{Kind, List, Mode, RunState},
};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb,
    connections::deleted,
    dsl::*,
    locks::Locked,
    schema::{connections, run_seen, runs},
    values::{MaybeTime, Time, at, count, escaped, loaded_as, uncount},
};

/// What a run has done so far, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Received from the source, each page's repetitions included.
    pub received: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
}

/// What a person decided about a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// `approved`, `rejected`, or `superseded` by a later whole list.
    pub decision: String,
    pub at: DateTime<Utc>,
    pub by: Decider,
}

/// Who decided about a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decider {
    /// Somebody, with the name that it had then.
    Party { actor: Actor, name: Option<String> },
    /// The later run that took its place, by ID.
    Run(String),
}

/// `app Ops`, `command line`; the ID of a run.
impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Party { actor, name: Some(name) } => {
                write!(f, "{} {name}", actor.kind.as_str().replace('_', " "))
            }
            Self::Party { actor, name: None } => actor.fmt(f),
            Self::Run(id) => f.write_str(id),
        }
    }
}

/// The kind of a [`Decider::Run`] in its column.
const RUN: &str = "run";

impl Decider {
    fn read(kind: &str, id: Option<String>, name: Option<String>) -> Result<Self> {
        Ok(match kind {
            RUN => Self::Run(id.unwrap_or_default()),
            kind => Self::Party { actor: Actor { kind: kind.parse()?, id }, name },
        })
    }

    /// Kind, ID and name, as they are stored.
    fn columns(&self) -> (&str, Option<&str>, Option<&str>) {
        match self {
            Self::Party { actor, name } => (actor.kind.as_str(), actor.id.as_deref(), name.as_deref()),
            Self::Run(id) => (RUN, Some(id), None),
        }
    }
}

/// One synchronisation of one list of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub id: String,
    pub company_id: String,
    pub connection_id: String,
    pub list: List,
    pub mode: Mode,
    pub state: RunState,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub updated_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    pub counts: Counts,
    /// Records marked absent, or named by the hold.
    pub absent: u64,
    /// Records that were present when absence was judged.
    pub present_before: u64,
    /// Whether absence was judged: the whole list had arrived.
    pub reconciled: bool,
    /// The newest modification seen, in the source's own words.
    pub high_water: Option<String>,
    /// Why it failed or is held, or a warning of a complete one.
    pub problem: Option<Problem>,
    pub decision: Option<Decision>,
    /// How far it has come, in the connector's own words.
    pub progress: Option<String>,
    /// How many absences an approval has still to mark, at most; until then it is `running` again.
    pub to_mark: Option<u64>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = runs)]
#[doc(hidden)]
pub struct Row {
    id: String,
    company_id: String,
    connection_id: String,
    list: List,
    mode: Mode,
    state: RunState,
    #[diesel(deserialize_as = Time)]
    created_at: DateTime<Utc>,
    #[diesel(deserialize_as = MaybeTime)]
    started_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = Time)]
    updated_at: DateTime<Utc>,
    #[diesel(deserialize_as = MaybeTime)]
    ended_at: Option<DateTime<Utc>>,
    received: i64,
    created: i64,
    updated: i64,
    unchanged: i64,
    absent: i64,
    present_before: i64,
    reconciled: bool,
    high_water: Option<String>,
    code: Option<String>,
    detail: Option<String>,
    remedy: Option<String>,
    decision: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    decided_at: Option<DateTime<Utc>>,
    decided_by_kind: Option<String>,
    decided_by_id: Option<String>,
    decided_by_name: Option<String>,
    progress: Option<String>,
    to_mark: Option<i64>,
}

loaded_as!(Row => Run);

impl TryFrom<Row> for Run {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let words = |text: Option<String>| text.unwrap_or_default();
        Ok(Self {
            list: row.list,
            mode: row.mode,
            state: match row.to_mark {
                Some(_) => RunState::Running,
                None => row.state,
            },
            to_mark: row.to_mark.map(uncount),
            id: row.id,
            company_id: row.company_id,
            connection_id: row.connection_id,
            created_at: row.created_at,
            started_at: row.started_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
            counts: Counts {
                received: uncount(row.received),
                created: uncount(row.created),
                updated: uncount(row.updated),
                unchanged: uncount(row.unchanged),
            },
            absent: uncount(row.absent),
            present_before: uncount(row.present_before),
            reconciled: row.reconciled,
            high_water: row.high_water,
            problem: row.code.map(|code| Problem::new(code, words(row.detail), words(row.remedy))),
            decision: match (row.decision, row.decided_at, row.decided_by_kind) {
                (Some(decision), Some(at), Some(kind)) => {
                    let by = Decider::read(&kind, row.decided_by_id, row.decided_by_name)?;
                    Some(Decision { decision, at, by })
                }
                _ => None,
            },
            progress: row.progress,
        })
    }
}

/// What a new run is of.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    pub id: &'a str,
    pub company_id: &'a str,
    /// The lock of its list.
    pub lock: &'a Locked<List>,
    pub mode: Mode,
}

/// Makes a run in `state`; one that has ended is made by [`insert_ended`].
///
/// # Errors
/// [`Error::Duplicate`] where one of that state is there for the list.
pub fn insert(db: &mut WriteDb, new: NewRun<'_>, state: RunState, now: DateTime<Utc>) -> Result<()> {
    let started = (state == RunState::Running).then(|| at(now));
    diesel::insert_into(runs::table)
        .values((
            (
                runs::id.eq(new.id),
                runs::company_id.eq(new.company_id),
                runs::connection_id.eq(new.lock.connection_id()),
            ),
            (
                runs::list.eq(new.lock.what().as_str()),
                runs::mode.eq(new.mode.as_str()),
                runs::state.eq(state.as_str()),
            ),
            (runs::created_at.eq(at(now)), runs::updated_at.eq(at(now)), runs::started_at.eq(started)),
            (
                runs::received.eq(0i64),
                runs::created.eq(0i64),
                runs::updated.eq(0i64),
                runs::unchanged.eq(0i64),
            ),
            (runs::absent.eq(0i64), runs::present_before.eq(0i64), runs::reconciled.eq(false)),
        ))
        .execute(db)?;
    Ok(())
}

/// Makes a run that has begun and ended at once, beside one that may be running.
///
/// # Errors
/// [`Error::Duplicate`] where it is held and another one is.
pub fn insert_ended(db: &mut WriteDb, new: NewRun<'_>, end: &End<'_>, now: DateTime<Utc>) -> Result<()> {
    insert(db, new, end.state, now)?;
    let set = (
        (runs::reconciled.eq(end.reconciled), runs::started_at.eq(at(now)), runs::ended_at.eq(at(now))),
        (runs::absent.eq(count(end.absent)), runs::present_before.eq(count(end.present_before))),
        runs::code.eq(end.problem.map(|problem| &problem.code)),
        runs::detail.eq(end.problem.map(|problem| &problem.detail)),
        runs::remedy.eq(end.problem.map(|problem| &problem.remedy)),
    );
    diesel::update(runs::table.find(new.id)).set(set).execute(db)?;
    Ok(())
}

pub fn get(db: &mut Db, id: &str) -> Result<Run> {
    let there = runs::table.find(id).filter(runs::connection_id.ne_all(deleted()));
    let row = there.select(Run::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("run"))
}

/// The IDs of up to `most` runs whose IDs begin so; only those of the companies `among` where they are given.
pub fn beginning(db: &mut Db, among: Option<&[String]>, with: &str, most: u16) -> Result<Vec<String>> {
    let there = runs::table.filter(runs::connection_id.ne_all(deleted()));
    let alike = there.filter(runs::id.like(format!("{}%", escaped(with))).escape('\\'));
    let mut query = alike.select(runs::id).limit(i64::from(most)).into_boxed();
    if let Some(ids) = among {
        query = query.filter(runs::company_id.eq_any(ids.to_vec()));
    }
    Ok(query.load(db)?)
}

/// The run of the list that is in `state`: there is at most one queued, one running and one held.
pub fn in_state(db: &mut Db, connection_id: &str, list: List, state: RunState) -> Result<Option<Run>> {
    Ok(runs::table
        .filter(runs::connection_id.eq(connection_id.to_owned()))
        .filter(runs::list.eq(list.as_str()).and(runs::state.eq(state.as_str())))
        .select(Run::as_select())
        .order(runs::id.desc())
        .first(db)
        .optional()?)
}

/// The newest run that asked for the whole list and has ended.
pub fn last_full(db: &mut Db, connection_id: &str, list: List) -> Result<Option<Run>> {
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
pub fn page(db: &mut Db, connection_id: &str, before: Option<&str>, limit: PageLimit) -> Result<Page<Run>> {
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
    pub among: Option<Vec<String>>,
    pub connection_id: Option<String>,
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
            query.filter(runs::state.eq(RunState::Running.as_str()).or(runs::to_mark.is_not_null()))
        }
        Some(state) => query.filter(runs::state.eq(state.as_str()).and(runs::to_mark.is_null())),
        None => query,
    };
    if let Some(before) = before {
        query = query.filter(runs::id.lt(before.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// Makes a queued run the running one.
///
/// # Errors
/// [`Error::Stale`] where it is no longer queued.
pub fn start(db: &mut WriteDb, id: &str, mode: Mode, now: DateTime<Utc>) -> Result<()> {
    let queued = runs::table.find(id).filter(runs::state.eq(RunState::Queued.as_str()));
    let set = (
        runs::state.eq(RunState::Running.as_str()),
        runs::mode.eq(mode.as_str()),
        runs::started_at.eq(at(now)),
        runs::updated_at.eq(at(now)),
    );
    match diesel::update(queued).set(set).execute(db)? {
        0 => Err(Error::Stale("run")),
        _ => Ok(()),
    }
}

/// Makes a queued run ask for the whole list.
pub fn widen(db: &mut WriteDb, id: &str) -> Result<()> {
    diesel::update(runs::table.find(id)).set(runs::mode.eq(Mode::Full.as_str())).execute(db)?;
    Ok(())
}

/// Adds a batch to a running run.
///
/// # Errors
/// [`Error::Stale`] where it does not run any more: its session was replaced or has expired.
pub fn advance(
    db: &mut WriteDb,
    id: &str,
    batch: Counts,
    high_water: Option<&str>,
    now: DateTime<Utc>,
) -> Result<()> {
    let running = runs::table.find(id).filter(runs::state.eq(RunState::Running.as_str()));
    let set = (
        runs::received.eq(runs::received + count(batch.received)),
        runs::created.eq(runs::created + count(batch.created)),
        runs::updated.eq(runs::updated + count(batch.updated)),
        runs::unchanged.eq(runs::unchanged + count(batch.unchanged)),
        runs::updated_at.eq(at(now)),
    );
    if diesel::update(running).set(set).execute(db)? == 0 {
        return Err(Error::Stale("run"));
    }
    if let Some(high_water) = high_water {
        diesel::update(runs::table.find(id)).set(runs::high_water.eq(high_water)).execute(db)?;
    }
    Ok(())
}

/// Counts rows no longer that came twice, because their answer was sent twice. The second time nothing changed.
pub fn take_back(db: &mut WriteDb, id: &str, rows: u64) -> Result<()> {
    let twice =
        runs::table.find(id).filter(runs::unchanged.ge(count(rows)).and(runs::received.ge(count(rows))));
    let set =
        (runs::received.eq(runs::received - count(rows)), runs::unchanged.eq(runs::unchanged - count(rows)));
    diesel::update(twice).set(set).execute(db)?;
    Ok(())
}

/// Notes how far a running run has come: another gateway goes on from there.
pub fn set_progress(db: &mut WriteDb, id: &str, progress: Option<&str>) -> Result<()> {
    diesel::update(runs::table.find(id)).set(runs::progress.eq(progress)).execute(db)?;
    Ok(())
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct End<'a> {
    pub state: RunState,
    pub reconciled: bool,
    pub absent: u64,
    pub present_before: u64,
    pub problem: Option<&'a Problem>,
}

/// Ends a running run and empties its memory of what it saw.
///
/// # Errors
/// [`Error::Stale`] where it does not run any more.
pub fn end(db: &mut WriteDb, id: &str, end: &End<'_>, now: DateTime<Utc>) -> Result<()> {
    let running = runs::table.find(id).filter(runs::state.eq(RunState::Running.as_str()));
    let set = (
        (runs::state.eq(end.state.as_str()), runs::reconciled.eq(end.reconciled)),
        (runs::absent.eq(count(end.absent)), runs::present_before.eq(count(end.present_before))),
        (runs::updated_at.eq(at(now)), runs::ended_at.eq(at(now))),
        runs::code.eq(end.problem.map(|problem| &problem.code)),
        runs::detail.eq(end.problem.map(|problem| &problem.detail)),
        runs::remedy.eq(end.problem.map(|problem| &problem.remedy)),
    );
    if diesel::update(running).set(set).execute(db)? == 0 {
        return Err(Error::Stale("run"));
    }
    forget_seen(db, id)
}

/// Decides a hold: it becomes `state`, and `problem` takes the place of why it was held. `to_mark` absences are to be marked
/// after that.
///
/// # Errors
/// [`Error::Stale`] where it is not held (any more).
pub fn decide(
    db: &mut WriteDb,
    id: &str,
    state: RunState,
    decision: &Decision,
    to_mark: Option<u64>,
    problem: Option<&Problem>,
) -> Result<()> {
    let held = runs::table.find(id).filter(runs::state.eq(RunState::Held.as_str()));
    let (kind, by, name) = decision.by.columns();
    let set = (
        runs::state.eq(state.as_str()),
        runs::absent.eq(0i64),
        runs::to_mark.eq(to_mark.map(count)),
        runs::reconciled.eq(to_mark.is_some()),
        runs::code.eq(problem.map(|problem| &problem.code)),
        runs::detail.eq(problem.map(|problem| &problem.detail)),
        runs::remedy.eq(problem.map(|problem| &problem.remedy)),
        runs::decision.eq(&decision.decision),
        runs::decided_at.eq(at(decision.at)),
        (runs::decided_by_kind.eq(kind), runs::decided_by_id.eq(by), runs::decided_by_name.eq(name)),
        runs::updated_at.eq(at(decision.at)),
    );
    match diesel::update(held).set(set).execute(db)? {
        0 => Err(Error::Stale("run")),
        _ => Ok(()),
    }
}

/// Notes that an approved run has marked `absent` more; `to_mark` are left, `None` at the end.
pub fn marked(
    db: &mut WriteDb,
    id: &str,
    absent: u64,
    to_mark: Option<u64>,
    now: DateTime<Utc>,
) -> Result<()> {
    let set = (
        runs::absent.eq(runs::absent + count(absent)),
        runs::to_mark.eq(to_mark.map(count)),
        runs::updated_at.eq(at(now)),
    );
    diesel::update(runs::table.find(id)).set(set).execute(db)?;
    Ok(())
}

/// The approved runs that have absences to mark.
pub fn to_mark(db: &mut Db) -> Result<Vec<String>> {
    let runs = runs::table.filter(runs::to_mark.is_not_null());
    let there = runs.filter(runs::connection_id.ne_all(deleted()));
    Ok(there.select(runs::id).order(runs::id).load(db)?)
}

/// Adds what a batch of a run saw: 8 bytes of a hash of each external ID.
pub fn add_seen(db: &mut WriteDb, run_id: &str, seen: &[u8]) -> Result<()> {
    let last: Option<i32> = run_seen::table
        .filter(run_seen::run_id.eq(run_id))
        .select(diesel::dsl::max(run_seen::batch))
        .first(db)?;
    diesel::insert_into(run_seen::table)
        .values((
            run_seen::run_id.eq(run_id),
            run_seen::batch.eq(last.map_or(0, |last| last.saturating_add(1))),
            run_seen::seen.eq(seen),
        ))
        .execute(db)?;
    Ok(())
}

/// Takes what a run saw of some records back: they are gone since. `keys` are sorted.
pub fn unsee(db: &mut WriteDb, run_id: &str, keys: &[[u8; 8]]) -> Result<()> {
    for batch in 0.. {
        let Some(before) = seen(db, run_id, batch)? else { return Ok(()) };
        let all = before.as_chunks::<8>().0;
        let left: Vec<u8> =
            all.iter().filter(|key| keys.binary_search(key).is_err()).flatten().copied().collect();
        if left.len() < before.len() {
            diesel::update(run_seen::table.find((run_id, batch))).set(run_seen::seen.eq(left)).execute(db)?;
        }
    }
    Ok(())
}

/// What a batch of a run saw; they are numbered from 0. `None` after the last.
pub fn seen(db: &mut Db, run_id: &str, batch: i32) -> Result<Option<Vec<u8>>> {
    Ok(run_seen::table.find((run_id, batch)).select(run_seen::seen).first(db).optional()?)
}

/// Forgets what a run saw: its list begins anew, or it has ended.
pub fn forget_seen(db: &mut WriteDb, run_id: &str) -> Result<()> {
    diesel::delete(run_seen::table.filter(run_seen::run_id.eq(run_id))).execute(db)?;
    Ok(())
}

/// The runs that are running for a connection whose Web Connector has gone.
pub fn running_of(db: &mut Db, connection_id: &str) -> Result<Vec<Run>> {
    Ok(runs::table
        .filter(runs::connection_id.eq(connection_id).and(runs::state.eq(RunState::Running.as_str())))
        // Their lists are locked in this order.
        .order(runs::list.desc())
        .select(Run::as_select())
        .load(db)?)
}

/// How many records runs of changes have marked absent in a list since `since`, those aside that a person has approved.
pub fn removed_since(db: &mut Db, connection_id: &str, list: List, since: DateTime<Utc>) -> Result<u64> {
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
        .filter(runs::state.eq(RunState::Running.as_str()).and(runs::updated_at.lt(at(before))))
        .filter(connections::kind.eq(kind.as_str()))
        .order((runs::connection_id, runs::list.desc()))
        .select(Run::as_select())
        .load(db)?)
}

/// How many runs are held, over all connections.
pub fn held(db: &mut Db) -> Result<u64> {
    let there = runs::table.filter(runs::connection_id.ne_all(deleted()));
    let rows: i64 = there.filter(runs::state.eq(RunState::Held.as_str())).count().get_result(db)?;
    Ok(uncount(rows))
}
