//! Where the gateway listens, and how much it puts up with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use url::Url;

use super::{
    proxies::TrustedProxies,
    reader::{Reader, Setting},
};

pub(super) const LISTEN: Setting = Setting::plain(
    "ROLLCALL_LISTEN",
    "127.0.0.1:8080",
    "the address and port to listen on; port 0 takes a free one",
);
pub(super) const METRICS_LISTEN: Setting = Setting::plain(
    "ROLLCALL_METRICS_LISTEN",
    "",
    "an address and port of its own for /metrics, without TLS; unset: it is answered on ROLLCALL_LISTEN",
);
pub(super) const PUBLIC_URL: Setting = Setting::plain(
    "ROLLCALL_PUBLIC_URL",
    "",
    "how others reach the gateway, such as https://rollcall.example.com; unset: localhost and the port",
);
pub(super) const TLS_CERT: Setting = Setting::plain(
    "ROLLCALL_TLS_CERT",
    "",
    "the PEM file of the certificate chain; with it the gateway speaks HTTPS",
);
pub(super) const TLS_KEY: Setting =
    Setting::plain("ROLLCALL_TLS_KEY", "", "the PEM file of the certificate's private key");
pub(super) const TRUSTED_PROXIES: Setting = Setting::plain(
    "ROLLCALL_TRUSTED_PROXIES",
    "",
    "the proxies before the gateway: addresses and networks such as 10.0.0.0/8, parted by commas; only theirs is the \
     word on where a request comes from (X-Forwarded-For, or Forwarded where there is none)",
);
pub(super) const MAX_CONNECTIONS: Setting = Setting::plain(
    "ROLLCALL_MAX_CONNECTIONS",
    "1024",
    "open connections, and requests at once; an eighth is kept for those who have signed in lately; where all are taken, \
     those that move least make room",
);
pub(super) const MAX_CONNECTIONS_PER_ADDRESS: Setting = Setting::plain(
    "ROLLCALL_MAX_CONNECTIONS_PER_ADDRESS",
    "256",
    "of these, those of one address (of IPv6: one network of 64 bits); a trusted proxy has no bound, its clients have",
);
pub(super) const FIRST_REQUEST_TIMEOUT: Setting = Setting::plain(
    "ROLLCALL_FIRST_REQUEST_TIMEOUT",
    "10",
    "seconds in which a connection must have made its first request, a TLS handshake included",
);
pub(super) const HEADER_TIMEOUT: Setting = Setting::plain(
    "ROLLCALL_HEADER_TIMEOUT",
    // Longer than a Web Connector keeps an idle connection (.NET: 100 s): it, not the gateway, closes first, so that no
    // call is sent into a connection that is being closed.
    "120",
    "seconds in which each other request's head must arrive; also how long an idle connection is kept",
);
pub(super) const BODY_TIMEOUT: Setting = Setting::plain(
    "ROLLCALL_BODY_TIMEOUT",
    "30",
    "seconds over which the pace of a body is averaged; also the longest silence in one",
);
pub(super) const MIN_BODY_RATE: Setting = Setting::plain(
    "ROLLCALL_MIN_BODY_RATE",
    "1024",
    "bytes a second that a body must come with, or it is given up",
);
pub(super) const REQUEST_TIMEOUT: Setting =
    Setting::plain("ROLLCALL_REQUEST_TIMEOUT", "60", "seconds until an API request must be answered");
pub(super) const SHUTDOWN_GRACE: Setting = Setting::plain(
    "ROLLCALL_SHUTDOWN_GRACE",
    "30",
    "seconds that requests in flight get to finish at shutdown",
);
pub(super) const MAX_QBWC_BODY: Setting = Setting::plain(
    "ROLLCALL_MAX_QBWC_BODY",
    "4294967296",
    "bytes of the largest message of the Web Connector",
);
pub(super) const MAX_API_BODY: Setting =
    Setting::plain("ROLLCALL_MAX_API_BODY", "1048576", "bytes of the largest API request body");
pub(super) const MAX_WEBHOOK_BODY: Setting =
    Setting::plain("ROLLCALL_MAX_WEBHOOK_BODY", "4194304", "bytes of the largest webhook");

/// The files of the certificate, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The HTTP side.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// `host:port`; an IPv6 address stands in brackets.
    pub listen: String,
    /// Where the figures are told instead of on `listen`.
    pub metrics_listen: Option<String>,
    /// The origin that others use, when it was given. See [`HttpSettings::public_url`].
    pub public_url: Option<Url>,
    /// HTTPS, if given.
    pub tls: Option<TlsSettings>,
    /// Whose word counts about where a request comes from.
    pub trusted_proxies: TrustedProxies,
    pub max_connections: usize,
    pub max_connections_per_address: usize,
    pub first_request_timeout: Duration,
    pub header_timeout: Duration,
    /// Over which the pace of a body is averaged, not the time of the whole body.
    pub body_timeout: Duration,
    /// In bytes a second.
    pub min_body_rate: u64,
    /// For the API only; a Web Connector may take its time.
    pub request_timeout: Duration,
    pub shutdown_grace: Duration,
    /// In bytes.
    pub max_qbwc_body: u64,
    /// In bytes.
    pub max_api_body: u64,
    /// In bytes.
    pub max_webhook_body: u64,
}

impl HttpSettings {
    /// The origin that others use, without a slash at the end: what was set, or `localhost` and the port.
    pub fn public_url(&self) -> String {
        match &self.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => {
                let scheme = if self.tls.is_some() { "https" } else { "http" };
                let port = self.listen.rsplit_once(':').map_or("", |(_, port)| port);
                format!("{scheme}://localhost:{port}")
            }
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        // Every setting is read before the first `?`, so that no mistake hides another.
        let listen = reader.checked(&LISTEN, "HOST:PORT, such as 127.0.0.1:8080", check_listen);
        let metrics_listen = match reader.text(&METRICS_LISTEN) {
            None => Some(None),
            Some(_) => {
                reader.checked(&METRICS_LISTEN, "HOST:PORT, such as 127.0.0.1:9090", check_listen).map(Some)
            }
        };
        if let (Some(listen), Some(Some(figures))) = (&listen, &metrics_listen)
            && are_same(listen, figures)
        {
            let wrong = format!("it is where the gateway itself listens, {}", LISTEN.name);
            reader.mistake(METRICS_LISTEN.name, wrong, "another port");
        }
        let public_url = match reader.text(&PUBLIC_URL) {
            None => Some(None),
            Some(_) => reader
                .checked(&PUBLIC_URL, "https://HOST or http://HOST, with a port or without", check_origin)
                .map(Some),
        };
        let tls = read_tls(reader);
        let trusted_proxies = match reader.text(&TRUSTED_PROXIES) {
            None => Some(TrustedProxies::default()),
            Some(_) => reader.checked(
                &TRUSTED_PROXIES,
                "addresses and networks, such as 127.0.0.1,10.0.0.0/8",
                TrustedProxies::parse,
            ),
        };
        let max_connections = reader.checked(&MAX_CONNECTIONS, "a whole number from 1 to 1000000", |text| {
            let number = text.parse().ok().filter(|number| (1..=1_000_000).contains(number));
            number.ok_or_else(|| "it is no such number".to_owned())
        });
        let max_connections_per_address =
            reader.count::<u32>(&MAX_CONNECTIONS_PER_ADDRESS).and_then(|most| usize::try_from(most).ok());
        let first_request_timeout = reader.seconds(&FIRST_REQUEST_TIMEOUT);
        let header_timeout = reader.seconds(&HEADER_TIMEOUT);
        let body_timeout = reader.seconds(&BODY_TIMEOUT);
        let min_body_rate = reader.count(&MIN_BODY_RATE);
        let request_timeout = reader.seconds(&REQUEST_TIMEOUT);
        let shutdown_grace = reader.seconds(&SHUTDOWN_GRACE);
        let max_qbwc_body = reader.count(&MAX_QBWC_BODY);
        let max_api_body = reader.count(&MAX_API_BODY);
        let max_webhook_body = reader.count(&MAX_WEBHOOK_BODY);
        Some(Self {
            listen: listen?,
            metrics_listen: metrics_listen?,
            public_url: public_url?,
            tls: tls?,
            trusted_proxies: trusted_proxies?,
            max_connections: max_connections?,
            max_connections_per_address: max_connections_per_address?,
            first_request_timeout: first_request_timeout?,
            header_timeout: header_timeout?,
            body_timeout: body_timeout?,
            min_body_rate: min_body_rate?,
            request_timeout: request_timeout?,
            shutdown_grace: shutdown_grace?,
            max_qbwc_body: max_qbwc_body?,
            max_api_body: max_api_body?,
            max_webhook_body: max_webhook_body?,
        })
    }
}

/// Both files or neither; `None` is a mistake that was noted.
fn read_tls(reader: &mut Reader<'_>) -> Option<Option<TlsSettings>> {
    let (one, other) = match (reader.text(&TLS_CERT), reader.text(&TLS_KEY)) {
        (None, None) => return Some(None),
        (Some(certificate), Some(key)) => {
            return Some(Some(TlsSettings { certificate: certificate.into(), key: key.into() }));
        }
        (Some(_), None) => (&TLS_KEY, &TLS_CERT),
        (None, Some(_)) => (&TLS_CERT, &TLS_KEY),
    };
    reader.mistake(one.name, format!("it is missing beside {}", other.name), "both, or neither");
    None
}

fn check_listen(text: &str) -> Result<String, String> {
    let (host, port) = text.rsplit_once(':').ok_or_else(|| "it has no port".to_owned())?;
    if port.parse::<u16>().is_err() {
        return Err("what follows its last colon is no port".to_owned());
    }
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    match bare {
        Some(address) if address.parse::<std::net::Ipv6Addr>().is_err() => {
            Err("what stands in brackets is no IPv6 address".to_owned())
        }
        None if host.is_empty() => Err("the host is missing (0.0.0.0 is every IPv4 address)".to_owned()),
        None if host.contains(':') => Err("an IPv6 address stands in brackets".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// Whether two addresses to listen on are the same place, as far as they tell themselves.
fn are_same(one: &str, other: &str) -> bool {
    match (one.parse::<SocketAddr>(), other.parse::<SocketAddr>()) {
        (Ok(one), Ok(other)) => {
            let everywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
            let overlap = one.ip() == other.ip() || (everywhere && one.is_ipv4() == other.is_ipv4());
            overlap && one.port() == other.port() && one.port() != 0
        }
        // A free port is another one each time.
        _ => one.eq_ignore_ascii_case(other) && !one.ends_with(":0"),
    }
}

/// An origin only: the pages and the Web Connector are served from the root.
fn check_origin(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("it is no address: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("its scheme is not HTTP".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user name or password".to_owned());
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("it has more than scheme, host and port".to_owned());
    }
    Ok(url)
}
