//! «Get Users»: somebody wants the lists of a connection now.

use crate::{
    clock::Ambient,
    connectors::{self, Moves},
    domain::{
        access::{Denied, Grant, action},
        audit::Act,
        words::{AuditAction, Kind, Mode},
    },
    store::{self, WriteDb, audit, companies, connections::Connection, runs::Run},
};

use super::{poll, run};

/// Why no lists can be asked for.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("a connection of kind {0} cannot be asked for its lists: its source sends them by itself")]
    Pushes(Kind),
    #[error(transparent)]
    Settings(#[from] connectors::SettingsError),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Asks for a run of each list that the source has: read at once where it is polled, else when it calls next.
pub fn ask(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Poll>,
    connection: &Connection,
    mode: Mode,
) -> Result<Vec<Run>, AskError> {
    grant.covers(&connection.company_id, "connection")?;
    companies::open(db, &connection.company_id)?;
    let runs = request(db, ambient, connection, mode)?;
    let act = Act::new(AuditAction::ListsRequested, "connection", &connection.id).of(&connection.company_id);
    let act = runs.iter().fold(act.with("mode", mode), |act, run| act.with("run_id", &run.id));
    audit::note(db, grant, act);
    Ok(runs)
}

/// The same where it is the source itself that says that there is something to read.
pub(super) fn request(
    db: &mut WriteDb,
    ambient: &Ambient,
    connection: &Connection,
    mode: Mode,
) -> Result<Vec<Run>, AskError> {
    let spec = connectors::of(connection.kind)?.spec();
    match spec.moves {
        Moves::CallsIn => {
            let lists = spec.lists.iter();
            Ok(lists
                .map(|list| run::request(db, ambient, connection, *list, mode))
                .collect::<store::Result<_>>()?)
        }
        Moves::Polled => Ok(poll::request(db, ambient, connection, spec.lists, mode)?),
        Moves::Pushes => Err(AskError::Pushes(connection.kind)),
    }
}
