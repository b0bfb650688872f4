//! Gives the messages of webhooks their meaning: the inboxes that have some are claimed by lease, a few at a time.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
};
use tracing::Instrument;

use super::troubles::Troubles;
use crate::{
    store::{self, inbox},
    sync::inbox::Desk,
};

/// How often it looks while something waits, and while nothing does: for what another gateway has left.
const SOON: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(5);

/// Inboxes that are worked on at the same time. Most of that is waiting for sources: how many do more than wait, the desk
/// says.
const AT_ONCE: usize = 256;

/// Runs until `shutdown` becomes true or its sender is gone; then leases are given back. `arrived` tells of messages
/// that came to this gateway.
pub async fn run(desk: Desk, arrived: Arc<Notify>, shutdown: watch::Receiver<bool>) {
    let mut under_way: JoinSet<String> = JoinSet::new();
    let mut busy: HashSet<String> = HashSet::new();
    let mut stopped = shutdown.clone();
    let troubles = Troubles::default();
    loop {
        let looked = look(&desk, &busy).await;
        let looked = troubles.note("the database does not tell which messages of webhooks are due", looked);
        let wait = match looked {
            Some((due, wait)) => {
                for connection_id in due {
                    busy.insert(connection_id.clone());
                    let span = tracing::info_span!("inbox", connection = connection_id);
                    let one = one(desk.clone(), connection_id, troubles.clone(), shutdown.clone());
                    under_way.spawn(one.instrument(span));
                }
                wait
            }
            None => SOON,
        };
        tokio::select! {
            Some(ended) = under_way.join_next() => match ended {
                Ok(connection_id) => {
                    busy.remove(&connection_id);
                }
                // Which one it was is not told: all that do not work any more are free.
                Err(error) => {
                    tracing::error!(%error, "an inbox was left in the middle of its work");
                    while let Some(ended) = under_way.join_next().await {
                        drop(ended);
                    }
                    busy.clear();
                }
            },
            () = arrived.notified() => {}
            () = tokio::time::sleep(wait) => {}
            () = async { drop(stopped.wait_for(|stop| *stop).await) } => break,
        }
    }
    while under_way.join_next().await.is_some() {}
}

/// The connections that have messages to be tried, and how long to wait for the next.
async fn look(desk: &Desk, busy: &HashSet<String>) -> store::Result<(Vec<String>, Duration)> {
    let now = desk.ambient.now();
    // One of ours may be claimed only now, and one whose lease ran out is still at work here.
    let read = desk.store.read(move |db| {
        let due = inbox::due_connections(db, now, AT_ONCE)?;
        let next = inbox::next_due(db)?;
        Ok::<_, store::Error>((due, next))
    });
    let (mut due, next) = read.await?;
    due.retain(|connection_id| !busy.contains(connection_id));
    due.truncate(AT_ONCE.saturating_sub(busy.len()));
    let wait = match next {
        // One that is due and was not taken is another gateway's, or waits for room here.
        Some(next) if next <= now => SOON,
        Some(next) => (next - now).to_std().unwrap_or_default().min(IDLE),
        None => IDLE,
    };
    Ok((due, wait))
}

/// Works off one inbox; its connection.
async fn one(
    desk: Desk,
    connection_id: String,
    troubles: Troubles,
    mut shutdown: watch::Receiver<bool>,
) -> String {
    let place = tokio::select! {
        place = desk.place() => place,
        () = async { drop(shutdown.wait_for(|stop| *stop).await) } => return connection_id,
    };
    let claimed = troubles.note("an inbox cannot be claimed", desk.claim(&connection_id).await);
    let lease = match claimed {
        Some(Some(lease)) => lease,
        Some(None) => {
            // Another gateway works on it: not asked again at once.
            drop(place);
            tokio::select! {
                () = tokio::time::sleep(SOON) => {}
                () = async { drop(shutdown.wait_for(|stop| *stop).await) } => {}
            }
            return connection_id;
        }
        None => {
            drop(place);
            tokio::time::sleep(SOON).await;
            return connection_id;
        }
    };
    let worked = tokio::select! {
        worked = desk.work(&lease, place) => worked,
        () = async { drop(shutdown.wait_for(|stop| *stop).await) } => Ok(0),
    };
    if troubles.note("messages of webhooks cannot be dealt with", worked).is_none() {
        tokio::time::sleep(SOON).await;
    }
    desk.release(lease).await;
    connection_id
}
