//! Failures that any vendor's connector meets, in words for people. A connector adds those of its own vendor.

use std::{net::IpAddr, time::Duration};

use http::StatusCode;

use crate::{
    connectors::source::Failure,
    domain::{problem::Problem, words::Cause},
};

/// What a request waited for when its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Connect,
    Head,
    Body,
}

/// What went wrong with one try, and whether another may help.
#[derive(Debug, Clone)]
pub struct Fault {
    pub cause: Cause,
    pub problem: Problem,
    pub again: bool,
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Failure::Source { cause: fault.cause, problem: fault.problem, retry_after: None }
    }
}

/// A failure of the source; its code is the word of its cause.
pub fn failure(cause: Cause, detail: impl Into<String>, remedy: impl Into<String>) -> Failure {
    Failure::Source { cause, problem: Problem::new(cause.as_str(), detail, remedy), retry_after: None }
}

pub(super) fn fault(cause: Cause, again: bool, detail: String, remedy: impl Into<String>) -> Fault {
    Fault { cause, again, problem: Problem::new(cause.as_str(), detail, remedy) }
}

const CHECK_ADDRESS: &str = "Check the address in the settings of this connection";

pub fn unknown_host(host: &str) -> Fault {
    let detail = format!("The name {host} could not be found in DNS.");
    fault(Cause::Dns, true, detail, format!("{CHECK_ADDRESS}, and that this machine can look up names."))
}

pub fn not_allowed(host: &str, address: IpAddr) -> Fault {
    fault(
        Cause::AddressNotAllowed,
        false,
        format!("{host} leads to {address}, a private or reserved address, so nothing was sent there."),
        format!(
            "{CHECK_ADDRESS}. If the server really is in your own network, set `allow_private_address` of this \
             connection to true."
        ),
    )
}

pub fn no_connection(host: &str, why: &str) -> Fault {
    let detail = format!("No connection to {host}: {why}.");
    let remedy = "Check that the server is running and that no firewall stands between it and this machine.";
    fault(Cause::Tcp, true, detail, remedy)
}

pub fn cut_off(host: &str) -> Fault {
    let detail = format!("{host} closed the connection before its answer was complete.");
    fault(
        Cause::Tcp,
        true,
        detail,
        "Nothing to do at first: it is tried again. If it repeats, ask the vendor.",
    )
}

/// `why` is a clause; a certificate does not get better by asking again.
pub fn tls(host: &str, again: bool, why: &str) -> Fault {
    fault(
        Cause::Tls,
        again,
        format!("The connection to {host} is not secure: {why}."),
        format!(
            "{CHECK_ADDRESS}, the clock of this machine and its list of trusted certificates; else ask whoever runs the server."
        ),
    )
}

pub fn timeout(host: &str, phase: Phase) -> Fault {
    let detail = match phase {
        Phase::Connect => format!("{host} could not be reached in time."),
        Phase::Head => format!("{host} did not begin to answer in time."),
        Phase::Body => format!("{host} began to answer, but did not finish in time."),
    };
    let remedy = match phase {
        Phase::Connect => "Check the address and any firewall between it and this machine.",
        Phase::Head | Phase::Body => {
            "Nothing to do at first: it is tried again. If it repeats, ask for smaller pages."
        }
    };
    fault(Cause::Timeout, true, detail, remedy)
}

pub fn server_error(host: &str, status: StatusCode) -> Fault {
    let detail = format!("{host} failed with status {}.", status.as_u16());
    fault(
        Cause::Server,
        true,
        detail,
        "Nothing to do at first: it is tried again. If it repeats, ask the vendor.",
    )
}

/// `why` says where it stopped making sense and holds nothing of the answer itself.
pub fn unreadable(host: &str, again: bool, why: &str) -> Fault {
    let detail = format!("The answer of {host} could not be read: {why}.");
    fault(Cause::Server, again, detail, "If it repeats, report it: the vendor may have changed its answers.")
}

pub fn too_large(host: &str, cap: usize) -> Fault {
    let detail = format!("The answer of {host} is longer than the {cap} bytes that are read of one.");
    fault(Cause::Server, false, detail, "Ask for smaller pages in the settings of this connection.")
}

/// Where it pointed and where it should have: scheme, host and port alone, for the rest of such an address may hold
/// anything.
pub fn elsewhere(host: &str, other: Option<(&str, &str)>) -> Fault {
    let detail = match other {
        Some((other, own)) => {
            format!(
                "The answer of {host} pointed elsewhere, to {other} instead of {own}; nothing was sent there."
            )
        }
        None => format!("The answer of {host} pointed to something that is not an address of it."),
    };
    fault(
        Cause::Server,
        false,
        detail,
        format!("{CHECK_ADDRESS}: credentials go to that host and port only."),
    )
}

pub fn rate_limited(host: &str, wait: Duration) -> Failure {
    Failure::Source {
        cause: Cause::RateLimit,
        problem: Problem::new(
            Cause::RateLimit.as_str(),
            format!("{host} asks for {} seconds without requests.", wait.as_secs()),
            "Nothing to do: it goes on by itself. If it repeats, set fewer requests a minute for this connection.",
        ),
        retry_after: Some(wait),
    }
}
