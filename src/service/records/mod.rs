//! Records: employees and customers.

mod history;
mod view;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use crate::{
    domain::{
        access::{Attempt, Grant, action},
        ids::{CompanyId, ConnectionId, RecordId},
        time::is_usable,
        words::List,
    },
    store::{
        Db, links,
        records::{self, Filter, Linked, Order, Position, Staged},
    },
};

use super::{
    Result, find,
    page::{self, Keyset, PageBody, bad_cursor, walk},
};

pub use history::{Change, History, HistoryQuery, Version, history};
pub use view::{Content, Record, RecordLink};

/// Which records are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordsQuery {
    /// Only this company's, by ID or name.
    pub company: Option<String>,
    /// Only this connection's, by ID, name, or `Company/Connection`.
    pub connection: Option<String>,
    /// Only those that the app has linked, or only those that it has not.
    pub linked: Option<bool>,
    /// Whether the source says that they are active.
    pub active: Option<bool>,
    /// Whether they are gone from the source's list.
    pub absent: Option<bool>,
    /// Anywhere in names, e-mail, number and external ID; case and accents do not matter.
    #[param(max_length = 200)]
    pub q: Option<String>,
    /// Only those that have changed since, sorted by their change instead of their name. A filter for reports, not a cursor:
    /// a change may become visible later than one with a later time, and links are none of it. `/v1/changes` misses nothing.
    #[serde(default, deserialize_with = "page::read_time")]
    pub changed_since: Option<DateTime<Utc>>,
    /// An app's ID or name: whoever may act for several says so.
    pub app: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// A position in the list of a company.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum After {
    Name(String, RecordId),
    Update(DateTime<Utc>, RecordId),
}

impl From<Position> for After {
    fn from(position: Position) -> Self {
        match position {
            Position::Name(name, id) => Self::Name(name, id),
            Position::Update(time, id) => Self::Update(time, id),
        }
    }
}

impl From<After> for Position {
    fn from(after: After) -> Self {
        match after {
            After::Name(name, id) => Self::Name(name, id),
            After::Update(time, id) => Self::Update(time, id),
        }
    }
}

/// A page of a list, company by company, by name, or by update if `changed_since` is given.
///
/// # Errors
/// `company_not_found`, `connection_not_found`; `bad_cursor` and what [`page`] refuses; `app_needed` where `linked` is
/// asked for and several apps could be meant.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    query: &RecordsQuery,
) -> Result<PageBody<Record>> {
    let (limit, from) = page::read::<Keyset<After>>(query.limit, query.cursor.as_deref())?;
    let order = if query.changed_since.is_some() { Order::Update } else { Order::Name };
    let (search, changed_since) =
        (page::search(query.q.clone())?, page::time("changed_since", query.changed_since)?);
    let from = from.map(|from| Keyset { company: from.company, after: Position::from(from.after) });
    if from.as_ref().is_some_and(|from| !fits(&from.after, order)) {
        return Err(bad_cursor());
    }
    let (companies, connection_id) = wanted(db, attempt, query)?;
    let grant = attempt.throughout()?;
    let linked = match query.linked {
        Some(linked) => Some(Linked { linked, app_id: Some(grant.app()?.id.clone()) }),
        None => None,
    };
    let filter =
        Filter { linked, connection_id, active: query.active, absent: query.absent, search, changed_since };
    let page = walk(companies, from.as_ref(), limit, |company, after, limit| {
        records::page(db, company, list, &filter, order, after, limit)
    })?;
    let next = page.rows.last().filter(|_| page.more).map(|last| Keyset {
        company: last.company_id.clone(),
        after: After::from(Position::of(last, order)),
    });
    PageBody::new(shown(db, &grant, page.rows)?, next.as_ref())
}

/// A record, with the link of the app that the caller acts for.
///
/// # Errors
/// `{list}_not_found`.
pub fn show(db: &mut Db, attempt: &Attempt<action::Read>, list: List, id: &str) -> Result<Record> {
    let (grant, staged) = find::record(db, attempt, list, id)?;
    // There is exactly one row for the ID that was given.
    shown(db, &grant, vec![staged])?.pop().ok_or_else(|| super::Refusal::not_there(list.as_str()))
}

fn fits(after: &Position, order: Order) -> bool {
    match after {
        Position::Name(..) => order == Order::Name,
        Position::Update(time, _) => order == Order::Update && is_usable(time),
    }
}

/// The companies whose lists are read, and the connection if one is named: it belongs to one company.
fn wanted(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    query: &RecordsQuery,
) -> Result<(Vec<CompanyId>, Option<ConnectionId>)> {
    let mut companies = find::company_ids(db, attempt, query.company.as_deref())?;
    let Some(wanted) = &query.connection else { return Ok((companies, None)) };
    let connection = find::connection(db, attempt, wanted)?;
    companies.retain(|company| *company == connection.company_id);
    Ok((companies, Some(connection.id)))
}

/// Adds the links of the grant's app.
fn shown(db: &mut Db, grant: &Grant<action::Read>, rows: Vec<Staged>) -> Result<Vec<Record>> {
    let links = match grant.app_if_any() {
        Some(app) => {
            let ids: Vec<&str> = rows.iter().map(|staged| staged.id.as_str()).collect();
            links::of_records(db, &app.id, &ids)?
        }
        None => Vec::new(),
    };
    Ok(Record::all(db, rows, links)?)
}
