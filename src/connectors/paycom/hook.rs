//! Paycom's webhooks. They are not signed: a header with a secret is all that tells who sent one, so the body is no
//! more than a hint, and the employee is fetched (Paycom, «Webhooks Documentation» 2024.01). Terminations come as
//! `Employee Changes`. Duplicates and reordering are documented.

use std::{collections::BTreeMap, fmt};

use http::HeaderMap;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    connectors::hook::{Delivery, Refused},
    domain::{
        event::{Event, Message},
        secret::Secret,
        words::List,
    },
};

use super::{
    Settings,
    wire::{Text, is_code},
};

/// Checks who sent a message, and reads it.
///
/// # Errors
/// A secret that is missing or wrong.
pub(super) fn receive(
    settings: &Settings,
    secrets: &BTreeMap<String, Secret>,
    delivery: Delivery<'_>,
) -> Result<Message, Refused> {
    has_secret(settings, secrets, delivery.headers)?;
    Ok(message(settings, delivery.body))
}

/// The meaning of a message.
pub(super) fn message(settings: &Settings, body: &[u8]) -> Message {
    let of_body = || blake3::hash(body).to_hex().to_string();
    match serde_json::from_slice::<Notice>(body) {
        Ok(notice) => Message {
            message_id: notice.id().map_or_else(of_body, str::to_owned),
            told_at: None,
            name: notice.name.get().unwrap_or_default().chars().take(100).collect(),
            event: notice.event(settings.details),
        },
        // Paycom could not correct it: a person is to look at it.
        Err(error) => Message {
            message_id: of_body(),
            told_at: None,
            name: String::new(),
            event: Err(format!(
                "the message is not the JSON of a Paycom event (line {}, column {})",
                error.line(),
                error.column()
            )),
        },
    }
}

/// Whether a message has the secret, which is all that tells who sent it.
///
/// # Errors
/// A secret that is missing or wrong.
pub(super) fn has_secret(
    settings: &Settings,
    secrets: &BTreeMap<String, Secret>,
    headers: &HeaderMap,
) -> Result<(), Refused> {
    let secret = secrets.get("webhook_secret").filter(|secret| !secret.reveal().is_empty());
    let sent = headers.get(settings.webhook_header.as_str());
    // Hashes are compared, in constant time: how much of a secret was right is not to be measured.
    let right = secret
        .zip(sent)
        .is_some_and(|(secret, sent)| secret.hash().matches(blake3::hash(sent.as_bytes()).as_bytes()));
    if right { Ok(()) } else { Err(Refused::Signature) }
}

/// What is wanted of a message. Its keys are written in more than one way (`Event_Id`, `Event_ID`).
#[derive(Debug, Default)]
struct Notice {
    id: Text,
    name: Text,
    object: Text,
    object_id: Text,
    url: Text,
    /// These two stand in `Data`.
    employee_id: Text,
    verification_code: Text,
}

impl Notice {
    /// Paycom's ID of the message, where it is one.
    fn id(&self) -> Option<&str> {
        self.id.get().filter(|id| id.len() <= 200 && id.bytes().all(|byte| byte.is_ascii_graphic()))
    }

    fn event(&self, details: bool) -> Result<Event, String> {
        let name = self.name.get().ok_or("the message has no `Event_Name`")?.to_ascii_lowercase();
        let employee = self.employee_id.get().filter(|id| names_somebody(id));
        let code = match name.as_str() {
            "verify url" => return self.verification(),
            "employee photo added" => return Ok(Event::Nothing),
            // Before its end a new hire has no code: the identifier is that of an application.
            name if name.starts_with("new hire") => employee,
            name if name.starts_with("employee") => {
                let object = self.object_id.get().filter(|id| names_somebody(id));
                let code = object.or_else(|| self.in_url()).or(employee);
                if code.is_none() {
                    return Ok(Event::SomethingChanged);
                }
                code
            }
            "ping" | "subscribed" | "unsubscribed" => None,
            _ => {
                let of_employee = self.object.get().is_some_and(|what| what.eq_ignore_ascii_case("employee"));
                let object = self.object_id.get().filter(|id| of_employee && names_somebody(id));
                object.or_else(|| self.in_url()).or(employee)
            }
        };
        Ok(match code {
            // Without details, only the directory tells of somebody.
            Some(_) if !details => Event::SomethingChanged,
            Some(code) => Event::Changed { list: List::Employee, external_id: code.to_owned() },
            None => Event::Nothing,
        })
    }

    /// The code to type into Paycom's page.
    fn verification(&self) -> Result<Event, String> {
        match self.verification_code.get() {
            Some(code) if code.len() <= 64 => Ok(Event::VerificationCode { code: code.to_owned() }),
            _ => Err("the message «Verify URL» has no `verification_code`".into()),
        }
    }

    /// The employee of an address such as `api/v1.1/employee/A00X/change/463`. It is only read, never requested.
    fn in_url(&self) -> Option<&str> {
        let mut segments = self.url.get()?.split(['/', '?', '#']);
        segments.find(|segment| *segment == "employee")?;
        segments.next().filter(|code| names_somebody(code))
    }
}

/// A code; `Null` in quotes is what Paycom's own example has for nobody.
fn names_somebody(code: &str) -> bool {
    is_code(code) && !code.eq_ignore_ascii_case("null")
}

impl<'de> Deserialize<'de> for Notice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NoticeVisitor)
    }
}

struct NoticeVisitor;

impl<'de> Visitor<'de> for NoticeVisitor {
    type Value = Notice;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Notice, A::Error> {
        let mut notice = Notice::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.to_ascii_lowercase().as_str() {
                "event_id" => notice.id = map.next_value()?,
                "event_name" => notice.name = map.next_value()?,
                "object" => notice.object = map.next_value()?,
                "object_identifier" => notice.object_id = map.next_value()?,
                "endpointurl" | "endpoint_url" => notice.url = map.next_value()?,
                "data" => {
                    let Data { employee_id, verification_code } = map.next_value()?;
                    (notice.employee_id, notice.verification_code) = (employee_id, verification_code);
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(notice)
    }
}

/// `Data`: an object or `null`; anything else says nothing.
#[derive(Debug, Default)]
struct Data {
    employee_id: Text,
    verification_code: Text,
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DataVisitor)
    }
}

struct DataVisitor;

impl<'de> Visitor<'de> for DataVisitor {
    type Value = Data;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Data, A::Error> {
        let mut data = Data::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.to_ascii_lowercase().as_str() {
                "employee_id" => data.employee_id = map.next_value()?,
                "verification_code" => data.verification_code = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(data)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Data, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Data::default())
    }
    fn visit_unit<E>(self) -> Result<Data, E> {
        Ok(Data::default())
    }
    fn visit_str<E>(self, _: &str) -> Result<Data, E> {
        Ok(Data::default())
    }
    fn visit_bool<E>(self, _: bool) -> Result<Data, E> {
        Ok(Data::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Data, E> {
        Ok(Data::default())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Data, E> {
        Ok(Data::default())
    }
    fn visit_f64<E>(self, _: f64) -> Result<Data, E> {
        Ok(Data::default())
    }
}

#[cfg(test)]
mod tests;
