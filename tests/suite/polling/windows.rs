//! Hours in which a source may be polled: outside of them nothing is asked, and nothing is known.

use std::sync::Arc;

use chrono::TimeDelta;
use rollcall::{
    clock::{Ambient, Clock},
    connectors::outbound::Timeouts,
    domain::words::{ConnectionState, Kind, List, Mode},
    store::connections,
    sync::{poll, source_access::SourceAccess},
};

use super::vendor::Vendor;
use crate::support::{TestClock, TestDatabase, sources, stands};

async fn poll_what_is_due(sources: &SourceAccess) -> usize {
    let leases = poll::claim(sources, "gw", 5).await.unwrap();
    let polled = leases.len();
    for lease in leases {
        poll::poll(sources, lease).await;
    }
    polled
}

#[tokio::test]
async fn a_connection_outside_its_hours_is_not_said_to_have_been_read() {
    TestDatabase::each(async |database| {
        let (store, clock) = (database.open(), TestClock::new());
        let vendor = Vendor::start(Kind::Connectwise, 3, clock.clone()).await;
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let sources = sources(&store, &ambient, Timeouts::default());
        // It is noon.
        let made = vendor.connect(&sources, "Acme", &[("window", "22:00-06:00 UTC")]).await;
        let look = async || {
            let id = made.id.clone();
            let connection = store.read(move |db| connections::get(db, &id)).await.unwrap();
            (connection.last_seen_at, stands(&store, &made.id, clock.now()).await)
        };
        assert_eq!(poll_what_is_due(&sources).await, 1);
        let (seen, status) = look().await;
        assert_eq!((seen, status.state), (None, ConnectionState::Waiting), "{status:?}");
        let next = status.next_attempt_at.unwrap().to_rfc3339();
        assert!(next.starts_with("2026-11-21T22:00:00"), "{next}");
        assert_eq!(vendor.requests().len(), 0);

        // One list is asked for by hand: that says nothing of the other.
        let (by_hand, connection) = (Arc::new(ambient.clone()), made.clone());
        let asked = move |db: &mut rollcall::store::WriteDb| {
            poll::request(db, &by_hand, &connection, &[List::Customer], Mode::Full)
        };
        store.write(asked).await.unwrap();
        assert_eq!(poll_what_is_due(&sources).await, 1);
        let (seen, status) = look().await;
        assert_eq!((seen, status.state), (Some(clock.now()), ConnectionState::Waiting), "{status:?}");
        assert!(status.detail.contains("employees"), "{status:?}");

        clock.advance(TimeDelta::minutes(601));
        assert_eq!(poll_what_is_due(&sources).await, 1);
        assert_eq!(look().await.1.state, ConnectionState::Ok);

        // What was wrong within the hours is still wrong after them.
        let (id, now) = (made.id.clone(), clock.now());
        let problem =
            rollcall::domain::problem::Problem::new("credentials", "They were refused.", "Correct them.");
        store
            .write(move |db| {
                let lock = rollcall::store::locks::of(&id).connection(db)?;
                connections::set_problem(db, &lock, Some(&problem), now)
            })
            .await
            .unwrap();
        clock.advance(TimeDelta::hours(12));
        assert_eq!(poll_what_is_due(&sources).await, 1);
        assert_eq!(look().await.1.state, ConnectionState::CredentialsRejected);
    })
    .await;
}
