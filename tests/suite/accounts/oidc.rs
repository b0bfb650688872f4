//! Signing in with an identity provider: who gets in, and what is not believed.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{Arc, mpsc},
    time::Duration,
};

use chrono::TimeDelta;
use reqwest::Method;
use rollcall::{
    clock::Ambient,
    connectors::{identity::Providers, mail::Mailer},
    domain::{
        identity::{Family, ProviderSettings, Rules},
        mail::MailServer,
        secret::Secret,
        words::{MailSecurity, Role},
    },
    http::oidc::callback_address,
};
use serde_json::json;

use crate::support::{TestApp, TestClock, TestDatabase};

use super::{
    add,
    idp::{Browser, Fault, Idp, approved},
};

struct Stage {
    app: TestApp,
    idp: Idp,
    clock: Arc<TestClock>,
    /// The account of ana@example.com.
    ana: String,
}

impl Stage {
    async fn new(database: &TestDatabase) -> Self {
        Self::with(database, |_| {}).await
    }

    async fn with(database: &TestDatabase, change: impl FnOnce(&mut Rules)) -> Self {
        Self::with_mail(database, change, None).await
    }

    async fn with_mail(
        database: &TestDatabase,
        change: impl FnOnce(&mut Rules),
        mailer: Option<Mailer>,
    ) -> Self {
        let clock = TestClock::new();
        let idp = Idp::start(clock.clone()).await;
        let mut rules =
            Rules { family: Family::Other, trust_email: false, hosted_domain: None, create_for: Vec::new() };
        change(&mut rules);
        let settings = ProviderSettings {
            id: "test".into(),
            name: "Test".into(),
            issuer: idp.issuer(),
            client_id: Idp::CLIENT.into(),
            client_secret: Some(Secret::new(Idp::SECRET)),
            allow_private: true,
            rules,
        };
        let app = TestApp::start_by(
            database,
            Ambient { clock: clock.clone(), ..Ambient::system() },
            |_, gateway| {
                let callback = callback_address(&gateway.public_url);
                let providers = Providers::new(&gateway.sources.outbound, vec![settings], &callback);
                gateway.identity = providers.within(Duration::from_secs(1));
                gateway.mailer = mailer;
            },
        )
        .await;
        let ana = add(&app, "ana@example.com", "user", &["Acme"]).await;
        let stage = Self { app, idp, clock, ana };
        stage.says("s-1", "Ana@Example.com", true);
        stage
    }

    fn says(&self, subject: &str, email: &str, verified: bool) {
        self.idp.says(json!({ "sub": subject, "email": email, "email_verified": verified }));
    }

    /// Tries with a new browser; the account that is signed in then.
    async fn enters(&self) -> Option<String> {
        let mut browser = Browser::new();
        let step = browser.signs_in(&self.app, &self.idp).await;
        let who = browser.who(&self.app).await;
        match &who {
            Some(_) => assert_eq!((step.status, step.location.as_deref()), (303, Some("/docs"))),
            None => assert_eq!(
                (step.status, &step.body["code"]),
                (403, &json!("sign_in_refused")),
                "{}",
                step.body
            ),
        }
        who
    }
}

/// A mail server that takes everything: its port, and what it was given.
fn mail_server() -> (u16, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (taken, mails) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let mut say = |text: &str| stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
            say("220 mail.example ESMTP");
            while let Some(line) = lines.next() {
                match line.get(..4).unwrap_or_default() {
                    "QUIT" => break,
                    "DATA" => {
                        say("354 go on");
                        let text: Vec<_> = lines.by_ref().take_while(|line| line != ".").collect();
                        let _ = taken.send(text.join("\n"));
                        say("250 taken");
                    }
                    _ => say("250 mail.example"),
                }
            }
        }
    });
    (port, mails)
}

#[tokio::test]
async fn the_owner_of_an_account_is_told_of_the_first_match_once_and_the_audit_knows_from_where() {
    TestDatabase::each(async |database| {
        let (port, mails) = mail_server();
        let server = MailServer {
            host: "127.0.0.1".into(),
            port,
            security: MailSecurity::Plain,
            credentials: None,
            from: "rollcall@example.com".into(),
        };
        let made_for_new = |rules: &mut Rules| rules.create_for = vec!["new.example".into()];
        let stage = Stage::with_mail(database, made_for_new, Some(Mailer::new(&server).unwrap())).await;
        assert_eq!(stage.enters().await.as_ref(), Some(&stage.ana));
        let mail = tokio::task::spawn_blocking(move || {
            let first = mails.recv_timeout(Duration::from_secs(30)).unwrap();
            (first, mails)
        });
        let (mail, mails) = mail.await.unwrap();
        assert!(mail.contains("To: Ana@Example.com") && mail.contains("identity provider"), "{mail}");
        // Neither the second time, nor where an account comes into being.
        assert_eq!(stage.enters().await.as_ref(), Some(&stage.ana));
        stage.says("s-9", "bo@new.example", true);
        assert!(stage.enters().await.is_some());
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(mails.try_recv().is_err());
        let audit = stage.app.admin("GET", "/v1/audit?action=identity_bound", None).await;
        let rows = audit.is(200)["data"].as_array().unwrap().clone();
        assert_eq!(rows.len(), 2, "{rows:?}");
        for row in rows {
            assert!(row["request_id"].is_string() && row["address"] == "127.0.0.1", "{row}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_first_match_is_by_a_verified_e_mail_and_after_it_only_the_providers_own_id_counts() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        stage.says("s-1", "ana@example.com", false);
        assert_eq!(stage.enters().await, None, "nobody vouches for it");
        stage.says("s-1", "Ana@Example.com", true);
        assert_eq!(stage.enters().await.as_ref(), Some(&stage.ana));
        // Another e-mail at the provider, or none that counts: still the same person.
        stage.says("s-1", "someone@else.example", false);
        assert_eq!(stage.enters().await.as_ref(), Some(&stage.ana));
        // Another person who has the e-mail now.
        stage.says("s-2", "ana@example.com", true);
        assert_eq!(stage.enters().await, None);
        stage.says("s-3", "nobody@example.com", true);
        assert_eq!(stage.enters().await, None, "no account comes into being");
        let path = format!("/v1/accounts/{}", stage.ana);
        let shown = stage.app.admin("GET", &path, None).await;
        assert_eq!(shown.is(200)["email"], "ana@example.com");
    })
    .await;
}

#[tokio::test]
async fn an_account_is_made_only_where_the_settings_name_the_domain() {
    TestDatabase::each(async |database| {
        let stage = Stage::with(database, |rules| rules.create_for = vec!["new.example".into()]).await;
        stage.says("s-7", "bo@new.example", false);
        assert_eq!(stage.enters().await, None);
        stage.says("s-7", "bo@other.example", true);
        assert_eq!(stage.enters().await, None);
        stage.says("s-7", "bo@new.example", true);
        let made = stage.enters().await.unwrap();
        let shown = stage.app.admin("GET", &format!("/v1/accounts/{made}"), None).await;
        assert_eq!((&shown.is(200)["role"], &shown.is(200)["companies"]), (&json!("user"), &json!([])));
        assert_eq!(stage.enters().await, Some(made), "once");
    })
    .await;
}

#[tokio::test]
async fn what_a_misbehaving_provider_says_is_not_believed_and_the_text_is_one() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        for fault in [
            Fault::WrongAudience,
            Fault::SecondAudience,
            Fault::WrongAuthorizedParty,
            Fault::WrongIssuer,
            Fault::WrongNonce,
            Fault::NoNonce,
            Fault::Expired,
            Fault::Old,
            Fault::AlgNone,
            Fault::HmacByPublicKey,
            Fault::HmacByClientSecret,
            Fault::OtherKey,
            Fault::UnlistedKey,
            Fault::NoIdToken,
            Fault::TokenRedirects,
            Fault::TokenHangs,
            Fault::TokenIsHuge,
        ] {
            stage.idp.misbehaves(fault);
            assert_eq!(stage.enters().await, None, "{fault:?}");
        }
        stage.idp.misbehaves(Fault::None);
        assert_eq!(stage.enters().await.as_ref(), Some(&stage.ana), "it was the fault each time");
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_does_not_describe_itself_well_sends_nobody_away() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        for fault in [Fault::DiscoveryRedirects, Fault::DiscoveryOfAnother, Fault::DiscoveryIsHuge] {
            stage.idp.misbehaves(fault);
            let url = format!("http://{}/oidc/test", stage.app.address);
            let step = Browser::new().post(&url, "next=/").await;
            assert_eq!((step.status, &step.body["code"]), (502, &json!("provider_unavailable")), "{fault:?}");
        }
        stage.idp.misbehaves(Fault::None);
        assert!(stage.enters().await.is_some());
    })
    .await;
}

#[tokio::test]
async fn keys_that_the_provider_has_changed_are_found_and_strangers_cannot_make_us_ask_often() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        assert!(stage.enters().await.is_some());
        assert_eq!(stage.idp.discoveries(), 1, "what is known is kept");
        stage.clock.advance(TimeDelta::minutes(2));
        stage.idp.changes_keys("k-2");
        assert!(stage.enters().await.is_some());
        assert_eq!(stage.idp.discoveries(), 2);
        stage.idp.misbehaves(Fault::UnlistedKey);
        for _ in 0..5 {
            assert!(stage.enters().await.is_none());
        }
        assert_eq!(stage.idp.discoveries(), 2, "once a minute at most");
    })
    .await;
}

#[tokio::test]
async fn an_answer_counts_once_in_the_browser_that_asked_and_for_ten_minutes() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        let (app, idp, issuer) = (&stage.app, &stage.idp, stage.idp.issuer());
        let mut browser = Browser::new();
        // Two tabs at once.
        let (one, two) = (browser.begins(app, "/one").await, browser.begins(app, "/two").await);
        assert_eq!(browser.cookies.len(), 2);
        let query = |asked: &std::collections::BTreeMap<String, String>, code: &str| {
            [("state", asked["state"].clone()), ("code", code.to_owned()), ("iss", issuer.clone())]
        };
        let sent = query(&two, &approved(idp, &two));
        let sent: Vec<_> = sent.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // Somebody else's browser has no cookie of it.
        let stolen = Browser::new().returns(app, &sent).await;
        assert_eq!((stolen.status, &stolen.body["code"]), (403, &json!("sign_in_expired")));
        let kept = browser.cookies.clone();
        let step = browser.returns(app, &sent).await;
        assert_eq!((step.status, step.location.as_deref()), (303, Some("/two")));
        // Once more, as a browser does that reloads: with the cookie it had, and a code that is good.
        browser.cookies = kept;
        let again = query(&two, &approved(idp, &two));
        let again: Vec<_> = again.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let step = browser.returns(app, &again).await;
        assert_eq!((step.status, &step.body["code"]), (403, &json!("sign_in_expired")));
        stage.clock.advance(TimeDelta::minutes(10));
        let late = query(&one, &approved(idp, &one));
        let late: Vec<_> = late.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let step = browser.returns(app, &late).await;
        assert_eq!((step.status, &step.body["code"]), (403, &json!("sign_in_expired")));
        let nothing = browser.returns(app, &[]).await;
        assert_eq!((nothing.status, &nothing.body["code"]), (403, &json!("sign_in_expired")));
    })
    .await;
}

#[tokio::test]
async fn the_answer_must_name_its_issuer_and_an_error_of_the_provider_is_a_refusal() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        let (app, idp) = (&stage.app, &stage.idp);
        for issuer in [None, Some("https://another.example")] {
            let mut browser = Browser::new();
            let asked = browser.begins(app, "//evil.example").await;
            let code = approved(idp, &asked);
            let mut query = vec![("state", asked["state"].as_str()), ("code", &code)];
            query.extend(issuer.map(|issuer| ("iss", issuer)));
            let step = browser.returns(app, &query).await;
            assert_eq!((step.status, &step.body["code"]), (403, &json!("sign_in_refused")), "{issuer:?}");
        }
        let mut browser = Browser::new();
        let asked = browser.begins(app, "//evil.example").await;
        let issuer = idp.issuer();
        let denied = [("state", asked["state"].as_str()), ("error", "access_denied"), ("iss", &issuer)];
        let step = browser.returns(app, &denied).await;
        assert_eq!((step.status, &step.body["code"]), (403, &json!("sign_in_refused")));
        // Nobody is led to another site.
        let mut browser = Browser::new();
        let asked = browser.begins(app, "//evil.example").await;
        let code = approved(idp, &asked);
        let query = [("state", asked["state"].as_str()), ("code", &code), ("iss", &issuer)];
        assert_eq!(browser.returns(app, &query).await.location.as_deref(), Some("/"));
        let unknown = app.call_with(Method::POST, "/oidc/other", &[], None).await;
        unknown.problem(404, "provider_not_found");
    })
    .await;
}

#[tokio::test]
async fn an_e_mail_that_somebody_has_written_into_the_own_account_catches_nobody() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        // Eve takes the e-mail of one who has no account yet, and waits.
        let eve = stage.app.person("eve@example.com", Role::User, &[]).await;
        let taken = json!({ "email": "boss@example.com" });
        stage.app.by(&eve, "PATCH", "/v1/me", taken.clone()).await.is(200);
        stage.says("s-9", "boss@example.com", true);
        assert_eq!(stage.enters().await, None);
        // Once an administrator has set it, it counts.
        stage.app.admin("PATCH", &format!("/v1/accounts/{}", eve.id), taken).await.is(200);
        assert_eq!(stage.enters().await, Some(eve.id));
    })
    .await;
}

#[tokio::test]
async fn a_disabled_account_is_not_entered_whatever_the_provider_says() {
    TestDatabase::each(async |database| {
        let stage = Stage::new(database).await;
        assert!(stage.enters().await.is_some());
        let path = format!("/v1/accounts/{}/disable", stage.ana);
        stage.app.admin("POST", &path, json!({ "confirm": true })).await.is(200);
        assert_eq!(stage.enters().await, None);
    })
    .await;
}
