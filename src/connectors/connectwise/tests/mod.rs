//! The connector against a small vendor of its own, on real sockets.

mod hooks;
mod lists;
mod model;
mod rows;
mod vendor;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use crate::{
    connectors::{
        outbound::{
            Keys, Outbound, Timeouts,
            testing::{Open, cause, now, run},
        },
        source::{Ask, End, Failure, Step},
    },
    domain::{
        record::Record,
        secret::Secret,
        words::{Cause, List, Mode},
    },
};

use super::{ConnectwiseSource, Settings, Source as _};

fn settings(base_url: &str) -> Settings {
    let mut settings = Settings {
        base_url: base_url.to_owned(),
        company_id: "Acme".into(),
        client_id: "client".into(),
        license_classes: String::new(),
        ..Settings::default()
    };
    settings.poll.allow_private_address = true;
    settings
}

fn pages_of(rows: u32, mut settings: Settings) -> Settings {
    settings.poll.page_size = rows;
    settings
}

fn secrets() -> BTreeMap<String, Secret> {
    BTreeMap::from([
        ("public_key".to_owned(), Secret::new("public")),
        ("private_key".to_owned(), Secret::new("private")),
    ])
}

/// The clients are made once, because that reads all certificates of the machine.
fn outbound() -> Outbound {
    static MADE: OnceLock<Outbound> = OnceLock::new();
    let five = Duration::from_secs(5);
    let made =
        MADE.get_or_init(|| Outbound::new(Timeouts { connect: five, head: five, body: five }).unwrap());
    let mut outbound = made.clone();
    outbound.keys = Keys::default();
    outbound
}

fn source(settings: Settings, memory: Option<&str>) -> ConnectwiseSource {
    ConnectwiseSource::new(settings, &secrets(), memory, &outbound(), Arc::new(Open)).unwrap()
}

fn ask(list: List, since: Option<&str>) -> Ask {
    let mode = if since.is_some() { Mode::Delta } else { Mode::Full };
    Ask { list, mode, since: since.map(str::to_owned), progress: None, now: now() }
}

/// All records of a list, and how it ended.
async fn read(source: &ConnectwiseSource, ask: Ask) -> Result<(Vec<Record>, End), Failure> {
    run(source, ask).await.map(|(records, _, end)| (records, end))
}

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.external_id.as_str()).collect()
}
