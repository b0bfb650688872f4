//! The registry of callbacks.

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};
use url::Url;

use super::{
    rows::{Table, callback},
    wire::{invalid, no_endpoint, not_found},
    world::World,
};
use crate::simulators::vendor::{call::Call, reply::Reply};

/// The API member that signs in; callbacks belong to it (Guide).
pub(super) const API_MEMBER: i64 = 243;

/// A callback that was registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Callback {
    pub id: i64,
    pub description: String,
    pub url: String,
    pub object_id: i64,
    /// `member`, `company`, `contact`, …
    pub kind: String,
    pub level: String,
    pub member_id: i64,
    pub inactive: bool,
    pub self_suppressed: bool,
    pub guid: String,
    pub last_updated: DateTime<Utc>,
}

/// The levels of the types that are simulated (Guide); of the others only `owner` is taken.
fn levels(kind: &str) -> Option<&'static [&'static str]> {
    const OTHERS: [&str; 13] = [
        "activity",
        "agreement",
        "configuration",
        "expense",
        "invoice",
        "opportunity",
        "productcatalog",
        "project",
        "purchaseorder",
        "schedule",
        "site",
        "ticket",
        "time",
    ];
    match kind {
        "company" => Some(&["owner", "status", "type", "territory", "company", "integratorTag"]),
        "contact" => Some(&["owner", "company", "contact", "territory", "type", "relationship"]),
        "member" => Some(&["owner", "location", "securityRole", "member"]),
        _ if OTHERS.contains(&kind) => Some(&["owner"]),
        _ => None,
    }
}

impl World {
    /// `system/callbacks` with what follows it.
    pub(super) fn callback_call(&mut self, call: &Call, id: Option<i64>) -> Reply {
        match (&call.method, id) {
            (&Method::POST, None) => self.register(call),
            (&Method::DELETE, Some(id)) if self.callbacks.remove(&id).is_some() => Reply::empty(204),
            (&Method::GET, Some(id)) => match self.row(Table::Callbacks, id) {
                Some(row) => Reply::json(200, &row),
                None => not_found("CallbackEntry", id),
            },
            (&Method::PUT | &Method::PATCH, Some(id)) if self.callbacks.contains_key(&id) => {
                self.replace(call, id)
            }
            (_, Some(id)) => not_found("CallbackEntry", id),
            _ => no_endpoint(),
        }
    }

    fn register(&mut self, call: &Call) -> Reply {
        let Ok(body) = serde_json::from_slice::<Value>(&call.body) else { return unreadable() };
        let id = self.next_id();
        let guid = self.unique();
        self.keep(&body, Callback { id, guid, ..Callback::default() }, 201)
    }

    fn replace(&mut self, call: &Call, id: i64) -> Reply {
        let Ok(body) = serde_json::from_slice::<Value>(&call.body) else { return unreadable() };
        let Some(old) = self.callbacks.get(&id).cloned() else { return not_found("CallbackEntry", id) };
        let body = if call.method == Method::PATCH { patched(callback(&old), &body) } else { body };
        self.keep(&body, old, 200)
    }

    /// Checks what was sent, and keeps it under the id of `base`.
    fn keep(&mut self, body: &Value, base: Callback, status: u16) -> Reply {
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let flag = |name: &str| body.get(name).and_then(Value::as_bool).unwrap_or(false);
        let entry = Callback {
            description: text("description"),
            url: text("url"),
            // Nought means everything, and comes back as one.
            object_id: body.get("objectId").and_then(Value::as_i64).unwrap_or(0).max(1),
            kind: text("type"),
            level: text("level"),
            member_id: API_MEMBER,
            inactive: flag("inactiveFlag"),
            self_suppressed: flag("isSelfSuppressedFlag"),
            last_updated: self.middleware.now(),
            ..base
        };
        if let Some(refusal) = self.refusal(&entry) {
            return refusal;
        }
        let row = callback(&entry);
        self.callbacks.insert(entry.id, entry);
        Reply::json(status, &row)
    }

    fn refusal(&self, entry: &Callback) -> Option<Reply> {
        let url = Url::parse(&entry.url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none() {
            return Some(invalid("InvalidField", "Invalid URL", "url"));
        }
        if entry.description.chars().count() > 100 {
            return Some(invalid("InvalidField", "The description is too long", "description"));
        }
        let Some(levels) = levels(&entry.kind) else {
            return Some(invalid("InvalidField", &format!("Unrecognized type {}", entry.kind), "type"));
        };
        if !levels.contains(&entry.level.as_str()) {
            let message = format!("Unrecognized level for type {}", entry.kind);
            return Some(invalid("InvalidField", &message, "level"));
        }
        let same = |other: &&Callback| {
            other.id != entry.id
                && (&other.url, &other.kind, &other.level, other.object_id)
                    == (&entry.url, &entry.kind, &entry.level, entry.object_id)
        };
        let again = "A matching callback entry already exists";
        self.callbacks.values().find(same).map(|_| invalid("ObjectExists", again, "url"))
    }

    pub(super) fn disable_callbacks(&mut self) {
        for entry in self.callbacks.values_mut() {
            entry.inactive = true;
        }
    }
}

fn unreadable() -> Reply {
    Reply::json(400, &json!({ "code": "InvalidRequest", "message": "The body is no JSON." }))
}

/// A JSON patch of single fields: `[{"op": "replace", "path": "inactiveFlag", "value": false}]`.
fn patched(mut row: Value, patch: &Value) -> Value {
    for change in patch.as_array().into_iter().flatten() {
        let path = change.get("path").and_then(Value::as_str).unwrap_or_default().trim_start_matches('/');
        if let (Some(fields), Some(value)) = (row.as_object_mut(), change.get("value")) {
            fields.insert(path.to_owned(), value.clone());
        }
    }
    row
}
