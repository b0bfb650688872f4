//! Over real sockets: each test's vendor answers what it is told to.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Mutex, atomic::AtomicUsize, atomic::Ordering},
};

use http::{HeaderMap, StatusCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::{connectors::source::Failure, domain::words::Cause};

use super::*;

/// A limiter whose clock moves when it is told to wait; it notes what it was asked.
#[derive(Default)]
struct Virtual {
    passed: AtomicUsize,
    seconds: Mutex<u64>,
    pauses: Mutex<Vec<Duration>>,
    waits: Mutex<Vec<u64>>,
    shut: bool,
}

impl RequestLimiter for Virtual {
    fn acquire(&self) -> BoxFuture<'_, Result<RequestPermit, NotSent>> {
        self.passed.fetch_add(1, Ordering::SeqCst);
        let shut = self.shut && !self.waits.lock().unwrap().is_empty();
        let answer =
            if shut { Err(NotSent::RateLimited { until: self.now() }) } else { Ok(RequestPermit::default()) };
        Box::pin(std::future::ready(answer))
    }
    fn back_off(&self, wait: Duration) -> BoxFuture<'_, Result<(), NotSent>> {
        *self.seconds.lock().unwrap() += wait.as_secs();
        self.waits.lock().unwrap().push(wait.as_secs());
        Box::pin(std::future::ready(Ok(())))
    }
    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        self.pauses.lock().unwrap().push(wait);
        Box::pin(std::future::ready(()))
    }
    fn jitter(&self) -> f64 {
        0.0
    }
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_772_366_400 + *self.seconds.lock().unwrap() as i64, 0).unwrap()
    }
}

/// Answers each connection with the next of these bytes and hangs up; with none left it stays silent.
async fn vendor(answers: &[&str]) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, mut answers) =
        (asked.clone(), answers.iter().map(|a| (*a).to_owned()).collect::<VecDeque<_>>());
    tokio::spawn(async move {
        let mut silent: Vec<TcpStream> = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            log.lock().unwrap().push(String::from_utf8_lossy(&head).into_owned());
            match answers.pop_front() {
                Some(answer) => {
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
                None => silent.push(stream),
            }
        }
    });
    (address, asked)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}", body.len())
}

fn short() -> Timeouts {
    Timeouts { connect: Duration::from_secs(5), head: Duration::from_secs(5), body: Duration::from_secs(5) }
}

fn caller_with(base: &str, allow_private: bool, limiter: &Arc<Virtual>, timeouts: Timeouts) -> OriginClient {
    let outbound = Outbound::new(timeouts).unwrap();
    OriginClient::new(
        &outbound,
        base.parse::<Url>().unwrap(),
        allow_private,
        limiter.clone(),
        HeaderMap::new(),
    )
    .unwrap()
}

fn origin(address: SocketAddr, limiter: &Arc<Virtual>) -> OriginClient {
    caller_with(&format!("http://{address}/"), true, limiter, short())
}

async fn get(origin: &OriginClient, target: &str) -> Result<Answer<Result<Vec<u32>, bytes::Bytes>>, Failure> {
    origin.get_json(target, &[], HeaderMap::new()).await
}

fn cause<T>(answer: Result<T, Failure>) -> Cause {
    match answer {
        Err(Failure::Source { cause, problem, .. }) => {
            assert_eq!(problem.code, cause.as_str());
            assert!(!problem.remedy.is_empty());
            cause
        }
        Err(Failure::NotSent(closed)) => panic!("{closed}"),
        Ok(_) => panic!("an answer"),
    }
}

#[tokio::test]
async fn a_private_address_is_refused_by_name_and_by_number() {
    let limiter = Arc::new(Virtual::default());
    let (address, asked) = vendor(&[]).await;
    for base in [
        format!("https://localhost:{}/", address.port()),
        format!("https://{address}/"),
        "https://[::ffff:127.0.0.1]/".to_owned(),
        "https://169.254.169.254/".to_owned(),
    ] {
        let origin = caller_with(&base, false, &limiter, short());
        assert_eq!(cause(get(&origin, "x").await), Cause::AddressNotAllowed, "{base}");
    }
    assert!(asked.lock().unwrap().is_empty());
    assert!(limiter.pauses.lock().unwrap().is_empty(), "asking again would not help");
}

#[tokio::test]
async fn nothing_is_sent_in_clear_or_to_another_host() {
    let limiter = Arc::new(Virtual::default());
    let outbound = Outbound::new(short()).unwrap();
    for base in ["http://vendor.example/", "https://user:pass@vendor.example/", "ftp://vendor.example/"] {
        let refused =
            OriginClient::new(&outbound, base.parse().unwrap(), false, limiter.clone(), HeaderMap::new());
        assert_eq!(cause(refused.map(|_| ())), Cause::Tls, "{base}");
    }
    let (address, asked) = vendor(&[]).await;
    let origin = origin(address, &limiter);
    for target in [
        "http://evil.example/x",
        "//evil.example/x",
        "\\\\evil.example/x",
        "https://127.0.0.1/",
        &format!("https://{address}/"),
        &format!("http://user@{address}/"),
        &format!("http://127.0.0.1:{}/", address.port() ^ 1),
    ] {
        assert_eq!(cause(get(&origin, target).await), Cause::Server, "{target}");
    }
    assert!(asked.lock().unwrap().is_empty());
    assert_eq!(limiter.passed.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_comes_back_and_is_not_followed() {
    let limiter = Arc::new(Virtual::default());
    let moved = answer("302 Found", "Location: http://evil.example/\r\n", "");
    let (address, asked) = vendor(&[&moved]).await;
    let answer = get(&origin(address, &limiter), "/a").await.unwrap();
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(answer.headers["location"], "http://evil.example/");
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_query_is_escaped_whole() {
    let limiter = Arc::new(Virtual::default());
    let (address, asked) = vendor(&[&answer("200 OK", "", "[1]")]).await;
    let query = [("conditions", "a > [1:2] & b=\"c+d\"")];
    let answer: Answer<Result<Vec<u32>, _>> =
        origin(address, &limiter).get_json("/list?x=1#frag", &query, HeaderMap::new()).await.unwrap();
    assert_eq!(answer.body, Ok(vec![1]));
    let line = asked.lock().unwrap()[0].lines().next().unwrap().to_owned();
    assert_eq!(line, "GET /list?x=1&conditions=a%20%3E%20%5B1%3A2%5D%20%26%20b%3D%22c%2Bd%22 HTTP/1.1");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_held() {
    let limiter = Arc::new(Virtual::default());
    let (address, _) = vendor(&[&answer("200 OK", "", &"1".repeat(101))]).await;
    let origin = origin(address, &limiter).with_body_cap(100);
    assert_eq!(cause(get(&origin, "/").await), Cause::Server);
    assert!(limiter.pauses.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_may_pass_by_itself_is_tried_again() {
    let whole = answer("200 OK", "", "[1,2]");
    let broken = [
        answer("200 OK", "", "[1,"),
        answer("200 OK", "", "[1,2]").replace("Length: 5", "Length: 9"),
        answer("500 Oops", "", "{}"),
        answer("503 Busy", "", ""),
        String::new(),
    ];
    for bad in &broken {
        let limiter = Arc::new(Virtual::default());
        let (address, asked) = vendor(&[bad, bad, &whole]).await;
        let answer = get(&origin(address, &limiter), "/").await.unwrap();
        assert_eq!(answer.body, Ok(vec![1, 2]), "{bad}");
        assert_eq!(asked.lock().unwrap().len(), 3);
        assert_eq!(*limiter.pauses.lock().unwrap(), [500, 1000].map(Duration::from_millis));
        assert_eq!(limiter.passed.load(Ordering::SeqCst), 3, "each try asks the limiter");
        // Three times is enough, and without retries one is.
        let (address, asked) = vendor(&[bad, bad, bad, &whole]).await;
        cause(get(&origin(address, &limiter), "/").await);
        assert_eq!(asked.lock().unwrap().len(), 3);
        let (address, asked) = vendor(&[bad, &whole]).await;
        cause(get(&origin(address, &limiter).without_retries(), "/").await);
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    let limiter = Arc::new(Virtual::default());
    let denied = answer("403 No", "", "{\"message\":\"no\"}");
    let (address, asked) = vendor(&[&denied, &answer("200 OK", "", "{}"), &answer("200 OK", "", " ")]).await;
    let origin = origin(address, &limiter);
    let answer = get(&origin, "/").await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.unwrap_err()), (403, "{\"message\":\"no\"}".into()));
    assert_eq!(cause(get(&origin, "/").await), Cause::Server, "JSON of another shape");
    assert_eq!(get(&origin, "/").await.unwrap().body, Err(" ".into()), "an empty answer is the connector's");
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_source_that_asks_to_wait_gets_its_time() {
    let limiter = Arc::new(Virtual::default());
    let busy = answer("429 Slow down", "Retry-After: 7\r\n", "");
    let date = answer("503 Slow down", "Retry-After: Sun, 01 Mar 2026 12:00:17 GMT\r\n", "");
    let (address, _) = vendor(&[&busy, &date, &answer("200 OK", "", "[3]")]).await;
    assert_eq!(get(&origin(address, &limiter), "/").await.unwrap().body, Ok(vec![3]));
    assert_eq!(*limiter.waits.lock().unwrap(), [7, 10], "the date is ten seconds after the first wait");
    // Five times in a row, and the poll is put off.
    let (address, asked) = vendor(&[&*busy; 9]).await;
    let Err(Failure::Source { cause, retry_after, .. }) = get(&origin(address, &limiter), "/").await else {
        panic!("a failure")
    };
    assert_eq!((cause, retry_after), (Cause::RateLimit, Some(Duration::from_secs(7))));
    assert_eq!(asked.lock().unwrap().len(), 5);
}

#[tokio::test]
async fn a_gate_that_closes_ends_the_request() {
    let limiter = Arc::new(Virtual { shut: true, ..Virtual::default() });
    let (address, asked) = vendor(&[&answer("429 Slow down", "", "")]).await;
    let closed = get(&origin(address, &limiter), "/").await.unwrap_err();
    assert!(matches!(closed, Failure::NotSent(NotSent::RateLimited { .. })));
    assert_eq!(*limiter.waits.lock().unwrap(), [30]);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn each_cause_is_told_from_the_others() {
    let limiter = Arc::new(Virtual::default());
    let unknown = caller_with("https://no-such-host.invalid/", false, &limiter, short());
    assert_eq!(cause(get(&unknown, "/").await), Cause::Dns);

    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(cause(get(&origin(unused, &limiter), "/").await), Cause::Tcp);

    let (address, _) = vendor(&[""; 3]).await;
    assert_eq!(cause(get(&origin(address, &limiter), "/").await), Cause::Tcp, "hung up");

    let (address, _) = vendor(&["no HTTP at all\r\n\r\n"]).await;
    assert_eq!(cause(get(&origin(address, &limiter), "/").await), Cause::Server);

    let tiny =
        Timeouts { connect: Duration::from_secs(5), head: Duration::ZERO, body: Duration::from_millis(30) };
    let tiny_head = Timeouts { connect: Duration::from_millis(15), head: Duration::from_millis(15), ..tiny };
    let (address, _) = vendor(&[]).await;
    let silent = caller_with(&format!("http://{address}/"), true, &limiter, tiny_head).without_retries();
    assert_eq!(cause(get(&silent, "/").await), Cause::Timeout);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_a_matter_of_tls() {
    let limiter = Arc::new(Virtual::default());
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    });
    let stranger = caller_with(&format!("https://localhost:{port}/"), true, &limiter, short());
    let failure = get(&stranger, "/").await.unwrap_err();
    assert!(failure.to_string().contains("certificate"), "{failure}");
    assert_eq!(cause::<()>(Err(failure)), Cause::Tls);
    assert!(limiter.pauses.lock().unwrap().is_empty());

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        // Until the other side hangs up, so that what was written arrives.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    let plain = caller_with(&format!("https://{address}/"), true, &limiter, short());
    assert_eq!(cause(get(&plain, "/").await), Cause::Tls, "no TLS at that port");
}

#[test]
fn a_name_is_looked_up_although_the_runtime_has_no_thread_left() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (free, wait) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || wait.recv());
    runtime.block_on(async {
        let limiter = Arc::new(Virtual::default());
        let (address, _) = vendor(&[&answer("200 OK", "", "[1]")]).await;
        let named = |scheme, private| {
            let base = format!("{scheme}://localhost:{}/", address.port());
            caller_with(&base, private, &limiter, short())
        };
        assert_eq!(get(&named("http", true), "/").await.unwrap().body, Ok(vec![1]));
        assert_eq!(cause(get(&named("https", false), "/").await), Cause::AddressNotAllowed);
    });
    drop(free);
}
