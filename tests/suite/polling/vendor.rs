//! A simulated vendor of either kind, and what is true there.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use rand::{RngExt, rngs::StdRng};
use rollcall::{
    clock::Clock,
    domain::{
        details::Address,
        record::Record,
        secret::Secret,
        words::{Kind, List},
    },
    simulators::{
        connectwise::{ConnectWise, ConnectWiseOptions},
        paycom::{NewHire, Paycom, PaycomOptions},
        vendor::{Faults, ForeignOrigin, LoggedRequest, ServerOptions},
    },
    store::connections::Connection,
    sync::{register, source_access::SourceAccess},
};
use tokio::{net::TcpListener, sync::oneshot};

use crate::support::granted;

/// What is compared of a record: who it is, where, and whether it is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub name: String,
    pub email: Option<String>,
    pub active: bool,
    pub number: Option<String>,
    pub department: Option<String>,
    pub address: Option<Address>,
}

impl Facts {
    /// Of what was staged.
    pub fn of(list: List, record: &Record) -> Self {
        let name = match list {
            List::Employee => record.display_name(),
            List::Customer => record.name.clone(),
        };
        Self {
            name,
            email: record.email.clone(),
            active: record.active,
            number: record.number.clone(),
            department: record.department.clone(),
            address: record.address.clone(),
        }
    }
}

enum World {
    Paycom(Paycom),
    ConnectWise(ConnectWise),
}

/// A vendor that serves until this is dropped, and the place that nobody may be sent to.
pub struct Vendor {
    world: World,
    pub base_url: String,
    user: String,
    pub foreign: ForeignOrigin,
    _stop: [oneshot::Sender<()>; 2],
}

/// The most requests that a vendor takes in a minute.
pub const LIMIT: u32 = 120;

impl Vendor {
    pub async fn start(kind: Kind, seed: u64, clock: Arc<dyn Clock>) -> Self {
        let (foreign_listener, trap_url) = listen().await;
        let (listener, base_url) = listen().await;
        // A credential of its own: requests are counted by it.
        let user = format!("user{seed}");
        let server = ServerOptions {
            requests_per_minute: LIMIT,
            retry_after: 7 + seed % 90,
            slow_by: Duration::from_hours(1),
            redirect_to: trap_url,
            ..ServerOptions::new(Arc::new(move || clock.now()))
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let (stop_foreign, trap_stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let world = match kind {
            Kind::Paycom => {
                let options =
                    PaycomOptions { server, ..PaycomOptions::new(user.clone(), Secret::new("token")) };
                let paycom = Paycom::new(seed, 23, options);
                tokio::spawn(paycom.clone().serve(listener, stopped));
                World::Paycom(paycom)
            }
            _ => {
                let private = Secret::new("private");
                let options = ConnectWiseOptions::new("acme", "client", user.clone(), private);
                let connectwise = ConnectWise::new(seed, 24, 23, ConnectWiseOptions { server, ..options });
                tokio::spawn(connectwise.clone().serve(listener, stopped));
                World::ConnectWise(connectwise)
            }
        };
        let foreign = ForeignOrigin::new();
        tokio::spawn(foreign.clone().serve(foreign_listener, async { drop(trap_stopped.await) }));
        Self { world, base_url, user, foreign, _stop: [stop, stop_foreign] }
    }

    /// The simulated ConnectWise that this is.
    pub fn connectwise(&self) -> &ConnectWise {
        match &self.world {
            World::ConnectWise(world) => world,
            World::Paycom(_) => panic!("this is a Paycom"),
        }
    }

    pub fn kind(&self) -> Kind {
        match self.world {
            World::Paycom(_) => Kind::Paycom,
            World::ConnectWise(_) => Kind::Connectwise,
        }
    }

    /// Settings of a connection to it: small pages, so that lists have several.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let page_size = if self.kind() == Kind::Paycom { "9" } else { "7" };
        let mut settings = vec![
            ("base_url", self.base_url.as_str()),
            ("allow_private_address", "true"),
            ("page_size", page_size),
            ("requests_per_minute", "120"),
        ];
        if self.kind() == Kind::Connectwise {
            settings.extend([("company_id", "acme"), ("client_id", "client")]);
        }
        settings.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub fn secrets(&self) -> BTreeMap<String, Secret> {
        let secrets = match self.kind() {
            Kind::Paycom => [("sid", self.user.as_str()), ("token", "token")],
            _ => [("public_key", self.user.as_str()), ("private_key", "private")],
        };
        secrets.into_iter().map(|(name, value)| (name.to_owned(), Secret::new(value))).collect()
    }

    pub fn lists(&self) -> &'static [List] {
        match self.kind() {
            Kind::Paycom => &[List::Employee],
            _ => List::ALL,
        }
    }

    pub fn set_faults(&self, faults: Faults) {
        match &self.world {
            World::Paycom(world) => world.set_faults(faults),
            World::ConnectWise(world) => world.set_faults(faults),
        }
    }

    pub fn requests(&self) -> Vec<LoggedRequest> {
        match &self.world {
            World::Paycom(world) => world.requests(),
            World::ConnectWise(world) => world.requests(),
        }
    }

    /// Ends when so many requests have arrived.
    pub async fn has_seen(&self, requests: usize) {
        while self.requests().len() < requests {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    }

    pub fn violations(&self) -> Vec<String> {
        match &self.world {
            World::Paycom(world) => world.violations(),
            World::ConnectWise(world) => world.violations(),
        }
    }

    /// Something happens to somebody.
    pub fn change(&self, rng: &mut StdRng) {
        let tag = rng.random_range(0..1_000_000);
        match &self.world {
            World::Paycom(world) => change_paycom(world, rng, tag),
            World::ConnectWise(world) if rng.random() => change_member(world, rng, tag),
            World::ConnectWise(world) => change_company(world, rng, tag),
        }
    }

    /// Who is there, by external ID.
    pub fn truth(&self, list: List) -> BTreeMap<String, Facts> {
        match (&self.world, list) {
            (World::Paycom(world), List::Employee) => {
                let facts = world.truth().into_iter().map(|it| {
                    let facts = Facts {
                        name: format!("{} {}", it.first_name, it.last_name),
                        email: it.work_email.or(it.personal_email),
                        active: it.status != 'T',
                        number: Some(it.eecode.clone()),
                        department: Some(format!("Department {}", it.department_code)),
                        address: None,
                    };
                    (it.eecode, facts)
                });
                facts.collect()
            }
            (World::Paycom(_), List::Customer) => BTreeMap::new(),
            (World::ConnectWise(world), List::Employee) => {
                let members = world.truth().members.into_iter().filter(|it| it.license_class != 'A');
                let facts = members.map(|it| {
                    let home = it.default_email == "Home";
                    let (first, second) = if home {
                        (it.home_email, it.office_email)
                    } else {
                        (it.office_email, it.home_email)
                    };
                    let name = format!("{} {}", it.first_name, it.last_name);
                    let facts = Facts {
                        name,
                        email: first.or(second),
                        active: !it.inactive,
                        number: Some(it.identifier),
                        department: it.department,
                        address: None,
                    };
                    (it.id.to_string(), facts)
                });
                facts.collect()
            }
            (World::ConnectWise(world), List::Customer) => {
                let companies = world.truth().companies.into_iter().filter(|it| !it.deleted);
                let facts = companies.map(|it| {
                    let facts = Facts {
                        name: it.name,
                        email: None,
                        active: it.status != 2,
                        number: Some(it.identifier),
                        department: None,
                        address: it.address.map(|place| Address {
                            lines: [Some(place.line1), place.line2].into_iter().flatten().collect(),
                            city: Some(place.city),
                            region: Some(place.state),
                            postal_code: Some(place.zip),
                            country: place.country,
                        }),
                    };
                    (it.id.to_string(), facts)
                });
                facts.collect()
            }
        }
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn one<T>(rng: &mut StdRng, of: Vec<T>) -> Option<T> {
    let count = of.len();
    (count > 0).then(|| of.into_iter().nth(rng.random_range(0..count))).flatten()
}

fn change_paycom(world: &Paycom, rng: &mut StdRng, tag: u32) {
    let Some(somebody) = one(rng, world.truth()) else { return };
    let code = &somebody.eecode;
    match rng.random_range(0..12) {
        0..=3 => {
            let email = format!("p{tag}@example.com");
            _ = world.change_email(code, Some(&email));
        }
        4..=5 => _ = world.rename(code, &format!("ANA{tag}"), "LEE"),
        6..=7 => {
            world.hire(NewHire {
                first_name: "NEW".into(),
                last_name: format!("HIRE{tag}"),
                work_email: Some(format!("n{tag}@example.com")),
                title: None,
            });
        }
        8 => _ = world.terminate(code),
        9 => _ = world.rehire(code),
        10 => _ = world.erase(code),
        _ => _ = world.change_email(code, None),
    }
}

fn change_member(world: &ConnectWise, rng: &mut StdRng, tag: u32) {
    let Some(somebody) = one(rng, world.truth().members) else { return };
    match rng.random_range(0..10) {
        0..=2 => _ = world.change_member_email(somebody.id, Some(&format!("m{tag}@example.com"))),
        3..=4 => _ = world.rename_member(somebody.id, &format!("Ana{tag}"), "Lee"),
        5..=6 => _ = world.add_member("New", &format!("Member{tag}"), None),
        7 => _ = world.deactivate_member(somebody.id),
        8 => _ = world.reactivate_member(somebody.id),
        _ => _ = world.hard_delete_member(somebody.id),
    }
}

fn change_company(world: &ConnectWise, rng: &mut StdRng, tag: u32) {
    let Some(somebody) = one(rng, world.truth().companies) else { return };
    match rng.random_range(0..8) {
        0..=2 => _ = world.rename_company(somebody.id, &format!("Company {tag}")),
        3..=4 => _ = world.add_company(&format!("New {tag}")),
        5 => _ = world.retype_company(somebody.id, &[2]),
        6 => _ = world.soft_delete_company(somebody.id),
        _ => _ = world.hard_delete_company(somebody.id),
    }
}

/// A connection to the vendor, in a company of its own, with settings beside the usual ones.
impl Vendor {
    pub async fn connect(&self, sources: &SourceAccess, name: &str, more: &[(&str, &str)]) -> Connection {
        let (ambient, vault) = (sources.ambient.clone(), sources.vault.clone());
        let (kind, mut settings, secrets, name) =
            (self.kind(), self.settings(), self.secrets(), name.to_owned());
        settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let made = sources.store.write(move |db| {
            let company = register::company(db, &ambient, &granted(), &name)?;
            let draft = register::ConnectionDraft {
                settings,
                secrets,
                ..register::ConnectionDraft::new(kind, &company.id)
            };
            register::connection(db, &ambient, &vault, &granted(), &draft)
        });
        made.await.unwrap().connection
    }
}
