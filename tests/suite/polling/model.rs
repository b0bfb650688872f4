//! Whatever goes wrong, what is staged ends as what is true, and nobody is ever said to be gone who is not.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rollcall::{
    clock::{Ambient, Clock},
    connectors::outbound::Timeouts,
    domain::words::{ConnectionState, Kind, Mode, RunState},
    simulators::vendor::{Fault, Faults},
    store::{
        PageLimit, Store,
        connections::{self, Connection},
        polls::{self, Lease},
        runs,
    },
    sync::{ask, hold, poll, source_access::SourceAccess},
};

use super::vendor::{Facts, Vendor};
use crate::support::{TestClock, TestDatabase, granted, sources, staged, stands};

/// A simulated vendor answers at once, or never.
const FAST: Timeouts = Timeouts {
    connect: Duration::from_millis(500),
    head: Duration::from_millis(300),
    body: Duration::from_millis(300),
};

/// How many worlds are played through on each engine, each with some eight polls; `ROLLCALL_TEST_SEEDS` says otherwise.
const SEEDS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_goes_wrong_the_lists_end_as_they_are_and_nobody_is_falsely_absent() {
    TestDatabase::each(async |database| {
        let store = database.open();
        let seeds = std::env::var("ROLLCALL_TEST_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
        let seeds: usize = seeds.unwrap_or(SEEDS);
        let mut polled = 0;
        for seed in 0..seeds as u64 {
            let kind = if seed % 2 == 0 { Kind::Paycom } else { Kind::Connectwise };
            polled += Play::start(&store, kind, seed).await.through().await;
        }
        assert!(polled > 6 * seeds, "{polled} polls in all");
    })
    .await;
}

/// One world: a vendor, a connection to it, two gateways, and a clock that they share.
struct Play {
    seed: u64,
    rng: StdRng,
    clock: Arc<TestClock>,
    vendor: Vendor,
    gateways: [SourceAccess; 2],
    connection: Connection,
    polled: usize,
}

impl Play {
    async fn start(store: &Store, kind: Kind, seed: u64) -> Self {
        let clock = TestClock::new();
        let vendor = Vendor::start(kind, seed, Arc::clone(&clock) as _).await;
        let ambient = Ambient { clock: Arc::clone(&clock) as _, ..Ambient::system() };
        let gateways = [(); 2].map(|()| sources(store, &ambient, FAST));
        let connection = vendor.connect(&gateways[0], &format!("{kind} {seed}"), &[]).await;
        Self { seed, rng: StdRng::seed_from_u64(seed), clock, vendor, gateways, connection, polled: 0 }
    }

    /// Plays to the end; how many times the source was polled.
    async fn through(mut self) -> usize {
        for _ in 0..self.rng.random_range(8..20) {
            self.step().await;
            self.assert_nobody_is_missed().await;
        }
        self.calm_down().await;
        self.pause().await;
        self.polled
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..10) {
            0..=2 => {
                for _ in 0..self.rng.random_range(1..4) {
                    self.vendor.change(&mut self.rng);
                }
            }
            3 => self.clock.advance(TimeDelta::seconds(self.rng.random_range(1..7200))),
            4 => self.set_faults(),
            5 => {
                let mode = if self.rng.random() { Mode::Full } else { Mode::Delta };
                self.ask(mode).await;
            }
            _ => {
                self.clock.advance(TimeDelta::seconds(self.rng.random_range(1..2400)));
                let _ = self.poll(true).await;
            }
        }
    }

    /// Other trouble than before, often or seldom. A total that is wrong by as much as a page that is missing would
    /// hide it from everybody: a listing has one or the other.
    fn set_faults(&mut self) {
        let either = self.rng.random();
        let kinds: Vec<Fault> = Fault::ALL
            .into_iter()
            .filter(|fault| match fault {
                Fault::WrongTotal => either,
                Fault::MissingPage | Fault::ShrinkingPage | Fault::RepeatedPage => !either,
                // These put a connection to rest for a day: seldom enough to see something else.
                Fault::Unauthorized | Fault::Forbidden | Fault::NotEnabled => self.seed.is_multiple_of(4),
                // Waits for real.
                Fault::Slow => self.seed % 16 == 1,
                _ => true,
            })
            .collect();
        let per_mille = [0, 20, 60, 150][self.rng.random_range(0..4)];
        self.vendor.set_faults(Faults::random(self.seed, per_mille, &kinds));
    }

    async fn ask(&self, mode: Mode) {
        let (connection, ambient) = (self.connection.clone(), self.gateways[0].ambient.clone());
        let asked = self.gateways[0]
            .store
            .write(move |db| ask::ask(db, &ambient, &granted(), &connection, mode))
            .await;
        assert_eq!(asked.unwrap().len(), self.vendor.lists().len());
    }

    /// Both gateways look for what is due; whoever gets it polls it, and may be killed in the middle. Whether anybody
    /// got it.
    async fn poll(&mut self, kill: bool) -> bool {
        let [one, other] = &self.gateways;
        let (first, second) = tokio::join!(poll::claim(one, "one", 5), poll::claim(other, "other", 5));
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(first.len() + second.len() <= 1, "seed {}: polled by both", self.seed);
        let lease: Option<(SourceAccess, Lease)> = first
            .into_iter()
            .map(|lease| (one.clone(), lease))
            .chain(second.into_iter().map(|lease| (other.clone(), lease)))
            .next();
        let Some((sources, lease)) = lease else { return false };
        self.polled += 1;
        let killed_after = match kill && self.rng.random_range(0..3) == 0 {
            true => self.vendor.requests().len() + self.rng.random_range(0..12),
            false => usize::MAX,
        };
        tokio::select! {
            () = poll::poll(&sources, lease) => {}
            () = self.vendor.has_seen(killed_after) => {}
        }
        true
    }

    /// Nobody is absent who is there.
    async fn assert_nobody_is_missed(&self) {
        for list in self.vendor.lists() {
            let truth = self.vendor.truth(*list);
            for staged in staged(&self.gateways[0].store, &self.connection, *list).await {
                let id = &staged.record.external_id;
                let missed = staged.absent_at.is_some() && truth.contains_key(id);
                assert!(!missed, "seed {}: {list} {id} is absent and there", self.seed);
            }
        }
        stands(&self.gateways[0].store, &self.connection.id, self.clock.now()).await;
        assert_eq!(self.vendor.violations(), Vec::<String>::new(), "seed {}", self.seed);
        assert_eq!(self.vendor.foreign.requests(), [], "seed {}", self.seed);
    }

    /// All trouble ends: deltas bring what has changed, a whole list brings the rest.
    async fn calm_down(&mut self) {
        self.vendor.set_faults(Faults::none());
        // A run that a killed gateway left is read to its end first.
        self.read_all(Mode::Full).await;
        for _ in 0..4 {
            self.vendor.change(&mut self.rng);
        }
        self.clock.advance(TimeDelta::hours(1));
        self.read_all(Mode::Delta).await;
        self.assert_same(false).await;
        self.read_all(Mode::Full).await;
        self.assert_same(true).await;
        let status = stands(&self.gateways[0].store, &self.connection.id, self.clock.now()).await;
        assert_eq!(status.state, ConnectionState::Ok, "seed {}: {status:?}", self.seed);
        self.assert_nobody_is_missed().await;
    }

    /// Asks, and polls until nothing is queued or running.
    async fn read_all(&mut self, mode: Mode) {
        self.ask(mode).await;
        let (mut polled, mut waited) = (0, 0);
        while polled < 12 && waited < 2000 {
            self.clock.advance(TimeDelta::minutes(3));
            if self.poll(false).await {
                polled += 1;
            } else {
                // What a killed gateway had begun in the database may still be on its way to its end.
                waited += 1;
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            self.approve_holds().await;
            if self.open_runs().await.is_empty() {
                return;
            }
        }
        let id = self.connection.id.clone();
        let stands = self.gateways[0].store.read(move |db| {
            Ok::<_, rollcall::store::Error>((polls::get(db, &id)?, connections::get(db, &id)?))
        });
        let (poll, connection) = stands.await.unwrap();
        panic!(
            "seed {}: never read: at {}: {poll:#?} {:#?} {:#?} {:#?}",
            self.seed,
            self.gateways[0].ambient.now(),
            connection.problem,
            self.vendor.requests().iter().rev().take(3).collect::<Vec<_>>(),
            self.open_runs().await,
        );
    }

    async fn open_runs(&self) -> Vec<runs::Run> {
        let id = self.connection.id.clone();
        let open = |run: &runs::Run| matches!(run.state, RunState::Queued | RunState::Running);
        let page = self.gateways[0].store.read(move |db| runs::page(db, &id, None, PageLimit::DEFAULT)).await;
        page.unwrap().rows.into_iter().filter(open).collect()
    }

    /// The changes were few, but the lists are short: a person would look, and approve.
    async fn approve_holds(&self) {
        for list in self.vendor.lists() {
            let (id, list, now) = (self.connection.id.clone(), *list, self.gateways[0].ambient.now());
            let approved = self.gateways[0].store.write(move |db| {
                match runs::in_state(db, &id, list, RunState::Held)? {
                    Some(held) => hold::approve(db, &granted(), &held.id, None, now).map(Some),
                    None => Ok(None),
                }
            });
            approved.await.unwrap();
        }
    }

    /// Everybody is staged as they are; `whole` says that nobody else is.
    async fn assert_same(&self, whole: bool) {
        for list in self.vendor.lists() {
            let present: BTreeMap<String, Facts> = staged(&self.gateways[0].store, &self.connection, *list)
                .await
                .into_iter()
                .filter(|staged| staged.absent_at.is_none())
                .map(|staged| (staged.record.external_id.clone(), Facts::of(*list, &staged.record)))
                .collect();
            let truth = self.vendor.truth(*list);
            let present: BTreeMap<_, _> =
                present.into_iter().filter(|(id, _)| whole || truth.contains_key(id)).collect();
            assert_eq!(present, truth, "seed {} of {list}, whole: {whole}", self.seed);
        }
    }

    /// So that the next play's gateways leave this connection alone.
    async fn pause(&self) {
        let connection = self.connection.clone();
        let paused = connections::Update { paused: Some(true), ..Default::default() };
        let paused = self.gateways[0].store.write(move |db| {
            let lock = rollcall::store::locks::of(&connection.id).connection(db)?;
            connections::update(db, &lock, paused)
        });
        paused.await.unwrap();
    }
}
