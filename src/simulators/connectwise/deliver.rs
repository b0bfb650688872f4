//! Callbacks on their way.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::{digest, hmac};
use serde_json::{Value, json};

use super::{
    callbacks::Callback,
    world::{World, guid},
};
use crate::simulators::vendor::{
    call::Call,
    post::{self, Letter},
    reply::Reply,
};

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq)]
pub struct CallbackEvent {
    /// `added`, `updated` or `deleted`.
    pub action: String,
    /// `member`, `company` or `contact`.
    pub kind: String,
    pub id: i64,
    /// The record as the interface would tell it; it is sent as a text, and left out of a deletion.
    pub entity: Option<Value>,
}

impl CallbackEvent {
    pub fn new(action: &str, kind: &str, id: i64) -> Self {
        Self { action: action.to_owned(), kind: kind.to_owned(), id, entity: None }
    }
}

/// `x-content-signature`: the HMAC of the body under the hash of the key (Guide).
pub fn signature(signing_key: &str, body: &[u8]) -> String {
    let key = digest::digest(&digest::SHA256, signing_key.as_bytes());
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_ref());
    STANDARD.encode(hmac::sign(&key, body).as_ref())
}

impl World {
    /// One letter for each event and each callback that listens to it.
    pub(super) fn letters(&mut self, events: Vec<CallbackEvent>) -> Vec<Letter> {
        let mut letters = Vec::new();
        for event in events {
            let listeners: Vec<Callback> =
                self.callbacks.values().filter(|callback| listens(callback, &event)).cloned().collect();
            for callback in listeners {
                letters.push(self.callback_letter(&callback, &event));
            }
        }
        let delivery = &self.options.delivery;
        post::shuffle(letters, delivery.duplicate, delivery.reorder)
    }

    fn callback_letter(&mut self, callback: &Callback, event: &CallbackEvent) -> Letter {
        let body = self.callback_body(callback, event).to_string();
        let signature = signature(&self.signing_key(&callback.guid), body.as_bytes());
        // The id of the record is appended, and the action (Guide).
        let joint = if callback.url.contains('?') { '&' } else { '?' };
        Letter {
            url: format!("{}{}{joint}action={}", callback.url, event.id, event.action),
            headers: vec![("x-content-signature".to_owned(), signature)],
            body,
            patience: self.options.delivery.patience,
        }
    }

    fn callback_body(&mut self, callback: &Callback, event: &CallbackEvent) -> Value {
        let delivery = self.options.delivery.clone();
        let origin = self.options.origin.clone().unwrap_or_default();
        let entity = event.entity.clone().or_else(|| self.entity(&event.kind, event.id));
        let entity = entity.filter(|_| event.action != "deleted").map(|entity| entity.to_string());
        let codebase = self.codebase();
        // The codebase ends with a slash, and captures show the second one too.
        let key_url = format!(
            "{origin}/{codebase}/system/callbackkey/index.rails?companyName={}&id={}",
            self.options.company_id, callback.guid
        );
        json!({
            "MessageId": self.unique(),
            "FromUrl": origin.rsplit('/').next(),
            "CompanyId": self.options.company_id,
            "MemberId": "simulation",
            "Action": event.action,
            "Type": if delivery.unknown_type { "widget" } else { event.kind.as_str() },
            "ID": if delivery.ints_as_strings { json!(event.id.to_string()) } else { json!(event.id) },
            "Entity": entity,
            "Metadata": { "key_url": key_url },
            "CallbackObjectRecId": callback.id,
            "ProductInstanceId": "639c96cab2eb560001dd1324",
            "PartnerId": "61ddc2817bcddc0001c74208",
        })
    }

    fn signing_key(&self, id: &str) -> String {
        format!("signing-key-{}-{id}", guid(self.seed, self.key_generation))
    }

    pub(super) fn rotate_keys(&mut self) {
        self.key_generation += 1;
    }

    /// `key_url`: without credentials, whoever asks (Guide); sometimes as `text/plain`.
    pub(super) fn key(&mut self, call: &Call) -> Reply {
        if call.has_authorization() {
            self.middleware.violation("credentials were sent to key_url, which needs none");
        }
        let id = call.parameter("id").unwrap_or_default();
        let known = self.callbacks.values().any(|callback| callback.guid == id);
        if !known || call.parameter("companyName") != Some(self.options.company_id.as_str()) {
            return Reply::json(404, &json!({ "code": "NotFound", "message": "Key not found" }));
        }
        let mut reply = Reply::json(200, &json!({ "signing_key": self.signing_key(id) }));
        if self.seed.is_multiple_of(2) {
            reply.headers = vec![("content-type", "text/plain".to_owned())];
        }
        reply
    }
}

/// `owner` with the object 1 hears everything of its type; a level that names one record hears that one.
fn listens(callback: &Callback, event: &CallbackEvent) -> bool {
    let one = callback.level == callback.kind;
    !callback.inactive && callback.kind == event.kind && (!one || callback.object_id == event.id)
}
