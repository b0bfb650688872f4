//! Checks the database, and the state of connections and runs in it.

use chrono::{DateTime, Utc};

use crate::{
    cli::{Result, context::database_name, failure::sentence},
    config::Settings,
    domain::words::ConnectionState,
    service::find::{self, Names},
    store::{
        self, Db, Standing, Store,
        connections::{self, Connection},
    },
    sync::{gateways, status},
};

use super::{Findings, Status, clock, workers};

pub(super) async fn check(findings: &mut Findings, settings: &Settings) {
    let url = settings.database.url.reveal();
    let name = database_name(settings);
    // Opening it would make it.
    if let Some(file) = store::file_of(url)
        && matches!(file.try_exists(), Ok(false))
    {
        return match store::file_problem(&file) {
            Some(problem) => findings.failure("database", store::Error::File(problem).into()),
            None => {
                let remedy = "Nothing, if it is the right path: the first command makes it.";
                findings.wrong(Status::Warn, "database", format!("{name} is not there yet."), remedy);
            }
        };
    }
    let store = match Store::open(url) {
        Ok(store) => store,
        Err(error @ store::Error::File(_)) => return findings.failure("database", error.into()),
        Err(error) => {
            let remedy = "Check ROLLCALL_DATABASE_URL: the path and who may open it, or the host, the user and the \
                          password, and that the server runs.";
            return findings.wrong(Status::Fail, "database", sentence(&error.to_string()), remedy);
        }
    };
    match store.standing().await {
        Ok(Standing::Current) => findings.ok("database", format!("{name} can be used.")),
        Ok(Standing::New) => {
            let remedy = "Nothing, or `rollcall migrate`: the first command makes its tables.";
            return findings.wrong(Status::Warn, "database", format!("{name} has no tables yet."), remedy);
        }
        Ok(Standing::Older) => {
            let detail = format!("{name} is of an older version of Rollcall.");
            return findings.wrong(
                Status::Fail,
                "database",
                detail,
                "Make a backup, and run `rollcall migrate`.",
            );
        }
        Ok(Standing::Newer) => {
            let detail = format!("{name} is of a newer version of Rollcall.");
            return findings.wrong(Status::Fail, "database", detail, "Use that version of Rollcall.");
        }
        Err(error) => return findings.failure("database", error.into()),
    }
    if !matches!(store.damage().await, Ok(None)) {
        findings.failure("database file", crate::cli::migrate::damaged());
    }
    if let Err(error) = store.check_writes().await {
        findings.failure("database writes", error.into());
    }
    exposed(findings, url);
    clock::database(findings, &store).await;
    super::key::check(findings, settings, &store).await;
    let now = Utc::now();
    let killed = gateways::killed(&store);
    match store.read(move |db| load(db, now)).await {
        Ok(loaded) => {
            clock::past(findings, &loaded.workers, now);
            workers::told(findings, &loaded.workers, &killed, now);
            told(findings, &loaded, workers::are_at_work(&loaded.workers, &killed, now));
        }
        Err(failure) => findings.failure("database", failure),
    }
}

/// The files of the database hold people's data: nobody but its owner should read them.
fn exposed(findings: &mut Findings, url: &str) {
    for file in store::exposed(url) {
        let detail =
            format!("Others than its owner may read or write {:?} (mode {:03o}).", file.path, file.mode);
        let remedy = format!("chmod 600 {}", file.path.display());
        findings.wrong(Status::Warn, "database files", detail, remedy);
    }
}

/// Connections that are looked at with one query.
const SOME: usize = 500;

/// What the database tells.
struct Loaded {
    names: Names,
    /// With where each stands.
    connections: Vec<(Connection, status::Status)>,
    workers: workers::WorkersByGateway,
}

fn load(db: &mut Db, now: DateTime<Utc>) -> Result<Loaded> {
    let mut loaded = Vec::new();
    let page = |db: &mut Db, after: Option<&str>, limit| connections::page(db, None, after, limit);
    for some in find::pages(db, |connection: &Connection| &connection.id, page)?.chunks(SOME) {
        let statuses = status::all(db, some, now)?.into_iter().map(|(status, _)| status);
        loaded.extend(some.iter().cloned().zip(statuses));
    }
    Ok(Loaded { names: Names::all(db)?, connections: loaded, workers: workers::load(db)? })
}

/// `at_work` is whether a gateway is.
fn told(findings: &mut Findings, loaded: &Loaded, at_work: bool) {
    if loaded.connections.is_empty() {
        let remedy = "Add a company and a connection: `rollcall connection add --help`.";
        findings.wrong(Status::Warn, "connections", "There are no connections yet.", remedy);
    }
    for (connection, status) in &loaded.connections {
        let company = loaded.names.company(&connection.company_id);
        let name = format!("connection {} of {company} ({})", connection.name, connection.id);
        let detail = format!("{}: {}", status.state, status.detail);
        use ConnectionState as State;
        if status.state == State::Polling && !at_work {
            let detail = format!("{detail} But no gateway is at work, so that nothing of it comes.");
            let remedy = "Start one (`rollcall serve`): it goes on with it.";
            findings.wrong(Status::Warn, &name, detail, remedy);
            continue;
        }
        let severity = match status.state {
            State::Ok | State::Polling if !status.remedy.is_empty() => Status::Warn,
            State::Ok | State::Polling => Status::Ok,
            State::CredentialsRejected | State::PermissionMissing | State::Failing => Status::Fail,
            // One that waits for its first call is on its way; a person, or time, settles the others.
            State::Waiting | State::Incomplete | State::Held | State::RateLimited => Status::Warn,
        };
        match severity {
            Status::Ok => findings.ok(&name, detail),
            wrong => findings.wrong(wrong, &name, detail, remedy_of(status)),
        }
    }
}

fn remedy_of(status: &status::Status) -> &str {
    if status.remedy.is_empty() { "Nothing: it goes on by itself." } else { &status.remedy }
}
