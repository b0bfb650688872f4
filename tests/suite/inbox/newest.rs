//! The newest word about a record counts, in whatever order messages come.

use std::sync::Arc;

use chrono::TimeDelta;
use rollcall::{
    clock::Ambient,
    domain::{
        event::{Event, Message},
        ids::ConnectionId,
        patch::{Field, Patch},
        record::Record,
        words::{Kind, List, MessageState, RunState},
    },
    store::{inbox::Which, records},
    sync::inbox::{Inbox, WebhookCredentials},
};

use super::{Office, page_of, removed, upserted};
use crate::support::{TestClock, TestDatabase, people, person, test_vault};

impl Office {
    /// The last name of somebody who is present.
    async fn last_name(&self, external_id: &str) -> Option<String> {
        let id = external_id.to_owned();
        let staged =
            self.read(move |db, connection| records::find(db, connection, List::Employee, &id)).await?;
        staged.record.last_name.filter(|_| staged.absent_at.is_none())
    }
}

#[tokio::test]
async fn an_older_message_overwrites_nothing_newer_and_brings_nobody_back() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        let named = |name: &str| upserted(vec![person("7", "Ana", name)]);
        office.tell_at("new", Some(20), named("New")).await;
        office.tell_at("old", Some(10), named("Old")).await;
        office.tell_at("older removal", Some(15), removed(&["7"])).await;
        office.work().await;
        assert_eq!(office.last_name("7").await.as_deref(), Some("New"));
        let told = office.messages(MessageState::Done).await;
        let notes: Vec<_> =
            told.iter().map(|told| told.problem.as_ref().map(|note| note.code.as_str())).collect();
        assert_eq!(notes, [Some("older"), Some("older"), None], "and the messages say what did not count");
        office.tell_at("same time", Some(20), named("Later")).await;
        office.tell_at("gone", Some(30), removed(&["7", "never known"])).await;
        office
            .tell_at(
                "late",
                Some(25),
                upserted(vec![person("7", "Ana", "Late"), person("never known", "A", "B")]),
            )
            .await;
        office.work().await;
        assert_eq!(office.last_name("7").await, None);
        assert_eq!(office.last_name("never known").await, None);
        office.tell_at("back", Some(31), named("Back")).await;
        office.work().await;
        assert_eq!(office.last_name("7").await.as_deref(), Some("Back"));
        // Without times it is the order of arrival.
        office.tell("a", named("One")).await;
        office.tell("b", named("Two")).await;
        office.work().await;
        assert_eq!(office.last_name("7").await.as_deref(), Some("Two"));
    })
    .await;
}

#[tokio::test]
async fn a_replay_is_as_old_as_its_message() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell_at("first", None, upserted(vec![person("7", "Ana", "First")])).await;
        let (id, now) = (office.messages(MessageState::Pending).await[0].id.clone(), office.ambient.now());
        let problem = rollcall::domain::problem::Problem::new("x", "Why.", "Do.");
        let dead =
            move |db: &mut rollcall::store::WriteDb| rollcall::store::inbox::dead(db, &id, &problem, now);
        office.store.write(dead).await.unwrap();
        office.tell("second", upserted(vec![person("7", "Ana", "Second"), person("8", "Bo", "Li")])).await;
        office.tell("list", super::page(1, true, vec![person("7", "Ana", "Listed")])).await;
        office.work().await;
        let (connection, now) = (office.connection.id.clone(), office.ambient.now());
        let replay =
            office.store.write(move |db| rollcall::store::inbox::replay(db, Which::AllOf(&connection), now));
        assert_eq!(replay.await.unwrap(), 1);
        office.work().await;
        assert_eq!(office.last_name("7").await.as_deref(), Some("Listed"));
        assert_eq!(office.present().await.len(), 1, "8 was not in the list");
    })
    .await;
}

#[tokio::test]
async fn a_whole_list_is_older_than_what_was_told_after_it_and_newer_than_what_was_told_before() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell_at("all", Some(1), super::page(1, true, people(4))).await;
        office.tell_at("hired since", Some(20), upserted(vec![person("NEW", "Zoë", "New")])).await;
        office.tell_at("left since", Some(21), removed(&["P-0000"])).await;
        office.tell_at("list", Some(10), super::page(1, true, people(3))).await;
        office.tell_at("hired before", Some(5), upserted(vec![person("OLD", "Ida", "Old")])).await;
        office.work().await;
        let present: Vec<_> = office.present().await.into_iter().collect();
        assert_eq!(present, ["NEW", "P-0001", "P-0002"]);
        office.tell_at("an older list", Some(7), super::page(1, true, people(4))).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_part_of_a_record_leaves_the_rest_as_it_is_and_a_whole_one_does_not() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        let whole = Record { email: Some("ana@quay.example".into()), ..person("7", "Ana", "Ruiz") };
        office.tell("whole", upserted(vec![whole])).await;
        let record = Record { external_id: "7".into(), last_name: Some("Vidal".into()), ..Record::default() };
        let patch = Patch { record, given: vec![Field::LastName] };
        let unknown =
            Patch { record: person("8", "Bo", "Li"), given: vec![Field::FirstName, Field::LastName] };
        let merged = Event::Merged { list: List::Employee, patches: vec![patch, unknown] };
        office.tell("part", merged).await;
        office.work().await;
        let find =
            |db: &mut rollcall::store::Db, id: &ConnectionId| records::find(db, id, List::Employee, "7");
        let staged = office.read(find).await.unwrap();
        assert_eq!((staged.record.email.as_deref(), staged.version), (Some("ana@quay.example"), 2));
        assert_eq!(staged.record.last_name.as_deref(), Some("Vidal"));
        assert_eq!(office.last_name("8").await.as_deref(), Some("Li"));
        office.tell("whole again", upserted(vec![person("7", "Ana", "Vidal")])).await;
        office.work().await;
        assert_ne!(office.read(find).await.unwrap().record.email.as_deref(), Some("ana@quay.example"));
    })
    .await;
}

#[tokio::test]
async fn of_two_whole_lists_among_each_other_the_newer_one_is_judged_and_nobody_of_it_is_lost() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        office.tell_at("all", Some(1), super::page(1, true, people(5))).await;
        let half = |from: usize, to: usize| people(5)[from..to].to_vec();
        office.tell_at("a1", Some(10), page_of("a", 1, false, half(0, 2))).await;
        office.tell_at("b1", Some(20), page_of("b", 1, false, half(0, 3))).await;
        office.tell_at("a2", Some(10), page_of("a", 2, true, half(2, 4))).await;
        office.tell_at("b2", Some(20), page_of("b", 2, true, half(3, 4))).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 4);
        let failed = office.run_in(RunState::Failed).await.unwrap();
        assert_eq!(failed.problem.unwrap().code, "list_superseded");
        // The older one that comes later changes nothing.
        office.tell_at("c1", Some(15), page_of("c", 1, true, people(5))).await;
        office.work().await;
        assert_eq!(office.present().await.len(), 4);
    })
    .await;
}

#[tokio::test]
async fn of_two_messages_without_times_the_later_one_counts_whatever_the_clocks_of_their_gateways_say() {
    TestDatabase::each(async |database| {
        let office = Office::open(database, Kind::Push).await;
        let slow = TestClock::new();
        slow.advance(TimeDelta::seconds(-5));
        let other = Inbox::start(office.store.clone(), Ambient { clock: slow, ..office.ambient.clone() });
        let known = office.read(|db, id| Ok(WebhookCredentials::read(db, &test_vault(), id).unwrap())).await;
        let known = Arc::new(known.unwrap());
        let named = |id: &str, name: &str| Message {
            message_id: id.into(),
            name: "test".into(),
            told_at: None,
            event: Ok(upserted(vec![person("7", "Ana", name)])),
        };
        office.tell("first", upserted(vec![person("7", "Ana", "First")])).await;
        other.accept(&office.connection.id, named("second", "Second")).await.unwrap();
        office.work().await;
        assert_eq!(office.last_name("7").await.as_deref(), Some("Second"));
        // The same of messages that are kept in one statement.
        office.inbox.accept_verified(&known, named("third", "Third"), &[]).await.unwrap();
        other.accept_verified(&known, named("fourth", "Fourth"), &[]).await.unwrap();
        other.accept_verified(&known, named("fifth", "Fifth"), &[]).await.unwrap();
        office.work().await;
        assert_eq!(office.last_name("7").await.as_deref(), Some("Fifth"));
        let notes = office.messages(MessageState::Done).await.into_iter().filter_map(|told| told.problem);
        assert_eq!(notes.count(), 0, "none was found to be older than another");
    })
    .await;
}
