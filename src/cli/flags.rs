//! The settings that are given as flags: they override the environment.

use crate::config::{Environment, MapSource, Mistakes, Overlay, Settings};

use super::{failure::Failure, people_flags::PeopleFlags};

/// What every command takes.
#[derive(Debug, clap::Args)]
pub(super) struct Flags {
    /// Answer with one JSON document on standard output; errors are JSON on standard error
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Leave out what is only good to know: hints, and what is going on
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// The database: sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME [default: sqlite:rollcall.db]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    database_url: Option<String>,
    /// A file that holds the database URL: keeps its password out of the list of processes
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help_heading = "Global options",
        conflicts_with = "database_url"
    )]
    database_url_file: Option<String>,
    /// How others reach the gateway, such as https://rollcall.example.com [default: localhost and the port]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    public_url: Option<String>,
    /// What is logged on standard error: a level, or a list such as info,rollcall::sync=debug
    #[arg(long, global = true, value_name = "FILTER", help_heading = "Global options")]
    log: Option<String>,
    /// text, or json: one object a line
    #[arg(long, global = true, value_name = "FORMAT", help_heading = "Global options")]
    log_format: Option<String>,
    #[command(flatten)]
    more: More,
}

/// Flags of one command only, and what holds where nothing is set.
#[derive(Debug, Clone, Default, clap::Args)]
struct More {
    #[arg(skip)]
    flags: Vec<(&'static str, String)>,
    #[arg(skip)]
    default_log: Option<&'static str>,
}

/// The settings of the HTTP side, as flags.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct ServeFlags {
    /// The address and port to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// An address and port of its own for /metrics, without TLS
    #[arg(long, value_name = "HOST:PORT")]
    metrics_listen: Option<String>,
    /// PEM file of the certificate chain; with it the gateway speaks HTTPS. SIGHUP loads it again
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<String>,
    /// PEM file of the certificate's private key
    #[arg(long, value_name = "FILE")]
    tls_key: Option<String>,
    /// The proxies before the gateway, whose X-Forwarded-For counts: addresses and networks, parted by commas
    #[arg(long, value_name = "LIST")]
    trusted_proxies: Option<String>,
    /// Open connections, and requests at once; where all are taken, those that move least make room [default: 1024]
    #[arg(long, value_name = "NUMBER")]
    max_connections: Option<String>,
    /// Of these, those of one address [default: 256]
    #[arg(long, value_name = "NUMBER")]
    max_connections_per_address: Option<String>,
    /// Time in which a connection must have made its first request, a TLS handshake included [default: 10]
    #[arg(long, value_name = "SECONDS")]
    first_request_timeout: Option<String>,
    /// Time in which each other request's head must arrive; also how long an idle connection is kept [default: 120]
    #[arg(long, value_name = "SECONDS")]
    header_timeout: Option<String>,
    /// Time over which the pace of a body is averaged; also the longest silence in one [default: 30]
    #[arg(long, value_name = "SECONDS")]
    body_timeout: Option<String>,
    /// What a body must come with each second, or it is given up [default: 1024]
    #[arg(long, value_name = "BYTES")]
    min_body_rate: Option<String>,
    /// Time until an API request must be answered [default: 60]
    #[arg(long, value_name = "SECONDS")]
    request_timeout: Option<String>,
    /// Time that requests in flight get to finish at shutdown [default: 30]
    #[arg(long, value_name = "SECONDS")]
    shutdown_grace: Option<String>,
    /// The largest message of the Web Connector [default: 4294967296]
    #[arg(long, value_name = "BYTES")]
    max_qbwc_body: Option<String>,
    /// The largest API request body [default: 1048576]
    #[arg(long, value_name = "BYTES")]
    max_api_body: Option<String>,
    /// The largest webhook [default: 4194304]
    #[arg(long, value_name = "BYTES")]
    max_webhook_body: Option<String>,
    /// For how long a webhook that was dealt with is remembered, so that a repetition is recognised [default: 7]
    #[arg(long, value_name = "DAYS")]
    webhook_retention_days: Option<String>,
    /// For how long a webhook that was not understood is kept, sealed; 0: not at all [default: 14]
    #[arg(long, value_name = "DAYS")]
    webhook_sealed_days: Option<String>,
    /// For how long changes of records and links are kept [default: 90]
    #[arg(long, value_name = "DAYS")]
    changes_retention_days: Option<String>,
    /// For how long runs are kept; held ones and the last of each list stay [default: 90]
    #[arg(long, value_name = "DAYS")]
    runs_retention_days: Option<String>,
    /// For how long the superseded contents of a record are kept [default: 365]
    #[arg(long, value_name = "DAYS")]
    versions_retention_days: Option<String>,
    /// For how long the audit is kept; 0: for ever [default: 730]
    #[arg(long, value_name = "DAYS")]
    audit_retention_days: Option<String>,
    /// A file to which checkpoints of the audit are added
    #[arg(long, value_name = "FILE")]
    audit_checkpoint_file: Option<String>,
    /// How many connections are polled at the same time [default: 8]
    #[arg(long, value_name = "NUMBER")]
    polls_at_once: Option<String>,
    /// Time after which another gateway takes over from one that has died [default: 10]
    #[arg(long, value_name = "SECONDS")]
    lease: Option<String>,
    #[command(flatten)]
    people: PeopleFlags,
}

impl ServeFlags {
    /// The flags that were given, by the names of their settings.
    pub(super) fn source(&self) -> Vec<(&'static str, String)> {
        let flags = [
            ("ROLLCALL_LISTEN", &self.listen),
            ("ROLLCALL_METRICS_LISTEN", &self.metrics_listen),
            ("ROLLCALL_TLS_CERT", &self.tls_cert),
            ("ROLLCALL_TLS_KEY", &self.tls_key),
            ("ROLLCALL_TRUSTED_PROXIES", &self.trusted_proxies),
            ("ROLLCALL_MAX_CONNECTIONS", &self.max_connections),
            ("ROLLCALL_MAX_CONNECTIONS_PER_ADDRESS", &self.max_connections_per_address),
            ("ROLLCALL_FIRST_REQUEST_TIMEOUT", &self.first_request_timeout),
            ("ROLLCALL_HEADER_TIMEOUT", &self.header_timeout),
            ("ROLLCALL_BODY_TIMEOUT", &self.body_timeout),
            ("ROLLCALL_MIN_BODY_RATE", &self.min_body_rate),
            ("ROLLCALL_REQUEST_TIMEOUT", &self.request_timeout),
            ("ROLLCALL_SHUTDOWN_GRACE", &self.shutdown_grace),
            ("ROLLCALL_MAX_QBWC_BODY", &self.max_qbwc_body),
            ("ROLLCALL_MAX_API_BODY", &self.max_api_body),
            ("ROLLCALL_MAX_WEBHOOK_BODY", &self.max_webhook_body),
            ("ROLLCALL_WEBHOOK_RETENTION_DAYS", &self.webhook_retention_days),
            ("ROLLCALL_WEBHOOK_SEALED_DAYS", &self.webhook_sealed_days),
            ("ROLLCALL_CHANGES_RETENTION_DAYS", &self.changes_retention_days),
            ("ROLLCALL_RUNS_RETENTION_DAYS", &self.runs_retention_days),
            ("ROLLCALL_VERSIONS_RETENTION_DAYS", &self.versions_retention_days),
            ("ROLLCALL_AUDIT_RETENTION_DAYS", &self.audit_retention_days),
            ("ROLLCALL_AUDIT_CHECKPOINT_FILE", &self.audit_checkpoint_file),
            ("ROLLCALL_POLLS_AT_ONCE", &self.polls_at_once),
            ("ROLLCALL_LEASE", &self.lease),
        ];
        let own = flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        own.chain(self.people.source()).collect()
    }
}

impl Flags {
    /// Adds the flags of one command, and what it logs where nothing is said.
    pub(super) fn extend(&mut self, flags: Vec<(&'static str, String)>, default_log: &'static str) {
        self.more = More { flags, default_log: Some(default_log) };
    }

    /// The settings: flags over the environment.
    pub(super) fn read(&self) -> Result<Settings, Mistakes> {
        // A command that answers a person has no news; a server tells what it does.
        let default = self.more.default_log.unwrap_or("warn");
        let lower: MapSource = [("ROLLCALL_LOG", default)].into_iter().collect();
        Settings::read(&Overlay { upper: self.source(), lower })
    }

    /// What was set, as it was written.
    pub(super) fn source(&self) -> Overlay<MapSource, Environment> {
        let own = [
            ("ROLLCALL_DATABASE_URL", &self.database_url),
            ("ROLLCALL_DATABASE_URL_FILE", &self.database_url_file),
            ("ROLLCALL_PUBLIC_URL", &self.public_url),
            ("ROLLCALL_LOG", &self.log),
            ("ROLLCALL_LOG_FORMAT", &self.log_format),
        ];
        let own = own.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)));
        let upper = own.chain(self.more.flags.iter().cloned()).collect();
        Overlay { upper, lower: Environment }
    }

    /// # Errors
    /// All mistakes at once.
    pub(super) fn settings(&self) -> Result<Settings, Failure> {
        self.read().map_err(Failure::from)
    }
}
