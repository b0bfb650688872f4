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

use super::{due::Due, holder::Holder};

/// Why a list was not read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error(transparent)]
    Source(#[from] Failure),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Reads a list, step by step; each step is staged before the next is asked for. A run whose source fails ends as
/// failed; one that has to wait, or whose reader goes away, is left for whoever holds the lease next.
pub(super) async fn read(holder: &Holder, source: &dyn Source, due: &Due) -> Result<Run, Broken> {
    let run = begin(holder, due).await?;
    let read = steps(holder, source, due, &run).await;
    if let Err(Broken::Source(Failure::Source { problem, .. })) = &read {
        let (id, problem, now) = (run.id.clone(), problem.clone(), holder.ambient.now());
        holder.write(move |db| run::fail(db, &id, &problem, now)).await?;
    }
    read
}

async fn begin(holder: &Holder, due: &Due) -> store::Result<Run> {
    let (ambient, connection) = (holder.ambient.clone(), holder.connection.clone());
    let Due { list, mode, left, .. } = due.clone();
    let begin = move |db: &mut WriteDb| match left {
        Some(left) => {
            run::resume(db, &left)?;
            Ok(left)
        }
        None => run::start(db, &ambient, &connection, list, mode),
    };
    holder.write(begin).await
}

async fn steps(holder: &Holder, source: &dyn Source, due: &Due, run: &Run) -> Result<Run, Broken> {
    let mut reading = source.read(Ask {
        list: due.list,
        mode: run.mode,
        since: due.since.clone(),
        progress: run.progress.clone(),
        now: holder.ambient.now(),
    });
    loop {
        match reading.next().await? {
            Step::Part { records, progress } => part(holder, run, records, progress).await?,
            Step::End(end) => return Ok(finish(holder, run, end).await?),
        }
    }
}

/// Stages a step, and how far it brought the run, in one transaction.
async fn part(
    holder: &Holder,
    run: &Run,
    records: Vec<Record>,
    progress: Option<String>,
) -> store::Result<()> {
    let (ambient, run) = (holder.ambient.clone(), run.clone());
    let stage = move |db: &mut WriteDb| {
        ingest::batch(db, &ambient, &run, &records, None)?;
        runs::set_progress(db, &run.id, progress.as_deref())
    };
    holder.write(stage).await
}

async fn finish(holder: &Holder, run: &Run, end: End) -> store::Result<Run> {
    let (run, now) = (run.clone(), holder.ambient.now());
    let finish = move |db: &mut WriteDb| {
        runs::advance(db, &run.id, Counts::default(), end.high_water.as_deref(), now)?;
        reconcile::finish(db, &run, &end.gone, end.warning.as_ref(), now)
    };
    holder.write(finish).await
}
