//! `/v1/employees` and `/v1/customers`: one implementation, registered once a list.

mod body;
mod history;
mod link;

use axum::{Extension, Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, openapi::OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{time::is_usable, words::List},
    http::{
        Gateway,
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{
        Db, connections, links,
        records::{self, Filter, Linked, Order, Position},
    },
    sync::scope::Scope,
};

use super::{
    auth::ForApp,
    companies,
    page::{self, PageBody, Place, bad_cursor, walk},
    schema::{AppQuery, Refusals},
};
use body::Record;

pub(super) fn router() -> OpenApiRouter<Gateway> {
    List::ALL.iter().fold(OpenApiRouter::default(), |router, list| {
        router.nest(&format!("/v1/{}", list.plural()), of(*list))
    })
}

/// The routes of one list, without the list's name in their paths.
fn of(list: List) -> OpenApiRouter<Gateway> {
    let mut router = OpenApiRouter::default()
        .routes(routes!(list_records))
        .routes(routes!(get_record))
        .routes(routes!(history::record_history))
        .routes(routes!(link::link_record, link::unlink_record))
        .routes(routes!(link::create_record_profile))
        .layer(Extension(list));
    name(router.get_openapi_mut(), list);
    router
}

/// Puts the list's word for a record into the descriptions: operation IDs must differ, and people read them.
fn name(openapi: &mut OpenApi, list: List) {
    let (word, words) = (list.as_str(), list.plural());
    let article = if list == List::Employee { "an" } else { "a" };
    let told = |text: &str| {
        text.replace(" a record", &format!(" {article} {word}"))
            .replace("records", words)
            .replace("record", word)
    };
    for item in openapi.paths.paths.values_mut() {
        for operation in
            [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten()
        {
            operation.tags = Some(vec![words.to_owned()]);
            for text in [&mut operation.operation_id, &mut operation.summary, &mut operation.description] {
                *text = text.as_deref().map(told);
            }
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RecordsQuery {
    /// Only this company's, by ID or name.
    company: Option<String>,
    /// Only this connection's, by ID.
    connection: Option<String>,
    /// Only those that the app has linked, or only those that it has not.
    linked: Option<bool>,
    /// Whether the source says that they are active.
    active: Option<bool>,
    /// Whether they are gone from the source's list.
    absent: Option<bool>,
    /// Anywhere in names, e-mail and external ID; case and accents do not matter.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only those that have changed since, sorted by their change instead of their name. A filter for reports, not a cursor:
    /// a change may become visible later than one with a later time, and links are none of it. `/v1/changes` misses nothing.
    #[serde(default, deserialize_with = "page::read_time")]
    changed_since: Option<DateTime<Utc>>,
    /// An app's ID or name: an admin's token acts for that app.
    #[expect(dead_code, reason = "read by `ForApp`")]
    app: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    cursor: Option<String>,
}

/// A place in the list of a company.
#[derive(Debug, Clone, Serialize, Deserialize)]
enum After {
    Name(String, String),
    Update(DateTime<Utc>, String),
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

/// Lists records
///
/// Company by company, by name, or by update where `changed_since` is given. Each has the link of the token's app.
#[utoipa::path(get, path = "", params(RecordsQuery),
    responses((status = 200, description = "A page", body = PageBody<Record>), Refusals))]
async fn list_records(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    Extension(list): Extension<List>,
    ApiQuery(query): ApiQuery<RecordsQuery>,
) -> Result<Json<PageBody<Record>>, ApiError> {
    let (limit, from) = page::read::<Place<After>>(query.limit, query.cursor.as_deref())?;
    let order = if query.changed_since.is_some() { Order::Update } else { Order::Name };
    let (search, changed_since) =
        (page::search(query.q.clone())?, page::time("changed_since", query.changed_since)?);
    let from = from.map(|from| Place { company: from.company, after: Position::from(from.after) });
    let fits = |after: &Position| match after {
        Position::Name(..) => order == Order::Name,
        Position::Update(time, _) => order == Order::Update && is_usable(time),
    };
    if from.as_ref().is_some_and(|from| !fits(&from.after)) {
        return Err(bad_cursor());
    }
    let read = gateway.store.read(move |db| {
        let companies = wanted(db, &scope, &query)?;
        let filter = Filter {
            linked: query.linked.map(|linked| Linked { linked, app_id: Some(scope.app.id.clone()) }),
            connection_id: query.connection,
            active: query.active,
            absent: query.absent,
            search,
            changed_since,
        };
        let page = walk(companies, from.as_ref(), limit, |company, after, limit| {
            records::page(db, company, list, &filter, order, after, limit)
        })?;
        let next = page.rows.last().filter(|_| page.more).map(|last| Place {
            company: last.company_id.clone(),
            after: After::from(Position::of(last, order)),
        });
        PageBody::new(with_links(db, &scope, page.rows)?, next.as_ref())
    });
    read.await.map(Json)
}

/// The companies whose lists are gone through: a connection has one.
fn wanted(db: &mut Db, scope: &Scope, query: &RecordsQuery) -> Result<Vec<String>, ApiError> {
    let mut companies = companies::wanted(db, scope, query.company.as_deref())?;
    if let Some(id) = &query.connection {
        let connection = connections::get(db, id)?;
        scope.check(&connection.company_id, "connection")?;
        companies.retain(|company| *company == connection.company_id);
    }
    Ok(companies)
}

/// Adds the app's links to records, with one query.
fn with_links(db: &mut Db, scope: &Scope, rows: Vec<records::Staged>) -> Result<Vec<Record>, ApiError> {
    let ids: Vec<&str> = rows.iter().map(|staged| staged.id.as_str()).collect();
    let links = links::of_records(db, Some(&scope.app.id), &ids)?;
    let mut links: std::collections::HashMap<String, links::Link> =
        links.into_iter().map(|link| (link.record_id.clone(), link)).collect();
    Ok(rows.into_iter().map(|staged| Record::new(links.remove(&staged.id), staged)).collect())
}

/// Shows a record
#[utoipa::path(get, path = "/{id}", params(("id" = String, Path), AppQuery),
    responses((status = 200, description = "With the link of the token's app", body = Record), Refusals))]
async fn get_record(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    Extension(list): Extension<List>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Record>, ApiError> {
    let read = gateway.store.read(move |db| {
        let staged = scope.record(db, list, &id)?;
        let link = links::of_record(db, &scope.app.id, &staged.id)?;
        Ok::<_, ApiError>(Record::new(link, staged))
    });
    read.await.map(Json)
}
