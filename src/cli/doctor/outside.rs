//! Calls the gateway by its public address, as others do: DNS, what stands between, and the certificate are theirs.

use std::time::Duration;

use crate::{
    config::Settings,
    connectors::outbound::{Bounds, Outbound, Timeouts},
    domain::words::Cause,
};

use super::{Findings, Status};

const CHECK: &str = "public address from outside";

const BOUNDS: Bounds = Bounds { allow_private: true, time: Duration::from_secs(5), body: 64 * 1024 };

/// Only while a gateway runs here.
pub(super) async fn check(findings: &mut Findings, settings: &Settings) {
    let address = format!("{}/healthz", settings.http.public_url());
    let (Ok(outbound), Ok(request)) =
        (Outbound::new(Timeouts::HASTY), http::Request::get(&address).body(Vec::new()))
    else {
        return;
    };
    match outbound.fetch(request, BOUNDS).await {
        Ok(answer) if answer.status().is_success() && answer.headers().contains_key("x-request-id") => {
            findings.ok(CHECK, format!("The gateway answers at {address}."));
        }
        Ok(answer) if answer.status().is_redirection() => {
            let detail =
                format!("{address} answers with a redirect, which Web Connectors and vendors do not follow.");
            let remedy = "Set ROLLCALL_PUBLIC_URL to the address that it leads to.";
            findings.wrong(Status::Fail, CHECK, detail, remedy);
        }
        Ok(answer) if answer.status().is_server_error() => {
            let detail = format!(
                "{address} answers with status {}: what stands before the gateway does not reach it.",
                answer.status().as_u16()
            );
            let remedy = "Have the proxy pass requests on to the address of ROLLCALL_LISTEN.";
            findings.wrong(Status::Fail, CHECK, detail, remedy);
        }
        Ok(_) => {
            let detail = format!("Something that is no gateway answers at {address}.");
            let remedy = "Correct ROLLCALL_PUBLIC_URL, or what the proxy or DNS leads to there.";
            findings.wrong(Status::Fail, CHECK, detail, remedy);
        }
        Err(error) => {
            let (cause, detail) = error.told();
            let (status, remedy) = match cause {
                Cause::Tls => (
                    Status::Fail,
                    "Have the certificate of that address issued by an authority that clients trust, whole and for this name.",
                ),
                // A router may not lead those inside to its outer address.
                Cause::Timeout => (
                    Status::Warn,
                    "Call it from another network; if it answers there, nothing. Else let the firewall or router pass it on.",
                ),
                _ => (
                    Status::Fail,
                    "Let DNS, the router and the firewall lead that address to the gateway, or correct ROLLCALL_PUBLIC_URL.",
                ),
            };
            findings.wrong(status, CHECK, detail, remedy);
        }
    }
}
