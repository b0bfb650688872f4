//! Webhooks: kept before they are acknowledged, and exactly once in their effect.

mod effects;
mod gateways;
mod hints;
mod keeping;
mod kill;
mod model;
mod newest;
mod pages;
mod route;
mod sealed;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use rollcall::{
    clock::Ambient,
    connectors::source::{Failure, Fetched},
    domain::{
        event::{Event, Message},
        ids::{CompanyId, ConnectionId},
        record::Record,
        secret::Secret,
        words::{Kind, List, MessageState, RunState},
    },
    store::{
        Db, PageLimit, Store,
        connections::Connection,
        inbox, records,
        runs::{self, Run},
    },
    sync::{
        inbox::{Accepted, Fetch, Inbox, InboxProcessor, SEALED_KEPT, SLOTS},
        register::{self, ConnectionDraft},
        status::Status,
    },
};

use tokio::sync::Semaphore;

use crate::support::{TestClock, TestDatabase, granted, stands, test_vault};

/// A source that says what it was told to say, and counts who asks.
#[derive(Default)]
struct Scripted {
    records: Mutex<BTreeMap<String, Result<Option<Record>, Failure>>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    fn says(&self, external_id: &str, what: Result<Option<Record>, Failure>) {
        self.records.lock().unwrap().insert(external_id.into(), what);
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Fetch for Scripted {
    fn fetch<'a>(
        &'a self,
        _connection_id: &'a ConnectionId,
        _list: List,
        external_id: &'a str,
    ) -> BoxFuture<'a, Result<Fetched, Failure>> {
        self.asked.lock().unwrap().push(external_id.to_owned());
        let said = self.records.lock().unwrap().get(external_id).cloned().unwrap_or(Ok(None));
        Box::pin(async move {
            said.map(|record| record.map_or(Fetched::Missing, |record| Fetched::Record(Box::new(record))))
        })
    }
}

/// One connection whose webhooks come in, with a clock that stands still.
struct Office {
    store: Store,
    ambient: Ambient,
    clock: Arc<TestClock>,
    connection: Connection,
    inbox: Inbox,
    processor: InboxProcessor,
    source: Arc<Scripted>,
}

impl Office {
    async fn open(database: &TestDatabase, kind: Kind) -> Self {
        let clock = TestClock::new();
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let store = database.open();
        let made = ambient.clone();
        let connection = store.write(move |db| {
            let company = register::company(db, &made, &granted(), "Acme")?;
            let draft = draft(kind, &company.id);
            let new = register::connection(db, &made, &test_vault(), &granted(), &draft)?;
            Ok::<_, register::Error>(new.connection)
        });
        let connection = connection.await.unwrap();
        let source = Arc::new(Scripted::default());
        let processor = Self::processor(&store, &ambient, &source, "gw_one");
        let inbox = Inbox::start(store.clone(), ambient.clone()).sealing(test_vault(), SEALED_KEPT);
        Self { store, ambient, clock, connection, inbox, processor, source }
    }

    fn processor(store: &Store, ambient: &Ambient, source: &Arc<Scripted>, gateway: &str) -> InboxProcessor {
        InboxProcessor {
            store: store.clone(),
            ambient: ambient.clone(),
            fetch: source.clone(),
            vault: test_vault(),
            gateway: gateway.into(),
            lease_for: Duration::from_secs(30),
            turn: Duration::from_mins(10),
            slots: Arc::new(Semaphore::new(SLOTS)),
            traffic: rollcall::sync::inbox::Traffic::default(),
            polls: Arc::default(),
        }
    }

    /// Another connection of the company.
    async fn another(&self, kind: Kind, name: &str) -> ConnectionId {
        let (ambient, mut draft) = (self.ambient.clone(), draft(kind, &self.connection.company_id));
        draft.name = Some(name.to_owned());
        let made =
            self.store.write(move |db| register::connection(db, &ambient, &test_vault(), &granted(), &draft));
        made.await.unwrap().connection.id
    }

    async fn tell_to(&self, connection_id: &ConnectionId, message_id: &str, event: Event) {
        self.clock.advance(chrono::TimeDelta::milliseconds(1));
        let message =
            Message { message_id: message_id.into(), name: "test".into(), told_at: None, event: Ok(event) };
        self.inbox.accept(connection_id, message).await.unwrap();
    }

    async fn tell(&self, message_id: &str, event: Event) -> Accepted {
        self.tell_at(message_id, None, event).await
    }

    /// Tells what was so at `told_at`, in seconds after an hour ago.
    async fn tell_at(&self, message_id: &str, told_at: Option<i64>, event: Event) -> Accepted {
        self.clock.advance(chrono::TimeDelta::milliseconds(1));
        let began: DateTime<Utc> = "2026-11-21T11:00:00Z".parse().unwrap();
        let told_at = told_at.map(|seconds| began + chrono::TimeDelta::seconds(seconds));
        let message =
            Message { message_id: message_id.into(), name: "test".into(), told_at, event: Ok(event) };
        self.inbox.accept(&self.connection.id, message).await.unwrap()
    }

    /// Works off what is due.
    async fn work(&self) -> usize {
        let Some(lease) = self.processor.claim(&self.connection.id).await.unwrap() else { return 0 };
        let worked = self.processor.work(&lease, self.processor.slot().await).await.unwrap();
        self.processor.release(lease).await.unwrap();
        worked
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Db, &ConnectionId) -> rollcall::store::Result<T> + Send + 'static,
    ) -> T {
        let id = self.connection.id.clone();
        self.store.read(move |db| work(db, &id)).await.unwrap()
    }

    /// The external IDs of those who are present.
    async fn present(&self) -> BTreeSet<String> {
        let page =
            |db: &mut Db, id: &ConnectionId| records::present(db, id, List::Employee, None, PageLimit::SCAN);
        self.read(page).await.rows.into_iter().map(|record| record.external_id).collect()
    }

    async fn stands(&self) -> Status {
        stands(&self.store, &self.connection.id, self.ambient.now()).await
    }

    async fn messages(&self, state: MessageState) -> Vec<inbox::Message> {
        // One by one: a page does not load what they said.
        let read = move |db: &mut Db, id: &ConnectionId| {
            let page = inbox::page(db, id, Some(state), None, PageLimit::SCAN)?;
            page.rows.iter().map(|message| inbox::get(db, &message.id)).collect()
        };
        self.read(read).await
    }

    async fn runs(&self) -> Vec<Run> {
        self.read(|db, id| runs::page(db, id, None, PageLimit::SCAN)).await.rows
    }

    async fn run_in(&self, state: RunState) -> Option<Run> {
        self.runs().await.into_iter().find(|run| run.state == state)
    }
}

fn draft(kind: Kind, company_id: &CompanyId) -> ConnectionDraft {
    let mut draft = ConnectionDraft::new(kind, company_id);
    if kind == Kind::Paycom {
        draft.secrets =
            ["sid", "token"].map(|name| (name.to_owned(), Secret::new("x"))).into_iter().collect();
    }
    draft
}

/// The whole list, or a page of it.
fn page(number: u32, last: bool, records: Vec<Record>) -> Event {
    Event::Replaced { list: List::Employee, list_id: None, page: number, last, records }
}

/// A page of the whole list `list_id`.
fn page_of(list_id: &str, number: u32, last: bool, records: Vec<Record>) -> Event {
    let list_id = Some(list_id.to_owned());
    Event::Replaced { list: List::Employee, list_id, page: number, last, records }
}

fn upserted(records: Vec<Record>) -> Event {
    Event::Upserted { list: List::Employee, records }
}

fn removed(ids: &[&str]) -> Event {
    let external_ids = ids.iter().map(|id| (*id).to_owned()).collect();
    Event::Removed { list: List::Employee, external_ids }
}

fn changed(id: &str) -> Event {
    Event::Changed { list: List::Employee, external_id: id.into() }
}
