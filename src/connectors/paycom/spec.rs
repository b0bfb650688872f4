//! What is to be said of a connection to Paycom.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use http::HeaderMap;

use crate::{
    connectors::{
        Polled, SettingsError,
        connector::Connector,
        hook::{Delivery, Hook, Refused},
        outbound::Outbound,
        settings::{Polling, load, with_polling},
        spec::{
            Counted, FoundBy, Moves, RateSpec, SecretSpec, SetUp, Setting, Spec, Value, Webhooks, Within,
            Words,
        },
    },
    domain::{
        event::Message,
        secret::Secret,
        words::{Kind, List},
    },
};

use super::{Settings, settings::BUCKET_PER_MINUTE};

/// Paycom.
#[derive(Debug)]
pub struct Paycom;

const API_SETUP: &str = "User Options › User Access and Security › API Setup";

/// 5 of its own, and those that it shares.
const SETTINGS: [Setting; 12] = with_polling(
    [
        Setting::new(
            "base_url",
            "Address",
            Value::Text { default: "https://api.paycomonline.net" },
            "where the API is: the address of the client's data centre",
        ),
        Setting::new(
            "list_from",
            "List",
            Value::Word { known: &["auto", "directory", "ids"], default: "auto" },
            "which list names the employees: directory, ids, or auto, the first that is enabled",
        )
        .shown(API_SETUP),
        Setting::new(
            "details",
            "Details",
            Value::Switch { default: true },
            "whether each employee's details are read; the e-mail is only there",
        ),
        Setting::new(
            "concurrency",
            "Details at once",
            Value::Number { least: 1, most: 16, default: 4 },
            "how many details are read at once",
        ),
        Setting::new(
            "webhook_header",
            "Header of webhooks",
            Value::Text { default: "Secret-Key" },
            "the name of the custom header of Paycom's webhooks",
        )
        .shown(API_SETUP),
    ],
    Polling {
        every_minutes: 30,
        least_overlap: 1,
        page: (500, "employees a page; Paycom sends no more"),
        requests: (
            BUCKET_PER_MINUTE,
            "how many requests it sends at most; 180 is Paycom's own: 3 a second, 20 at once",
        ),
    },
);

pub(super) static SPEC: Spec = Spec {
    kind: Kind::Paycom,
    name: "Paycom",
    summary: "Rollcall asks Paycom for its employees.",
    settings: &SETTINGS,
    secrets: &[
        SecretSpec::given("sid", "the SID of the API user"),
        SecretSpec::given("token", "the API token of that SID"),
        SecretSpec {
            name: "webhook_secret",
            generated: Some("rcw_"),
            meaning: "the value of the custom header of Paycom's webhooks",
        },
    ],
    // It has people only: its `cl` resources are labor categories, not customers.
    lists: &[List::Employee],
    moves: Moves::Polled,
    webhooks: Some(Webhooks {
        found: FoundBy::Address,
        set_up: SetUp::ByHand(
            "Type the connection's `webhook_url` and its webhook secret into Paycom's API Setup.",
        ),
        tells_reuse: false,
    }),
    rates: &[
        RateSpec { requests: 3, within: Within::Second, counted: Counted::ByCredential },
        RateSpec { requests: 180, within: Within::Minute, counted: Counted::ByCredential },
        RateSpec { requests: 20, within: Within::InFlight, counted: Counted::ByCredential },
    ],
    causes: &[],
    words: Words {
        example: "--set base_url=https://api.paycomonline.net \\
    --secret sid=@sid.txt --secret token=@token.txt",
        next_steps: "The webhook secret is shown only now (`rollcall connection secret {id} webhook_secret` makes a new one).
At Paycom, as an administrator of the client's account, open API Setup. Next:
  1. Add the address from which this gateway calls out to the list of allowed IPs.
  2. Tick the endpoints that list employees and that tell which of them changed, and those of the details if wanted.
     An endpoint that is not ticked answers 413: `rollcall connection test` says so.
  3. rollcall connection test {id}
  4. For updates within seconds, if your contract has webhooks: give as their URL
     {webhook}
     and add a custom header with the webhook secret as its value: the setting webhook_header is its name.
     Paycom then sends a code: `rollcall connection show {id}` shows it; type it into Paycom as it asks for it.",
        never_heard: "Ask for a first run with `rollcall connection poll {id}`.",
        not_read: "Nothing: a gateway that runs reads them by itself, within the hours that are set.",
        mass_absence: "",
    },
};

impl Connector for Paycom {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn check(&self, settings: &str) -> Result<(), SettingsError> {
        load::<Settings>(&SPEC, settings)?.check()
    }

    fn polled(&self, settings: &str) -> Option<Result<Box<dyn Polled>, SettingsError>> {
        Some(load::<Settings>(&SPEC, settings).map(|settings| Box::new(settings) as Box<dyn Polled>))
    }

    fn hook(&self) -> Option<&'static dyn Hook> {
        Some(&Paycom)
    }
}

impl Hook for Paycom {
    fn receive<'a>(
        &'a self,
        settings: &'a str,
        secrets: &'a BTreeMap<String, Secret>,
        _: &'a Outbound,
        delivery: Delivery<'a>,
    ) -> BoxFuture<'a, Result<Message, Refused>> {
        Box::pin(async move { super::hook::receive(&load(&SPEC, settings)?, secrets, delivery) })
    }

    fn can_be(
        &self,
        settings: &str,
        secrets: &BTreeMap<String, Secret>,
        headers: &HeaderMap,
    ) -> Result<(), Refused> {
        super::hook::has_secret(&load(&SPEC, settings)?, secrets, headers)
    }

    fn read(&self, settings: &str, body: &[u8]) -> Option<Message> {
        Some(super::hook::message(&load(&SPEC, settings).ok()?, body))
    }
}
