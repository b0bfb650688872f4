//! The whole wire: a simulated QuickBooks behind a simulated Web Connector against the real service.

mod lists;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rollcall::{
    clock::{Ambient, Clock},
    domain::{
        secret::Secret,
        words::{Kind, List},
    },
    http::{self, Gateway, layers, limits, server},
    simulators::quickbooks_desktop::{
        CompanyFile, Faults, ListEntry, Outcome, QwcFile, SessionOptions, SessionReport, run_session,
    },
    store::{PageLimit, runs},
    store::{
        Store,
        records::{self, Filter, Order, Staged},
        runs::Run,
    },
    sync::{register, web_connector},
};
use std::sync::Mutex;
use tokio::{net::TcpListener, sync::oneshot};

/// A clock that only moves when it is told to.
pub(crate) struct TestClock(Mutex<DateTime<Utc>>);

impl Clock for TestClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// A gateway on a socket, with one company and one connection to QuickBooks Desktop.
pub(crate) struct Desk {
    pub store: Store,
    pub ambient: Ambient,
    pub clock: Arc<TestClock>,
    pub connection: String,
    pub company: String,
    pub options: SessionOptions,
    stop: Option<oneshot::Sender<()>>,
    _directory: tempfile::TempDir,
}

impl Desk {
    pub async fn open(settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&format!("sqlite:{}", directory.path().join("t.db").display())).unwrap();
        store.migrate().unwrap();
        let clock = Arc::new(TestClock(Mutex::new("2026-11-21T12:00:00Z".parse().unwrap())));
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let public_url: url::Url = format!("http://localhost:{}", address.port()).parse().unwrap();
        let gateway =
            Gateway { store: store.clone(), ambient: ambient.clone(), public_url: public_url.clone() };
        let router = layers::stack(
            limits::limited(http::qbwc::router(gateway), 1 << 32),
            ambient.clone(),
            Duration::from_secs(5),
        );
        let (stop, stopped) = oneshot::channel::<()>();
        let limits = server::Limits::from(
            &rollcall::config::Settings::read(&rollcall::config::MapSource::default()).unwrap().http,
        );
        tokio::spawn(server::run(listener, router, limits, None, async {
            let _ = stopped.await;
        }));
        let settings: BTreeMap<String, String> =
            settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let made = {
            let ambient = ambient.clone();
            store
                .write(move |db| {
                    let company = register::company(db, &ambient, "Acme & Söhne")?;
                    register::connection(db, &ambient, Kind::QuickbooksDesktop, &company.id, None, &settings)
                })
                .await
                .unwrap()
        };
        let connection = made.connection.id.clone();
        let qwc = {
            let connection = connection.clone();
            store.read(move |db| web_connector::qwc(db, &connection, &public_url)).await.unwrap()
        };
        let qwc = QwcFile::parse(&qwc).unwrap();
        assert_eq!(qwc.violations(), Vec::<String>::new());
        let (_, password) = made.credentials.unwrap();
        let mut options = SessionOptions::from_qwc(&qwc, Secret::new(password.reveal()));
        options.noop_pause = Duration::ZERO;
        Self {
            store,
            ambient,
            clock,
            connection,
            company: made.connection.company_id,
            options,
            stop: Some(stop),
            _directory: directory,
        }
    }

    pub fn advance(&self, delta: TimeDelta) {
        *self.clock.0.lock().unwrap() += delta;
    }

    /// One session with faults; nothing that the gateway said may break the rules of the wire.
    pub async fn session_with(&self, file: &mut CompanyFile, faults: &mut Faults) -> SessionReport {
        let report = run_session(&self.options, file, faults, &|_| {}).await.unwrap();
        assert_eq!(report.violations, Vec::<String>::new());
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

    pub async fn staged(&self, list: List) -> Vec<Staged> {
        let company = self.company.clone();
        self.store
            .read(move |db| -> rollcall::store::Result<_> {
                let mut all = Vec::new();
                let mut after = None;
                loop {
                    let page = records::page(
                        db,
                        &company,
                        list,
                        &Filter::default(),
                        Order::Name,
                        after.as_ref(),
                        PageLimit::DEFAULT,
                    )?;
                    after = page.rows.last().map(|last| records::Position::of(last, Order::Name));
                    all.extend(page.rows);
                    if !page.more {
                        return Ok(all);
                    }
                }
            })
            .await
            .unwrap()
    }

    pub async fn runs(&self) -> Vec<Run> {
        let connection = self.connection.clone();
        let page = self.store.read(move |db| runs::page(db, &connection, None, PageLimit::DEFAULT)).await;
        page.unwrap().rows
    }

    /// What is staged and present must be what the company file has.
    pub async fn assert_equals(&self, file: &CompanyFile) {
        let entries: Vec<ListEntry> = file.employees().chain(file.customers()).collect();
        let mut expected: Vec<String> = entries.iter().map(line_of_entry).collect();
        let mut staged = self.staged(List::Employee).await;
        staged.extend(self.staged(List::Customer).await);
        let mut present: Vec<String> =
            staged.iter().filter(|record| record.absent_at.is_none()).map(line_of_staged).collect();
        expected.sort();
        present.sort();
        assert_eq!(present, expected);
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }
}

fn line_of_entry(entry: &ListEntry) -> String {
    format!(
        "{}|{}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{}",
        entry.list_id,
        entry.name.trim(),
        entry.first_name,
        entry.last_name,
        entry.email,
        entry.phone,
        entry.job_title,
        entry.parent_list_id,
        entry.active
    )
}

fn line_of_staged(staged: &Staged) -> String {
    let record = &staged.record;
    format!(
        "{}|{}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{}",
        record.external_id,
        record.name,
        record.first_name,
        record.last_name,
        record.email,
        record.phone,
        record.job_title,
        record.parent_external_id,
        record.active
    )
}
