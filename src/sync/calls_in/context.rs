//! What a connector may do within a call, over the database.

use chrono::{DateTime, Utc};

use crate::{
    clock::Ambient,
    connectors::calls_in::{ListState, Pin, SessionContext, SessionResult, SourceFile},
    domain::{
        hold::Gone,
        ids::RunId,
        problem::Problem,
        words::{List, Mode, RunState},
    },
    store::{
        WriteDb,
        connections::{self, Connection},
        desktop::{self, DesktopFile},
        lists,
        locks::{self, Locked},
        runs,
    },
    sync::{reconcile, run},
};

use super::rivals;

/// The database, in the transaction of a call.
pub(super) struct DatabaseContext<'a> {
    pub db: &'a mut WriteDb,
    pub ambient: &'a Ambient,
    pub connection: &'a Connection,
    pub lock: &'a Locked<locks::Connection>,
}

/// What is kept of a connection's file, in the words of connectors.
pub(super) fn source_file(file: DesktopFile) -> SourceFile {
    SourceFile {
        version: file.version().map(str::to_owned),
        owner_id: file.owner_id,
        file_id: file.file_id,
        pin: Pin {
            by_file_id: file.pinned_by_file_id,
            any_file_id: file.any_file_id,
            name: file.pinned_name,
            path: file.pinned_path,
        },
        doubted: file.doubted_name.zip(file.doubted_path),
    }
}

impl SessionContext for DatabaseContext<'_> {
    fn now(&self) -> DateTime<Utc> {
        self.ambient.now()
    }

    fn connection_id(&self) -> &str {
        &self.connection.id
    }

    fn settings(&mut self) -> SessionResult<String> {
        Ok(self.connection.settings.clone())
    }

    fn file(&mut self) -> SessionResult<SourceFile> {
        Ok(source_file(desktop::get(self.db, &self.connection.id)?))
    }

    fn pin(&mut self, pin: &Pin) -> SessionResult<()> {
        let (name, path) = (pin.name.as_deref(), pin.path.as_deref());
        Ok(desktop::set_pin(self.db, &self.connection.id, pin.by_file_id, name, path)?)
    }

    fn take_file_id(&mut self, file_id: &str) -> SessionResult<()> {
        Ok(desktop::take_file_id(self.db, &self.connection.id, file_id)?)
    }

    fn doubt(&mut self, name: &str, path: &str) -> SessionResult<()> {
        Ok(desktop::doubt(self.db, &self.connection.id, name, path)?)
    }

    fn note_version(&mut self, version: &str) -> SessionResult<()> {
        Ok(desktop::set_version(self.db, &self.connection.id, version)?)
    }

    fn list(&mut self, list: List) -> SessionResult<ListState> {
        let id = &self.connection.id;
        let cursor = lists::cursor(self.db, id, list)?;
        Ok(ListState {
            asked_for: runs::in_state(self.db, id, list, RunState::Queued)?.map(|run| run.mode),
            high_water: cursor.high_water,
            last_started_at: cursor.last_started_at,
            last_complete_at: cursor.last_complete_at,
            last_full_at: cursor.last_full_at,
            refused: cursor.refused,
            unjudged_full: cursor.unjudged.map(|unjudged| unjudged.full),
        })
    }

    fn start_run(&mut self, list: List, mode: Mode) -> SessionResult<RunId> {
        Ok(run::start(self.db, self.ambient, self.connection, list, mode)?.id)
    }

    fn forget_seen(&mut self, run_id: &RunId) -> SessionResult<()> {
        Ok(runs::forget_seen(self.db, run_id)?)
    }

    fn finish_run(&mut self, run_id: &RunId, gone: &Gone, warning: Option<&Problem>) -> SessionResult<()> {
        let run = runs::get(self.db, run_id)?;
        reconcile::finish(self.db, &run, gone, warning, self.now())?;
        Ok(())
    }

    fn fail_run(&mut self, run_id: &RunId, problem: &Problem) -> SessionResult<()> {
        Ok(run::fail(self.db, run_id, problem, self.ambient.now())?)
    }

    fn refused(&mut self, list: List, request: &str) -> SessionResult<()> {
        let lock = self.lock.list(self.db, list)?;
        Ok(lists::refused(self.db, &lock, request, self.ambient.now())?)
    }

    fn set_problem(&mut self, problem: Option<&Problem>) -> SessionResult<()> {
        Ok(connections::set_problem(self.db, self.lock, problem, self.ambient.now())?)
    }

    fn has_rivals(&mut self) -> SessionResult<bool> {
        Ok(rivals::are_there(self.db, &self.connection.id, self.ambient.now())?)
    }
}
