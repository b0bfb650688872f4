//! The Web Connector service: SOAP in, SOAP out, and the pages that a Web Connector fetches.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `dispatch` | reads a call: the beginning of any call, the answer of QuickBooks only with an open ticket |
//! | `buffered_body` | buffers the beginning of a body, within bounds |
//! | `blocking_body` | a whole body as a blocking stream |
//! | `parameters` | the parameters of a call that are kept |
//! | `failed_sign_ins` | counts wrong passwords, and says how long their answers are delayed |
//! | `methods` | the methods: parameters in, verbs called, replies out |
//! | `pages` | the certificate check, the support page, the WSDL |
//! | `sign_in` | `authenticate`: checks the password, and delays the answer to a wrong one |

mod blocking_body;
mod buffered_body;
mod dispatch;
mod failed_sign_ins;
mod methods;
mod pages;
mod parameters;
mod sign_in;

pub use sign_in::SignIns;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};

use http_body_util::Limited;

use super::{Gateway, admission::ExchangeHandle, limits::BodyFailure};
use crate::codec::soap::{self, Fault, Style, Version};

/// The routes of the service. A call of more than `max_body` bytes is answered with a fault.
pub fn router(gateway: Gateway, max_body: u64) -> Router {
    let call = move |State(gateway): State<Gateway>, request: Request| call(gateway, max_body, request);
    Router::new()
        .route("/qbwc", get(pages::service).post(call))
        .route("/qbwc/support", get(pages::support))
        .with_state(gateway)
}

/// The answer to a call.
struct CallAnswer {
    version: Version,
    style: Style,
    method: String,
    result: Result<soap::Reply, Fault>,
}

impl CallAnswer {
    /// Whether the answer shows that the caller knows the password of a connection.
    fn lets_in(&self) -> bool {
        let refusals = ["nvu", "busy"];
        match &self.result {
            Ok(soap::Reply::Texts(texts)) => texts.iter().all(|text| !refusals.contains(&text.as_str())),
            _ => false,
        }
    }
}

impl IntoResponse for CallAnswer {
    fn into_response(self) -> Response {
        let (status, envelope) = match &self.result {
            Ok(reply) => (StatusCode::OK, soap::reply(self.version, self.style, &self.method, reply)),
            // SOAP 1.1 section 6.2: a fault comes with 500.
            Err(fault) => (StatusCode::INTERNAL_SERVER_ERROR, soap::fault(self.version, fault)),
        };
        (status, [(header::CONTENT_TYPE, self.version.content_type())], envelope).into_response()
    }
}

/// `POST /qbwc`: one call.
async fn call(gateway: Gateway, max_body: u64, request: Request) -> Response {
    let (from, exchange) = (sign_in::caller(&request), ExchangeHandle::of(request.extensions()));
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // If nothing of the envelope can be read, the content type tells which SOAP the caller speaks.
    let version = match content_type {
        Some(kind) if kind.to_ascii_lowercase().starts_with("application/soap+xml") => Version::V12,
        _ => Version::V11,
    };
    let declared =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let answered = match declared {
        // The body is refused before the client has sent it, because it waits for `100 Continue`.
        Some(length) if max_body < length => CallAnswer {
            version,
            style: Style::Document,
            method: String::new(),
            result: Err(body_fault("", BodyFailure::TooLarge)),
        },
        _ => {
            let most = usize::try_from(max_body).unwrap_or(usize::MAX);
            let body = Body::new(Limited::new(request.into_body(), most));
            dispatch::answer(&gateway, version, from, &exchange, body).await
        }
    };
    if let Err(fault) = &answered.result {
        tracing::warn!(method = answered.method, reason = fault.reason, "the call was answered with a fault");
    }
    answered.into_response()
}

/// A fault for a call whose body did not arrive; its method is empty if it is not known.
fn body_fault(method: &str, failure: BodyFailure) -> Fault {
    let what = match method {
        "" => "The call".to_owned(),
        dispatch::RECEIVE => "QuickBooks' answer".to_owned(),
        small => format!("The call `{small}`"),
    };
    let reason = match failure {
        BodyFailure::TooLarge => {
            format!("{what} is larger than this gateway accepts (ROLLCALL_MAX_QBWC_BODY).")
        }
        BodyFailure::TooSlow => {
            format!("{what} stopped arriving, or came too slowly. Run the update again.")
        }
        BodyFailure::Stopping => "Rollcall is shutting down. Run the update again.".to_owned(),
        BodyFailure::Broken => format!("{what} broke off on its way. Run the update again."),
    };
    Fault { client: true, reason }
}
