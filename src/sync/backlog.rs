//! What was decided at once and takes long: done in small transactions, by whichever gateway comes to it, and gone on with
//! after a restart.

use crate::{
    clock::Ambient,
    domain::ids::{ConnectionId, RunId},
    store::{self, Db, Store, purge, runs},
};

use super::hold;

/// Something that is to be gone on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// An approved run has absences to mark.
    Mark { run_id: RunId },
    /// A deleted connection has rows left.
    Purge { connection_id: ConnectionId },
}

/// What there is to do.
pub fn tasks(db: &mut Db) -> store::Result<Vec<Task>> {
    let runs = runs::to_mark(db)?.into_iter().map(|run_id| Task::Mark { run_id });
    let mut tasks: Vec<Task> = runs.collect();
    tasks.extend(purge::marked(db)?.into_iter().map(|connection_id| Task::Purge { connection_id }));
    Ok(tasks)
}

/// One step of a task, in one transaction. Whether it is done.
pub async fn step(store: &Store, ambient: &Ambient, task: &Task) -> store::Result<bool> {
    let now = ambient.now();
    match task.clone() {
        Task::Mark { run_id } => store.write(move |db| hold::go_on(db, &run_id, now)).await,
        Task::Purge { connection_id } => {
            match store.write(move |db| purge::step(db, &connection_id, now)).await {
                // Somebody else has done the last of it.
                Err(store::Error::NotFound(_)) => Ok(true),
                done => done,
            }
        }
    }
}

/// Does all there is.
///
/// # Errors
/// The first that fails; the others are done all the same.
pub async fn work_off(store: &Store, ambient: &Ambient) -> store::Result<()> {
    let mut result = Ok(());
    for task in store.read(tasks).await? {
        loop {
            match step(store, ambient, &task).await {
                Ok(true) => break,
                Ok(false) => {}
                // Its connection was deleted meanwhile.
                Err(store::Error::NotFound(_)) => break,
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
    }
    result
}
