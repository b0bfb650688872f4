//! What is sent to the URL that the client typed into Paycom.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::world::World;
use crate::simulators::vendor::post::{self, Letter};

/// One event. Sending it again sends the same `Event_Id`.
#[derive(Debug, Clone, PartialEq)]
pub struct PaycomEvent {
    /// Made when it is first sent, where there is none.
    pub id: Option<String>,
    pub name: String,
    pub resource_field: Option<String>,
    pub object: Option<String>,
    /// A text, a number or nothing (webhook guide).
    pub object_identifier: Value,
    pub data: Value,
    pub endpoint: String,
    pub endpoint_url: String,
}

impl PaycomEvent {
    fn named(name: &str) -> Self {
        Self {
            id: None,
            name: name.to_owned(),
            resource_field: None,
            object: None,
            object_identifier: Value::Null,
            data: Value::Null,
            endpoint: String::new(),
            endpoint_url: String::new(),
        }
    }

    fn at(self, endpoint: &str, url: String, resource: &str, object: Value) -> Self {
        Self {
            resource_field: Some(resource.to_owned()),
            object_identifier: object,
            endpoint: endpoint.to_owned(),
            endpoint_url: url,
            ..self
        }
    }

    /// `Employee Created`.
    pub fn created(eecode: &str) -> Self {
        let data = json!({ "Employee_ID": eecode, "Is_Rehire": "N", "Was_New_Hire": "Y" });
        let url = format!("api/v1/employee/{eecode}");
        Self { data, ..Self::named("Employee Created").at("Employee", url, "Employee", json!(eecode)) }
    }

    /// `Employee Changes`: a termination comes as one too (webhook guide).
    pub fn changes(eecode: &str, resource_field: &str, change: &str) -> Self {
        let url = format!("api/v1.1/employee/{eecode}/change/{change}");
        let event =
            Self::named("Employee Changes").at("Employee Changes", url, resource_field, json!(eecode));
        Self { object: Some("Employee".to_owned()), ..event }
    }

    /// `Employee Photo Added`.
    pub fn photo_added(eecode: &str) -> Self {
        let url = format!("api/v1/employee/{eecode}/photo");
        let event =
            Self::named("Employee Photo Added").at("Employee Photo", url, "Employee Photo", json!(eecode));
        Self { object: Some("Employee".to_owned()), ..event }
    }

    /// `New Hire Created`, of somebody who is not an employee yet.
    pub fn new_hire_created(new_hire: u64) -> Self {
        let url = format!("api/v1/newhire/{new_hire}");
        Self::named("New Hire Created").at("New Hire", url, "New Hire", json!(new_hire))
    }

    pub fn ping() -> Self {
        Self::named("Ping")
    }

    pub fn subscribed(event: &str) -> Self {
        Self { data: json!({ "Event_URL": 15, "Subscribed_Event": event }), ..Self::named("Subscribed") }
    }

    /// `Verify URL`: the code that the client types into Paycom. When it expires is told when it is sent.
    pub fn verify_url(code: &str) -> Self {
        Self { data: json!({ "verification_code": code }), ..Self::named("Verify URL") }
    }

    /// With an `Event_Id` of one's own.
    #[must_use]
    pub fn with_id(self, id: impl Into<String>) -> Self {
        Self { id: Some(id.into()), ..self }
    }
}

impl World {
    /// The event as it goes out; `None` where no webhook is set.
    pub(super) fn letter(&mut self, event: &PaycomEvent) -> Option<Letter> {
        let webhook = self.options.webhook.clone()?;
        let id = event.id.clone().unwrap_or_else(|| self.unique());
        let body = self.body(&id, event).to_string();
        let headers = vec![
            (webhook.header, webhook.secret.reveal().to_owned()),
            ("user-agent".to_owned(), "GuzzleHttp/6.5.3 curl/7.55.0 PHP/7.1.10".to_owned()),
        ];
        Some(Letter { url: webhook.url, headers, body, patience: Duration::from_secs(30) })
    }

    /// All that wait, each with its own `Event_Id`, some perhaps twice.
    pub(super) fn letters(&mut self) -> Vec<Letter> {
        let events = std::mem::take(&mut self.events);
        let letters: Vec<Letter> = events.iter().filter_map(|event| self.letter(event)).collect();
        let (duplicate, reorder) = self
            .options
            .webhook
            .as_ref()
            .map_or((false, false), |webhook| (webhook.duplicate, webhook.reorder));
        post::shuffle(letters, duplicate, reorder)
    }

    fn body(&self, id: &str, event: &PaycomEvent) -> Value {
        let mut data = event.data.clone();
        if let Some(fields) = data.as_object_mut().filter(|fields| fields.contains_key("verification_code")) {
            let expires = self.middleware.now() + TimeDelta::hours(1);
            let expires = expires.with_timezone(&chrono_tz::America::Chicago);
            let date = expires.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
            let expires = json!({ "date": date, "timezone_type": 3, "timezone": "America/Chicago" });
            fields.insert("expires_on".to_owned(), expires);
        }
        json!({
            "Event_Id": id,
            "Event_Name": event.name,
            "Event_DateTime": self.middleware.now().timestamp(),
            "ClientCode": self.options.client_code,
            "Resource_Field": event.resource_field,
            "Resource_Identifier": null,
            "Object": event.object,
            "Object_Identifier": event.object_identifier,
            "Data": data,
            "Endpoint": event.endpoint,
            "EndpointUrl": event.endpoint_url,
        })
    }
}
