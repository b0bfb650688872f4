//! The database, and what it tells of connections and runs.

use std::path::Path;

use chrono::{DateTime, Utc};

use crate::{
    cli::{Result, context::database_name, failure::sentence, find},
    config::Settings,
    domain::words::{List, RunState},
    store::{Db, Standing, Store, connections::Connection, runs},
    sync::check,
};

use super::{Findings, Status};

pub async fn check(findings: &mut Findings, settings: &Settings) {
    let url = settings.database.url.reveal();
    let name = database_name(settings);
    // Opening it would make it.
    if let Some(path) = url.strip_prefix("sqlite:")
        && !Path::new(path).exists()
    {
        not_there(findings, path, &name);
        return;
    }
    let store = match Store::open(url) {
        Ok(store) => store,
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
    super::key::check(findings, settings, &store).await;
    match store.read(load).await {
        Ok(known) => told(findings, &known, Utc::now()),
        Err(failure) => findings.failure("database", failure),
    }
}

fn not_there(findings: &mut Findings, path: &str, name: &str) {
    let folder = match Path::new(path).parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if folder.is_dir() {
        let remedy = "Nothing, if it is the right path: the first command makes it.";
        findings.wrong(Status::Warn, "database", format!("{name} is not there yet."), remedy);
    } else {
        let remedy = "Make the folder, or correct ROLLCALL_DATABASE_URL.";
        findings.wrong(
            Status::Fail,
            "database",
            format!("The folder {folder:?} of {name} is not there."),
            remedy,
        );
    }
}

/// What the database tells.
struct Known {
    companies: find::CompanyNames,
    connections: Vec<Connection>,
    held: Vec<runs::Run>,
}

fn load(db: &mut Db) -> Result<Known> {
    let connections = find::connections(db, None)?;
    let mut held = Vec::new();
    for connection in &connections {
        for list in List::ALL {
            held.extend(runs::in_state(db, &connection.id, *list, RunState::Held)?);
        }
    }
    Ok(Known { companies: find::CompanyNames::read(db)?, connections, held })
}

fn told(findings: &mut Findings, known: &Known, now: DateTime<Utc>) {
    if known.connections.is_empty() {
        let remedy = "Add a company and a connection: `rollcall connection add --help`.";
        findings.wrong(Status::Warn, "connections", "There are no connections yet.", remedy);
    }
    for connection in &known.connections {
        let company = known.companies.of(&connection.company_id);
        let name = format!("connection {} of {company} ({})", connection.name, connection.id);
        let check = check::check(connection, now);
        if connection.paused {
            let remedy = format!("`rollcall connection set {} --resume` starts runs again.", connection.id);
            findings.wrong(Status::Warn, &name, "It is paused.", remedy);
        } else if check.ok {
            findings.ok(&name, check.detail);
        } else {
            // One that waits for its first call is on its way; a problem stops the lists.
            let status = if connection.problem.is_some() { Status::Fail } else { Status::Warn };
            findings.wrong(status, &name, check.detail, check.remedy);
        }
    }
    for run in &known.held {
        let detail =
            format!("{} of {} {} would be marked absent.", run.absent, run.present_before, run.list.plural());
        let remedy =
            format!("Look at `rollcall run show {0}`, then `rollcall run approve {0}` or `reject`.", run.id);
        findings.wrong(Status::Warn, &format!("held run {}", run.id), detail, remedy);
    }
}
