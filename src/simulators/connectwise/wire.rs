//! The bodies of errors (Guide).

use serde_json::json;

use crate::simulators::vendor::reply::Reply;

pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "code": code, "message": message, "errors": null }))
}

pub(super) fn no_endpoint() -> Reply {
    Reply::json(404, &json!({ "code": "ConnectWiseApi", "message": "The endpoint does not exist." }))
}

pub(super) fn not_found(what: &str, id: i64) -> Reply {
    Reply::json(404, &json!({ "code": "NotFound", "message": format!("{what} {id} not found") }))
}

/// Not the shape of the others (Guide).
pub(super) fn too_many(wait: u64) -> Reply {
    let message = format!("Too many requests. Please try again in {wait} seconds.");
    Reply::json(429, &json!({ "error": "ConnectWiseAPI", "message": message }))
        .with("retry-after", wait.to_string())
}

/// An object that is not as it should be, with the one field that is wrong.
pub(super) fn invalid(code: &str, message: &str, field: &str) -> Reply {
    let one = json!({ "code": code, "message": message, "resource": "callback", "field": field });
    let body = json!({ "code": "InvalidObject", "message": "callback object is invalid", "errors": [one] });
    Reply::json(400, &body)
}
