//! The connectivity test. The Web Connector calls us, so its test can only say when it called last.

use axum::Json;

use crate::{
    domain::access::action,
    http::{
        api::{
            auth::Caller,
            schema::{Conflicts, Refusals},
        },
        extract::ApiPath,
        problem::ApiError,
    },
    service::connections::{self, TestResult},
    sync::connection_test,
};

/// Tests a connection
///
/// A source that is polled is called now: a few requests, an answer within five seconds. The gateway cannot call a Web
/// Connector, nor a system that pushes: there the answer tells what was heard last.
#[utoipa::path(post, path = "/v1/connections/{id}/test", tag = "connections", params(("id" = String, Path)),
    responses((status = 200, description = "The result, good or bad", body = TestResult), Refusals, Conflicts))]
pub(super) async fn test_connection(
    caller: Caller<action::Test>,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<TestResult>, ApiError> {
    let gateway = caller.gateway.clone();
    let (grant, connection) = caller.read(move |db, attempt| connections::found(db, attempt, &id)).await?;
    let check = connection_test::test(&gateway.sources, &grant, &connection).await?;
    // One that works now is polled now.
    gateway.wake.notify_one();
    Ok(Json(TestResult::new(&connection, check)))
}
