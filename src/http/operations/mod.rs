//! Routes for operators and their tools: liveness, readiness, metrics, and the API's description.

mod database_stats;
mod description;
mod docs;
mod exposition;
mod latency;
mod metrics;

pub use description::Description;
pub use metrics::Metrics;

use std::time::Duration;

use axum::{
    Extension, Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Gateway, api::errors::refuse, api::schema::ProblemBody, problem::ApiError};
use crate::store::{self, Requester, on_behalf_of};

pub use docs::{page, render};

/// Whether the path is that of a probe: probes are answered even if nothing else is.
pub(super) fn is_probe(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Whether monitoring asks for the path all the time.
pub(super) fn is_routine(path: &str) -> bool {
    is_probe(path) || path == "/metrics"
}

/// How long the database may take to say that it is ready: probes give up soon.
const PATIENCE: Duration = Duration::from_secs(3);

/// The operations routes, with their description. They need [`Metrics`] and [`Description`] as extensions.
pub fn router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default()
        .routes(routes!(health))
        .routes(routes!(ready))
        .layer(from_fn(past_the_queue))
        .routes(routes!(document))
}

/// The route of the metrics. It needs [`Metrics`] as an extension.
pub fn figures_router() -> OpenApiRouter<Gateway> {
    OpenApiRouter::default().routes(routes!(figures)).layer(from_fn(past_the_queue))
}

/// Probes report the state of the gateway, not its load.
async fn past_the_queue(request: Request, next: Next) -> Response {
    on_behalf_of(Requester::Probe, next.run(request)).await
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Status {
    /// `ok`
    status: &'static str,
}

/// Tells that the process lives
#[utoipa::path(get, path = "/healthz", tag = "operations", security(()),
    responses((status = 200, description = "It lives", body = Status)))]
async fn health() -> Json<Status> {
    Json(Status { status: "ok" })
}

/// Tells whether requests can be served
///
/// The database answers, can be written, its tables are up to date, and no worker has just panicked.
#[utoipa::path(get, path = "/readyz", tag = "operations", security(()),
    responses((status = 200, description = "They can", body = Status),
        (status = 503, description = "They cannot", body = ProblemBody, content_type = "application/problem+json")))]
async fn ready(State(gateway): State<Gateway>) -> Result<Json<Status>, ApiError> {
    if let [worker, ..] = gateway.workers.failing()[..] {
        return Err(refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "worker_failing",
            format!("The worker `{worker}` panicked; it is started anew after a pause."),
            "Look at the gateway's log, and report what it says there.",
        ));
    }
    let look = async {
        let current = gateway.store.is_current().await?;
        if current {
            gateway.store.check_writes().await?;
        }
        Ok::<_, store::Error>(current)
    };
    match timeout(PATIENCE, look).await {
        Ok(Ok(true)) => Ok(Json(Status { status: "ok" })),
        Ok(Ok(false)) => Err(refuse(
            StatusCode::SERVICE_UNAVAILABLE,
            "not_migrated",
            "The tables of the database are not those of this version.",
            "Run `rollcall migrate`, or install the version that made them.",
        )),
        Ok(Err(error)) if error.is_unavailable() => Err(error.into()),
        Ok(Err(error)) => Err(not_ready().caused_by(error)),
        Err(_) => Err(not_ready()),
    }
}

fn not_ready() -> ApiError {
    refuse(
        StatusCode::SERVICE_UNAVAILABLE,
        "database_unavailable",
        "The gateway's database does not answer.",
        "Look at the gateway's log and at the database.",
    )
}

/// Shows figures in the text format of Prometheus
#[utoipa::path(get, path = "/metrics", tag = "operations", security(()),
    responses((status = 200, description = "The figures", body = String, content_type = "text/plain"),
        (status = 503, description = "The database does not answer", body = ProblemBody,
            content_type = "application/problem+json")))]
async fn figures(
    State(gateway): State<Gateway>,
    Extension(metrics): Extension<Metrics>,
) -> Result<impl IntoResponse, ApiError> {
    let text = timeout(PATIENCE, metrics.text(&gateway)).await.map_err(|_| not_ready())??;
    // Exposition formats, «Text-based format»: the version is part of the type.
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// Shows this document
#[utoipa::path(get, path = "/openapi.json", tag = "operations", security(()),
    responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
async fn document(
    Extension(description): Extension<Description>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let made = description.get().await.map_err(ApiError::internal)?;
    made.document.answer(&headers)
}
