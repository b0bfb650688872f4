//! Checks the public address and the ports.

use std::{io::ErrorKind, time::Duration};

use tokio::{
    net::{TcpListener, lookup_host},
    time::timeout,
};
use url::Host;

use crate::{
    cli::{
        failure::sentence,
        listen::{local_url, refused},
    },
    config::Settings,
    connectors,
};

use super::{Findings, Status};

const CHECK: &str = "public address";

/// What the Web Connector asks of an address: https unless it is localhost, and a name rather than a number.
pub(super) async fn public_url(findings: &mut Findings, settings: &Settings) {
    let text = settings.http.public_url();
    let set = "Set ROLLCALL_PUBLIC_URL, such as https://rollcall.example.com.";
    let Ok(url) = url::Url::parse(&text) else {
        return findings.wrong(Status::Fail, CHECK, format!("{text:?} is no address."), set);
    };
    match (connectors::check_public_url(&url), url.host()) {
        (Err(error), _) => findings.wrong(Status::Fail, CHECK, sentence(&error.to_string()), set),
        (Ok(()), Some(Host::Domain("localhost"))) => {
            let detail = format!("{text}: only a Web Connector on this computer can use it.");
            let remedy = "Nothing, if QuickBooks runs on this computer; else set ROLLCALL_PUBLIC_URL.";
            findings.wrong(Status::Warn, CHECK, detail, remedy);
        }
        (Ok(()), Some(Host::Domain(name))) => known(findings, name, &text).await,
        (Ok(()), _) => findings.ok(CHECK, text),
    }
}

/// How long the look-up of a name may take.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Whether DNS knows the name.
async fn known(findings: &mut Findings, name: &str, text: &str) {
    let unknown = match timeout(LOOK_UP, lookup_host((name, 443))).await {
        Ok(Ok(_)) => return findings.ok(CHECK, text),
        Ok(_) => format!("{text}: DNS knows no address of {name}, as this computer sees it."),
        Err(_) => format!("{text}: DNS did not answer whether it knows {name}."),
    };
    let remedy =
        "Enter the name into DNS, or correct ROLLCALL_PUBLIC_URL: no Web Connector finds it otherwise.";
    findings.wrong(Status::Fail, CHECK, unknown, remedy);
}

/// An address that the gateway listens on.
struct Port<'a> {
    check: &'static str,
    setting: &'static str,
    listen: &'a str,
    /// What only a gateway answers there.
    path: &'static str,
    tls: bool,
}

/// Whether the ports are free, or Rollcall answers there. Whether a gateway runs.
pub(super) async fn ports(findings: &mut Findings, settings: &Settings) -> bool {
    let main = main_port(settings);
    let taken = port(findings, &main).await;
    figures(findings, settings, &main, taken == Taken::Free).await;
    taken == Taken::ByGateway
}

/// `free` is whether the gateway's own port is.
async fn figures(findings: &mut Findings, settings: &Settings, main: &Port<'_>, free: bool) {
    let Some(listen) = &settings.http.metrics_listen else { return };
    let figures =
        Port { check: "figures", setting: "ROLLCALL_METRICS_LISTEN", listen, path: "/metrics", tls: false };
    // A name and an address, say, may be the same place: free alone, but not beside the other.
    let together = TcpListener::bind(main.listen).await.ok();
    let beside = TcpListener::bind(listen).await.is_ok();
    drop(together);
    if free && !beside && TcpListener::bind(listen).await.is_ok() {
        let detail = format!("{listen} is where the gateway itself listens ({}).", main.listen);
        let remedy = "Choose another port with ROLLCALL_METRICS_LISTEN.";
        return findings.wrong(Status::Fail, figures.check, detail, remedy);
    }
    port(findings, &figures).await;
}

fn main_port(settings: &Settings) -> Port<'_> {
    let http = &settings.http;
    let (setting, tls) = ("ROLLCALL_LISTEN", http.tls.is_some());
    Port { check: "port", setting, listen: &http.listen, path: "/healthz", tls }
}

/// Who has a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    Free,
    ByGateway,
    /// By another, or it cannot be had.
    Lost,
}

/// Looks at one.
async fn port(findings: &mut Findings, port: &Port<'_>) -> Taken {
    let Port { check, setting, listen, .. } = *port;
    match TcpListener::bind(listen).await {
        Ok(_) => {
            findings.ok(check, format!("{listen} is free: no gateway runs there now."));
            return Taken::Free;
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse && answers(port).await => {
            findings.ok(check, format!("A gateway answers on {listen}."));
            return Taken::ByGateway;
        }
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let detail = format!("Something that is no gateway listens on {listen}.");
            let remedy = format!("Stop it, or choose another port with {setting}.");
            findings.wrong(Status::Fail, check, detail, remedy);
        }
        Err(error) => {
            let problem = refused(listen, setting, &error);
            findings.wrong(Status::Fail, check, problem.detail, problem.remedy);
        }
    }
    Taken::Lost
}

/// Whether Rollcall answers on the port.
pub(super) async fn live(findings: &mut Findings, settings: &Settings) {
    let port = main_port(settings);
    let listen = port.listen;
    if answers(&port).await {
        findings.ok(port.check, format!("A gateway answers on {listen}."));
    } else {
        let detail = format!("No gateway answers on {listen}.");
        let remedy = "Start it with `rollcall serve`, and look at its log.";
        findings.wrong(Status::Fail, port.check, detail, remedy);
    }
}

async fn answers(port: &Port<'_>) -> bool {
    match lookup_host(port.listen).await.ok().and_then(|mut all| all.next()) {
        Some(address) => is_rollcall(&format!("{}{}", local_url(address, port.tls), port.path)).await,
        None => false,
    }
}

async fn is_rollcall(url: &str) -> bool {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        // Only to see who answers: nothing is sent, and the certificate is for another name than this address.
        .tls_danger_accept_invalid_certs(true)
        .build();
    let Ok(client) = client else { return false };
    let answer = client.get(url).send().await;
    answer.is_ok_and(|answer| answer.status().is_success() && answer.headers().contains_key("x-request-id"))
}
