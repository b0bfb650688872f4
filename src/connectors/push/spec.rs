//! What is to be said of a connection that is pushed to.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use http::HeaderMap;

use crate::{
    connectors::{
        connector::Connector,
        hook::{Delivery, Hook, Refused},
        outbound::Outbound,
        spec::{FoundBy, Moves, SecretSpec, SetUp, Spec, Webhooks, Words},
    },
    domain::{
        event::Message,
        secret::Secret,
        words::{Kind, List},
    },
};

/// Any other payroll system.
#[derive(Debug)]
pub struct Push;

static SPEC: Spec = Spec {
    kind: Kind::Push,
    name: "Push",
    summary: "any other payroll system sends signed messages to Rollcall.",
    // None: the sender decides what it sends and when.
    settings: &[],
    secrets: &[SecretSpec {
        name: "webhook_secret",
        generated: Some("whsec_"),
        meaning: "the key that the sender signs its messages with",
    }],
    lists: List::ALL,
    moves: Moves::Pushes,
    webhooks: Some(Webhooks {
        found: FoundBy::Address,
        set_up: SetUp::BySender(
            "Nothing is to be registered: let the other system send its messages to the `webhook_url`.",
        ),
        tells_reuse: true,
    }),
    rates: &[],
    causes: &[],
    words: Words {
        example: "--json",
        next_steps: "The webhook secret is shown only now (`rollcall connection secret {id} webhook_secret` makes a new one). Next:
  1. Let the sender POST its messages as JSON to {webhook}
  2. It signs each as Standard Webhooks (standardwebhooks.com) say; most languages have a library. The headers are
     webhook-id (unique; the same when a message is sent again), webhook-timestamp (seconds since 1970) and
     webhook-signature: \"v1,\" and the base64 of HMAC-SHA256, by the bytes that follow whsec_ in base64, of
     ID.TIMESTAMP.BODY
  3. A first message:
     {\"type\": \"employees.upserted\", \"timestamp\": \"2026-01-31T12:00:00Z\",
      \"data\": [{\"external_id\": \"7\", \"first_name\": \"Ana\", \"last_name\": \"Lee\", \"email\": \"ana@example.com\", \"active\": true}]}
     A record may also have: name, middle_name, full_name, company_name, phone, number, job_title, department,
     parent_external_id, hired_on, released_on, releases_on; a customer description, and address with lines, city,
     region, postal_code, country. Anything else is not kept.",
        never_heard: "Let the other system send a message to /webhooks/{id}, signed with the secret.",
        not_read: "",
        mass_absence: "",
    },
};

impl Connector for Push {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn hook(&self) -> Option<&'static dyn Hook> {
        Some(&Push)
    }
}

impl Hook for Push {
    fn receive<'a>(
        &'a self,
        _: &'a str,
        secrets: &'a BTreeMap<String, Secret>,
        _: &'a Outbound,
        delivery: Delivery<'a>,
    ) -> BoxFuture<'a, Result<Message, Refused>> {
        Box::pin(std::future::ready(super::hook::receive(secrets, delivery)))
    }

    fn can_be(&self, _: &str, _: &BTreeMap<String, Secret>, headers: &HeaderMap) -> Result<(), Refused> {
        super::hook::may_be_signed(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::wire, *};

    #[test]
    fn whoever_adds_a_connection_is_told_every_member_of_a_record() {
        for name in wire::members() {
            assert!(SPEC.words.next_steps.contains(name), "{name}");
        }
    }
}
