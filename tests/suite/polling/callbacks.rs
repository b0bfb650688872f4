//! A whole gateway and a ConnectWise that calls it back: what changes there is staged here, within one process.

use std::time::Duration;

use reqwest::Method;
use rollcall::{
    app,
    clock::Ambient,
    config::{MapSource, Settings},
    connectors::outbound::Timeouts,
    domain::words::{Kind, List, MessageState, Mode, RunState},
    simulators::connectwise::signature,
    store::{
        PageLimit, Store,
        connections::Connection,
        inbox,
        records::Staged,
        runs::{self, Run},
    },
    sync::register,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use super::vendor::Vendor;
use crate::support::{SECRET_KEY, TestDatabase, granted, sources, staged};

/// The vendor, the gateway with its workers, and an administrator's token.
struct Office {
    vendor: Vendor,
    store: Store,
    connection: Connection,
    url: String,
    admin: String,
    client: reqwest::Client,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Office {
    async fn open(database: &TestDatabase) -> Self {
        let (store, ambient) = (database.open(), Ambient::system());
        let vendor = Vendor::start(Kind::Connectwise, 3, ambient.clock.clone()).await;
        let sources = sources(&store, &ambient, Timeouts::default());
        let connection = vendor.connect(&sources, "Acme", &[("page_size", "100")]).await;
        let made = ambient.clone();
        let admin =
            store.write(move |db| register::app(db, &made, &granted(), "Ops", &[], true)).await.unwrap().1;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let source: MapSource = [
            ("ROLLCALL_SECRET_KEY", SECRET_KEY),
            ("ROLLCALL_DATABASE_URL", database.url.as_str()),
            ("ROLLCALL_PUBLIC_URL", url.as_str()),
        ]
        .into_iter()
        .collect();
        let settings = Settings::read(&source).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let own = store.clone();
        let served = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            app::serve(own, &settings, ambient, listener, stopped).await.unwrap();
        });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let admin = admin.reveal().to_owned();
        Self { vendor, store, connection, url, admin, client, stop, served }
    }

    /// A call of the API on the connection: its status and body.
    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}/v1/connections/{}{path}", self.url, self.connection.id);
        let mut request = self.client.request(method, url).bearer_auth(&self.admin);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
    }

    async fn runs(&self) -> Vec<Run> {
        let id = self.connection.id.clone();
        self.store.read(move |db| runs::page(db, &id, None, PageLimit::SCAN)).await.unwrap().rows
    }

    async fn complete(&self) -> usize {
        self.runs().await.iter().filter(|run| run.state == RunState::Complete).count()
    }

    async fn messages(&self, state: Option<MessageState>) -> usize {
        let id = self.connection.id.clone();
        let page = move |db: &mut _| inbox::page(db, &id, state, None, PageLimit::SCAN);
        self.store.read(page).await.unwrap().rows.len()
    }

    async fn member(&self, id: i64) -> Staged {
        let all = staged(&self.store, &self.connection, List::Employee).await;
        all.into_iter().find(|staged| staged.record.external_id == id.to_string()).expect("staged")
    }

    /// Posts a body that says it comes from the vendor, signed with `key`; the answer's status.
    async fn forge(&self, key: &str) -> u16 {
        let callback = self.vendor.connectwise().callbacks().remove(0);
        let key_url = format!(
            "{}/{}/system/callbackkey/index.rails?companyName=acme&id={}",
            self.vendor.base_url,
            self.vendor.connectwise().codebase(),
            callback.guid
        );
        let body = json!({
            "MessageId": "forged", "CompanyId": "acme", "Action": "deleted", "Type": "member", "ID": 1,
            "Metadata": { "key_url": key_url },
        })
        .to_string();
        let request = self.client.post(format!("{}1", callback.url));
        let request = request.header("x-content-signature", signature(key, body.as_bytes()));
        request.body(body).send().await.unwrap().status().as_u16()
    }
}

/// Waits until something is so, and fails where it never is.
async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_at_the_vendor_is_staged_by_its_callback_and_who_is_deleted_only_by_the_whole_list() {
    TestDatabase::each(async |database| {
        let office = Office::open(database).await;
        let world = office.vendor.connectwise();
        until("both lists are read", async || office.complete().await == 2).await;
        for state in ["created", "kept"] {
            let (status, body) = office.call(Method::PUT, "/callbacks", None).await;
            let both = ["company", "member"].map(|kind| json!({ "type": kind, "state": state }));
            assert_eq!((status, &body["callbacks"]), (200, &json!(both)), "{body}");
        }
        assert_eq!(world.callbacks().len(), 2);
        let (_, shown) = office.call(Method::GET, "", None).await;
        assert_eq!(shown["webhook"]["subscribed"], json!(true));
        assert!(shown["webhook"]["checked_at"].is_string(), "{shown}");

        let people: Vec<i64> =
            world.truth().members.iter().filter(|it| it.license_class != 'A').map(|it| it.id).collect();
        let (renamed, gone) = (people[0], people[1]);
        world.deliver().await;
        assert!(world.rename_member(renamed, "Zora", "Quill"));
        let sent = world.deliver().await;
        assert!(sent.len() == 1 && sent[0].taken, "{sent:?}");
        let is_renamed = async || office.member(renamed).await.record.display_name() == "Zora Quill";
        until("the renamed member is staged", is_renamed).await;
        assert_eq!(office.runs().await.len(), 2, "by the callback, not by a poll");

        // Paused, so that the whole list is only read when it may be.
        assert_eq!(office.call(Method::PATCH, "", Some(json!({ "paused": true }))).await.0, 200);
        assert!(world.hard_delete_member(gone));
        assert!(world.deliver().await[0].taken);
        let asked = async || office.runs().await.iter().any(|run| run.state == RunState::Queued);
        until("the whole list is asked for", asked).await;
        assert!(office.member(gone).await.absent_at.is_none(), "one message makes nobody absent");
        assert_eq!(office.call(Method::PATCH, "", Some(json!({ "paused": false }))).await.0, 200);
        until("the deleted member is absent", async || office.member(gone).await.absent_at.is_some()).await;
        let last = office.runs().await.remove(0);
        assert!(last.mode == Mode::Full && last.absent == 1, "{last:?}");

        until("all are dealt with", async || office.messages(Some(MessageState::Done)).await == 2).await;
        assert_eq!(office.forge("not the key").await, 401);
        assert_eq!(office.messages(None).await, 2, "of a forged message nothing is kept");

        assert_eq!(office.call(Method::DELETE, "/callbacks", None).await.0, 204);
        assert_eq!(world.callbacks(), []);
        assert_eq!(office.call(Method::GET, "", None).await.1["webhook"]["subscribed"], json!(false));
        assert_eq!(office.vendor.violations(), Vec::<String>::new());
        office.stop.send(()).unwrap();
        office.served.await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_callback_at_the_address_of_all_tenants_finds_its_connection_and_a_stranger_learns_nothing() {
    TestDatabase::each(async |database| {
        let office = Office::open(database).await;
        let world = office.vendor.connectwise();
        until("both lists are read", async || office.complete().await == 2).await;
        // Registered by hand, once for all.
        let all = format!("{}/webhooks/connectwise", office.url);
        let sources = sources(&office.store, &Ambient::system(), Timeouts::default());
        let (_, _, source) = sources.open(&office.connection.id, None).await.unwrap();
        source.ensure_callbacks(&all).await.unwrap().unwrap();
        assert_eq!(world.callbacks().len(), 2);
        world.deliver().await;
        let person = world.truth().members.iter().find(|it| it.license_class != 'A').unwrap().id;
        assert!(world.rename_member(person, "Zora", "Quill"));
        let sent = world.deliver().await;
        assert!(sent.len() == 1 && sent[0].taken, "{sent:?}");
        let is_renamed = async || office.member(person).await.record.display_name() == "Zora Quill";
        until("the renamed member is staged", is_renamed).await;

        // The same whether there is a connection of the tenant or not, and nothing of it is kept.
        let kept = office.messages(None).await;
        let key_url =
            format!("{}/x/system/callbackkey/index.rails?companyName=acme&id=1", office.vendor.base_url);
        let mut answers = Vec::new();
        for company in ["acme", "ACME", "nobody"] {
            let body = json!({
                "MessageId": "forged", "CompanyId": company, "Action": "deleted", "Type": "member", "ID": 1,
                "Metadata": { "key_url": key_url },
            });
            let body = body.to_string();
            let signed = signature("not the key", body.as_bytes());
            let request = office.client.post(&all).header("x-content-signature", signed).body(body);
            let answer = request.header("x-request-id", "same").send().await.unwrap();
            answers.push((answer.status().as_u16(), answer.text().await.unwrap()));
        }
        assert!(answers.iter().all(|answer| answer.0 == 401 && *answer == answers[0]), "{answers:?}");
        assert_eq!(office.messages(None).await, kept);
        // A kind whose webhooks name no tenant has no such address.
        for path in ["webhooks/push", "webhooks/paycom"] {
            let answer =
                office.client.post(format!("{}/{path}", office.url)).body("{}").send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 401, "{path}");
        }
        office.stop.send(()).unwrap();
        office.served.await.unwrap();
    })
    .await;
}
