//! A certificate of one's own, in the machine's list of those that are trusted.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{HERE, Machine};

/// A server that refuses whoever asks, behind its own certificate; the certificate as PEM, and the port.
async fn refuses(is_ca: IsCa, years: std::ops::Range<i32>) -> (String, u16) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    (params.is_ca, params.not_before, params.not_after) =
        (is_ca, rcgen::date_time_ymd(years.start, 1, 1), rcgen::date_time_ymd(years.end, 1, 1));
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![made.der().clone()],
            rustls_pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap_or(b'\n'));
            }
            let answer = b"HTTP/1.1 401 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    (made.pem(), port)
}

/// The cause that the test of a connection to the server tells, and its words.
fn cause(machine: &Machine, host: &str, port: u16, pem: &str) -> (String, String) {
    let base_url = format!("base_url=https://{host}:{port}");
    let call = ["connection", "add", "paycom", "--company", "Acme", "--name", &format!("{host} {port}")];
    let given = ["--set", &base_url, "--secret", "sid=s", "--secret", "token=t"];
    let made = machine.json(&[&call as &[&str], &given, HERE].concat());
    let trusted = machine.file("trusted.pem", pem);
    let mut command = machine.command(&["connection", "test", made["id"].as_str().unwrap(), "--json"]);
    let told: Value = machine.end(command.env("SSL_CERT_FILE", trusted)).json();
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    (text("cause"), text("detail"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_signed_itself_is_believed_where_the_machine_trusts_it() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let authority = || IsCa::Ca(BasicConstraints::Unconstrained);
    for is_ca in [IsCa::NoCa, authority()] {
        let (pem, port) = refuses(is_ca, 2020..2100).await;
        assert_eq!(cause(&machine, "localhost", port, &pem).0, "credentials", "it answers");
        let other = cause(&machine, "127.0.0.1", port, &pem);
        assert!(other.0 == "tls" && other.1.contains("another name"), "{other:?}");
    }
    let (_, port) = refuses(authority(), 2020..2100).await;
    let (stranger, _) = refuses(authority(), 2020..2100).await;
    assert_eq!(cause(&machine, "localhost", port, &stranger).0, "tls", "another one of the same name");
    let (pem, port) = refuses(authority(), 2020..2021).await;
    let expired = cause(&machine, "localhost", port, &pem);
    assert!(expired.0 == "tls" && expired.1.contains("expired"), "{expired:?}");
}
