//! The public address and the port.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use tokio::{
    net::{TcpListener, lookup_host},
    time::timeout,
};
use url::Host;

use crate::{
    cli::{failure::sentence, serve::local_url},
    config::Settings,
    connectors::quickbooks_desktop::check_address,
};

use super::{Findings, Status};

const CHECK: &str = "public address";

/// What the Web Connector asks of an address: https unless it is localhost, and a name rather than a number.
pub async fn public_url(findings: &mut Findings, settings: &Settings) {
    let text = settings.http.public_url();
    let set = "Set ROLLCALL_PUBLIC_URL, such as https://rollcall.example.com.";
    let Ok(url) = url::Url::parse(&text) else {
        return findings.wrong(Status::Fail, CHECK, format!("{text:?} is no address."), set);
    };
    match (check_address(&url), url.host()) {
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

/// Whether the port is free, or Rollcall answers there.
pub async fn port(findings: &mut Findings, settings: &Settings) {
    let listen = &settings.http.listen;
    let check = "port";
    match TcpListener::bind(listen).await {
        Ok(_) => findings.ok(check, format!("{listen} is free: no gateway runs there now.")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => match address(listen).await {
            Some(address) if is_rollcall(address, settings.http.tls.is_some()).await => {
                findings.ok(check, format!("A gateway answers on {listen}."));
            }
            _ => {
                let detail = format!("Something that is no gateway listens on {listen}.");
                findings.wrong(
                    Status::Fail,
                    check,
                    detail,
                    "Stop it, or choose another port with ROLLCALL_LISTEN.",
                );
            }
        },
        Err(error) => {
            let remedy = "Choose another ROLLCALL_LISTEN; ports below 1024 need a privilege.";
            findings.wrong(Status::Fail, check, format!("{listen} cannot be listened on: {error}."), remedy);
        }
    }
}

/// Whether Rollcall answers on the port.
pub async fn live(findings: &mut Findings, settings: &Settings) {
    let listen = &settings.http.listen;
    match address(listen).await {
        Some(address) if is_rollcall(address, settings.http.tls.is_some()).await => {
            findings.ok("port", format!("A gateway answers on {listen}."));
        }
        _ => {
            let detail = format!("No gateway answers on {listen}.");
            findings.wrong(
                Status::Fail,
                "port",
                detail,
                "Start it with `rollcall serve`, and look at its log.",
            );
        }
    }
}

async fn address(listen: &str) -> Option<SocketAddr> {
    lookup_host(listen).await.ok()?.next()
}

async fn is_rollcall(address: SocketAddr, tls: bool) -> bool {
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(5))
        // Only to see who answers: nothing is sent, and the certificate is for another name than this address.
        .tls_danger_accept_invalid_certs(true)
        .build();
    let Ok(client) = client else { return false };
    let answer = client.get(format!("{}/healthz", local_url(address, tls))).send().await;
    answer.is_ok_and(|answer| answer.status().is_success() && answer.headers().contains_key("x-request-id"))
}
