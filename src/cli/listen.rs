//! Binds the addresses that the gateway listens on, and explains why one cannot be bound.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, SocketAddr},
};

use tokio::net::TcpListener;

use crate::domain::problem::Problem;

use super::{Result, failure::Failure};

/// Binds the address; `setting` is the name of its setting or flag.
pub(super) async fn bind(listen: &str, setting: &str) -> Result<TcpListener> {
    TcpListener::bind(listen).await.map_err(|error| Failure::from(refused(listen, setting, &error)))
}

/// Why the address cannot be bound, and what to do. `setting` is the name of its setting or flag.
pub(super) fn refused(listen: &str, setting: &str, error: &io::Error) -> Problem {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host).trim_matches(['[', ']']);
    let (why, remedy) = match error.kind() {
        ErrorKind::AddrInUse => (
            "something listens there already".to_owned(),
            format!("Stop it (`ss -ltnp` names it), or choose another port with {setting}."),
        ),
        ErrorKind::PermissionDenied => (
            "this user may not".to_owned(),
            format!(
                "Ports below 1024 need a privilege: choose one above with {setting}, or give the program the \
                 capability CAP_NET_BIND_SERVICE."
            ),
        ),
        ErrorKind::AddrNotAvailable => (
            "that is no address of this computer".to_owned(),
            format!(
                "Name one of its own with {setting}; 0.0.0.0 stands for all of IPv4, [::] for all, 127.0.0.1 for \
                 this computer only."
            ),
        ),
        // A host name that cannot be looked up has no error kind of its own.
        _ if host.parse::<IpAddr>().is_err() => (
            format!("the name {host:?} has no address here"),
            format!("Correct {setting}, or name an address instead, such as 127.0.0.1 or 0.0.0.0."),
        ),
        _ => (
            format!("the system says: {error}"),
            format!("Correct {setting}; where this computer has no IPv6, name an address of IPv4."),
        ),
    };
    Problem::new("cannot_listen", format!("{listen} cannot be listened on: {why}."), remedy)
}

/// The address of a gateway from this machine: one that listens everywhere also listens here.
pub(super) fn local_url(address: SocketAddr, tls: bool) -> String {
    let mut address = address;
    if address.ip().is_unspecified() {
        let local = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
        if let Ok(ip) = local.parse() {
            address.set_ip(ip);
        }
    }
    format!("{}://{address}", if tls { "https" } else { "http" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_own_words_and_its_own_remedy() {
        for (listen, kind, why, remedy) in [
            ("0.0.0.0:8080", ErrorKind::AddrInUse, "already", "Stop it"),
            ("0.0.0.0:443", ErrorKind::PermissionDenied, "may not", "below 1024"),
            ("192.0.2.7:80", ErrorKind::AddrNotAvailable, "no address of this", "0.0.0.0"),
            ("nowhere.invalid:80", ErrorKind::Other, "\"nowhere.invalid\"", "name an address"),
            ("[::1]:80", ErrorKind::Unsupported, "the system says", "IPv6"),
        ] {
            let problem = refused(listen, "ROLLCALL_LISTEN", &kind.into());
            assert!(problem.detail.contains(listen) && problem.detail.contains(why), "{problem:?}");
            assert!(
                problem.remedy.contains(remedy) && problem.remedy.contains("ROLLCALL_LISTEN"),
                "{problem:?}"
            );
        }
    }
}
