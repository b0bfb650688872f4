//! Where a connection stands, and the promise that `ok` is no more than the truth.

use chrono::{DateTime, Utc};
use rollcall::{
    domain::{
        ids::ConnectionId,
        words::{ConnectionState, List},
    },
    store::{Db, PageLimit, Store, connections, runs},
    sync::status::{Status, status},
};

/// Where a connection stands. `ok` may be said only where the run of each list that ended last read all of it and knew
/// who is gone, or a person said so.
pub async fn stands(store: &Store, connection_id: &ConnectionId, now: DateTime<Utc>) -> Status {
    let id = connection_id.to_owned();
    let read = move |db: &mut Db| {
        let connection = connections::get(db, &id)?;
        let status = status(db, &connection, now)?;
        Ok::<_, rollcall::store::Error>((status, runs::page(db, &id, None, PageLimit::SCAN)?.rows))
    };
    let (status, runs) = store.read(read).await.unwrap();
    assert!(!status.detail.is_empty(), "{status:?}");
    let good = matches!(status.state, ConnectionState::Ok | ConnectionState::Polling);
    assert!(good || !status.remedy.is_empty(), "{status:?}");
    if status.state == ConnectionState::Ok {
        for list in List::ALL {
            let ended = runs.iter().filter(|run| run.list == *list && run.ended_at.is_some());
            let last = ended.max_by_key(|run| (run.ended_at, run.id.clone()));
            let known = last.is_none_or(|run| run.reconciled || run.decision.is_some());
            assert!(known, "{status:?} is said after {last:?}");
        }
    }
    status
}
