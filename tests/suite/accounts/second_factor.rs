//! The second factor: a code counts once, and so does each code for a lost app.

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use ring::hmac;
use rollcall::domain::words::Role;
use serde_json::json;

use crate::support::{Answer, TestApp, TestClock, TestDatabase, person::Person};

use super::{PASSWORD, add};

const ANA: &str = "ana@example.com";

/// What an authenticator app shows, by its own reading of RFC 6238.
pub fn code_at(secret: &str, now: DateTime<Utc>) -> String {
    let (mut bits, mut held, mut key) = (0_u32, 0, Vec::new());
    for c in secret.bytes() {
        let five = match c {
            b'A'..=b'Z' => c - b'A',
            _ => c - b'2' + 26,
        };
        (bits, held) = ((bits << 5) | u32::from(five), held + 5);
        if held >= 8 {
            held -= 8;
            key.push((bits >> held) as u8);
        }
    }
    let step = (now.timestamp() / 30) as u64;
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let at = usize::from(tag.as_ref()[19] & 15);
    let four = <[u8; 4]>::try_from(&tag.as_ref()[at..at + 4]).unwrap();
    format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000)
}

async fn sign_in(app: &TestApp, code: Option<&str>) -> Answer {
    let mut body = json!({ "email": ANA, "password": PASSWORD });
    if let Some(code) = code {
        body["code"] = json!(code);
    }
    app.call_with(Method::POST, "/v1/session", &[("sec-fetch-site", "same-origin")], Some(body)).await
}

/// The browser takes the new cookie of its session; the old one is void.
async fn rotated(app: &TestApp, person: &mut Person, answer: &Answer) {
    let before = person.clone();
    person.takes_cookie(answer);
    app.by(&before, "GET", "/v1/session", None).await.problem(401, "signed_out");
    let session = app.by(person, "GET", "/v1/session", None).await;
    assert_eq!(session.is(200)["session"]["id"], person.session_id);
}

/// Ana with a second factor: its secret, and the codes for a lost app.
async fn enrolled(app: &TestApp, clock: &TestClock) -> (Person, String, Vec<String>) {
    let id = add(app, ANA, "user", &["Acme"]).await;
    let mut ana = app.signed_in(&id).await;
    let offered = app.by(&ana, "POST", "/v1/me/totp", None).await;
    let secret = offered.is(201)["secret"].as_str().unwrap().to_owned();
    assert!(offered.is(201)["url"].as_str().unwrap().contains(&secret));
    // It does not count yet.
    sign_in(app, None).await.is(200);
    let wrong = app.by(&ana, "PUT", "/v1/me/totp", json!({ "code": "000000" })).await;
    wrong.problem(422, "wrong_code");
    let code = code_at(&secret, rollcall::clock::Clock::now(clock));
    let set = app.by(&ana, "PUT", "/v1/me/totp", json!({ "code": code })).await;
    let codes: Vec<String> = serde_json::from_value(set.is(200)["recovery_codes"].clone()).unwrap();
    assert_eq!(codes.len(), 10);
    rotated(app, &mut ana, &set).await;
    sign_in(app, Some(&code)).await.problem(401, "invalid_code");
    (ana, secret, codes)
}

#[tokio::test]
async fn a_code_is_asked_for_and_counts_once() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        let (ana, secret, _) = enrolled(&app, &clock).await;
        assert_eq!(app.by(&ana, "GET", "/v1/session", None).await.is(200)["second_factor"], true);
        clock.advance(TimeDelta::seconds(60));
        sign_in(&app, None).await.problem(401, "code_required");
        let code = code_at(&secret, rollcall::clock::Clock::now(&*clock));
        // Of two who send the same code at once one gets in.
        let (one, other) = tokio::join!(sign_in(&app, Some(&code)), sign_in(&app, Some(&code)));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401], "{one:?} {other:?}");
        let entered = if one.status == 200 { one } else { other };
        assert_eq!(entered.is(200)["session"]["method"], "totp");
        sign_in(&app, Some(&code)).await.problem(401, "invalid_code");
        // Whoever does not know the password learns nothing of codes.
        let body = json!({ "email": ANA, "password": "wrong", "code": code });
        let wrong = app.call_with(Method::POST, "/v1/session", &[], Some(body)).await;
        wrong.problem(401, "invalid_credentials");
    })
    .await;
}

#[tokio::test]
async fn a_code_for_a_lost_app_works_once_and_the_second_factor_can_be_taken_away() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        let (ana, _, codes) = enrolled(&app, &clock).await;
        let typed = codes[3].to_lowercase().replace('-', " ");
        let entered = sign_in(&app, Some(&typed)).await;
        assert_eq!(entered.is(200)["session"]["method"], "recovery_code");
        sign_in(&app, Some(&codes[3])).await.problem(401, "invalid_code");
        sign_in(&app, Some(&codes[4])).await.is(200);
        clock.advance(TimeDelta::minutes(11));
        app.by(&ana, "DELETE", "/v1/me/totp", None).await.problem(403, "fresh_sign_in_needed");
        let (mut again, elsewhere) = (app.signed_in(&ana.id).await, app.signed_in(&ana.id).await);
        let removed = app.by(&again, "DELETE", "/v1/me/totp", None).await;
        removed.is(204);
        rotated(&app, &mut again, &removed).await;
        app.by(&elsewhere, "GET", "/v1/session", None).await.problem(401, "signed_out");
        app.by(&again, "DELETE", "/v1/me/totp", None).await.problem(409, "no_second_factor");
        sign_in(&app, None).await.is(200);
    })
    .await;
}

#[tokio::test]
async fn an_administrator_takes_a_lost_second_factor_away_and_a_short_password_with_it() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        let ops = app.person("ops@example.com", Role::AccountAdmin, &[]).await;
        let (ana, _, _) = enrolled(&app, &clock).await;
        let path = format!("/v1/accounts/{}/totp", ana.id);
        app.by(&ana, "DELETE", &path, None).await.problem(403, "admin_only");
        clock.advance(TimeDelta::seconds(60));
        sign_in(&app, None).await.problem(401, "code_required");
        let taken = app.by(&ops, "DELETE", &path, None).await;
        let needs_password = &taken.is(200)["needs_password"];
        assert_eq!(needs_password, false);
        app.by(&ana, "GET", "/v1/session", None).await.problem(401, "signed_out");
        app.by(&ops, "GET", "/v1/session", None).await.is(200);
        app.by(&ops, "DELETE", &path, None).await.problem(409, "no_second_factor");
        let entered = sign_in(&app, None).await;
        assert_eq!(entered.is(200)["second_factor"], false);
        // With a second factor a short password is good; alone it is not.
        let again = app.signed_in(&ana.id).await;
        let offered = app.by(&again, "POST", "/v1/me/totp", None).await;
        let secret = offered.is(201)["secret"].as_str().unwrap().to_owned();
        let code = code_at(&secret, rollcall::clock::Clock::now(&*clock));
        app.by(&again, "PUT", "/v1/me/totp", json!({ "code": code })).await.is(200);
        let short = json!({ "password": "bog-lamp-7" });
        app.by(&ops, "PUT", &format!("/v1/accounts/{}/password", ana.id), short).await.is(204);
        let taken = app.by(&ops, "DELETE", &path, None).await;
        assert_eq!(taken.is(200)["needs_password"], true);
        let body = json!({ "email": ANA, "password": "bog-lamp-7" });
        let refused = app.call_with(Method::POST, "/v1/session", &[], Some(body)).await;
        refused.problem(401, "invalid_credentials");
        let account = app.by(&ops, "GET", &format!("/v1/accounts/{}", ana.id), None).await;
        assert_eq!(account.is(200)["has_password"], false);
    })
    .await;
}

#[tokio::test]
async fn who_knows_the_password_cannot_try_codes_for_long() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        enrolled(&app, &clock).await;
        clock.advance(TimeDelta::days(2));
        let mut looked_at = 0;
        // From the hundredth wrong one on, waits are not told any more.
        for n in 0..95 {
            let answer = sign_in(&app, Some(&format!("{n:06}"))).await;
            looked_at += usize::from(answer.status == 401);
            // As one who keeps away from the limits of passwords.
            clock.advance(TimeDelta::seconds(31));
        }
        // 95 times 31 seconds are 49 minutes.
        assert!(looked_at <= 22, "{looked_at}");
    })
    .await;
}

#[tokio::test]
async fn an_offer_ends_and_belongs_to_people_in_browsers() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        app.admin("POST", "/v1/me/totp", None).await.problem(422, "no_account");
        let id = add(&app, ANA, "user", &[]).await;
        let ana = app.signed_in(&id).await;
        let offered = app.by(&ana, "POST", "/v1/me/totp", None).await;
        let secret = offered.is(201)["secret"].as_str().unwrap().to_owned();
        clock.advance(TimeDelta::minutes(16));
        let ana = app.signed_in(&id).await;
        let code = json!({ "code": code_at(&secret, rollcall::clock::Clock::now(&*clock)) });
        app.by(&ana, "PUT", "/v1/me/totp", code).await.problem(409, "nothing_offered");
    })
    .await;
}

#[tokio::test]
async fn a_password_that_is_short_stays_together_with_the_second_factor() {
    TestDatabase::each(async |database| {
        let clock = TestClock::new();
        let app = TestApp::start_at(database, clock.clone()).await;
        let (mut ana, ..) = enrolled(&app, &clock).await;
        let short = json!({ "password": "walrus 4", "current": PASSWORD });
        app.by(&ana, "PUT", "/v1/me/password", short).await.is(204);
        app.by(&ana, "DELETE", "/v1/me/totp", None).await.problem(409, "short_password");
        let long = json!({ "password": PASSWORD, "current": "walrus 4" });
        app.by(&ana, "PUT", "/v1/me/password", long).await.is(204);
        let removed = app.by(&ana, "DELETE", "/v1/me/totp", None).await;
        removed.is(204);
        ana.takes_cookie(&removed);
        let short = json!({ "password": "walrus 4", "current": PASSWORD });
        app.by(&ana, "PUT", "/v1/me/password", short).await.problem(422, "weak_password");
    })
    .await;
}
