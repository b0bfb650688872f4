//! A company whose QuickBooks calls a gateway.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::TimeDelta;
use rollcall::{
    clock::Ambient,
    domain::{
        ids::{CompanyId, ConnectionId},
        secret::Secret,
        words::{Kind, List, Mode},
    },
    simulators::quickbooks_desktop::{
        CompanyFile, Faults, Outcome, PlannedFault, QwcFile, SessionOptions, SessionReport, run_session,
    },
    store::{
        PageLimit, Store, connections,
        records::{self, Filter, Order, Staged},
        runs::{self, Run},
    },
    sync::{
        ask, calls_in,
        register::{self, ConnectionDraft},
        status::Status,
    },
};

use crate::support::{TestClock, TestDatabase, granted, stands, test_vault};

use super::server::{Server, public_url};

/// A gateway with one company and its connection to QuickBooks Desktop.
pub(crate) struct Desk {
    pub store: Store,
    pub ambient: Ambient,
    pub clock: Arc<TestClock>,
    pub server: Arc<Server>,
    pub connection: ConnectionId,
    pub company: CompanyId,
    pub options: SessionOptions,
}

impl Desk {
    pub async fn open(database: &TestDatabase, settings: &[(&str, &str)]) -> Self {
        let clock = TestClock::new();
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        Self::with(database, ambient, clock, settings).await
    }

    pub async fn with(
        database: &TestDatabase,
        ambient: Ambient,
        clock: Arc<TestClock>,
        settings: &[(&str, &str)],
    ) -> Self {
        let store = database.open();
        let server = Arc::new(Server::start(&store, &ambient).await);
        Self::new(store, ambient, clock, server, "Acme & Söhne", settings).await
    }

    /// Another company at the same gateway.
    pub async fn beside(&self, company: &str, settings: &[(&str, &str)]) -> Self {
        let (store, ambient) = (self.store.clone(), self.ambient.clone());
        Self::new(store, ambient, self.clock.clone(), self.server.clone(), company, settings).await
    }

    async fn new(
        store: Store,
        ambient: Ambient,
        clock: Arc<TestClock>,
        server: Arc<Server>,
        company: &str,
        settings: &[(&str, &str)],
    ) -> Self {
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let (verb, company) = (ambient.clone(), company.to_owned());
        let made = store
            .write(move |db| {
                let company = register::company(db, &verb, &granted(), &company)?;
                let mut draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company.id);
                draft.settings = settings;
                register::connection(db, &verb, &test_vault(), &granted(), &draft)
            })
            .await
            .unwrap();
        let (connection, address) = (made.connection.id.clone(), public_url(server.address));
        let qwc = store.read(move |db| calls_in::setup_file(db, &connection, &address)).await.unwrap();
        let qwc = QwcFile::parse(&qwc).unwrap();
        assert_eq!(qwc.violations(), Vec::<String>::new());
        let (_, password) = made.credentials.unwrap();
        let mut options = SessionOptions::from_qwc(&qwc, Secret::new(password.reveal()));
        options.noop_pause = Duration::ZERO;
        let connection = made.connection;
        Self {
            store,
            ambient,
            clock,
            server,
            connection: connection.id,
            company: connection.company_id,
            options,
        }
    }

    /// Stops the gateway and starts another on the same database.
    pub async fn restart(&mut self, database: &TestDatabase) {
        self.store = database.open();
        self.server = Arc::new(Server::start(&self.store, &self.ambient).await);
    }

    pub fn advance(&self, delta: TimeDelta) {
        self.clock.advance(delta);
    }

    /// One session with faults; nothing that the gateway said may break the rules of the wire.
    pub async fn session_with(&self, file: &mut CompanyFile, faults: &mut Faults) -> SessionReport {
        let report = run_session(&self.options, file, faults, &|_| {}).await.unwrap();
        assert_eq!(report.violations, Vec::<String>::new());
        report
    }

    /// One session with faults named as on the command line, all of which must strike.
    pub async fn trouble(&self, file: &mut CompanyFile, faults: &[&str]) -> SessionReport {
        let planned: Vec<PlannedFault> = faults.iter().map(|fault| fault.parse().unwrap()).collect();
        let mut planned = Faults::new(planned);
        let report = self.session_with(file, &mut planned).await;
        assert!(planned.is_over(), "{faults:?} did not strike: {report:?}");
        report
    }

    pub async fn session(&self, file: &mut CompanyFile) -> SessionReport {
        self.session_with(file, &mut Faults::none()).await
    }

    /// A session that must go through.
    pub async fn sync(&self, file: &mut CompanyFile) -> SessionReport {
        let report = self.session(file).await;
        assert_eq!(report.outcome, Outcome::Completed, "{report:?}");
        report
    }

    /// Asks for both lists at the next session. A second later: the order of runs is that of their times.
    pub async fn poll(&self, mode: Mode) -> Vec<Run> {
        self.advance(TimeDelta::seconds(1));
        let (id, ambient) = (self.connection.clone(), self.ambient.clone());
        let polled = self.store.write(move |db| {
            let connection = connections::get(db, &id)?;
            ask::ask(db, &ambient, &granted(), &connection, mode)
        });
        polled.await.unwrap()
    }

    /// Asks for the whole lists and has them read.
    pub async fn full_sync(&self, file: &mut CompanyFile) -> SessionReport {
        self.poll(Mode::Full).await;
        self.sync(file).await
    }

    pub async fn staged(&self, list: List) -> Vec<Staged> {
        let company = self.company.clone();
        let read = self.store.read(move |db| -> rollcall::store::Result<_> {
            let (mut all, mut after) = (Vec::new(), None);
            let (filter, order) = (Filter::default(), Order::Name);
            loop {
                let page =
                    records::page(db, &company, list, &filter, order, after.as_ref(), PageLimit::DEFAULT)?;
                after = page.rows.last().map(|last| records::Position::of(last, order));
                all.extend(page.rows);
                if !page.more {
                    return Ok(all);
                }
            }
        });
        read.await.unwrap()
    }

    /// The code of what stands in the way of the connection.
    pub async fn problem(&self) -> Option<String> {
        let id = self.connection.clone();
        let connection = self.store.read(move |db| connections::get(db, &id)).await.unwrap();
        connection.problem.map(|(problem, _)| problem.code)
    }

    /// Where the connection stands.
    pub async fn stands(&self) -> Status {
        stands(&self.store, &self.connection, self.ambient.now()).await
    }

    /// The connection's latest runs, newest first.
    pub async fn runs(&self) -> Vec<Run> {
        let connection = self.connection.clone();
        let page = self.store.read(move |db| runs::page(db, &connection, None, PageLimit::DEFAULT)).await;
        page.unwrap().rows
    }
}
