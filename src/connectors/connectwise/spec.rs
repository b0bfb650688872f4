//! What is to be said of a connection to ConnectWise PSA.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use http::HeaderMap;

use crate::{
    connectors::{
        Polled, SettingsError,
        connector::Connector,
        hook::{Delivery, Hook, Refused},
        outbound::Outbound,
        settings::{CREDENTIALS, Polling, load, with_polling},
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

use super::Settings;

/// ConnectWise PSA.
#[derive(Debug)]
pub struct Connectwise;

const ANY: Value = Value::Text { default: "" };

/// 9 of its own, and those that it shares.
const SETTINGS: [Setting; 16] = with_polling(
    [
        Setting::new(
            "base_url",
            "Address",
            Value::Required,
            "where the API is: https://api-na.myconnectwise.net, or your own server",
        )
        .shown("`api-` before the host at which you open ConnectWise: for na.myconnectwise.net, api-na.myconnectwise.net"),
        Setting::new(
            "company_id",
            "Company ID",
            Value::Required,
            "what is typed as the company when signing in",
        )
        .shown("the company that you type when you sign in to ConnectWise"),
        Setting::new(
            "client_id",
            "Client ID",
            Value::Required,
            "the clientId of your integration, from developer.connectwise.com",
        )
        .shown("create one at developer.connectwise.com under «ClientID»"),
        Setting::new(
            "api_version",
            "API version",
            Value::Text { default: "2024.1" },
            "the version of the API that is asked for",
        ),
        Setting::new(
            "contacts",
            "Contacts",
            Value::Switch { default: false },
            "whether contacts are read as well, as customers",
        ),
        Setting::new(
            "company_types",
            "Company types",
            ANY,
            "only companies of these types, by name or ID, parted by commas; empty for all",
        ),
        Setting::new(
            "company_statuses",
            "Company statuses",
            ANY,
            "only companies of these statuses, by name or ID, parted by commas; empty for all",
        ),
        Setting::new(
            "license_classes",
            "Licence classes",
            Value::Text { default: "F,C,X" },
            "only members of these licence classes; A are API members",
        ),
        Setting::new(
            CREDENTIALS,
            "Credentials",
            ANY,
            "empty: the secrets of the connection; account:ACCOUNT: those that this account keeps for ConnectWise",
        ),
    ],
    Polling {
        every_minutes: 15,
        least_overlap: 0,
        page: (1000, "records a page"),
        requests: (600, "how many requests it sends at most"),
    },
);

pub(super) static SPEC: Spec = Spec {
    kind: Kind::Connectwise,
    name: "ConnectWise",
    summary: "Rollcall asks ConnectWise PSA for its members, companies and, if wanted, contacts.",
    settings: &SETTINGS,
    secrets: &[
        SecretSpec::given("public_key", "the API member's public key"),
        SecretSpec::given("private_key", "its private key"),
    ],
    account_secrets: &[
        &[
            SecretSpec::given("member_id", "what the member types as the user name"),
            SecretSpec::given("password", "the member's password"),
        ],
        &[
            SecretSpec::given("public_key", "the member's public key"),
            SecretSpec::given("private_key", "its private key"),
        ],
    ],
    lists: List::ALL,
    moves: Moves::Polled,
    webhooks: Some(Webhooks {
        found: FoundBy::AddressOrTenant,
        set_up: SetUp::ByProgram,
        tells_reuse: false,
    }),
    // The vendor slows down who sends more.
    rates: &[RateSpec { requests: 1000, within: Within::Minute, counted: Counted::ByCredential }],
    causes: &[],
    words: Words {
        example: "--set base_url=https://api-na.myconnectwise.net \\
    --set company_id=acme --set client_id=0199… --secret public_key=@public.txt --secret private_key=@private.txt",
        next_steps: "In ConnectWise, open System > Members > API Members. Next:
  1. See that the API member whose keys these are has a security role that may inquire (All) into
     Companies (company and contact maintenance) and System (member maintenance).
  2. rollcall connection test {id}
  3. rollcall connection subscribe {id}
     has ConnectWise send callbacks, for updates within seconds, to {webhook}
     They need a ROLLCALL_PUBLIC_URL that ConnectWise can reach by https.",
        never_heard: "Ask for a first run with `rollcall connection poll {id}`.",
        not_read: "Nothing: a gateway that runs reads them by itself, within the hours that are set.",
        mass_absence: "",
    },
};

impl Connector for Connectwise {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn check(&self, settings: &str) -> Result<(), SettingsError> {
        load::<Settings>(&SPEC, settings)?.check()
    }

    fn polled(&self, settings: &str) -> Option<Result<Box<dyn Polled>, SettingsError>> {
        Some(load::<Settings>(&SPEC, settings).map(|settings| Box::new(settings) as Box<dyn Polled>))
    }

    fn tenant(&self, settings: &str) -> Option<String> {
        let settings = load::<Settings>(&SPEC, settings).ok()?;
        Some(super::hook::tenant(&settings.company_id))
    }

    fn hook(&self) -> Option<&'static dyn Hook> {
        Some(&Connectwise)
    }
}

impl Hook for Connectwise {
    fn receive<'a>(
        &'a self,
        settings: &'a str,
        _: &'a BTreeMap<String, Secret>,
        outbound: &'a Outbound,
        delivery: Delivery<'a>,
    ) -> BoxFuture<'a, Result<Message, Refused>> {
        Box::pin(async move { super::hook::receive(&load(&SPEC, settings)?, outbound, delivery).await })
    }

    fn can_be(&self, _: &str, _: &BTreeMap<String, Secret>, headers: &HeaderMap) -> Result<(), Refused> {
        super::hook::signature(headers).map(drop)
    }

    fn tenants(&self, body: &[u8]) -> Vec<String> {
        super::hook::sender(body).map(|(company, _)| super::hook::tenant(&company)).into_iter().collect()
    }

    fn read(&self, settings: &str, body: &[u8]) -> Option<Message> {
        Some(super::hook::message(&load(&SPEC, settings).ok()?, body))
    }
}
