//! Whether the time of a refused sign-in tells why it was refused: for unknown, disabled and wrong, in turns. Also what a
//! request costs with a session, in terms of one with a token.
//!
//! `cargo bench --bench sign_in -- [TRIES]` prints the medians and Welch's t of each pair. Within ±4.5, the threshold of
//! TVLA (Goodwill et al. 2011), the pair cannot be told apart by that many tries.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and stops at what it does not expect"
)]

use std::time::{Duration, Instant};

use rollcall::{
    clock::Ambient,
    config::{MapSource, Settings},
    domain::{
        access::{Attempt, Origin, Principal, action},
        key::Key,
        secret::Secret,
        words::{Role, SignInMethod},
    },
    service::{
        self,
        accounts::{self, AccountDraft},
        apps, companies,
        sign_in::{Desk, Place, SignIn, session, sign_in, verify},
    },
    store::{Store, accounts::Update},
    sync::vault::{KeySource, Vault},
};

const KINDS: [(&str, &str); 3] =
    [("unknown", "nobody@example.com"), ("disabled", "gone@example.com"), ("wrong", "ana@example.com")];

#[tokio::main]
async fn main() {
    let tries: usize = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(2000);
    let folder = tempfile::tempdir().expect("a folder");
    let store =
        Store::open(&format!("sqlite:{}", folder.path().join("bench.db").display())).expect("a store");
    store.migrate().expect("tables");
    let ambient = Ambient::system();
    let vault = Vault::new(KeySource::Given(vec![Key::new([7; 32])]), ambient.entropy.clone());
    let desk = Desk { store, ambient, vault };
    for (_, email) in KINDS.into_iter().skip(1) {
        add(&desk, email).await;
    }
    let mut times: [Vec<f64>; 3] = Default::default();
    for n in 0..tries.div_ceil(3) {
        // None of them is always the first.
        for at in (0..3).map(|at| (at + n) % 3) {
            forget_tries(&desk).await;
            times[at].push(refused(&desk, KINDS[at].1, n).await.as_secs_f64() * 1e3);
        }
    }
    for ((kind, _), times) in KINDS.iter().zip(&times) {
        let mut sorted = times.clone();
        sorted.sort_by(f64::total_cmp);
        println!("{kind:8} {} tries, median {:.2} ms", times.len(), sorted[sorted.len() / 2]);
    }
    requests(tries).await;
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
        println!("{:8} against {:8} t = {:+.2}", KINDS[a].0, KINDS[b].0, welch(&times[a], &times[b]));
    }
}

/// What a request costs with a session and with a token, in turns, over one connection each: the ratio of the medians. The
/// lists are empty: the least work that a request can have, so that what tells who calls weighs most.
async fn requests(tries: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("bench.db").display());
    let store = Store::open(&url).expect("a store");
    store.migrate().expect("tables");
    let ambient = Ambient::system();
    let made = ambient.clone();
    let (token, session) = store
        .write(move |db| -> service::Result<_> {
            let attempt =
                Attempt::<action::Administer>::new(Principal::CommandLine, None, Origin::at(made.now()));
            companies::add(db, &made, &attempt, "Acme", &[])?;
            let companies = vec!["Acme".to_owned()];
            let draft =
                apps::Draft { name: "Timesheets".into(), companies: companies.clone(), ..Default::default() };
            let token = apps::add(db, &made, &attempt, &draft)?.token;
            let draft =
                AccountDraft { email: "bo@example.com".into(), name: None, role: Role::User, companies };
            let account = accounts::add(db, &made, &attempt, &draft, None)?;
            let place = Place::default();
            let begun = session::begin(db, &made, &account.id, SignInMethod::Password, &place, None)?;
            Ok((token, begun.secret.reveal().to_owned()))
        })
        .await
        .expect("a token and a session");
    let settings = Settings::read(&MapSource::from_iter([("ROLLCALL_DATABASE_URL", url)])).expect("settings");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1/employees?limit=50", listener.local_addr().expect("an address"));
    tokio::spawn(rollcall::app::run(settings, ambient, listener, std::future::pending::<()>()));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = || reqwest::Client::builder().no_proxy().build().expect("a client");
    let ways = [
        (client(), "authorization", format!("Bearer {token}")),
        (client(), "cookie", format!("rollcall={session}")),
    ];
    let mut times: [Vec<f64>; 2] = Default::default();
    for n in 0..tries {
        for at in [n % 2, (n + 1) % 2] {
            let (client, name, value) = &ways[at];
            let began = Instant::now();
            let answer = client.get(&url).header(*name, value).send().await.expect("an answer");
            assert_eq!(answer.status(), 200);
            answer.bytes().await.expect("a body");
            times[at].push(began.elapsed().as_secs_f64() * 1e6);
        }
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    let [token, session] = times.each_mut().map(median);
    println!(
        "a request with a token {token:.0} µs, with a session {session:.0} µs: {:.2} of it",
        session / token
    );
}

/// Nobody is to wait: what is measured is a try that is looked at.
async fn forget_tries(desk: &Desk) {
    let later = desk.ambient.now() + chrono::TimeDelta::days(365);
    let gone = desk.store.write(move |db| rollcall::store::sign_in::forget_old(db, later, later)).await;
    gone.expect("the database");
}

async fn add(desk: &Desk, email: &str) {
    let ambient = desk.ambient.clone();
    let hash = verify::hash(Secret::new("correct horse battery staple"), &ambient).await.expect("a hash");
    let draft = AccountDraft { email: email.into(), name: None, role: Role::User, companies: Vec::new() };
    let disabled = email.starts_with("gone");
    let made = desk.store.write(move |db| -> service::Result<()> {
        let attempt =
            Attempt::<action::Administer>::new(Principal::CommandLine, None, Origin::at(ambient.now()));
        let account = accounts::add(db, &ambient, &attempt, &draft, Some(&hash))?;
        let update = Update { active: Some(!disabled), ..Update::default() };
        Ok(rollcall::store::accounts::update(db, &account.id, update, ambient.now())?)
    });
    made.await.expect("an account");
}

async fn refused(desk: &Desk, email: &str, n: usize) -> Duration {
    let sent = SignIn {
        email: email.into(),
        password: Secret::new(format!("a wrong password {n:06}")),
        code: None,
        place: Place { address: Some("192.0.2.1".into()), ..Place::default() },
        before: None,
        device: None,
    };
    let began = Instant::now();
    let refused = sign_in(desk, sent).await.expect_err("it is wrong");
    let time = began.elapsed();
    assert_eq!(refused.code, "invalid_credentials");
    time
}

/// Welch's t of two samples.
fn welch(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, var_a) = moments(a);
    let (mean_b, var_b) = moments(b);
    (mean_a - mean_b) / (var_a / a.len() as f64 + var_b / b.len() as f64).sqrt()
}

/// Mean and variance.
fn moments(times: &[f64]) -> (f64, f64) {
    let n = times.len() as f64;
    let mean = times.iter().sum::<f64>() / n;
    (mean, times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n - 1.0))
}
