//! The data of the demo: a company, two apps, profiles, and a connection to each simulated source.

use std::collections::BTreeMap;

use crate::{
    cli::{Result, failure::Failure},
    clock::Ambient,
    domain::{
        access::{Acts, Attempt, Denied, Grant, Origin, Principal, action},
        details::Details,
        ids::{CompanyId, ConnectionId},
        secret::Secret,
        words::{Kind, List, Role},
    },
    service::{
        Refusal,
        accounts::{self, AccountDraft},
        call::as_acting,
        sign_in::verify,
    },
    simulators::quickbooks_desktop::{CompanyFile, QwcFile, SessionOptions},
    store::{Store, WriteDb},
    sync::{
        calls_in,
        credentials::WEBHOOK_SECRET,
        profile::{self, Draft},
        register::{self, ConnectionDraft},
        vault::Vault,
    },
};

use super::{Args, vendors::Vendors};

const COMPANY: &str = "Harbor & Sons";

/// How many people the app knows already.
const KNOWN: usize = 24;

/// Who may sign in to the pages.
pub(super) const EMAIL: &str = "ana@example.com";

/// All that the demo plays with.
pub(super) struct DemoData {
    pub store: Store,
    /// For the command line beside the demo.
    pub database_url: String,
    /// QuickBooks Desktop's.
    pub connection_id: ConnectionId,
    pub paycom_id: ConnectionId,
    pub connectwise_id: ConnectionId,
    /// Comes with each of Paycom's webhooks.
    pub webhook_secret: Secret,
    pub vendors: Vendors,
    pub company_id: CompanyId,
    /// May read, link and poll in the company.
    pub app_token: String,
    /// May do everything.
    pub admin_token: String,
    /// Of the account that may sign in to the pages.
    pub password: Secret,
    /// The app's people who are in the company file as well, first the one that the tour links.
    pub known: Vec<SharedPerson>,
    pub options: SessionOptions,
    pub file: CompanyFile,
}

/// Somebody whom both sides know.
#[derive(Debug, Clone)]
pub(super) struct SharedPerson {
    /// The app's ID.
    pub profile_id: String,
    /// QuickBooks' `ListID`.
    pub external_id: String,
    pub name: String,
    email: Option<String>,
}

impl DemoData {
    pub(super) async fn set(
        store: &Store,
        ambient: &Ambient,
        vault: &Vault,
        args: &Args,
        port: u16,
        database_url: String,
    ) -> Result<Self> {
        let (vendors, polled) = Vendors::start(ambient, args).await?;
        let file = CompanyFile::new(args.seed, args.employees, args.customers);
        let known = known(&file);
        let account_password = Secret::generate("", ambient.entropy.bytes());
        let hash = verify::hash(account_password.clone(), ambient).await?;
        let (ambient, vault, people) = (ambient.clone(), vault.clone(), known.clone());
        let public_url = url::Url::parse(&format!("http://localhost:{port}"))
            .map_err(|error| Failure::internal(&error))?;
        let set = move |db: &mut WriteDb| -> Result<_, Refusal> {
            let company = register::company(db, &ambient, &granted(&ambient)?, COMPANY)?;
            let (app, app_token) = register::app(
                db,
                &ambient,
                &granted(&ambient)?,
                "Timesheets",
                std::slice::from_ref(&company.id),
                false,
            )?;
            let (_, admin_token) = register::app(db, &ambient, &granted(&ambient)?, "Operations", &[], true)?;
            let attempt = Attempt::<action::Link>::new(
                Principal::CommandLine,
                Some(as_acting(&app)),
                Origin::at(ambient.now()),
            );
            let grant = attempt.throughout()?;
            for draft in drafts(&people, &company.id) {
                profile::put(db, &ambient, &grant, &draft)?;
            }
            let person = AccountDraft {
                email: EMAIL.to_owned(),
                name: Some("Ana Ruiz".to_owned()),
                role: Role::AccountAdmin,
                companies: Vec::new(),
            };
            let administering = Attempt::new(Principal::CommandLine, None, Origin::at(ambient.now()));
            accounts::add(db, &ambient, &administering, &person, Some(&hash))?;
            // Due whenever the Web Connector calls.
            let settings = [("run_every_minutes", "1"), ("min_interval_seconds", "0")];
            let settings: BTreeMap<String, String> =
                settings.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            let mut draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company.id);
            draft.settings = settings;
            let made = register::connection(db, &ambient, &vault, &granted(&ambient)?, &draft)?;
            let qwc = calls_in::setup_file(db, &made.connection.id, &public_url)?;
            let managing = granted(&ambient)?;
            let [pay, psa] = polled.map(|draft| {
                let draft = ConnectionDraft { company_id: company.id.clone(), ..draft };
                register::connection(db, &ambient, &vault, &managing, &draft)
            });
            Ok((company.id, app_token, admin_token, made, qwc, pay?, psa?))
        };
        let (company_id, app_token, admin_token, made, qwc, mut pay, psa) = store.write(set).await?;
        let qwc = QwcFile::parse(&qwc).map_err(|error| Failure::internal(&error))?;
        let missing =
            |what: &str| Failure::new("internal", format!("There is no {what}."), "Please report this.");
        let password = made.credentials.map(|(_, password)| password).ok_or_else(|| missing("password"))?;
        let webhook_secret = pay.made.remove(WEBHOOK_SECRET).ok_or_else(|| missing("webhook secret"))?;
        Ok(Self {
            store: store.clone(),
            database_url,
            connection_id: made.connection.id,
            paycom_id: pay.connection.id,
            connectwise_id: psa.connection.id,
            webhook_secret,
            vendors,
            company_id,
            app_token: app_token.reveal().to_owned(),
            admin_token: admin_token.reveal().to_owned(),
            password: account_password,
            known,
            options: SessionOptions::from_qwc(&qwc, password),
            file,
        })
    }
}

/// The leave to set up what the demo shows.
fn granted<A: Acts>(ambient: &Ambient) -> Result<Grant<A>, Denied> {
    Attempt::new(Principal::CommandLine, None, Origin::at(ambient.now())).throughout()
}

/// Some active people of the company file, as the app calls them.
fn known(file: &CompanyFile) -> Vec<SharedPerson> {
    let active = file.employees().filter(|entry| entry.active).take(KNOWN);
    active
        .zip(101..)
        .map(|(entry, number)| SharedPerson {
            profile_id: format!("u-{number}"),
            external_id: entry.list_id,
            name: [entry.first_name, entry.last_name].into_iter().flatten().collect::<Vec<_>>().join(" "),
            email: entry.email,
        })
        .collect()
}

/// The app's own users: those, and one whom QuickBooks does not know.
fn drafts(known: &[SharedPerson], company_id: &CompanyId) -> Vec<Draft> {
    let draft = |profile_id: &str, name: &str, email: Option<String>| Draft {
        list: List::Employee,
        profile_id: profile_id.to_owned(),
        company_id: Some(company_id.to_owned()),
        name: name.to_owned(),
        email,
        details: Details::default(),
    };
    let stranger = draft("u-900", "Sasha Contractor", Some("sasha@contractor.example".into()));
    known.iter().map(|it| draft(&it.profile_id, &it.name, it.email.clone())).chain([stranger]).collect()
}
