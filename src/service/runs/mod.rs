//! Runs: what a synchronisation did, and the decision about a hold (promise 3).

mod view;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    domain::{
        access::{Attempt, Grant, action},
        ids::CompanyId,
        words::RunState,
    },
    store::{Db, PageLimit, WriteDb, records, runs},
    sync::hold,
};

use super::{
    Result,
    actor_names::ActorNames,
    find,
    page::{self, PageBody, PageQuery},
    schema,
};

pub use view::{Absence, Decision, Hold, Run};

/// How many names of a hold come with its run; the others are on the pages of its absences.
const NAMED: u16 = 20;

/// Which runs are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RunsQuery {
    /// Only this company's, by ID or name.
    pub company: Option<String>,
    /// Only this connection's, by ID, name, or `Company/Connection`.
    pub connection: Option<String>,
    /// Only those in this state, such as `held`.
    #[param(schema_with = schema::run_states)]
    pub state: Option<RunState>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// A page of runs, newest first.
///
/// # Errors
/// `company_not_found`, `connection_not_found`; what [`page`] refuses.
pub fn list(db: &mut Db, attempt: &Attempt<action::Read>, query: &RunsQuery) -> Result<PageBody<Run>> {
    let (limit, before) = page::read::<String>(query.limit, query.cursor.as_deref())?;
    let company = query.company.as_deref().map(|name| find::company(db, attempt, name)).transpose()?;
    let connection =
        query.connection.as_deref().map(|name| find::connection(db, attempt, name)).transpose()?;
    let grant = attempt.throughout()?;
    let among = match company {
        Some(company) => Some(vec![company.id]),
        None => grant.companies().ids().map(<[CompanyId]>::to_vec),
    };
    let filter = runs::Filter { among, connection_id: connection.map(|it| it.id), state: query.state };
    PageBody::of(runs::list(db, &filter, before.as_deref(), limit)?, |run| run.id.to_string())
}

/// A run. A held one includes the first records that would be marked absent.
///
/// # Errors
/// `run_not_found`.
pub fn show(db: &mut Db, attempt: &Attempt<action::Read>, id: &str) -> Result<Run> {
    let (_, run) = find::run(db, attempt, id)?;
    let hold = match run.state {
        RunState::Held => Some(hold(db, &run)?),
        _ => None,
    };
    Ok(Run { hold, ..run.into() })
}

fn hold(db: &mut Db, run: &runs::Run) -> Result<Hold> {
    let first = PageLimit::new(NAMED).unwrap_or(PageLimit::DEFAULT);
    let page = records::of_absences(db, &run.id, None, first)?;
    let records = page.rows.into_iter().map(Absence::from).collect();
    Ok(Hold { absent: run.absent, present_before: run.present_before, records })
}

/// A page of the records that a run did not find: named by a held run, marked by one that is complete or approved.
///
/// # Errors
/// `run_not_found`; what [`page`] refuses.
pub fn absences(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    id: &str,
    query: &PageQuery,
) -> Result<PageBody<Absence>> {
    let (limit, after) = query.read::<String>()?;
    let (_, run) = find::run(db, attempt, id)?;
    let page = records::of_absences(db, &run.id, after.as_deref(), limit)?;
    PageBody::of(page, |staged| staged.id.to_string())
}

/// A run whose hold can be approved. Nothing is changed.
///
/// # Errors
/// `run_not_found`, `run_not_held`.
pub fn to_approve(db: &mut Db, attempt: &Attempt<action::DecideHolds>, id: &str) -> Result<Run> {
    let (_, run) = find::run(db, attempt, id)?;
    if run.state != RunState::Held {
        return Err(hold::Error::NotHeld.into());
    }
    Ok(run.into())
}

/// Approves a hold: see [`hold::approve`].
///
/// # Errors
/// `run_not_found`, `run_not_held`.
pub fn approve(
    db: &mut WriteDb,
    attempt: &Attempt<action::DecideHolds>,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Run> {
    let (grant, run) = find::run(db, attempt, id)?;
    let name = name(db, &grant)?;
    Ok(hold::approve(db, &grant, &run.id, name.as_deref(), now)?.into())
}

/// Rejects a hold: nobody is marked absent.
///
/// # Errors
/// `run_not_found`, `run_not_held`.
pub fn reject(
    db: &mut WriteDb,
    attempt: &Attempt<action::DecideHolds>,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Run> {
    let (grant, run) = find::run(db, attempt, id)?;
    let name = name(db, &grant)?;
    Ok(hold::reject(db, &grant, &run.id, name.as_deref(), now)?.into())
}

/// The name of the person or app that decides, kept with the run.
fn name(db: &mut Db, grant: &Grant<action::DecideHolds>) -> Result<Option<String>> {
    let names = ActorNames::read(db, std::iter::once((grant.actor(), None)))?;
    Ok(names.name(grant.actor()).map(str::to_owned))
}
