//! «Get Users»: at once where the source is polled; the Web Connector calls us, and the answer says so. And the runs.

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    connectors::quickbooks_desktop::Settings,
    domain::{
        access::{Attempt, action},
        words::{Kind, List, Mode},
    },
    service::Result,
    store::{self, Db, Page, PageLimit, connections::Connection, runs, runs::Run},
    sync::{ask, check},
};

use super::found;

/// What to do where a Web Connector does not call.
const CHECK_WEB_CONNECTOR: &str = "On the machine that runs QuickBooks, look at the Web Connector: it must be \
    running, the application ticked, Auto-Run on, and its password entered. Update Selected tries at once.";

/// What was asked for.
#[derive(Debug)]
pub struct Asked {
    /// The run of the employees.
    pub employees: Run,
    /// One a list.
    pub runs: Vec<Run>,
    /// When to expect them.
    pub detail: String,
    pub last_seen_at: Option<DateTime<Utc>>,
    /// When they should start: now, or when the Web Connector should call; `None` where it has never called.
    pub expected_at: Option<DateTime<Utc>>,
}

/// Asks for a run of each list.
///
/// # Errors
/// `connection_not_found`; `cannot_be_polled`, `invalid_settings`.
pub fn poll(
    db: &mut Db,
    ambient: &Ambient,
    attempt: &Attempt<action::Poll>,
    id: &str,
    mode: Mode,
) -> Result<Asked> {
    let (grant, connection) = found(db, attempt, id)?;
    let now = ambient.now();
    let runs = ask::ask(db, ambient, &grant, &connection, mode)?;
    let employees = runs.iter().find(|run| run.list == List::Employee).cloned();
    let desktop = connection.kind == Kind::QuickbooksDesktop;
    let expected_at = if desktop { check::check(&connection, now).expected_at } else { Some(now) };
    let detail = match desktop {
        true => told(&connection, &settings(&connection)?, expected_at, now),
        false => told_now(&connection),
    };
    let employees = employees.ok_or(store::Error::NotFound("run"))?;
    Ok(Asked { employees, runs, detail, last_seen_at: connection.last_seen_at, expected_at })
}

/// A page of a connection's runs, newest first, of both lists.
///
/// # Errors
/// `connection_not_found`.
pub fn runs(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    id: &str,
    before: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Run>> {
    let (_, connection) = found(db, attempt, id)?;
    Ok(runs::page(db, &connection.id, before, limit)?)
}

/// The settings of a connection to QuickBooks Desktop.
fn settings(connection: &Connection) -> store::Result<Settings> {
    let settings = serde_json::from_str(&connection.settings);
    settings.map_err(|error| store::Error::Corrupt { what: "setting", why: error.to_string() })
}

/// When the lists of a source that is polled are read.
fn told_now(connection: &Connection) -> String {
    match connection.paused {
        true => "Queued. The connection is paused: nothing runs until it is resumed.".into(),
        false => "Queued: it is read now. GET /v1/runs/{id} tells how far it has come.".into(),
    }
}

/// When something that is queued now will run, said honestly.
fn told(
    connection: &Connection,
    settings: &Settings,
    expected_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> String {
    let mut told = "Queued until the Web Connector calls.".to_owned();
    match (connection.last_seen_at, expected_at) {
        (Some(seen), Some(expected)) if expected >= now => {
            told += &format!(" It was last seen at {}, and is expected at {}.", time(seen), time(expected));
        }
        (Some(seen), Some(expected)) => {
            told += &format!(
                " It was last seen at {}, and was expected at {}: it is late. {CHECK_WEB_CONNECTOR}",
                time(seen),
                time(expected)
            );
        }
        // One that has a problem was heard after all, though never let in.
        _ if connection.problem.is_some() => {}
        _ => {
            told += " It has never called: download the .qwc file, open it on the machine that runs QuickBooks, \
                     and type the connection's password into the Web Connector.";
        }
    }
    if !settings.window.is_empty() {
        told += &format!(" It is synchronised only in the hours {}.", settings.window);
    }
    if connection.paused {
        told += " The connection is paused: nothing runs until it is resumed.";
    }
    if let Some((problem, _)) = &connection.problem {
        told += &format!(" Something stands in the way: {}", problem.sentence());
    }
    told
}

/// To the second: for people.
fn time(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}
