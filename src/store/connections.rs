//! Connections: what every kind has.

use chrono::{DateTime, Utc};

use crate::domain::{
    ids::{CompanyId, ConnectionId},
    problem::Problem,
    words::{Kind, List},
};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb, companies,
    db::Backend,
    dsl::*,
    locks::{self, All, Locked},
    order::Lock,
    polls,
    schema::{connections, inbox, links, records, runs},
    unique_names,
    values::{MaybeTime, Time, at, loaded_as, uncount},
    webhooks,
};

/// One configured link from a company to a source system.
#[derive(Debug, Clone, PartialEq)]
pub struct Connection {
    pub id: ConnectionId,
    pub company_id: CompanyId,
    pub kind: Kind,
    pub name: String,
    /// The kind's settings as JSON.
    pub settings: String,
    pub paused: bool,
    pub created_at: DateTime<Utc>,
    /// When the source was last heard.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// What stands in the way of the next run, and since when.
    pub problem: Option<(Problem, DateTime<Utc>)>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = connections)]
#[doc(hidden)]
pub struct Row {
    id: ConnectionId,
    company_id: CompanyId,
    kind: Kind,
    name: String,
    settings: String,
    paused: bool,
    #[diesel(deserialize_as = Time)]
    created_at: DateTime<Utc>,
    #[diesel(deserialize_as = MaybeTime)]
    last_seen_at: Option<DateTime<Utc>>,
    problem_code: Option<String>,
    problem_detail: Option<String>,
    problem_remedy: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    problem_at: Option<DateTime<Utc>>,
}

loaded_as!(Row => Connection);

impl From<Row> for Connection {
    fn from(row: Row) -> Self {
        let problem = match (row.problem_code, row.problem_at) {
            (Some(code), Some(since)) => {
                let words = |text: Option<String>| text.unwrap_or_default();
                Some((Problem::new(code, words(row.problem_detail), words(row.problem_remedy)), since))
            }
            _ => None,
        };
        Self {
            kind: row.kind,
            id: row.id,
            company_id: row.company_id,
            name: row.name,
            settings: row.settings,
            paused: row.paused,
            created_at: row.created_at,
            last_seen_at: row.last_seen_at,
            problem,
        }
    }
}

/// # Errors
/// [`Error::Duplicate`] where the company has a connection of that name.
pub fn insert(db: &mut WriteDb, connection: &Connection) -> Result<()> {
    unique_names::lock(db)?;
    unique_names::free(&names_in(db, &connection.company_id)?, "", &connection.name)?;
    diesel::insert_into(connections::table)
        .values((
            connections::id.eq(&connection.id),
            connections::company_id.eq(&connection.company_id),
            connections::kind.eq(connection.kind.as_str()),
            connections::name.eq(&connection.name),
            connections::settings.eq(&connection.settings),
            connections::paused.eq(connection.paused),
            connections::created_at.eq(at(connection.created_at)),
        ))
        .execute(db)?;
    Ok(())
}

fn names_in(db: &mut Db, company_id: &CompanyId) -> Result<Vec<(ConnectionId, String)>> {
    let theirs = connections::table.filter(connections::company_id.eq(company_id));
    Ok(theirs.select((connections::id, connections::name)).load(db)?)
}

/// Those that were deleted and whose rows are still going: what belongs to them is not there for anybody.
pub(super) fn deleted() -> Deleted {
    connections::table.filter(connections::deleted_at.is_not_null()).select(connections::id)
}

type Deleted = diesel::dsl::Select<
    diesel::dsl::Filter<connections::table, diesel::dsl::IsNotNull<connections::deleted_at>>,
    connections::id,
>;

pub fn get(db: &mut Db, id: &ConnectionId) -> Result<Connection> {
    let there = connections::table.find(id).filter(connections::deleted_at.is_null());
    let row = there.select(Connection::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("connection"))
}

/// A page of them in the order of their IDs; only those of the companies `among` where it is given.
pub fn page(
    db: &mut Db,
    among: Option<&[CompanyId]>,
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Connection>> {
    let mut query = connections::table
        .filter(connections::deleted_at.is_null())
        .select(Connection::as_select())
        .order(connections::id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(companies) = among {
        query = query.filter(connections::company_id.eq_any(companies.to_vec()));
    }
    if let Some(after) = after {
        query = query.filter(connections::id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// What is written of a connection; what is `None` stays as another call may be writing it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Update<'a> {
    pub name: Option<&'a str>,
    pub settings: Option<&'a str>,
    pub paused: Option<bool>,
}

/// # Errors
/// [`Error::NotFound`]; [`Error::Duplicate`] where the company has another connection of that name.
pub fn update(db: &mut WriteDb, lock: &Locked<locks::Connection>, update: Update<'_>) -> Result<()> {
    let id = lock.connection_id();
    let company_id = get(db, id)?.company_id;
    companies::open(db, &company_id)?;
    let row = connections::table.find(id);
    if let Some(name) = update.name {
        unique_names::lock(db)?;
        unique_names::free(&names_in(db, &company_id)?, id, name)?;
        diesel::update(row).set(connections::name.eq(name)).execute(db)?;
    }
    if let Some(settings) = update.settings {
        diesel::update(row).set(connections::settings.eq(settings)).execute(db)?;
    }
    if let Some(paused) = update.paused {
        diesel::update(row).set(connections::paused.eq(paused)).execute(db)?;
    }
    Ok(())
}

/// Says what its source calls the tenant whose lists are staged.
pub fn set_tenant(db: &mut WriteDb, id: &ConnectionId, tenant: Option<&str>) -> Result<()> {
    diesel::update(connections::table.find(id)).set(connections::tenant.eq(tenant)).execute(db)?;
    Ok(())
}

/// The IDs of the connections of a kind that stage the lists of these tenants.
pub fn of_tenants(db: &mut Db, kind: Kind, tenants: &[String]) -> Result<Vec<ConnectionId>> {
    let theirs = connections::kind.eq(kind.as_str()).and(connections::tenant.eq_any(tenants));
    Ok(connections::table
        .filter(theirs.and(connections::deleted_at.is_null()))
        .select(connections::id)
        .order(connections::id)
        .load(db)?)
}

/// Nobody reads its source any more, nor gives its messages a meaning: its company is being removed. Who does so now has lost
/// the lease.
pub fn shut(db: &mut WriteDb, lock: &Locked<All>, now: DateTime<Utc>) -> Result<()> {
    let id = lock.connection_id();
    let first = connections::table.find(id).filter(connections::paused_before.is_null());
    diesel::update(first)
        .set((connections::paused_before.eq(connections::paused.nullable()), connections::paused.eq(true)))
        .execute(db)?;
    polls::shut(db, id, now)?;
    webhooks::shut(db, id)
}

/// Takes [`shut`] back: the connection runs as before.
pub fn reopen(db: &mut WriteDb, lock: &Locked<All>, now: DateTime<Utc>) -> Result<()> {
    let id = lock.connection_id();
    let shut = connections::table.find(id).filter(connections::paused_before.is_not_null());
    let before: Option<Option<bool>> = shut.select(connections::paused_before).first(db).optional()?;
    let Some(paused) = before.flatten() else { return Ok(()) };
    diesel::update(connections::table.find(id))
        .set((connections::paused.eq(paused), connections::paused_before.eq(None::<bool>)))
        .execute(db)?;
    polls::restart(db, id, now)
}

/// Notes that the source was heard, which locks the connection.
pub fn seen(db: &mut WriteDb, id: &ConnectionId, now: DateTime<Utc>) -> Result<Locked<locks::Connection>> {
    db.order.take(id, Lock::Connection);
    let set = connections::last_seen_at.eq(at(now));
    diesel::update(connections::table.find(id)).set(set).execute(db)?;
    Ok(Locked::new(id, locks::Connection))
}

/// Sets or clears what stands in the way. A problem that lasts keeps the time at which it began.
pub fn set_problem(
    db: &mut WriteDb,
    lock: &Locked<locks::Connection>,
    problem: Option<&Problem>,
    now: DateTime<Utc>,
) -> Result<()> {
    let id = lock.connection_id();
    let before = get(db, id)?.problem;
    let since = problem.map(|problem| match before {
        Some((before, since)) if before.code == problem.code => at(since),
        _ => at(now),
    });
    diesel::update(connections::table.find(id))
        .set((
            connections::problem_code.eq(problem.map(|problem| &problem.code)),
            connections::problem_detail.eq(problem.map(|problem| &problem.detail)),
            connections::problem_remedy.eq(problem.map(|problem| &problem.remedy)),
            connections::problem_at.eq(since),
        ))
        .execute(db)?;
    Ok(())
}

/// Sets what stands in the way where nothing else does: one statement, so that no graver problem is written over.
pub fn set_first_problem(
    db: &mut WriteDb,
    id: &ConnectionId,
    problem: &Problem,
    now: DateTime<Utc>,
) -> Result<()> {
    db.order.take(id, Lock::Connection);
    diesel::update(connections::table.find(id).filter(connections::problem_code.is_null()))
        .set((
            connections::problem_code.eq(&problem.code),
            connections::problem_detail.eq(&problem.detail),
            connections::problem_remedy.eq(&problem.remedy),
            connections::problem_at.eq(at(now)),
        ))
        .execute(db)?;
    Ok(())
}

/// How much is kept of a connection, in rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Contents {
    pub employees: u64,
    pub customers: u64,
    pub links: u64,
    pub runs: u64,
    pub messages: u64,
}

/// How many links the records of a connection have. Links that others make just now are waited for, and theirs for us: a
/// link refers to its connection.
pub fn links_held(db: &mut WriteDb, id: &ConnectionId) -> Result<u64> {
    if let Backend::Postgres(connection) = db.backend() {
        connections::table.find(id).select(connections::id).for_update().first::<ConnectionId>(connection)?;
    }
    let links: i64 = links::table.filter(links::connection_id.eq(id)).count().get_result(db)?;
    Ok(u64::try_from(links).unwrap_or(0))
}

pub fn contents(db: &mut Db, id: &ConnectionId) -> Result<Contents> {
    let mut of = |list: List| -> Result<i64> {
        let list = records::table.filter(records::connection_id.eq(id).and(records::list.eq(list.as_str())));
        Ok(list.count().get_result(db)?)
    };
    let (employees, customers) = (of(List::Employee)?, of(List::Customer)?);
    let links: i64 = links::table.filter(links::connection_id.eq(id)).count().get_result(db)?;
    let runs: i64 = runs::table.filter(runs::connection_id.eq(id)).count().get_result(db)?;
    let messages: i64 = inbox::table.filter(inbox::connection_id.eq(id)).count().get_result(db)?;
    Ok(Contents {
        employees: uncount(employees),
        customers: uncount(customers),
        links: uncount(links),
        runs: uncount(runs),
        messages: uncount(messages),
    })
}
