//! Who sent a callback, and what it means.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use ring::{digest, hmac};
use serde_json::json;

use super::{
    vendor::{Vendor, json as reply},
    *,
};
use crate::{
    connectors::{
        connectwise::{
            hook::{SIGNATURE, message, receive},
            keys,
        },
        hook::{Delivery, Refused},
    },
    domain::event::Event,
};

const CALLBACK: &[u8] = include_bytes!("../../../../fixtures/connectwise/callback.json");
/// Computed with Python's hmac over the fixture, with the key `synthetic-signing-key`.
const KNOWN: &str = "zVncneqYdnmbnkjVTVofW2E3lB9OBHx6E87JcA9lTHw=";

fn cloud() -> Settings {
    let mut settings = settings("https://na.myconnectwise.net");
    settings.poll.allow_private_address = false;
    settings
}

fn sign(key: &str, body: &[u8]) -> String {
    let key = digest::digest(&digest::SHA256, key.as_bytes());
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), body))
}

async fn deliver(
    settings: &Settings,
    outbound: &Outbound,
    signature: Option<&str>,
    body: &[u8],
    seconds: i64,
) -> Result<crate::domain::event::Message, Refused> {
    let headers: HeaderMap = signature
        .into_iter()
        .map(|text| (http::HeaderName::from_static(SIGNATURE), text.parse().unwrap()))
        .collect();
    let now = now() + chrono::TimeDelta::seconds(seconds);
    receive(settings, outbound, Delivery { headers: &headers, body, now }).await
}

#[tokio::test]
async fn a_signature_computed_elsewhere_is_known() {
    let outbound = outbound();
    let url = serde_json::from_slice::<serde_json::Value>(CALLBACK).unwrap()["Metadata"]["key_url"].clone();
    let owner = "https://na.myconnectwise.net|acme";
    outbound.keys.put(owner, url.as_str().unwrap(), Secret::new("synthetic-signing-key"), now());
    let message = deliver(&cloud(), &outbound, Some(KNOWN), CALLBACK, 0).await.unwrap();
    assert_eq!((message.message_id.as_str(), message.name.as_str()), ("synthetic-0001", "company updated"));
    let changed = Event::Changed { list: List::Customer, external_id: "201".into() };
    assert_eq!(message.event, Ok(changed));

    // What cannot be read but is signed with a key that is known is kept for a person to see.
    let odd = b"not json";
    let message =
        deliver(&cloud(), &outbound, Some(&sign("synthetic-signing-key", odd)), odd, 0).await.unwrap();
    assert!(message.event.is_err());
    let mut changed = CALLBACK.to_vec();
    changed[20] ^= 1;
    assert_eq!(deliver(&cloud(), &outbound, Some(KNOWN), &changed, 0).await, Err(Refused::Signature));
}

#[test]
fn a_key_is_fetched_only_from_where_the_vendor_tells_keys() {
    let path = "/v2026_1//system/callbackkey/index.rails?companyName=acme&id=1";
    for host in ["api-na", "sandbox-eu", "au", "api-aus", "za"] {
        let url = format!("https://{host}.myconnectwise.net{path}");
        assert!(keys::allowed(&cloud(), &url).is_some(), "{url}");
    }
    for url in [
        format!("http://na.myconnectwise.net{path}"),
        format!("https://na.myconnectwise.net.evil.example{path}"),
        format!("https://evilmyconnectwise.net{path}"),
        format!("https://x.na.myconnectwise.net{path}"),
        format!("https://docs.myconnectwise.net{path}"),
        format!("https://api-sandbox-na.myconnectwise.net{path}"),
        format!("https://user@na.myconnectwise.net{path}"),
        format!("https://na.myconnectwise.net@evil.example{path}"),
        format!("https://na.myconnectwise.net:8443{path}"),
        format!("https://na.myconnectwise.net{path}#x"),
        format!("https://127.0.0.1{path}"),
        format!("https://169.254.169.254{path}"),
        format!("https://[::1]{path}"),
        format!("file://na.myconnectwise.net{path}"),
        "https://na.myconnectwise.net/anything?companyName=acme".into(),
        "https://na.myconnectwise.net/v1/system/callbackkey/index.rails?id=1".into(),
        "https://na.myconnectwise.net/v1/system/callbackkey/index.rails?companyName=attacker".into(),
        "https://na.myconnectwise.net/v1/system/callbackkey/x?companyName=acme&companyname=attacker".into(),
        "https://na.myconnectwise.net/v1/system/callbackkey/../../x?companyName=acme".into(),
        "no address".into(),
    ] {
        assert_eq!(keys::allowed(&cloud(), &url), None, "{url}");
    }
    // A server of one's own is its own origin, to the port; plain http only where the connection allows it.
    let own = settings("http://10.0.0.5:8080");
    assert!(keys::allowed(&own, "http://10.0.0.5:8080/system/callbackkey/index.rails").is_some());
    assert_eq!(keys::allowed(&own, "http://10.0.0.5:8081/system/callbackkey/index.rails"), None);
    assert_eq!(keys::allowed(&own, "http://10.0.0.6:8080/system/callbackkey/index.rails"), None);
}

#[tokio::test]
async fn keys_are_fetched_without_credentials_and_kept() {
    let key = Arc::new(Mutex::new("one"));
    let told = key.clone();
    let vendor = Vendor::start(move |_| {
        let body = json!({ "signing_key": *told.lock().unwrap() });
        (200, "Content-Type: text/plain\r\n".into(), body.to_string())
    })
    .await;
    let (settings, outbound) = (settings(&vendor.url), outbound());
    let asked = || vendor.log.lock().unwrap().len();
    let body = |company: &str| {
        let key_url = format!("{}/v1/system/callbackkey/index.rails?companyName={company}", vendor.url);
        let body = json!({ "messageid": 5, "COMPANYID": company, "type": "member", "action": "deleted", "id": "7",
                           "Metadata": { "key_url": key_url } });
        body.to_string().into_bytes()
    };
    let ours = body("ACME");
    // No signature, no valid one, another tenant: nothing is fetched.
    for signature in [None, Some("AAAA"), Some("?")] {
        assert_eq!(deliver(&settings, &outbound, signature, &ours, 0).await, Err(Refused::Signature));
    }
    let theirs = body("other");
    let signature = sign("one", &theirs);
    assert_eq!(deliver(&settings, &outbound, Some(&signature), &theirs, 0).await, Err(Refused::Signature));
    assert_eq!(asked(), 0);

    let signature = sign("one", &ours);
    for _ in 0..3 {
        let message = deliver(&settings, &outbound, Some(&signature), &ours, 0).await.unwrap();
        assert_eq!(message.event, Ok(Event::MayBeGone { list: List::Employee, external_id: "7".into() }));
        assert!(message.message_id.starts_with("blake3:"));
    }
    assert_eq!(asked(), 1);
    {
        let log = vendor.log.lock().unwrap();
        assert!(log[0].head.contains("clientid: client"));
        assert!(!log[0].head.contains("authorization"));
    }
    // A key that changed is fetched again, but not for everybody who signs wrongly.
    *key.lock().unwrap() = "two";
    let signature = sign("two", &ours);
    assert_eq!(deliver(&settings, &outbound, Some(&signature), &ours, 59).await, Err(Refused::Signature));
    assert_eq!(asked(), 1);
    assert!(deliver(&settings, &outbound, Some(&signature), &ours, 61).await.is_ok());
    assert_eq!(asked(), 2);
}

#[tokio::test]
async fn a_key_that_cannot_be_had_is_to_be_asked_for_again() {
    for answer in [reply(404, "{}"), reply(200, "{}"), reply(200, "{\"signing_key\": \"\"}"), reply(302, "")]
    {
        let vendor = Vendor::start(move |_| answer.clone()).await;
        let body = json!({ "CompanyId": "Acme", "Metadata": { "key_url": format!("{}/k", vendor.url) } })
            .to_string();
        let signature = sign("one", body.as_bytes());
        let refused =
            deliver(&settings(&vendor.url), &outbound(), Some(&signature), body.as_bytes(), 0).await;
        assert!(matches!(refused, Err(Refused::KeyUnavailable(_))), "{refused:?}");
        assert_eq!(vendor.log.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn forged_callbacks_with_many_addresses_cause_few_requests_and_keep_no_true_one_out() {
    let vendor = Vendor::start(|asked| match asked.query("id").as_deref() {
        Some("real") => reply(200, r#"{"signing_key": "one"}"#),
        _ => reply(404, "{}"),
    })
    .await;
    let (settings, outbound) = (settings(&vendor.url), outbound());
    let body = |id: &str| {
        let key_url = format!("{}/system/callbackkey/index.rails?companyName=Acme&id={id}", vendor.url);
        json!({ "CompanyId": "Acme", "Metadata": { "key_url": key_url } }).to_string().into_bytes()
    };
    let real = body("real");
    deliver(&settings, &outbound, Some(&sign("one", &real)), &real, 0).await.unwrap();
    for number in 0..200 {
        let forged = body(&number.to_string());
        let answer = deliver(&settings, &outbound, Some(&sign("mine", &forged)), &forged, number % 60).await;
        assert!(answer.is_err());
    }
    assert!(vendor.log.lock().unwrap().len() <= 11, "{:?}", vendor.paths());
    // Another address of the vendor's, signed with the key that is known, and that key fetched anew after its hour.
    let other = body("another");
    deliver(&settings, &outbound, Some(&sign("one", &other)), &other, 70).await.unwrap();
    deliver(&settings, &outbound, Some(&sign("one", &real)), &real, 3700).await.unwrap();
}

#[test]
fn what_a_callback_means() {
    let mut settings = cloud();
    let event = |settings: &Settings, kind: &str, action: &str, id: serde_json::Value| {
        let body = json!({ "MessageId": "m", "Type": kind, "Action": action, "ID": id, "Entity": "{" });
        message(settings, body.to_string().as_bytes()).event
    };
    let changed = |list, id: &str| Ok(Event::Changed { list, external_id: id.to_owned() });
    assert_eq!(event(&settings, "member", "added", json!(5)), changed(List::Employee, "5"));
    assert_eq!(event(&settings, "Company", "Updated", json!("6")), changed(List::Customer, "6"));
    assert_eq!(event(&settings, "contact", "updated", json!(7)), Ok(Event::Nothing));
    assert_eq!(event(&settings, "ticket", "updated", json!(8)), Ok(Event::Nothing));
    assert_eq!(event(&settings, "company", "merged", json!(8)), Ok(Event::Nothing));
    assert!(event(&settings, "company", "updated", json!(null)).is_err());
    assert!(event(&settings, "company", "updated", json!("../1")).is_err());
    settings.contacts = true;
    assert_eq!(event(&settings, "contact", "updated", json!(7)), changed(List::Customer, "contact-7"));
}
