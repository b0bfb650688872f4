//! `/v1/links` and undoing (promises 5 and 6).

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::words::List,
    http::{
        Gateway,
        extract::{ApiPath, ApiQuery},
        problem::ApiError,
    },
    store::{self, links},
    sync::link,
};

use super::{
    auth::ForApp,
    companies,
    page::{self, PageBody, Place, walk},
    schema::{self, Conflicts, Refusals},
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(routes!(list_links)).routes(routes!(undo_change))
}

/// A profile on one end, a record on the other.
#[derive(Debug, Serialize, ToSchema)]
pub struct Link {
    id: String,
    #[schema(schema_with = schema::lists)]
    list: List,
    app_id: String,
    profile_id: String,
    profile_name: String,
    record_id: String,
    connection_id: String,
    company_id: String,
    linked_at: DateTime<Utc>,
    linked_by: String,
}

impl From<links::Link> for Link {
    fn from(link: links::Link) -> Self {
        Self {
            id: link.id,
            list: link.list,
            app_id: link.app_id,
            profile_id: link.profile_id,
            profile_name: link.profile_name,
            record_id: link.record_id,
            connection_id: link.connection_id,
            company_id: link.company_id,
            linked_at: link.linked_at,
            linked_by: link.linked_by,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinksQuery {
    /// Only this company's, by ID or name.
    company: Option<String>,
    /// Only this list's.
    #[param(schema_with = schema::lists)]
    list: Option<List>,
    /// An app's ID or name: an admin's token sees only that app's links, else all.
    app: Option<String>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    cursor: Option<String>,
}

/// Lists the links
///
/// Company by company, oldest first.
#[utoipa::path(get, path = "/v1/links", tag = "links", params(LinksQuery),
    responses((status = 200, description = "A page", body = PageBody<Link>), Refusals))]
async fn list_links(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    ApiQuery(query): ApiQuery<LinksQuery>,
) -> Result<Json<PageBody<Link>>, ApiError> {
    let (limit, from) = page::read::<Place<String>>(query.limit, query.cursor.as_deref())?;
    // An admin who names no app sees the links of all.
    let app = (!scope.app.admin || query.app.is_some()).then(|| scope.app.id.clone());
    let page = gateway.store.read(move |db| {
        let companies = companies::wanted(db, &scope, query.company.as_deref())?;
        let page = walk(companies, from.as_ref(), limit, |company, after, limit| {
            links::page(db, company, app.as_deref(), query.list, after.map(String::as_str), limit)
        });
        Ok::<_, ApiError>(page?)
    });
    PageBody::of(page.await?, |link| Place { company: link.company_id.clone(), after: link.id.clone() })
        .map(Json)
}

/// What undoing has left.
#[derive(Debug, Serialize, ToSchema)]
pub struct Undone {
    /// The link as it is again; null where a link was taken apart.
    link: Option<Link>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UndoQuery {
    /// The company whose change it is, by ID or name; may be left out where the token sees only one.
    company: Option<String>,
    /// An app's ID or name: an admin's token acts for that app.
    #[expect(dead_code, reason = "read by `ForApp`")]
    app: Option<String>,
}

/// Undoes a link or an unlink
///
/// `position` is the change's, in the company's feed and in the record's history.
#[utoipa::path(post, path = "/v1/changes/{position}/undo", tag = "links",
    params(("position" = i64, Path), UndoQuery),
    responses((status = 200, description = "It is undone", body = Undone), Refusals, Conflicts))]
async fn undo_change(
    State(gateway): State<Gateway>,
    ForApp(scope): ForApp,
    ApiPath(position): ApiPath<i64>,
    ApiQuery(query): ApiQuery<UndoQuery>,
) -> Result<Json<Undone>, ApiError> {
    let asked = scope.clone();
    let company = gateway.store.read(move |db| companies::one(db, &asked, query.company.as_deref())).await?;
    let attempt = || {
        let (ambient, scope, company) = (gateway.ambient.clone(), scope.clone(), company.clone());
        gateway.store.write(move |db| link::undo(db, &ambient, &scope, &company, position))
    };
    let link = match attempt().await {
        // Another call took one of the sides in between: look again, to name it.
        Err(link::Error::Store(store::Error::Duplicate(_))) => attempt().await,
        other => other,
    };
    Ok(Json(Undone { link: link?.map(Link::from) }))
}
