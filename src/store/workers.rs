//! How the workers of each gateway are, as the gateways report it.

use chrono::{DateTime, Utc};

use crate::domain::{
    problem::Problem,
    words::{Ended, WorkerState},
};

use super::{
    Db, Page, PageLimit, Result, WriteDb,
    dsl::*,
    schema::workers,
    values::{MaybeTime, Time, at, count, loaded_as, uncount},
};

/// One worker of a gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    pub gateway: String,
    pub name: String,
    pub state: WorkerState,
    /// Pieces of work that ended, and those that failed, since the gateway started.
    pub runs: u64,
    pub failures: u64,
    /// How often the worker itself panicked.
    pub panics: u64,
    pub last_began_at: Option<DateTime<Utc>>,
    pub last_ended_at: Option<DateTime<Utc>>,
    pub last_result: Option<Ended>,
    /// When it looks for work again at the latest.
    pub next_at: Option<DateTime<Utc>>,
    /// Since when it fails, and why.
    pub trouble: Option<(DateTime<Utc>, Problem)>,
    pub reported_at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = workers)]
#[doc(hidden)]
pub struct Row {
    gateway: String,
    name: String,
    state: WorkerState,
    runs: i64,
    failures: i64,
    panics: i64,
    #[diesel(deserialize_as = MaybeTime)]
    last_began_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    last_ended_at: Option<DateTime<Utc>>,
    last_result: Option<Ended>,
    #[diesel(deserialize_as = MaybeTime)]
    next_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    failing_since: Option<DateTime<Utc>>,
    code: Option<String>,
    detail: Option<String>,
    remedy: Option<String>,
    #[diesel(deserialize_as = Time)]
    reported_at: DateTime<Utc>,
}

loaded_as!(Row => Worker);

impl From<Row> for Worker {
    fn from(row: Row) -> Self {
        let words = |text: Option<String>| text.unwrap_or_default();
        let problem = row.code.map(|code| Problem::new(code, words(row.detail), words(row.remedy)));
        Self {
            gateway: row.gateway,
            name: row.name,
            state: row.state,
            runs: uncount(row.runs),
            failures: uncount(row.failures),
            panics: uncount(row.panics),
            last_began_at: row.last_began_at,
            last_ended_at: row.last_ended_at,
            last_result: row.last_result,
            next_at: row.next_at,
            trouble: row.failing_since.zip(problem),
            reported_at: row.reported_at,
        }
    }
}

/// Puts what a gateway reports of its workers in the place of what it reported before, and forgets gateways that have
/// not reported since `before`: they are gone.
pub fn report(db: &mut WriteDb, gateway: &str, all: &[Worker], before: DateTime<Utc>) -> Result<()> {
    diesel::delete(workers::table.filter(workers::reported_at.lt(at(before)))).execute(db)?;
    forget(db, gateway)?;
    for worker in all {
        insert(db, worker)?;
    }
    Ok(())
}

fn insert(db: &mut WriteDb, worker: &Worker) -> Result<()> {
    let (since, problem) = worker.trouble.as_ref().map(|(since, problem)| (at(*since), problem)).unzip();
    diesel::insert_into(workers::table)
        .values((
            (workers::gateway.eq(&worker.gateway), workers::name.eq(&worker.name)),
            (workers::state.eq(worker.state.as_str()), workers::reported_at.eq(at(worker.reported_at))),
            (
                workers::runs.eq(count(worker.runs)),
                workers::failures.eq(count(worker.failures)),
                workers::panics.eq(count(worker.panics)),
            ),
            (
                workers::last_began_at.eq(worker.last_began_at.map(at)),
                workers::last_ended_at.eq(worker.last_ended_at.map(at)),
                workers::last_result.eq(worker.last_result.map(Ended::as_str)),
                workers::next_at.eq(worker.next_at.map(at)),
            ),
            (
                workers::failing_since.eq(since),
                workers::code.eq(problem.map(|problem| &problem.code)),
                workers::detail.eq(problem.map(|problem| &problem.detail)),
                workers::remedy.eq(problem.map(|problem| &problem.remedy)),
            ),
        ))
        .execute(db)?;
    Ok(())
}

/// Forgets the workers of a gateway that has gone.
pub fn forget(db: &mut WriteDb, gateway: &str) -> Result<usize> {
    Ok(diesel::delete(workers::table.filter(workers::gateway.eq(gateway))).execute(db)?)
}

/// A page in the order of gateways and names, after the worker of that gateway and name.
pub fn page(db: &mut Db, after: Option<&(String, String)>, limit: PageLimit) -> Result<Page<Worker>> {
    let mut query = workers::table
        .select(Worker::as_select())
        .order((workers::gateway, workers::name))
        .limit(limit.and_one())
        .into_boxed();
    if let Some((gateway, name)) = after {
        let later = workers::gateway.gt(gateway).or(workers::name.gt(name));
        query = query.filter(workers::gateway.ge(gateway).and(later));
    }
    Ok(Page::cut(query.load(db)?, limit))
}
