//! The client's address as an extension of requests.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::http::Extensions;

/// The client's address: behind a trusted proxy the one that the proxy gives, else the other end of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The client's address of a request with these extensions; unspecified for one that came through no server.
pub(super) fn caller(extensions: &Extensions) -> IpAddr {
    extensions.get::<Peer>().map_or(Ipv4Addr::UNSPECIFIED.into(), |Peer(peer)| peer.ip())
}
