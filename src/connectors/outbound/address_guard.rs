//! Which addresses a request may go to: those of the public internet, unless the connection says otherwise.
//!
//! A host's name is checked where it becomes an address, in the resolver, so that a name that changes its mind between
//! a check and the request gains nothing. A host that is written as an address passes no resolver; see [`literal`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use crate::threads::Threads;

/// A host that is only at addresses that the connection may not reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{host} is at {address}, which is not an address of the public internet")]
pub struct NotAllowed {
    pub host: String,
    pub address: IpAddr,
}

/// Names that are looked up at once.
const LOOKUPS: usize = 16;

/// Resolves by the system, on threads of its own: the system's look-up blocks, for many seconds where no server answers,
/// and must neither wait for other work nor keep it waiting.
#[derive(Debug, Clone)]
pub struct Resolver {
    threads: Threads,
    /// Leaves out what is not allowed.
    public_only: bool,
}

impl Resolver {
    /// One that leaves out private addresses, and one for connections that may reach them.
    pub fn both() -> (Self, Self) {
        let threads = Threads::new("dns", LOOKUPS);
        (Self { threads: threads.clone(), public_only: true }, Self { threads, public_only: false })
    }
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { threads, public_only } = self.clone();
        Box::pin(async move {
            let (host, asked) = (name.as_str().to_owned(), name.as_str().to_owned());
            let look_up = move || (asked.as_str(), 0).to_socket_addrs().map(Vec::from_iter);
            let found: Vec<SocketAddr> = threads.place().await?.run(look_up).await??;
            let found = if public_only { allowed(host, found)? } else { found };
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Those of the addresses that are public; with none left, the first that is not.
fn allowed(host: String, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, NotAllowed> {
    let refused = found.iter().map(SocketAddr::ip).find(|address| !is_public(*address));
    let kept: Vec<SocketAddr> = found.into_iter().filter(|address| is_public(address.ip())).collect();
    match refused {
        Some(address) if kept.is_empty() => Err(NotAllowed { host, address }),
        _ => Ok(kept),
    }
}

/// Checks a host that is written as an address. `url` has already read every spelling of one: `0x7f.1`,
/// `2130706433`, `[::ffff:127.0.0.1]`.
pub fn literal(url: &Url) -> Result<(), NotAllowed> {
    let address = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        _ => return Ok(()),
    };
    if is_public(address) { Ok(()) } else { Err(NotAllowed { host: address.to_string(), address }) }
}

/// Whether a host says by itself that it is not public: an address, or this machine's own name. Nothing is sent there
/// unless the connection allows it, so plain http gives nothing away.
pub fn is_local(url: &Url) -> bool {
    let own_name = |host: &str| host == "localhost" || host.ends_with(".localhost");
    literal(url).is_err() || url.domain().is_some_and(own_name)
}

/// Whether an address belongs to the public internet (IANA's registries of special-purpose addresses).
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// The blocks that are not public, as the first address and the length of the prefix.
const SPECIAL_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),        // this network
    ([10, 0, 0, 0], 8),       // private
    ([100, 64, 0, 0], 10),    // shared by carriers; Alibaba's metadata at 100.100.100.200
    ([127, 0, 0, 0], 8),      // loopback
    ([168, 63, 129, 16], 32), // Azure's host, metadata and keys: public by its number only
    ([169, 254, 0, 0], 16),   // link-local; metadata of most clouds at 169.254.169.254
    ([172, 16, 0, 0], 12),    // private
    ([192, 0, 0, 0], 24),     // protocol assignments; Oracle's metadata at 192.0.0.192
    ([192, 0, 2, 0], 24),     // documentation
    ([192, 88, 99, 0], 24),   // relays of 6to4
    ([192, 168, 0, 0], 16),   // private
    ([198, 18, 0, 0], 15),    // benchmarks
    ([198, 51, 100, 0], 24),  // documentation
    ([203, 0, 113, 0], 24),   // documentation
    ([224, 0, 0, 0], 4),      // multicast
    ([240, 0, 0, 0], 4),      // reserved, and broadcast
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !SPECIAL_V4.iter().any(|(first, length)| {
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        bits & mask == u32::from_be_bytes(*first)
    })
}

/// Only 2000::/3 is given out for the public internet. Of what lies outside, two forms carry an IPv4 address that
/// may itself be public; of what lies inside, some blocks are special.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    let bits = address.to_bits();
    let last = Ipv4Addr::from_bits((bits & u128::from(u32::MAX)) as u32);
    match (a, b) {
        // ::ffff:a.b.c.d, the same host by IPv4.
        (0, 0) if bits >> 32 == 0xffff => is_public_v4(last),
        // 64:ff9b::a.b.c.d, by the translator of a network without IPv4 (RFC 6052).
        (0x0064, 0xff9b) if bits >> 32 == 0x0064_ff9b_u128 << 64 => is_public_v4(last),
        // 2002:aabb:ccdd::, 6to4.
        (0x2002, _) => is_public_v4(Ipv4Addr::from_bits((u32::from(b) << 16) | u32::from(c))),
        // Protocol assignments, Teredo among them: 2001::/23.
        (0x2001, 0..=0x01ff) => false,
        // Documentation.
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => false,
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_allowed() {
        for public in [
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
        ]
        .into_iter()
        .chain([
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ]) {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in
            ["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.9"]
                .into_iter()
                .chain([
                    "168.63.129.16",
                    "169.254.169.254",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.0.0.192",
                    "192.0.2.1",
                ])
                .chain([
                    "192.88.99.1",
                    "192.168.1.1",
                    "198.19.255.255",
                    "198.51.100.7",
                    "203.0.113.9",
                    "224.0.0.1",
                ])
                .chain([
                    "240.0.0.1",
                    "255.255.255.255",
                    "::",
                    "::1",
                    "::7f00:1",
                    "::8.8.8.8",
                    "fe80::1",
                    "fc00::1",
                ])
                .chain([
                    "fd00:ec2::254",
                    "ff02::1",
                    "2001:db8::1",
                    "2001::1",
                    "3fff:fff::1",
                    "64:ff9b:1::a00:1",
                ])
                .chain([
                    "::ffff:0:10.0.0.1",
                    "::ffff:127.0.0.1",
                    "64:ff9b::a9fe:a9fe",
                    "2002:7f00:1::1",
                    "5f00::1",
                ])
        {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn an_address_is_refused_in_every_spelling() {
        for host in
            ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:7f00:1]", "0"]
        {
            let url: Url = format!("https://{host}/x").parse().unwrap();
            assert!(literal(&url).is_err(), "{host}");
        }
        assert_eq!(literal(&"https://8.8.8.8/".parse().unwrap()), Ok(()));
        assert_eq!(literal(&"https://localhost/".parse().unwrap()), Ok(()), "a name is for the resolver");
    }

    #[test]
    fn a_host_with_one_public_address_is_reached_there_only() {
        let at = |text: &str| SocketAddr::new(text.parse().unwrap(), 0);
        let both = allowed("h".into(), vec![at("10.0.0.1"), at("8.8.8.8")]);
        assert_eq!(both, Ok(vec![at("8.8.8.8")]));
        let none = allowed("h".into(), vec![at("10.0.0.1"), at("::1")]).unwrap_err();
        assert_eq!(none.address, at("10.0.0.1").ip());
    }

    proptest! {
        /// An IPv4 address inside an IPv6 one is as public as it is alone.
        #[test]
        fn an_embedded_address_counts_as_itself(bits: u32, tail: u64) {
            let v4 = Ipv4Addr::from_bits(bits);
            let public = is_public_v4(v4);
            let wide = u128::from(bits);
            prop_assert_eq!(is_public_v6(v4.to_ipv6_mapped()), public);
            prop_assert_eq!(is_public_v6(Ipv6Addr::from_bits((0x0064_ff9b_u128 << 96) | wide)), public);
            let six_to_four = (0x2002_u128 << 112) | (wide << 80) | u128::from(tail);
            prop_assert_eq!(is_public_v6(Ipv6Addr::from_bits(six_to_four)), public);
            prop_assert!(!is_public_v6(v4.to_ipv6_compatible()));
        }
    }
}
