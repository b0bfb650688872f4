//! What is told of a connection after its polls.

use std::sync::Arc;

use chrono::TimeDelta;
use rollcall::{
    clock::Ambient,
    connectors::outbound::Timeouts,
    domain::{
        hold::Gone,
        ids::ConnectionId,
        words::{ConnectionState, Kind, List, Mode, RunState},
    },
    simulators::vendor::{Fault, Faults, PlannedFault},
    store::{
        Store,
        connections::{self, Connection},
        polls,
        runs::Run,
    },
    sync::{
        hold, poll, reconcile, run,
        source_access::SourceAccess,
        status::{Status, status},
    },
};

use super::vendor::Vendor;
use crate::support::{TestClock, TestDatabase, granted, sources, staged};

struct Desk {
    store: Store,
    clock: Arc<TestClock>,
    sources: SourceAccess,
}

impl Desk {
    fn new(database: &TestDatabase) -> Self {
        let (store, clock) = (database.open(), TestClock::new());
        let ambient = Ambient { clock: clock.clone() as _, ..Ambient::system() };
        Self { sources: sources(&store, &ambient, Timeouts::default()), store, clock }
    }

    /// Polls what is due; how many that were.
    async fn poll(&self) -> usize {
        let leases = poll::claim(&self.sources, "gateway", 9).await.unwrap();
        let polled = leases.len();
        for lease in leases {
            poll::poll(&self.sources, lease).await;
        }
        polled
    }

    /// How the connection stands, and in how many minutes it is due.
    async fn stands(&self, id: &ConnectionId) -> (Status, i64) {
        let (id, now) = (id.to_owned(), self.sources.ambient.now());
        let read = self.store.read(move |db| {
            let connection = connections::get(db, &id)?;
            let due = polls::get(db, &id)?.next_at - now;
            Ok::<_, rollcall::store::Error>((status(db, &connection, now)?, due.num_minutes()))
        });
        read.await.unwrap()
    }
}

impl Desk {
    /// A whole list that has nobody in it.
    async fn empty_list(&self, connection: &Connection) -> Run {
        let (connection, ambient) = (connection.clone(), self.sources.ambient.clone());
        let read = self.store.write(move |db| {
            let run = run::start(db, &ambient, &connection, List::Employee, Mode::Full)?;
            reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now())
        });
        let held = read.await.unwrap();
        assert_eq!(held.state, RunState::Held);
        held
    }
}

fn refusing(times: u32) -> Faults {
    Faults::new([PlannedFault::from(Fault::Unauthorized).times(times)])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refusal_is_tried_once_more_before_it_counts() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database);
        let vendor = Vendor::start(Kind::Connectwise, 1, desk.clock.clone() as _).await;
        let connection = vendor.connect(&desk.sources, "Once", &[]).await;
        assert_eq!(desk.poll().await, 1);
        let (good, _) = desk.stands(&connection.id).await;
        assert_eq!(good.state, ConnectionState::Ok, "{good:?}");

        desk.clock.advance(TimeDelta::hours(1));
        vendor.set_faults(refusing(1));
        assert_eq!(desk.poll().await, 1);
        let (once, due) = desk.stands(&connection.id).await;
        assert!(once.state == ConnectionState::Failing && (4..=8).contains(&due), "{due}: {once:?}");
        assert!(once.remedy.contains("once more"), "{once:?}");
        desk.clock.advance(TimeDelta::minutes(8));
        assert_eq!(desk.poll().await, 1);
        assert_eq!(desk.stands(&connection.id).await.0.state, ConnectionState::Ok);

        desk.clock.advance(TimeDelta::hours(1));
        vendor.set_faults(refusing(99));
        for _ in 0..2 {
            desk.clock.advance(TimeDelta::minutes(8));
            assert_eq!(desk.poll().await, 1);
        }
        let (twice, due) = desk.stands(&connection.id).await;
        assert!(
            twice.state == ConnectionState::CredentialsRejected && due >= 24 * 60 - 1,
            "{due}: {twice:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_that_never_worked_are_called_wrong_at_once_and_tried_once_more() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database);
        let vendor = Vendor::start(Kind::Paycom, 1, desk.clock.clone() as _).await;
        vendor.set_faults(refusing(1));
        let connection = vendor.connect(&desk.sources, "Never", &[]).await;
        assert_eq!(desk.poll().await, 1);
        let (refused, due) = desk.stands(&connection.id).await;
        assert!(refused.state == ConnectionState::CredentialsRejected && due <= 8, "{due}: {refused:?}");
        desk.clock.advance(TimeDelta::minutes(8));
        assert_eq!(desk.poll().await, 1);
        assert_eq!(desk.stands(&connection.id).await.0.state, ConnectionState::Ok);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_delivered_makes_the_list_incomplete_and_the_others_are_there() {
    TestDatabase::each(async |database| {
        let desk = Desk::new(database);
        let vendor = Vendor::start(Kind::Paycom, 1, desk.clock.clone() as _).await;
        let code = vendor.truth(List::Employee).into_keys().nth(3).unwrap();
        let always = PlannedFault::from(Fault::ServerError).times(9999).on(format!("employee/{code}"));
        vendor.set_faults(Faults::new([always]));
        let connection = vendor.connect(&desk.sources, "One", &[]).await;
        for _ in 0..3 {
            desk.poll().await;
            let (stands, _) = desk.stands(&connection.id).await;
            assert_eq!(stands.state, ConnectionState::Incomplete, "{stands:?}");
            assert!(stands.detail.contains(&code), "{stands:?}");
            desk.clock.advance(TimeDelta::hours(1));
        }
        let there = staged(&desk.store, &connection, List::Employee).await;
        assert_eq!(there.len(), vendor.truth(List::Employee).len() - 1);
        // Once it is delivered and the day's whole list is read, all is well.
        vendor.set_faults(Faults::none());
        desk.poll().await;
        desk.clock.advance(TimeDelta::days(1));
        desk.poll().await;
        assert_eq!(desk.stands(&connection.id).await.0.state, ConnectionState::Ok);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hold_is_told_beside_what_is_wrong_and_a_rejected_one_leaves_it_open_who_is_gone() {
    use ConnectionState::{CredentialsRejected, Held, Incomplete, Ok};
    TestDatabase::each(async |database| {
        let desk = Desk::new(database);
        let vendor = Vendor::start(Kind::Connectwise, 1, desk.clock.clone() as _).await;
        let connection = vendor.connect(&desk.sources, "Held", &[]).await;
        desk.poll().await;
        let held = desk.empty_list(&connection).await;
        assert_eq!(desk.stands(&connection.id).await.0.state, Held);
        // What passes by itself does not hide what waits for a person.
        desk.clock.advance(TimeDelta::hours(1));
        vendor.set_faults(refusing(1));
        desk.poll().await;
        let (stands, _) = desk.stands(&connection.id).await;
        assert!(stands.state == Held && stands.detail.contains(held.id.as_str()), "{stands:?}");
        assert!(stands.remedy.contains("once more"), "{stands:?}");

        desk.clock.advance(TimeDelta::minutes(8));
        desk.poll().await;
        let (id, now) = (held.id.clone(), desk.sources.ambient.now());
        desk.store.write(move |db| hold::reject(db, &granted(), &id, None, now)).await.unwrap();
        let (stands, _) = desk.stands(&connection.id).await;
        assert!(stands.state == Incomplete && stands.detail.contains(held.id.as_str()), "{stands:?}");
        // A delta does not tell who is gone.
        desk.clock.advance(TimeDelta::hours(1));
        desk.poll().await;
        assert_eq!(desk.stands(&connection.id).await.0.state, Incomplete);
        desk.clock.advance(TimeDelta::days(1));
        desk.poll().await;
        assert_eq!(desk.stands(&connection.id).await.0.state, Ok);

        // What only a person can mend comes first, and tells of the hold all the same.
        let held = desk.empty_list(&connection).await;
        vendor.set_faults(refusing(99));
        for _ in 0..2 {
            desk.clock.advance(TimeDelta::hours(1));
            desk.poll().await;
        }
        let (stands, _) = desk.stands(&connection.id).await;
        assert!(
            stands.state == CredentialsRejected && stands.detail.contains(held.id.as_str()),
            "{stands:?}"
        );
    })
    .await;
}
