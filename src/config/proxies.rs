//! Whose word counts about where a request comes from.

use std::net::IpAddr;

/// The proxies before the gateway: addresses and networks. Empty: nobody's word counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Network>);

/// All addresses with the same first bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    first: IpAddr,
    bits: u32,
}

impl TrustedProxies {
    /// Addresses and networks such as `10.0.0.0/8`, parted by commas or white space.
    ///
    /// # Errors
    /// What is neither, in words.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let items = text.split([',', ' ', '\t']).filter(|item| !item.is_empty());
        items.map(Network::parse).collect::<Result<_, _>>().map(Self)
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }
}

impl Network {
    fn parse(text: &str) -> Result<Self, String> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(first, bits)| (first, Some(bits)));
        let first: IpAddr =
            address.parse().map_err(|_| "it holds something that is no IP address".to_owned())?;
        let first = first.to_canonical();
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|bits| *bits <= most)
                .ok_or_else(|| format!("after a slash stands a number from 0 to {most}"))?,
        };
        Ok(Self { first, bits })
    }

    fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(other)) => {
                let differing = first.to_bits() ^ other.to_bits();
                differing.checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(other)) => {
                let differing = first.to_bits() ^ other.to_bits();
                differing.checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses_and_no_other() {
        let trusted = TrustedProxies::parse("127.0.0.1, 10.1.0.0/16 2001:db8::/32,::1").unwrap();
        for inside in ["127.0.0.1", "10.1.255.255", "::ffff:10.1.0.7", "2001:db8:1::1", "::1"] {
            assert!(trusted.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["127.0.0.2", "10.2.0.0", "2001:db9::", "::2", "::"] {
            assert!(!trusted.contains(outside.parse().unwrap()), "{outside}");
        }
        let all = TrustedProxies::parse("0.0.0.0/0").unwrap();
        assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("2001:db8::1".parse().unwrap()));
        for bad in ["proxy", "10.0.0.0/33", "10.0.0.0/", "::/129", "1.2.3"] {
            assert!(TrustedProxies::parse(bad).is_err(), "{bad}");
        }
    }
}
