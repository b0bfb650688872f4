//! Finds the client's address: the other end of the connection, unless that is a trusted proxy. Then the last address
//! in the proxy's headers counts that is not itself a trusted proxy; anybody may have written those before it.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, HeaderName, header};

use crate::config::TrustedProxies;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The most trusted proxies that may stand in a row.
const MOST: usize = 16;

/// The client's address, in its shortest form; its port is 0 if the proxy does not give it.
pub(super) fn client(peer: SocketAddr, headers: &HeaderMap, trusted: &TrustedProxies) -> SocketAddr {
    let mut client = canonical(peer);
    if !trusted.contains(client.ip()) {
        return client;
    }
    let told = match headers.contains_key(X_FORWARDED_FOR) {
        true => entries(headers, &X_FORWARDED_FOR),
        false => entries(headers, &header::FORWARDED),
    };
    for entry in told.into_iter().rev().take(MOST) {
        let Some(address) = address(entry) else { break };
        client = canonical(address);
        if !trusted.contains(client.ip()) {
            break;
        }
    }
    client
}

pub(super) use crate::domain::throttle::neighbourhood;

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The entries of all lines of a header, from first to last.
fn entries<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Vec<&'h str> {
    let lines = headers.get_all(name).into_iter();
    // A line that is not text counts as an entry that is not an address.
    lines.flat_map(|line| line.to_str().unwrap_or("?").split(',')).map(str::trim).collect()
}

/// The address of an entry of `X-Forwarded-For`, or of the parameter `for` of one of `Forwarded` (RFC 7239 section 4).
fn address(entry: &str) -> Option<SocketAddr> {
    let node = match entry.contains('=') {
        false => entry,
        true => entry.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then_some(value.trim())
        })?,
    };
    let node = node.trim_matches('"');
    let bare = node.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(node);
    match bare.parse::<IpAddr>() {
        Ok(address) => Some(SocketAddr::new(address, 0)),
        Err(_) => node.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{MapSource, Settings};

    fn told(peer: &str, lines: &[(&'static str, &str)]) -> String {
        let source: MapSource =
            [("ROLLCALL_TRUSTED_PROXIES", "127.0.0.1,10.0.0.0/8,2001:db8::1")].into_iter().collect();
        let trusted = Settings::read(&source).unwrap().http.trusted_proxies;
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let spoofed = [("x-forwarded-for", "9.9.9.9")];
        assert_eq!(told("192.0.2.1:7", &spoofed), "192.0.2.1:7");
        assert_eq!(told("127.0.0.1:7", &spoofed), "9.9.9.9:0");
        assert_eq!(told("[::ffff:127.0.0.1]:7", &spoofed), "9.9.9.9:0");
        assert_eq!(told("127.0.0.1:7", &[]), "127.0.0.1:7");
    }

    #[test]
    fn what_the_client_wrote_itself_does_not_count() {
        let chain = [("x-forwarded-for", "1.1.1.1, 9.9.9.9:443"), ("x-forwarded-for", "10.0.0.3")];
        assert_eq!(told("127.0.0.1:7", &chain), "9.9.9.9:443", "the last that is no proxy of ours");
        let garbage = [("x-forwarded-for", "1.1.1.1, <script>, 10.0.0.3")];
        assert_eq!(told("127.0.0.1:7", &garbage), "10.0.0.3:0");
        let ours = [("x-forwarded-for", "10.0.0.4, 10.0.0.3")];
        assert_eq!(told("127.0.0.1:7", &ours), "10.0.0.4:0");
    }

    #[test]
    fn the_standard_header_counts_where_the_common_one_is_missing() {
        for (value, client) in [
            ("for=9.9.9.9;proto=https", "9.9.9.9:0"),
            ("For=\"[2001:db8::9]:4711\"", "[2001:db8::9]:4711"),
            ("for=1.1.1.1, for=\"[2001:db8::7]\"", "[2001:db8::7]:0"),
            ("for=unknown", "127.0.0.1:7"),
            ("proto=https;by=9.9.9.9", "127.0.0.1:7"),
        ] {
            assert_eq!(told("127.0.0.1:7", &[("forwarded", value)]), client, "{value}");
        }
        let both = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "9.9.9.9")];
        assert_eq!(told("127.0.0.1:7", &both), "9.9.9.9:0");
    }
}
