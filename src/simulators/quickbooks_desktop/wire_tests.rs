use super::super::options::SessionOptions;
use super::super::test_service::TestService;
use super::*;
use crate::domain::secret::Secret;

const ACTION: &str = "http://developer.intuit.com/serverVersion";

fn wire(url: &str) -> Wire {
    Wire::new(&SessionOptions::new(url, "ana", Secret::new("x"))).unwrap()
}

#[tokio::test]
async fn the_heads_have_the_captured_bytes_and_the_connection_is_kept() {
    let service = TestService::start(Box::new(|_, _| "1".to_owned()), false).await;
    let mut wire = wire(&service.url);
    for _ in 0..2 {
        let reply = wire.post(ACTION, &Body::text("<a/>".to_owned())).await.unwrap();
        assert_eq!((reply.status, reply.content_type.as_str()), (200, "text/xml; charset=utf-8"));
        assert!(reply.body.ends_with(b"</s:Envelope>"));
    }
    let host = service.url.strip_prefix("http://").unwrap().strip_suffix("/qbwc").unwrap();
    let head = format!(
        "POST /qbwc HTTP/1.1\r\nUser-Agent: Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol 2.0.50727.1433)\r\nContent-Type: text/xml; charset=utf-8\r\nSOAPAction: \"http://developer.intuit.com/serverVersion\"\r\nHost: {host}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n"
    );
    let received = service.received();
    assert_eq!(received[0].head, format!("{head}Connection: Keep-Alive\r\n\r\n"));
    assert_eq!(received[1].head, format!("{head}\r\n"));
    assert!(received.iter().all(|request| request.connection == 0 && request.body == "<a/>"));
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_is_opened_anew() {
    let service = TestService::start(Box::new(|_, _| "1".to_owned()), true).await;
    let mut wire = wire(&service.url);
    for connection in 0..3 {
        assert_eq!(wire.post(ACTION, &Body::text("<a/>".to_owned())).await.unwrap().status, 200);
        assert_eq!(service.received().last().unwrap().connection, connection);
    }
}

#[tokio::test]
async fn a_service_that_refuses_the_head_gets_no_body() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut wire = wire(&format!("http://{}/", listener.local_addr().unwrap()));
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"\r\n\r\n") {
            read.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").await.unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        rest
    });
    let reply = wire.post(ACTION, &Body::text("<a/>".to_owned())).await.unwrap();
    assert_eq!((reply.status, reply.body), (413, b"no".to_vec()));
    assert_eq!(serving.await.unwrap(), b"");
}

#[test]
fn what_is_no_http_is_refused() {
    assert!(parse_head(b"HTTP/1.1 200 OK\r\nContent-").unwrap().is_none());
    assert!(parse_head(b"<html>").is_err());
    assert!(parse_head(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n").is_err());
    for url in ["", "localhost", "ftp://localhost/"] {
        assert!(matches!(Wire::new(&SessionOptions::new(url, "", Secret::new(""))), Err(WireError::Url(_))));
    }
}

#[tokio::test]
async fn https_works_with_a_trusted_certificate_only() {
    use rustls_pki_types::pem::PemObject;
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let chain = vec![rustls_pki_types::CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = rustls_pki_types::PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(chain, key).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = tokio::net::TcpListener::bind("localhost:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            stream.write_all(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            stream.shutdown().await.unwrap();
        }
    });
    let mut options = SessionOptions::new(url, "ana", Secret::new("x"));
    options.tls = Some(super::super::tls::trust_only(certificate.as_bytes()).unwrap());
    let body = Body::text("<a/>".to_owned());
    assert_eq!(Wire::new(&options).unwrap().post(ACTION, &body).await.unwrap().status, 401);
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    options.tls = Some(super::super::tls::trust_only(other.cert.pem().as_bytes()).unwrap());
    assert!(matches!(Wire::new(&options).unwrap().post(ACTION, &body).await, Err(WireError::Connect { .. })));
}
