//! Real databases and real gateways for tests. Each test gets its own.

mod clock;
mod database;
pub mod person;
#[cfg(unix)]
mod postgres;
mod process;
mod stands;

pub use clock::TestClock;
pub use database::{SECRET_KEY, TestDatabase, test_vault};
#[cfg(unix)]
pub use postgres::PostgresServer;
pub use process::Process;
pub use stands::stands;

use std::{net::SocketAddr, sync::Arc};

use reqwest::{Method, StatusCode, header::HeaderMap};
use rollcall::{
    clock::Ambient,
    config::{MapSource, Settings},
    connectors::outbound::{Outbound, Timeouts},
    domain::{
        access::{Acts, Attempt, Grant, Origin, Principal, action},
        hold::Gone,
        ids::CompanyId,
        record::Record,
        words::{Kind, List, Mode},
    },
    http::{Gateway, router::router, server},
    service::call::as_acting,
    store::{
        PageLimit, Store,
        apps::App,
        companies::Company,
        connections::Connection,
        records::{self, Filter, Order, Staged},
        runs::Run,
    },
    sync::{
        feed, ingest, reconcile,
        register::{self, ConnectionDraft},
        run,
        source_access::SourceAccess,
    },
};
use serde_json::Value;
use tokio::{net::TcpListener, sync::oneshot};

/// A gateway with a company, a connection to QuickBooks Desktop, an app of that company and an admin's app.
pub struct TestApp {
    pub gateway: Gateway,
    pub address: SocketAddr,
    pub company: Company,
    pub connection: Connection,
    /// The app's token.
    pub token: String,
    pub admin: String,
    client: reqwest::Client,
    _stop: oneshot::Sender<()>,
}

impl TestApp {
    /// Runs a test against a gateway on every engine there is.
    pub async fn each(test: impl AsyncFn(&Self)) {
        TestDatabase::each(async |database| test(&Self::start(database).await).await).await;
    }

    pub async fn start(database: &TestDatabase) -> Self {
        Self::start_within(database, |_| {}).await
    }

    /// With limits of its own.
    pub async fn start_within(database: &TestDatabase, change: impl FnOnce(&mut server::Limits)) -> Self {
        Self::start_by(database, Ambient::system(), |limits, _| change(limits)).await
    }

    /// By a clock of its own.
    pub async fn start_at(database: &TestDatabase, clock: Arc<TestClock>) -> Self {
        Self::start_by(database, Ambient { clock, ..Ambient::system() }, |_, _| {}).await
    }

    /// With what is to be changed before it serves.
    pub async fn start_changed(
        database: &TestDatabase,
        change: impl FnOnce(&mut server::Limits, &mut Gateway),
    ) -> Self {
        Self::start_by(database, Ambient::system(), change).await
    }

    /// With all of it.
    pub async fn start_by(
        database: &TestDatabase,
        ambient: Ambient,
        change: impl FnOnce(&mut server::Limits, &mut Gateway),
    ) -> Self {
        let store = database.open_audited();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let public_url = format!("http://localhost:{}", address.port()).parse().unwrap();
        let mut gateway =
            Gateway::new(SourceAccess { public_url, ..sources(&store, &ambient, Timeouts::default()) });
        let settings = Settings::read(&MapSource::default()).unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let mut limits = (&settings.http).into();
        change(&mut limits, &mut gateway);
        let router = router(gateway.clone(), &settings.http);
        tokio::spawn(server::run(listener, router, limits, None, async {
            let _ = stopped.await;
        }));
        let vault = gateway.vault.clone();
        let made = gateway.store.write(move |db| {
            let company = register::company(db, &ambient, &granted(), "Acme")?;
            let draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company.id);
            let connection = register::connection(db, &ambient, &vault, &granted(), &draft)?.connection;
            let (_, token) = register::app(
                db,
                &ambient,
                &granted(),
                "Timesheets",
                std::slice::from_ref(&company.id),
                false,
            )?;
            let (_, admin) = register::app(db, &ambient, &granted(), "Ops", &[], true)?;
            Ok::<_, register::Error>((company, connection, token, admin))
        });
        let (company, connection, token, admin) = made.await.unwrap();
        feed::ensure_epoch(&gateway.store, &gateway.ambient).await.unwrap();
        // Another test may have installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self {
            address,
            company,
            connection,
            token: token.reveal().to_owned(),
            admin: admin.reveal().to_owned(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            gateway,
            _stop: stop,
        }
    }

    /// A whole list arrives from the connection.
    pub async fn stage(&self, list: List, records: Vec<Record>) -> Run {
        self.stage_from(&self.connection, list, records).await
    }

    pub async fn stage_from(&self, connection: &Connection, list: List, records: Vec<Record>) -> Run {
        let (ambient, connection) = (self.gateway.ambient.clone(), connection.clone());
        let staged = self.gateway.store.write(move |db| {
            let run = run::start(db, &ambient, &connection, list, Mode::Full)?;
            ingest::batch(db, &ambient, &run, &records, None)?;
            reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now())
        });
        staged.await.unwrap()
    }

    /// Another company with a connection.
    pub async fn add_company(&self, name: &'static str) -> (Company, Connection) {
        let (ambient, vault) = (self.gateway.ambient.clone(), self.gateway.vault.clone());
        let made = self.gateway.store.write(move |db| {
            let company = register::company(db, &ambient, &granted(), name)?;
            let draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company.id);
            let new = register::connection(db, &ambient, &vault, &granted(), &draft)?;
            Ok::<_, register::Error>((company, new.connection))
        });
        made.await.unwrap()
    }

    /// Another app of these companies; its token.
    pub async fn add_app(&self, name: &'static str, companies: &[&CompanyId]) -> String {
        let ambient = self.gateway.ambient.clone();
        let companies: Vec<CompanyId> = companies.iter().map(|id| (*id).clone()).collect();
        let made = self
            .gateway
            .store
            .write(move |db| register::app(db, &ambient, &granted(), name, &companies, false));
        made.await.unwrap().1.reveal().to_owned()
    }

    pub async fn call(&self, method: Method, path: &str, token: Option<&str>, body: Option<Value>) -> Answer {
        let bearer = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
        self.call_with(method, path, &headers, body).await
    }

    /// With headers of its own.
    pub async fn call_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.client.request(method, format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Answer { status, headers, text, body: Arc::new(body) }
    }
}

/// Calls with a token: `app.get("/v1/employees")` is the app's, `app.admin("GET", …)` the admin's.
impl TestApp {
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Some(&self.token), None).await
    }

    pub async fn send(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> Answer {
        self.call(method.parse().unwrap(), path, Some(&self.token), body.into()).await
    }

    pub async fn admin(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> Answer {
        self.call(method.parse().unwrap(), path, Some(&self.admin), body.into()).await
    }
}

/// An answer, its body as JSON where it is.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    body: Arc<Value>,
}

impl Answer {
    /// The body of an answer with this status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        &self.body
    }

    /// The body of a problem, after a look at what all of them hold.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> &Value {
        let body = self.is(status);
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(body["code"], code, "{body}");
        assert_eq!(body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        for name in ["title", "detail", "remedy"] {
            assert!(!body[name].as_str().unwrap().is_empty(), "{name} in {body}");
        }
        body
    }
}

fn origin() -> Origin {
    Origin::at(Ambient::system().now())
}

/// The grant to link for an app, as the command line has it.
pub fn linking(app: &App) -> Grant<action::Link> {
    let attempt = Attempt::new(Principal::CommandLine, Some(as_acting(app)), origin());
    attempt.throughout().unwrap()
}

/// The grant to do something anywhere, as the command line has it.
pub fn granted<A: Acts>() -> Grant<A> {
    Attempt::new(Principal::CommandLine, None, origin()).throughout().unwrap()
}

/// The same at the time of a test's clock.
pub fn granted_at<A: Acts>(ambient: &Ambient) -> Grant<A> {
    Attempt::new(Principal::CommandLine, None, Origin::at(ambient.now())).throughout().unwrap()
}

/// An active person as a source tells of one.
pub fn person(external_id: &str, first: &str, last: &str) -> Record {
    Record {
        external_id: external_id.into(),
        name: format!("{last}, {first}"),
        first_name: Some(first.into()),
        last_name: Some(last.into()),
        email: Some(format!("{external_id}@example.com")),
        active: true,
        ..Record::default()
    }
}

/// `count` people, in the order of their names.
pub fn people(count: usize) -> Vec<Record> {
    (0..count).map(|n| person(&format!("P-{n:04}"), "Ana", &format!("Person{n:04}"))).collect()
}

/// How sources are reached, with the key of tests.
pub fn sources(store: &Store, ambient: &Ambient, timeouts: Timeouts) -> SourceAccess {
    SourceAccess {
        store: store.clone(),
        ambient: ambient.clone(),
        vault: test_vault(),
        outbound: Outbound::new(timeouts).unwrap(),
        public_url: "http://localhost:8080".parse().unwrap(),
        lease_for: std::time::Duration::from_secs(30),
    }
}

/// What is staged of a list of a connection, the absent ones as well.
pub async fn staged(store: &Store, connection: &Connection, list: List) -> Vec<Staged> {
    let (company, id) = (connection.company_id.clone(), connection.id.clone());
    let read = store.read(move |db| -> rollcall::store::Result<_> {
        let (mut all, mut after) = (Vec::new(), None);
        let (filter, order) = (Filter::default(), Order::Name);
        loop {
            let page = records::page(db, &company, list, &filter, order, after.as_ref(), PageLimit::DEFAULT)?;
            after = page.rows.last().map(|last| records::Position::of(last, order));
            all.extend(page.rows.into_iter().filter(|staged| staged.connection_id == id));
            if !page.more {
                return Ok(all);
            }
        }
    });
    read.await.unwrap()
}
