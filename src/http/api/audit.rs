//! `/v1/audit`: who did what.

use axum::Json;
use utoipa_axum::router::OpenApiRouter;

use crate::{
    domain::access::action,
    http::{Gateway, extract::ApiQuery, problem::ApiError},
    service::{
        audit::{self, AuditEntry, AuditQuery},
        page::PageBody,
    },
};

use super::{
    auth::{Caller, guarded},
    schema::Refusals,
};

pub(super) fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(guarded!(list_audit))
}

/// Lists the audit
///
/// Who did what, newest first: every change by a person, a token, the command line or a worker. `rollcall audit verify` shows
/// whether it is whole. Needs an admin's token.
#[utoipa::path(get, path = "/v1/audit", tag = "operations", params(AuditQuery),
    responses((status = 200, description = "A page", body = PageBody<AuditEntry>), Refusals))]
async fn list_audit(
    caller: Caller<action::Administer>,
    ApiQuery(query): ApiQuery<AuditQuery>,
) -> Result<Json<PageBody<AuditEntry>>, ApiError> {
    caller.read(move |db, attempt| audit::list(db, attempt, &query)).await.map(Json)
}
