//! Messages, whole lists, repetitions, replays and kills in any order, against a model that knows the newest word.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use rollcall::{
    domain::{
        event::Event,
        ids::ConnectionId,
        record::Record,
        words::{Kind, List, MessageState, RunState},
    },
    store::{
        inbox::{self, Which},
        records,
    },
    sync::inbox::end_silent_lists,
};

use super::{Office, page, page_of, removed, upserted};
use crate::support::{TestDatabase, person};

/// Each is twelve rounds on a real database: more take minutes.
fn seeds() -> u64 {
    std::env::var("ROLLCALL_TEST_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3u64).min(12)
}

/// Works until nothing is due, sometimes killed in the middle of it.
async fn work(office: &Office, rng: &mut StdRng) {
    if rng.random_bool(0.3) {
        let killed = Duration::from_micros(rng.random_range(0..4000));
        let _ = tokio::time::timeout(killed, office.work()).await;
        office.clock.advance(TimeDelta::seconds(31));
    }
    while office.work().await > 0 {}
}

/// Everything that waits for something that does not come is given up, and replayed once.
async fn settle(office: &Office, rng: &mut StdRng) {
    for replayed in [false, true] {
        if replayed {
            let (id, now) = (office.connection.id.clone(), office.ambient.now());
            office.store.write(move |db| inbox::replay(db, Which::AllOf(&id), now)).await.unwrap();
        }
        work(office, rng).await;
        office.clock.advance(TimeDelta::minutes(61));
        work(office, rng).await;
    }
    let now = office.ambient.now();
    office.store.write(move |db| end_silent_lists(db, now)).await.unwrap();
    assert!(office.messages(MessageState::Pending).await.is_empty());
}

/// The last names of those who are present.
async fn staged(office: &Office) -> BTreeMap<String, String> {
    let ids: Vec<String> = office.present().await.into_iter().collect();
    let find = move |db: &mut rollcall::store::Db, connection: &ConnectionId| {
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        records::find_all(db, connection, List::Employee, &ids)
    };
    let found = office.read(find).await;
    found.into_iter().map(|(id, record)| (id, record.last_name.unwrap_or_default())).collect()
}

/// When something was told: the source's time, and the place in the order of arrival.
type When = (i64, usize);

/// What the messages say of each, newest last: a last name, or that it is gone.
#[derive(Default)]
struct Model {
    newest: BTreeMap<String, (When, Option<String>)>,
    /// Those who may be gone: a whole list without them was told, and may have been given up for a newer one.
    perhaps: BTreeMap<String, When>,
    arrivals: usize,
}

/// A whole list of a round.
struct Whole {
    time: i64,
    who: Vec<Record>,
    broken_off: bool,
}

impl Model {
    fn say(&mut self, who: &str, when: When, says: Option<String>) {
        if self.newest.get(who).is_none_or(|(before, _)| *before < when) {
            self.newest.insert(who.to_owned(), (when, says));
        }
        if self.perhaps.get(who).is_some_and(|before| *before < when) {
            self.perhaps.remove(who);
        }
    }

    fn hear(&mut self, time: i64, event: &Event) -> When {
        self.arrivals += 1;
        let when = (time, self.arrivals);
        match event {
            Event::Upserted { records, .. } | Event::Replaced { records, .. } => {
                for record in records {
                    self.say(&record.external_id, when, record.last_name.clone());
                }
            }
            Event::Removed { external_ids, .. } => {
                for id in external_ids {
                    self.say(id, when, None);
                }
            }
            other => panic!("{other:?}"),
        }
        when
    }

    /// Whoever is not in the newest whole list is gone, unless a newer one was broken off.
    fn judge(&mut self, list: &Whole, when: When, sure: bool) {
        let listed: BTreeSet<&str> = list.who.iter().map(|record| record.external_id.as_str()).collect();
        let others: Vec<String> =
            self.newest.keys().filter(|id| !listed.contains(id.as_str())).cloned().collect();
        for id in others {
            if sure {
                self.say(&id, when, None);
            } else if self.newest.get(&id).is_some_and(|(before, _)| *before < when) {
                self.perhaps.insert(id, when);
            }
        }
    }

    fn check(&self, staged: &BTreeMap<String, String>, seed: u64, round: usize) {
        for (id, (_, says)) in &self.newest {
            let is = staged.get(id);
            assert!(
                is == says.as_ref() || (is.is_none() && self.perhaps.contains_key(id)),
                "seed {seed}, round {round}: {id} is {is:?}, not {says:?}"
            );
        }
        assert!(staged.keys().all(|id| self.newest.contains_key(id)));
    }
}

/// Few enough that none of their absences is held, and two who never leave.
fn some_people(rng: &mut StdRng, name: &str) -> Vec<Record> {
    let leavers = (0..3).filter(|_| rng.random_bool(0.5)).collect::<Vec<_>>();
    let ids = leavers.into_iter().map(|n| format!("P-{n}")).chain(["K-1".into(), "K-2".into()]);
    ids.map(|id| person(&id, "Ana", name)).collect()
}

/// A round's messages, with their times and, of a page, the place of its list.
fn round(rng: &mut StdRng, round: usize, lists: &mut Vec<Whole>) -> Vec<(String, i64, Event, Option<usize>)> {
    let (base, mut told) = (round as i64 * 100, Vec::new());
    for n in 0..rng.random_range(0..6) {
        let who = format!("P-{}", rng.random_range(0..3));
        let event = match n {
            0 => removed(&[&who]),
            _ => upserted(vec![person(&who, "Ana", &format!("Told{round}-{n}"))]),
        };
        told.push((format!("{round}/{n}"), base + rng.random_range(0..50), event, None));
    }
    for n in 0..rng.random_range(0..3usize) {
        // No two lists are of one time, and some messages are of theirs.
        let (id, time) = (format!("list {round}-{n}"), base + rng.random_range(0..25) * 2 + n as i64);
        let who = some_people(rng, &format!("List{round}-{n}"));
        let size = rng.random_range(1..4);
        let mut pages: Vec<_> = who
            .chunks(size)
            .zip(1..)
            .map(|(some, number)| {
                let last = number as usize == who.len().div_ceil(size);
                (format!("{id}/{number}"), time, page_of(&id, number, last, some.to_vec()), Some(n))
            })
            .collect();
        let broken_off = rng.random_bool(0.3);
        if broken_off {
            pages.remove(rng.random_range(0..pages.len()));
        }
        lists.push(Whole { time, who, broken_off });
        told.extend(pages);
    }
    told.shuffle(rng);
    told
}

#[tokio::test]
async fn whatever_the_order_what_is_staged_is_the_newest_that_was_told() {
    TestDatabase::each(async |database| {
        let mut rng = StdRng::seed_from_u64(7);
        let office = Office::open(database, Kind::Push).await;
        let mut model = Model::default();
        for seed in 0..seeds() {
            play(&office, &mut rng, &mut model, seed).await;
        }
    })
    .await;
}

async fn play(office: &Office, rng: &mut StdRng, model: &mut Model, seed: u64) {
    for number in 0..12 {
        let (turn, mut lists) = (seed as usize * 12 + number, Vec::new());
        let mut first: BTreeMap<usize, When> = BTreeMap::new();
        for (id, time, event, list) in round(rng, turn, &mut lists) {
            let when = model.hear(time, &event);
            if let Some(list) = list {
                first.entry(list).and_modify(|before| *before = (*before).min(when)).or_insert(when);
            }
            for _ in 0..rng.random_range(1..3) {
                office.tell_at(&id, Some(time), event.clone()).await;
            }
            if rng.random_bool(0.4) {
                work(office, rng).await;
            }
        }
        settle(office, rng).await;
        let whole = |list: &&(usize, &Whole)| !list.1.broken_off;
        let newest = lists.iter().enumerate().max_by_key(|(_, list)| list.time);
        let sure = newest.is_some_and(|(_, list)| !list.broken_off);
        let mut whole: Vec<_> = lists.iter().enumerate().filter(|list| whole(&list)).collect();
        whole.sort_by_key(|(_, list)| list.time);
        for (place, list) in whole {
            model.judge(list, first[&place], sure && Some(place) == newest.map(|(place, _)| place));
        }
        model.check(&staged(office).await, seed, number);
        assert!(
            office
                .runs()
                .await
                .iter()
                .all(|run| run.state != RunState::Held && run.state != RunState::Running)
        );
    }
}

/// Lists that do not say which they are: whoever is in all of them stays, however their pages come among each other, and
/// the next one that comes alone is judged.
#[tokio::test]
async fn lists_without_names_that_are_mixed_up_mark_nobody_absent() {
    TestDatabase::each(async |database| {
        let mut rng = StdRng::seed_from_u64(3);
        let office = Office::open(database, Kind::Push).await;
        for round in 0..10 * seeds() {
            let lists: Vec<Vec<(String, Event)>> = (0..rng.random_range(2..4))
                .map(|list| {
                    let who = some_people(&mut rng, &format!("Name{round}"));
                    // Two pages at least: a list of one is whole by itself.
                    let last = who.len();
                    let pages = who.into_iter().enumerate().map(|(n, one)| {
                        (format!("{round}/{list}/{n}"), page(n as u32 + 1, n + 1 == last, vec![one]))
                    });
                    // One that is broken off has no last page, or more that are missing.
                    let keep = if rng.random_bool(0.3) { rng.random_range(1..=last) } else { last };
                    pages.take(keep).collect()
                })
                .collect();
            let before = office.present().await;
            let mut order: Vec<usize> =
                lists.iter().enumerate().flat_map(|(n, pages)| vec![n; pages.len()]).collect();
            order.shuffle(&mut rng);
            let mut pages: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
            // All begin before one ends: else each would be judged by itself.
            for list in &mut pages {
                let (id, event) = list.next().unwrap();
                office.tell(&id, event).await;
            }
            for list in order {
                let Some((id, event)) = pages[list].next() else { continue };
                office.tell(&id, event).await;
                if rng.random_bool(0.5) {
                    work(&office, &mut rng).await;
                }
            }
            work(&office, &mut rng).await;
            let present = office.present().await;
            assert!(present.is_superset(&before), "round {round}: {before:?}, {present:?}");
            office.clock.advance(TimeDelta::minutes(16));
            let alone = some_people(&mut rng, "Alone");
            let ids: BTreeSet<String> = alone.iter().map(|record| record.external_id.clone()).collect();
            let (one, other) = alone.split_at(1);
            office.tell(&format!("{round}/alone 1"), page(1, false, one.to_vec())).await;
            office.tell(&format!("{round}/alone 2"), page(2, true, other.to_vec())).await;
            work(&office, &mut rng).await;
            assert_eq!(office.present().await, ids, "round {round}");
            office.clock.advance(TimeDelta::minutes(61));
        }
    })
    .await;
}
