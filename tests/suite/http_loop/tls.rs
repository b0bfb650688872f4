//! HTTPS, and a certificate that is renewed.

use std::{fs, path::Path, process::Command, sync::Arc, task::Poll};

use axum::{Router, routing::get};
use rollcall::{
    config::{LogFormat, TlsSettings},
    http::{
        server::Limits,
        tls::{TlsError, TlsFiles},
    },
};
use rustls::{
    ClientConfig, RootCertStore, SupportedProtocolVersion, crypto::ring, pki_types::ServerName, version,
};
use rustls_pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Client, Gateway, SHORT, limits, wire::get_root, within};
use crate::telemetry::Lines;

fn router() -> Router {
    Router::new().route("/", get(|| async { "over TLS" }))
}

/// Writes a new self-signed certificate for `localhost` and its key into `directory`.
fn issue(directory: &Path) -> (TlsSettings, CertificateDer<'static>) {
    let files = TlsSettings { certificate: directory.join("cert.pem"), key: directory.join("key.pem") };
    let issued = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(&files.certificate, issued.cert.pem()).unwrap();
    fs::write(&files.key, issued.signing_key.serialize_pem()).unwrap();
    (files, issued.cert.der().clone())
}

/// A client that trusts `root` only.
async fn connect(
    gateway: &Gateway,
    root: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
    alpn: &[&[u8]],
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await.map(Client)
}

#[tokio::test]
async fn both_versions_and_both_protocols() {
    let directory = tempfile::tempdir().unwrap();
    let (files, root) = issue(directory.path());
    let tls = Arc::new(TlsFiles::load(files).unwrap());
    let gateway = Gateway::start_tls(router(), limits(), Some(tls)).await;
    for version in [&version::TLS12, &version::TLS13] {
        for alpn in [&[][..], &[&b"http/1.1"[..]][..]] {
            let mut client = connect(&gateway, &root, version, alpn).await.unwrap();
            assert_eq!(client.get("/").await.body, "over TLS");
        }
        let mut client = connect(&gateway, &root, version, &[b"h2", b"http/1.1"]).await.unwrap();
        assert_eq!(client.0.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        assert_eq!(get_root(&mut client).await, "over TLS");
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_used_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let (files, first) = issue(directory.path());
    let tls = Arc::new(TlsFiles::load(files.clone()).unwrap());
    let gateway = Gateway::start_tls(router(), limits(), Some(tls.clone())).await;
    let mut before = connect(&gateway, &first, &version::TLS13, &[]).await.unwrap();

    let (_, second) = issue(directory.path());
    tls.reload().unwrap();
    assert!(connect(&gateway, &first, &version::TLS13, &[]).await.is_err());
    let mut client = connect(&gateway, &second, &version::TLS13, &[]).await.unwrap();
    assert_eq!(client.get("/").await.body, "over TLS");
    assert_eq!(before.get("/").await.body, "over TLS", "an open connection stays");

    fs::write(&files.certificate, "half a fi").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::NoCertificate(_))));
    fs::remove_file(&files.certificate).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Missing(_))));
    // A new certificate beside the old key.
    let old_key = fs::read(&files.key).unwrap();
    issue(directory.path());
    fs::write(&files.key, old_key).unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::Pair { .. })));
    let mut client = connect(&gateway, &second, &version::TLS13, &[]).await.unwrap();
    assert_eq!(client.get("/").await.body, "over TLS");
}

/// A client that knows only these ciphers, with a certificate of an ECDSA key at the gateway.
async fn connect_with(
    gateway: &Gateway,
    root: &CertificateDer<'static>,
    suites: &[rustls::CipherSuite],
) -> std::io::Result<Client<TlsStream<TcpStream>>> {
    let mut provider = ring::default_provider();
    provider.cipher_suites.retain(|suite| suites.contains(&suite.suite()));
    let mut roots = RootCertStore::empty();
    roots.add(root.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&version::TLS12])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    within(TlsConnector::from(Arc::new(config)).connect(name, stream)).await.map(Client)
}

/// The manual says so: Windows 7, 8.1 and Server 2012 R2 know AES-GCM with an exchange of keys only for ECDSA.
#[tokio::test]
async fn an_ecdsa_certificate_serves_old_windows_and_a_failed_handshake_is_told() {
    use rustls::CipherSuite as Suite;
    let (lines, _guard) = Lines::capture("warn", LogFormat::Text);
    let directory = tempfile::tempdir().unwrap();
    let (files, root) = issue(directory.path());
    let tls = Arc::new(TlsFiles::load(files).unwrap());
    let gateway = Gateway::start_tls(router(), limits(), Some(tls)).await;
    let ecdsa =
        [Suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, Suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384];
    for suite in ecdsa {
        let mut client = connect_with(&gateway, &root, &[suite]).await.unwrap();
        assert_eq!(client.get("/").await.body, "over TLS");
    }
    assert_eq!(lines.text(), "");
    // Those of an RSA certificate, which this gateway does not have; and twice, which is one line a minute.
    for _ in 0..2 {
        assert!(
            connect_with(&gateway, &root, &[Suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]).await.is_err()
        );
    }
    within(async {
        while !lines.text().contains("no common cipher") {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let text = lines.text();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("address=127.0.0.1"), "{text}");
}

#[tokio::test]
async fn a_slow_handshake_is_closed() {
    let directory = tempfile::tempdir().unwrap();
    let (files, _) = issue(directory.path());
    let tls = Arc::new(TlsFiles::load(files).unwrap());
    let limits = Limits { first_request_timeout: SHORT, ..limits() };
    let gateway = Gateway::start_tls(router(), limits, Some(tls)).await;
    for start in [&b""[..], &[0x16, 3, 1]] {
        let mut client = gateway.connect().await;
        client.send(start).await;
        assert!(client.closed().await.is_empty());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_hangup_reloads_the_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let (files, _) = issue(directory.path());
    let tls = Arc::new(TlsFiles::load(files).unwrap());
    let gateway = Gateway::start_tls(router(), limits(), Some(tls.clone())).await;
    let (_, renewed) = issue(directory.path());
    let mut reloading = Box::pin(tls.reload_on_hangup());
    // The first poll installs the handler; without it the signal would end the process.
    assert!(std::future::poll_fn(|cx| Poll::Ready(reloading.as_mut().poll(cx))).await.is_pending());
    let reloading = tokio::spawn(reloading);
    let kill = format!("kill -HUP {}", std::process::id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    within(async { while connect(&gateway, &renewed, &version::TLS13, &[]).await.is_err() {} }).await;
    reloading.abort();
}
