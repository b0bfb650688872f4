//! Callbacks of a vendor: registered once, looked after while the connection is polled, and taken back.

use chrono::TimeDelta;
use reqwest::Method;
use rollcall::{
    clock::Ambient,
    connectors::outbound::Timeouts,
    domain::words::{ConnectionState, Kind},
    simulators::vendor::{Fault, PlannedFault},
    store::{
        Store,
        connections::{self, Connection},
        webhooks::{self, WebhookState},
    },
    sync::{
        poll,
        register::{self, ConnectionDraft},
        remove,
        source_access::SourceAccess,
        status::status,
        subscribe::{SubscribeError, TROUBLE, subscribe, unsubscribe},
    },
};
use serde_json::json;

use super::vendor::Vendor;
use crate::support::{TestApp, TestClock, TestDatabase, granted, sources};

/// A connection to a ConnectWise, and a clock that both share.
struct Tenant {
    store: Store,
    clock: std::sync::Arc<TestClock>,
    vendor: Vendor,
    sources: SourceAccess,
    connection: Connection,
}

impl Tenant {
    async fn open(database: &TestDatabase) -> Self {
        Self::open_as(database, "Acme").await
    }

    /// The same in a company of this name.
    async fn open_as(database: &TestDatabase, company: &str) -> Self {
        let (store, clock) = (database.open(), TestClock::new());
        let vendor = Vendor::start(Kind::Connectwise, 2, clock.clone()).await;
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let sources = sources(&store, &ambient, Timeouts::default());
        let connection = vendor.connect(&sources, company, &[]).await;
        Self { store, clock, vendor, sources, connection }
    }

    /// Polls the connection some time later.
    async fn poll_after(&self, hours: i64) {
        self.clock.advance(TimeDelta::hours(hours));
        for lease in poll::claim(&self.sources, "gw", 5).await.unwrap() {
            poll::poll(&self.sources, lease).await;
        }
    }

    /// The types of the callbacks that stand, and that are switched on or off.
    fn callbacks(&self, inactive: bool) -> Vec<String> {
        let all = self.vendor.connectwise().callbacks().into_iter();
        let mut kinds: Vec<String> =
            all.filter(|callback| callback.inactive == inactive).map(|callback| callback.kind).collect();
        kinds.sort();
        kinds
    }

    async fn hook(&self) -> WebhookState {
        let id = self.connection.id.clone();
        self.store.read(move |db| webhooks::get(db, &id)).await.unwrap()
    }

    async fn connection(&self) -> Connection {
        let id = self.connection.id.clone();
        self.store.read(move |db| connections::get(db, &id)).await.unwrap()
    }
}

const BOTH: [&str; 2] = ["company", "member"];
const NONE: [&str; 0] = [];

#[tokio::test]
async fn subscribing_again_makes_no_second_set_and_unsubscribing_leaves_none() {
    TestDatabase::each(async |database| {
        let tenant = Tenant::open(database).await;
        let id = &tenant.connection.id;
        let first = subscribe(&tenant.sources, &granted(), id).await.unwrap();
        assert_eq!((first.added.len(), first.present.len()), (2, 0));
        // Two at once, as two administrators would.
        let grant = granted();
        let (one, other) =
            tokio::join!(subscribe(&tenant.sources, &grant, id), subscribe(&tenant.sources, &grant, id));
        assert_eq!((one.unwrap().present.len(), other.unwrap().present.len()), (2, 2));
        assert_eq!(tenant.callbacks(false), BOTH);
        assert!(tenant.hook().await.subscribed);
        assert_eq!(unsubscribe(&tenant.sources, &granted(), id).await.unwrap(), 2);
        assert_eq!(unsubscribe(&tenant.sources, &granted(), id).await.unwrap(), 0);
        tenant.poll_after(7).await;
        assert_eq!(tenant.callbacks(false), NONE, "nobody wants them any more");
        assert_eq!(tenant.hook().await, WebhookState::default());
        assert_eq!(tenant.vendor.violations(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_is_deleted_takes_its_callbacks_back_or_says_that_they_are_left() {
    TestDatabase::each(async |database| {
        for refused in [false, true] {
            let tenant = Tenant::open_as(database, if refused { "Birch" } else { "Acme" }).await;
            subscribe(&tenant.sources, &granted(), &tenant.connection.id).await.unwrap();
            assert_eq!(tenant.callbacks(false), BOTH);
            if refused {
                let forbidden = PlannedFault::from(Fault::Forbidden).on("system/callbacks");
                tenant.vendor.connectwise().add_fault(forbidden);
            }
            let id = tenant.connection.id.clone();
            let extent = tenant.store.read(move |db| remove::extent(db, &granted(), &id)).await.unwrap();
            assert!(extent.callbacks);
            let left = remove::connection(&tenant.sources, &granted(), &extent, remove::Leave::Unlinked)
                .await
                .unwrap();
            assert_eq!(left.map(|problem| problem.code), refused.then(|| "callbacks_left".to_owned()));
            assert_eq!(tenant.callbacks(false).len(), if refused { 2 } else { 0 });
            let id = tenant.connection.id.clone();
            let gone = tenant.store.read(move |db| connections::get(db, &id)).await;
            assert!(matches!(gone, Err(rollcall::store::Error::NotFound(_))), "{gone:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn callbacks_that_were_switched_off_or_lost_are_registered_again_by_a_later_poll() {
    TestDatabase::each(async |database| {
        let tenant = Tenant::open(database).await;
        subscribe(&tenant.sources, &granted(), &tenant.connection.id).await.unwrap();
        let world = tenant.vendor.connectwise();
        world.disable_callbacks();
        tenant.poll_after(5).await;
        assert_eq!(
            (tenant.callbacks(true), tenant.callbacks(false).len()),
            (BOTH.map(String::from).into(), 0)
        );
        tenant.poll_after(2).await;
        assert_eq!(
            (tenant.callbacks(false), tenant.callbacks(true).len()),
            (BOTH.map(String::from).into(), 0)
        );
        let checked = tenant.hook().await.checked_at.unwrap();
        // Somebody deletes them at the vendor.
        let (_, _, source) = tenant.sources.open(&tenant.connection.id, None).await.unwrap();
        let url = format!("http://localhost:8080/webhooks/{}", tenant.connection.id);
        assert_eq!(source.remove_callbacks(&url).await.unwrap().unwrap(), 2);
        tenant.poll_after(7).await;
        assert_eq!(tenant.callbacks(false), BOTH);
        assert!(tenant.hook().await.checked_at.unwrap() > checked);
        assert_eq!(tenant.vendor.violations(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn other_settings_are_followed_by_other_callbacks() {
    TestDatabase::each(async |database| {
        let tenant = Tenant::open(database).await;
        subscribe(&tenant.sources, &granted(), &tenant.connection.id).await.unwrap();
        let (ambient, vault, id) =
            (tenant.sources.ambient.clone(), tenant.sources.vault.clone(), tenant.connection.id.clone());
        let change = register::ConnectionChange {
            settings: [("contacts".to_owned(), "true".to_owned())].into(),
            ..register::ConnectionChange::default()
        };
        let changed = tenant
            .store
            .write(move |db| register::change_connection(db, &ambient, &vault, &granted(), &id, &change));
        changed.await.unwrap();
        tenant.poll_after(0).await;
        assert_eq!(tenant.callbacks(false), ["company", "contact", "member"]);
    })
    .await;
}

#[tokio::test]
async fn a_right_that_is_missing_is_a_warning_and_the_lists_are_read_all_the_same() {
    TestDatabase::each(async |database| {
        let tenant = Tenant::open(database).await;
        subscribe(&tenant.sources, &granted(), &tenant.connection.id).await.unwrap();
        let forbidden = || PlannedFault::from(Fault::Forbidden).on("system/callbacks");
        tenant.vendor.connectwise().add_fault(forbidden());
        tenant.poll_after(7).await;
        let warned = tenant.connection().await;
        let (problem, _) = warned.problem.clone().unwrap();
        assert_eq!(problem.code, TROUBLE);
        assert!(!problem.remedy.is_empty() && warned.last_seen_at.is_some());
        let now = tenant.sources.ambient.now();
        let shown = tenant.store.read(move |db| status(db, &warned, now)).await.unwrap();
        assert_eq!(shown.state, ConnectionState::Ok, "{shown:?}");
        tenant.poll_after(1).await;
        assert_eq!(tenant.connection().await.problem, None);

        // And whoever takes them back in vain is told so, and they are looked after as before.
        tenant.vendor.connectwise().add_fault(forbidden());
        let refused = unsubscribe(&tenant.sources, &granted(), &tenant.connection.id).await.unwrap_err();
        assert!(matches!(&refused, SubscribeError::Source(_)), "{refused:?}");
        assert_eq!(refused.problem().unwrap().code, "permission");
        assert!(tenant.hook().await.subscribed);
        tenant.poll_after(1).await;
        assert_eq!(tenant.callbacks(false), BOTH);
        assert!(tenant.hook().await.checked_at.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_can_have_none_is_told_what_to_do_instead() {
    TestApp::each(async |app| {
        let put = async |id: &str| app.admin("PUT", &format!("/v1/connections/{id}/callbacks"), None).await;
        put(&app.connection.id).await.problem(409, "no_callbacks");
        put("con_nobody").await.problem(404, "connection_not_found");
        let path = format!("/v1/connections/{}/callbacks", app.connection.id);
        for method in [Method::PUT, Method::DELETE] {
            app.call(method, &path, Some(&app.token), None).await.is(403);
        }
        let paycom = [("base_url", "https://api.paycomonline.net")];
        let refused = put(&add(app, Kind::Paycom, &["sid", "token"], &paycom).await).await;
        let remedy = refused.problem(409, "no_callbacks")["remedy"].clone();
        assert!(remedy.as_str().unwrap().contains("API Setup"), "{remedy}");

        // The gateway of this test is at http://localhost, where no vendor's cloud reaches it.
        let keys = ["public_key", "private_key"];
        let cloud =
            [("base_url", "https://na.myconnectwise.net"), ("company_id", "acme"), ("client_id", "c")];
        put(&add(app, Kind::Connectwise, &keys, &cloud).await).await.problem(409, "address_not_reachable");
        // Nobody listens there.
        let own = [
            ("base_url", "http://127.0.0.1:1"),
            ("allow_private_address", "true"),
            ("company_id", "acme"),
            ("client_id", "c"),
        ];
        let id = add(app, Kind::Connectwise, &keys, &own).await;
        put(&id).await.problem(502, "tcp");
        let shown = app.get(&format!("/v1/connections/{id}")).await;
        assert_eq!(shown.is(200)["webhook"]["subscribed"], json!(false));
    })
    .await;
}

/// Another connection of the app's company; its ID.
async fn add(app: &TestApp, kind: Kind, secrets: &[&str], settings: &[(&str, &str)]) -> String {
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let secret = |name: &&str| ((*name).to_owned(), rollcall::domain::secret::Secret::new("x"));
    let draft = ConnectionDraft {
        name: Some(format!("{kind} {}", settings[0].1)),
        settings: settings.iter().map(text).collect(),
        secrets: secrets.iter().map(secret).collect(),
        ..ConnectionDraft::new(kind, &app.company.id)
    };
    let (ambient, vault) = (app.gateway.ambient.clone(), app.gateway.vault.clone());
    let made =
        app.gateway.store.write(move |db| register::connection(db, &ambient, &vault, &granted(), &draft));
    made.await.unwrap().connection.id.into()
}
