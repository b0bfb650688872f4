//! What an administrator can set: by a flag, or by a `ROLLCALL_*` variable.
//!
//! One struct a concern. Everything is read through [`Source`], so tests use a map and flags lie over the
//! environment. [`SETTINGS`] is the one table of names, defaults and meanings: the readers take their
//! defaults from its entries.

mod audit;
mod database;
mod http;
mod log;
mod mail;
mod oidc;
mod pages;
mod polling;
mod proxies;
mod reader;
mod retention;
mod secrets;
mod source;
mod webhooks;

pub use audit::AuditSettings;
pub use database::DatabaseSettings;
pub use http::{HttpSettings, TlsSettings};
pub use log::{LogFormat, LogSettings};
pub use mail::MailSettings;
pub use pages::PageSettings;
pub use polling::PollingSettings;
pub use proxies::TrustedProxies;
pub use reader::{Mistake, Mistakes, Setting};
pub use retention::RetentionSettings;
pub use secrets::SecretSettings;
pub use source::{Environment, MapSource, Overlay, Source};
pub use webhooks::WebhookSettings;

use reader::Reader;

use crate::domain::identity::ProviderSettings;

/// Every setting there is, in the order of the manual.
pub const SETTINGS: &[Setting] = &[
    database::URL,
    secrets::KEY,
    secrets::FILE,
    http::LISTEN,
    http::METRICS_LISTEN,
    http::PUBLIC_URL,
    http::TLS_CERT,
    http::TLS_KEY,
    http::TRUSTED_PROXIES,
    http::MAX_CONNECTIONS,
    http::MAX_CONNECTIONS_PER_ADDRESS,
    http::FIRST_REQUEST_TIMEOUT,
    http::HEADER_TIMEOUT,
    http::BODY_TIMEOUT,
    http::MIN_BODY_RATE,
    http::REQUEST_TIMEOUT,
    http::SHUTDOWN_GRACE,
    http::MAX_QBWC_BODY,
    http::MAX_API_BODY,
    http::MAX_WEBHOOK_BODY,
    pages::FRAME_ANCESTORS,
    mail::HOST,
    mail::PORT,
    mail::SECURITY,
    mail::USERNAME,
    mail::PASSWORD,
    mail::FROM,
    oidc::ISSUER,
    oidc::CLIENT_ID,
    oidc::CLIENT_SECRET,
    oidc::NAME,
    oidc::ALLOW_PRIVATE,
    oidc::HOSTED_DOMAIN,
    oidc::TRUST_EMAIL,
    oidc::CREATE_FOR,
    oidc::FILE,
    polling::POLLS_AT_ONCE,
    polling::LEASE,
    webhooks::RETENTION_DAYS,
    webhooks::SEALED_DAYS,
    retention::CHANGES,
    retention::RUNS,
    retention::VERSIONS,
    audit::RETENTION,
    audit::CHECKPOINTS,
    log::FILTER,
    log::FORMAT,
];

/// All settings of the process, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub database: DatabaseSettings,
    pub secrets: SecretSettings,
    pub http: HttpSettings,
    pub pages: PageSettings,
    pub mail: MailSettings,
    pub polling: PollingSettings,
    pub webhooks: WebhookSettings,
    pub retention: RetentionSettings,
    pub audit: AuditSettings,
    /// The identity providers that people may sign in with.
    pub oidc: Vec<ProviderSettings>,
    pub log: LogSettings,
    /// One sentence for each `ROLLCALL_*` name that means nothing here: a misspelt setting is not ignored in
    /// silence. To be logged once the log is up.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads every setting from `source`. An empty value counts as unset.
    ///
    /// # Errors
    /// All mistakes at once, each with the setting's name, what is wrong and what is expected.
    pub fn read(source: &dyn Source) -> Result<Self, Mistakes> {
        let mut reader = Reader::new(source);
        let database = DatabaseSettings::read(&mut reader);
        let secrets = SecretSettings::read(&mut reader, database.as_ref().map(|database| &database.url));
        let http = HttpSettings::read(&mut reader);
        let pages = PageSettings::read(&mut reader);
        let mail = MailSettings::read(&mut reader);
        let polling = PollingSettings::read(&mut reader);
        let webhooks = WebhookSettings::read(&mut reader);
        let retention = RetentionSettings::read(&mut reader);
        let audit = AuditSettings::read(&mut reader);
        let oidc = oidc::read(&mut reader);
        let log = LogSettings::read(&mut reader);
        let mut warnings = reader::unknown_names(source, SETTINGS);
        warnings.extend(log.iter().flat_map(|log| log::unknown_targets(&log.filter)));
        match (
            database,
            secrets,
            http,
            pages,
            mail,
            polling,
            webhooks,
            retention,
            audit,
            log,
            reader.finish(),
        ) {
            (
                Some(database),
                Some(secrets),
                Some(http),
                Some(pages),
                Some(mail),
                Some(polling),
                Some(webhooks),
                Some(retention),
                Some(audit),
                Some(log),
                Ok(()),
            ) => Ok(Self {
                database,
                secrets,
                http,
                pages,
                mail,
                polling,
                webhooks,
                retention,
                audit,
                oidc,
                log,
                warnings,
            }),
            (.., Err(mistakes)) => Err(mistakes.with_warnings(warnings)),
            // A reader that gives nothing has noted a mistake; should one forget, the error says so.
            (.., Ok(())) => Err(Mistakes::default().with_warnings(warnings)),
        }
    }
}
