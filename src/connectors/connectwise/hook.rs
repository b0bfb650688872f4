//! Callbacks: whether ConnectWise sent one (the vendor's guide, «Callbacks», verifying the source), and what it means.

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::TimeDelta;
use http::HeaderMap;
use ring::{digest, hmac};
use serde_json::{Map, Value};

use crate::{
    connectors::{
        hook::{Delivery, Refused},
        outbound::Outbound,
    },
    domain::{
        event::{Event, Message},
        secret::Secret,
        words::List,
    },
};

use super::{keys, map::contact_id, settings::Settings, wire};

/// Where the signature stands.
pub const SIGNATURE: &str = "x-content-signature";
/// A key younger than this is not fetched again because of a wrong signature: else anybody could have us ask.
const YOUNG: TimeDelta = TimeDelta::minutes(1);

/// Checks who sent a callback and reads it.
///
/// # Errors
/// Nothing is fetched for a message without a signature, of another tenant, or whose key would come from elsewhere.
pub async fn receive(
    settings: &Settings,
    outbound: &Outbound,
    delivery: Delivery<'_>,
) -> Result<Message, Refused> {
    let Delivery { headers, body, now } = delivery;
    let signature = signature(headers)?;
    let signed_with = |key: &Secret| is_signed(key, body, &signature);
    let owner = format!("{}|{}", settings.base_url, settings.company_id.to_lowercase());
    let keys = &outbound.keys;

    let Some((company, key_url)) = sender(body) else {
        // What does not say where its key is may still be signed with one that is known.
        let known = keys.of(&owner, now).iter().any(signed_with);
        return if known { Ok(message(settings, body)) } else { Err(Refused::Signature) };
    };
    if !company.eq_ignore_ascii_case(&settings.company_id) {
        return Err(Refused::Signature);
    }
    let url = keys::allowed(settings, &key_url).ok_or(Refused::Signature)?;
    if let Some((key, fetched)) = keys.get(&owner, url.as_str(), now) {
        if signed_with(&key) {
            keys.proven(&owner, url.as_str(), now);
            return Ok(message(settings, body));
        }
        if now - fetched < YOUNG {
            return Err(Refused::Signature);
        }
    }
    // The body may name any address of the vendor's: what is known is tried first, and little is asked for.
    if keys.of(&owner, now).iter().any(signed_with) {
        return Ok(message(settings, body));
    }
    if !keys.may_ask(&owner, url.as_str(), now) {
        return Err(Refused::KeyUnavailable("it was asked for often enough".into()));
    }
    let key = keys::fetch(settings, outbound, &url, now).await?;
    keys.put(&owner, url.as_str(), key.clone(), now);
    if !signed_with(&key) {
        return Err(Refused::Signature);
    }
    keys.proven(&owner, url.as_str(), now);
    Ok(message(settings, body))
}

/// The signature that a callback has.
///
/// # Errors
/// None, or what cannot be one.
pub fn signature(headers: &HeaderMap) -> Result<Vec<u8>, Refused> {
    let sent = headers.get(SIGNATURE).and_then(|value| STANDARD.decode(value.as_bytes().trim_ascii()).ok());
    sent.filter(|signature| signature.len() == 32).ok_or(Refused::Signature)
}

/// Base64 of HMAC-SHA256 over the body as it came, keyed with the SHA-256 of the signing key.
fn is_signed(key: &Secret, body: &[u8], signature: &[u8]) -> bool {
    let key = digest::digest(&digest::SHA256, key.reveal().as_bytes());
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), body, signature).is_ok()
}

/// How tenants are told apart: the vendor takes a company ID in any case.
pub(super) fn tenant(company_id: &str) -> String {
    company_id.to_lowercase()
}

/// The tenant that a body names, and where its key is.
pub(super) fn sender(body: &[u8]) -> Option<(String, String)> {
    let body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let company = field(&body, "CompanyId")?.as_str()?.to_owned();
    let key_url = field(field(&body, "Metadata")?.as_object()?, "key_url")?.as_str()?.to_owned();
    Some((company, key_url))
}

/// A field, however its name is capitalised.
fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let any_case = || object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    object.get(name).or_else(any_case).filter(|value| !value.is_null())
}

/// The meaning of a callback. `Entity`, the record as it is now, is not read: the record is fetched.
pub fn message(settings: &Settings, body: &[u8]) -> Message {
    let hash = || format!("blake3:{}", blake3::hash(body).to_hex());
    let Ok(body) = serde_json::from_slice::<Map<String, Value>>(body) else {
        let event = Err("the callback's body is not a JSON object".into());
        return Message { message_id: hash(), name: "unreadable".into(), told_at: None, event };
    };
    let text = |name| field(&body, name).and_then(Value::as_str).and_then(wire::clean);
    // An ID longer than any is no ID.
    let message_id = text("MessageId").filter(|id| id.len() <= 200).unwrap_or_else(hash);
    let (kind, action) = (text("Type").unwrap_or_default(), text("Action").unwrap_or_default());
    let short = |text: &str| text.chars().take(50).collect::<String>();
    let name = format!("{} {}", short(&kind), short(&action)).trim().to_owned();
    let event = event(settings, &kind, &action, field(&body, "ID"));
    Message { message_id, name, told_at: None, event }
}

fn event(settings: &Settings, kind: &str, action: &str, id: Option<&Value>) -> Result<Event, String> {
    let list = match kind.to_ascii_lowercase().as_str() {
        "member" => List::Employee,
        "company" => List::Customer,
        "contact" if settings.contacts => List::Customer,
        "" => return Err("the callback does not say of what type its record is".into()),
        _ => return Ok(Event::Nothing),
    };
    let id = id.and_then(wire::id).ok_or("the callback does not say which record it is about")?;
    let external_id = if kind.eq_ignore_ascii_case("contact") { contact_id(id) } else { id.to_string() };
    match action.to_ascii_lowercase().as_str() {
        "added" | "updated" => Ok(Event::Changed { list, external_id }),
        "deleted" => Ok(Event::MayBeGone { list, external_id }),
        _ => Ok(Event::Nothing),
    }
}
