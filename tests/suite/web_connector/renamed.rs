//! A customer is renamed: its jobs bear the new name with the same run, though QuickBooks does not touch them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rollcall::{
    domain::{
        record::Record,
        words::{ChangeKind, List, Mode},
    },
    simulators::quickbooks_desktop::CompanyFile,
    store::{PageLimit, changes, records},
    sync::{ingest, run},
};

use super::{Desk, on_each_engine};

impl Desk {
    async fn full_names(&self) -> BTreeMap<String, Option<String>> {
        let staged = self.staged(List::Customer).await;
        staged.into_iter().map(|it| (it.record.external_id, it.record.full_name)).collect()
    }
}

#[tokio::test]
async fn the_jobs_of_a_renamed_customer_get_its_new_name_with_the_same_run() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(4, 5, 80);
        desk.sync(&mut file).await;
        let customers: Vec<_> = file.customers().collect();
        let job =
            customers.iter().filter(|it| it.parent_list_id.is_some()).max_by_key(|it| it.sublevel).unwrap();
        let mut top = job;
        while let Some(parent) = &top.parent_list_id {
            top = customers.iter().find(|it| it.list_id == *parent).unwrap();
        }
        desk.advance(TimeDelta::minutes(15));
        file.advance(TimeDelta::minutes(200));
        file.rename(&top.list_id, "Renamed & Sons").unwrap();
        desk.sync(&mut file).await;

        let truth: BTreeMap<_, _> = file.customers().map(|it| (it.list_id, Some(it.full_name))).collect();
        assert_eq!(desk.full_names().await, truth);
        let staged = desk.find(List::Customer, &job.list_id).await;
        assert!(staged.record.full_name.as_deref().unwrap().starts_with("Renamed & Sons:"));
        assert!(staged.record.sort_name().starts_with("renamed"), "lists are sorted by it");
        assert_eq!(staged.sort_name, staged.record.sort_name());
        assert_eq!(staged.version, 2);
        let id = staged.id.clone();
        let versions = desk.store.read(move |db| records::versions(db, &id)).await.unwrap();
        assert_eq!(versions.len(), 1, "what it was called is kept");
        // A whole list says the same, so nothing changes any more.
        let before = desk.find(List::Customer, &job.list_id).await;
        desk.advance(TimeDelta::minutes(15));
        desk.full_sync(&mut file).await;
        assert_eq!(desk.find(List::Customer, &job.list_id).await, before);
    })
    .await;
}

/// A tree of customers: what is true of each.
#[derive(Clone)]
struct Tree(BTreeMap<usize, (String, Option<usize>)>);

impl Tree {
    fn full_name(&self, id: usize) -> String {
        let (name, parent) = &self.0[&id];
        parent.map_or_else(|| name.clone(), |parent| format!("{}:{name}", self.full_name(parent)))
    }

    fn depth(&self, id: usize) -> i32 {
        self.0[&id].1.map_or(0, |parent| 1 + self.depth(parent))
    }

    fn record(&self, id: usize) -> Record {
        let (name, parent) = &self.0[&id];
        Record {
            external_id: format!("C{id}"),
            name: name.clone(),
            full_name: Some(self.full_name(id)),
            parent_external_id: parent.map(|parent| format!("C{parent}")),
            sublevel: self.depth(id),
            active: true,
            ..Record::default()
        }
    }

    fn is_below(&self, id: usize, other: usize) -> bool {
        id == other || self.0[&id].1.is_some_and(|parent| self.is_below(parent, other))
    }
}

/// A delta of `records`, as a source that tells of nobody else.
async fn delta(desk: &Desk, records: Vec<Record>) {
    let (id, ambient) = (desk.connection.clone(), desk.ambient.clone());
    let staged = desk.store.write(move |db| {
        let connection = rollcall::store::connections::get(db, &id)?;
        let run = run::start(db, &ambient, &connection, List::Customer, Mode::Delta)?;
        ingest::batch(db, &ambient, &run, &records, None)?;
        rollcall::sync::reconcile::finish(
            db,
            &run,
            &rollcall::domain::hold::Gone::Named(Vec::new()),
            None,
            ambient.now(),
        )
    });
    staged.await.unwrap();
}

#[tokio::test]
async fn whatever_is_renamed_or_moved_all_full_names_are_those_of_the_tree() {
    on_each_engine(async |database| {
        let first = Desk::open(database, &[]).await;
        for seed in 0..6 {
            let desk = first.beside(&format!("Company {seed}"), &[]).await;
            let mut rng = StdRng::seed_from_u64(seed);
            let mut tree = Tree(BTreeMap::new());
            for id in 0..40 {
                let parent = (id > 0 && rng.random_range(0..4) > 0).then(|| rng.random_range(0..id));
                let parent = parent.filter(|parent| tree.depth(*parent) < 6);
                tree.0.insert(id, (format!("N{id}"), parent));
            }
            delta(&desk, (0..40).map(|id| tree.record(id)).collect()).await;
            for round in 0..12 {
                desk.advance(TimeDelta::minutes(1));
                let mut told = BTreeSet::new();
                for _ in 0..rng.random_range(1..4) {
                    let id = rng.random_range(0..40);
                    let other = rng.random_range(0..40);
                    if rng.random() {
                        tree.0.get_mut(&id).unwrap().0 = format!("N{id} in {round}");
                    } else if !tree.is_below(other, id) && tree.depth(other) < 6 {
                        tree.0.get_mut(&id).unwrap().1 = Some(other);
                    }
                    told.insert(id);
                }
                delta(&desk, told.into_iter().map(|id| tree.record(id)).collect()).await;
                let truth: BTreeMap<_, _> =
                    (0..40).map(|id| (format!("C{id}"), Some(tree.full_name(id)))).collect();
                assert_eq!(desk.full_names().await, truth, "seed {seed}, round {round}");
            }
            // Whoever follows the feed has seen each version.
            for staged in desk.staged(List::Customer).await {
                let id = staged.id.clone();
                let feed = desk
                    .store
                    .read(move |db| changes::of_record(db, &id, None, PageLimit::SCAN))
                    .await
                    .unwrap();
                let written = feed
                    .rows
                    .iter()
                    .filter(|it| matches!(it.kind, ChangeKind::Created | ChangeKind::Updated));
                assert_eq!(written.count(), usize::try_from(staged.version).unwrap(), "{seed}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn records_that_are_their_own_ancestors_or_do_not_bear_their_parents_name_are_left_alone() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let record = |id: &str, full_name: &str, parent: &str| Record {
            external_id: id.into(),
            name: id.into(),
            full_name: Some(full_name.into()),
            parent_external_id: Some(parent.into()),
            active: true,
            ..Record::default()
        };
        delta(&desk, vec![record("a", "A", "b"), record("b", "A:B", "a"), record("c", "Other", "a")]).await;
        desk.advance(TimeDelta::minutes(1));
        delta(&desk, vec![record("a", "A:B:A", "b")]).await;
        let names = desk.full_names().await;
        assert_eq!(names["a"].as_deref(), Some("A:B:A"));
        assert_eq!(names["b"].as_deref(), Some("A:B:A:B"));
        assert_eq!(names["c"].as_deref(), Some("Other"));
    })
    .await;
}
