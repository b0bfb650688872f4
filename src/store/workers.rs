//! How the workers of each gateway are, as the gateways report it.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::{
    problem::Problem,
    words::{Ended, WorkerState},
};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb,
    dsl::*,
    schema::workers,
    values::{at, count, uncount, utc, word},
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

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = workers, treat_none_as_default_value = false)]
struct Row {
    gateway: String,
    name: String,
    state: String,
    runs: i64,
    failures: i64,
    panics: i64,
    last_began_at: Option<NaiveDateTime>,
    last_ended_at: Option<NaiveDateTime>,
    last_result: Option<String>,
    next_at: Option<NaiveDateTime>,
    failing_since: Option<NaiveDateTime>,
    code: Option<String>,
    detail: Option<String>,
    remedy: Option<String>,
    reported_at: NaiveDateTime,
}

impl From<&Worker> for Row {
    fn from(it: &Worker) -> Self {
        let problem = it.trouble.as_ref().map(|(_, problem)| problem);
        Self {
            gateway: it.gateway.clone(),
            name: it.name.clone(),
            state: it.state.as_str().to_owned(),
            runs: count(it.runs),
            failures: count(it.failures),
            panics: count(it.panics),
            last_began_at: it.last_began_at.map(at),
            last_ended_at: it.last_ended_at.map(at),
            last_result: it.last_result.map(|ended| ended.as_str().to_owned()),
            next_at: it.next_at.map(at),
            failing_since: it.trouble.as_ref().map(|(since, _)| at(*since)),
            code: problem.map(|problem| problem.code.clone()),
            detail: problem.map(|problem| problem.detail.clone()),
            remedy: problem.map(|problem| problem.remedy.clone()),
            reported_at: at(it.reported_at),
        }
    }
}

impl TryFrom<Row> for Worker {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let words = |text: Option<String>| text.unwrap_or_default();
        let problem = row.code.map(|code| Problem::new(code, words(row.detail), words(row.remedy)));
        Ok(Self {
            state: word("state of a worker", &row.state)?,
            last_result: row.last_result.map(|text| word("end of a piece of work", &text)).transpose()?,
            gateway: row.gateway,
            name: row.name,
            runs: uncount(row.runs),
            failures: uncount(row.failures),
            panics: uncount(row.panics),
            last_began_at: row.last_began_at.map(utc),
            last_ended_at: row.last_ended_at.map(utc),
            next_at: row.next_at.map(utc),
            trouble: row.failing_since.map(utc).zip(problem),
            reported_at: utc(row.reported_at),
        })
    }
}

/// Puts what a gateway reports of its workers in the place of what it reported before, and forgets gateways that have
/// not reported since `before`: they are gone.
pub fn report(db: &mut WriteDb, gateway: &str, all: &[Worker], before: DateTime<Utc>) -> Result<()> {
    diesel::delete(workers::table.filter(workers::reported_at.lt(at(before)))).execute(db)?;
    forget(db, gateway)?;
    for worker in all {
        diesel::insert_into(workers::table).values(Row::from(worker)).execute(db)?;
    }
    Ok(())
}

/// Forgets the workers of a gateway that has gone.
pub fn forget(db: &mut WriteDb, gateway: &str) -> Result<usize> {
    Ok(diesel::delete(workers::table.filter(workers::gateway.eq(gateway))).execute(db)?)
}

/// A page in the order of gateways and names, after the worker of that gateway and name.
pub fn page(db: &mut Db, after: Option<&(String, String)>, limit: PageLimit) -> Result<Page<Worker>> {
    let mut query = workers::table
        .select(Row::as_select())
        .order((workers::gateway, workers::name))
        .limit(limit.and_one())
        .into_boxed();
    if let Some((gateway, name)) = after {
        let later = workers::gateway.gt(gateway).or(workers::name.gt(name));
        query = query.filter(workers::gateway.ge(gateway).and(later));
    }
    let rows: Result<Vec<Worker>> = query.load::<Row>(db)?.into_iter().map(TryInto::try_into).collect();
    Ok(Page::cut(rows?, limit))
}
