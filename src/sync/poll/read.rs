//! One list, from its source to the end of its run.

use crate::{
    connectors::{
        Source,
        source::{Ask, End, Failure, Step},
    },
    domain::record::Record,
    store::{
        self, WriteDb,
        runs::{self, Counts, Run},
    },
    sync::{ingest, reconcile, run},
};

use super::{due::Due, leased_connection::LeasedConnection};

/// Why a list was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Source(#[from] Failure),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Reads a list, step by step; each step is staged before the next is asked for. A run whose source fails ends as
/// failed; one that has to wait, or whose reader goes away, is left for whoever holds the lease next.
pub(super) async fn read(
    leased: &LeasedConnection,
    source: &dyn Source,
    due: &Due,
) -> Result<Run, ReadError> {
    let run = begin(leased, due).await?;
    let read = steps(leased, source, due, &run).await;
    if let Err(ReadError::Source(Failure::Source { problem, .. })) = &read {
        let (id, problem, now) = (run.id.clone(), problem.clone(), leased.ambient.now());
        leased.write(move |db| run::fail(db, &id, &problem, now)).await?;
    }
    read
}

async fn begin(leased: &LeasedConnection, due: &Due) -> store::Result<Run> {
    let (ambient, connection) = (leased.ambient.clone(), leased.connection.clone());
    let Due { list, mode, left, .. } = due.clone();
    let begin = move |db: &mut WriteDb| match left {
        Some(left) => {
            run::resume(db, &left)?;
            Ok(left)
        }
        None => run::start(db, &ambient, &connection, list, mode),
    };
    // What comes of the run makes it durable.
    leased.write_soft(begin).await
}

async fn steps(
    leased: &LeasedConnection,
    source: &dyn Source,
    due: &Due,
    run: &Run,
) -> Result<Run, ReadError> {
    let mut reading = source.read(Ask {
        list: due.list,
        mode: run.mode,
        since: due.since.clone(),
        progress: run.progress.clone(),
        now: leased.ambient.now(),
    });
    loop {
        match reading.next().await? {
            Step::Part { records, progress } => part(leased, run, records, progress).await?,
            Step::End(end) => return Ok(finish(leased, run, end).await?),
        }
    }
}

/// Stages a step, and how far it brought the run, in one transaction.
async fn part(
    leased: &LeasedConnection,
    run: &Run,
    records: Vec<Record>,
    progress: Option<String>,
) -> store::Result<()> {
    let (ambient, run) = (leased.ambient.clone(), run.clone());
    let stage = move |db: &mut WriteDb| {
        ingest::batch(db, &ambient, &run, &records, None)?;
        runs::set_progress(db, &run.id, progress.as_deref())
    };
    leased.write(stage).await
}

async fn finish(leased: &LeasedConnection, run: &Run, end: End) -> store::Result<Run> {
    let (run, now) = (run.clone(), leased.ambient.now());
    let finish = move |db: &mut WriteDb| {
        runs::advance(db, &run.id, Counts::default(), end.high_water.as_deref(), now)?;
        reconcile::finish(db, &run, &end.gone, end.warning.as_ref(), now)
    };
    leased.write(finish).await
}
