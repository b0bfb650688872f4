//! Who sent a message: the signature that Standard Webhooks describe (standardwebhooks.com), checked by its library.

use std::{borrow::Cow, collections::BTreeMap};

use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use http::HeaderMap;
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};

use crate::{
    connectors::{
        hook::{Delivery, Refused, TOLERANCE},
        settings::wrong,
    },
    domain::{event::Message, schedule::span, secret::Secret},
};

use super::wire::{self, Meaning};

/// The shortest key, in bytes: half of it could be guessed, and an empty one is nobody's.
const SHORTEST_KEY: usize = 16;

/// Checks who sent a message, and reads it.
///
/// # Errors
/// A signature that is not of this connection's key; a message that is too old; one that is not as documented, which
/// its sender can correct.
pub(super) fn receive(
    secrets: &BTreeMap<String, Secret>,
    delivery: Delivery<'_>,
) -> Result<Message, Refused> {
    let signer = signer(secrets)?;
    let Headers { id, sent, signatures } = Headers::of(delivery.headers).ok_or(Refused::Signature)?;
    let sent: i64 = sent.parse().map_err(|_| Refused::Signature)?;
    // The library's own check reads the clock of the machine, so it is asked only for the signature itself. It signs
    // texts: what is not UTF-8 cannot have been signed.
    let expected = signer.sign(&id, sent, delivery.body).map_err(|_| Refused::Signature)?;
    // Several signatures are sent while a key is changed. Hashes are compared in constant time.
    let expected = blake3::hash(expected.as_bytes());
    if !signatures.split(' ').any(|signature| blake3::hash(signature.as_bytes()) == expected) {
        return Err(Refused::Signature);
    }
    if delivery.now.timestamp().abs_diff(sent) > TOLERANCE.as_secs() {
        return Err(Refused::Stale);
    }
    if id.is_empty() || id.len() > 200 || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Refused::Unreadable(
            "the header `webhook-id` must be 1 to 200 visible ASCII characters".into(),
        ));
    }
    let Meaning { name, told_at, event } = wire::event(delivery.body).map_err(Refused::Unreadable)?;
    // Whatever is told later would be older than what is told of the future.
    if told_at.is_some_and(|told_at| told_at > delivery.now + span(TOLERANCE)) {
        return Err(Refused::Unreadable("`timestamp` must not be a time that is still to come".into()));
    }
    Ok(Message { message_id: id.into_owned(), name, told_at, event: Ok(event) })
}

/// Whether there is a signature that could be of this connection.
///
/// # Errors
/// None: its body need not be read.
pub(super) fn may_be_signed(headers: &HeaderMap) -> Result<(), Refused> {
    Headers::of(headers).map(drop).ok_or(Refused::Signature)
}

/// What says who sent a message. Svix, from whom the specification comes, has its own names for the same.
struct Headers<'a> {
    id: Cow<'a, str>,
    sent: &'a str,
    signatures: &'a str,
}

impl<'a> Headers<'a> {
    fn of(headers: &'a HeaderMap) -> Option<Self> {
        let svix = ["svix-id", "svix-timestamp", "svix-signature"];
        let named = |[id, sent, signatures]: [&str; 3]| {
            Some(Self {
                id: text(headers.get(id)?.as_bytes()),
                sent: headers.get(sent)?.to_str().ok()?,
                signatures: headers.get(signatures)?.to_str().ok()?,
            })
        };
        named([HEADER_WEBHOOK_ID, HEADER_WEBHOOK_TIMESTAMP, HEADER_WEBHOOK_SIGNATURE]).or_else(|| named(svix))
    }
}

/// A header's text as its sender signed it: HTTP libraries send what is not ASCII as UTF-8, or as Latin-1.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().copied().map(char::from).collect::<String>().into(), Cow::Borrowed)
}

/// What signs with the connection's key: `whsec_` and the key in base64, of either alphabet, padded or not.
fn signer(secrets: &BTreeMap<String, Secret>) -> Result<Webhook, Refused> {
    let secret = secrets.get("webhook_secret").ok_or(Refused::Signature)?.reveal().trim();
    let digits = secret.strip_prefix("whsec_").unwrap_or(secret).replace('-', "+").replace('_', "/");
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let key = GeneralPurpose::new(&STANDARD, config).decode(digits).unwrap_or_default();
    let invalid = || {
        let why = "must be `whsec_` and at least 16 random bytes in base64: make a new one";
        Refused::Settings(wrong("webhook_secret", why))
    };
    if key.len() < SHORTEST_KEY {
        return Err(invalid());
    }
    Webhook::from_bytes(key).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use ring::hmac;

    use super::*;
    use crate::domain::{event::Event, words::List};

    const KEY: [u8; 24] = *b"a key for tests, no more";
    const BODY: &str = include_str!("../../../fixtures/push/employees_removed.json");
    const SENT: i64 = 1_772_366_400;

    fn secrets(text: &str) -> BTreeMap<String, Secret> {
        BTreeMap::from([("webhook_secret".to_owned(), Secret::new(text))])
    }

    fn secret() -> String {
        format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(KEY))
    }

    /// The signature by another library than the one under test.
    fn signature(id: &str, sent: &str, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
        let tag = hmac::sign(&key, format!("{id}.{sent}.{body}").as_bytes());
        format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(tag))
    }

    fn headers(id: &str, sent: &str, signature: &str) -> HeaderMap {
        let pairs = [("webhook-id", id), ("webhook-timestamp", sent), ("webhook-signature", signature)];
        pairs
            .into_iter()
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn try_receive(secret: &str, headers: &HeaderMap, body: &str, after: i64) -> Result<Message, Refused> {
        let now: DateTime<Utc> = DateTime::from_timestamp(SENT + after, 0).unwrap();
        receive(&secrets(secret), Delivery { headers, body: body.as_bytes(), now })
    }

    fn good() -> HeaderMap {
        headers("msg_1", &SENT.to_string(), &signature("msg_1", &SENT.to_string(), BODY))
    }

    #[test]
    fn the_specifications_own_example_is_a_signature() {
        // github.com/standard-webhooks/standard-webhooks: the vector that its libraries share.
        let secret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
        let body = r#"{"email":"test@example.com","username":"test_user"}"#;
        let headers = headers(
            "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk",
            "1649367553",
            "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=",
        );
        let now = DateTime::from_timestamp(1_649_367_553, 0).unwrap();
        let refused = receive(&secrets(secret), Delivery { headers: &headers, body: body.as_bytes(), now });
        assert!(matches!(refused, Err(Refused::Unreadable(_))), "signed, and not one of our messages");
    }

    #[test]
    fn a_signed_message_is_read() {
        let message = try_receive(&secret(), &good(), BODY, 0).unwrap();
        assert_eq!((message.message_id.as_str(), message.name.as_str()), ("msg_1", "employees.removed"));
        let external_ids = ["7", "8", "9"].map(str::to_owned).to_vec();
        assert_eq!(message.event, Ok(Event::Removed { list: List::Employee, external_ids }));
        let (_, signature) = good()
            .get("webhook-signature")
            .unwrap()
            .to_str()
            .unwrap()
            .split_once(',')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let several = format!("v1,AAAA v2,{signature} v1a,x v1,{signature}");
        assert!(try_receive(&secret(), &headers("msg_1", &SENT.to_string(), &several), BODY, 0).is_ok());
    }

    #[test]
    fn a_key_is_taken_in_either_alphabet_padded_or_not() {
        let plain = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(KEY);
        assert!(try_receive(&plain, &good(), BODY, 0).is_ok());
        for bad in ["", "whsec_", "whsec_AAAA", "whsec_not base64"] {
            assert!(matches!(try_receive(bad, &good(), BODY, 0), Err(Refused::Settings(_))), "{bad}");
        }
        let none =
            receive(&BTreeMap::new(), Delivery { headers: &good(), body: b"", now: DateTime::UNIX_EPOCH });
        assert_eq!(none, Err(Refused::Signature));
    }

    #[test]
    fn whatever_was_not_signed_is_refused() {
        let sent = SENT.to_string();
        let right = signature("msg_1", &sent, BODY);
        let other = base64::engine::general_purpose::STANDARD.encode([7; 24]);
        assert_eq!(try_receive(&other, &good(), BODY, 0), Err(Refused::Signature), "another key");
        assert_eq!(try_receive(&secret(), &good(), "{}", 0), Err(Refused::Signature), "another body");
        let later = (SENT + 1).to_string();
        for headers in [
            headers("msg_2", &sent, &right),
            headers("msg_1", &later, &right),
            headers("msg_1", "soon", &right),
            headers("msg_1", &sent, ""),
            headers("msg_1", &sent, "v1,"),
            headers("msg_1", &sent, right.trim_start_matches("v1,")),
            HeaderMap::new(),
        ] {
            assert_eq!(try_receive(&secret(), &headers, BODY, 0), Err(Refused::Signature), "{headers:?}");
        }
        let bytes = receive(
            &secrets(&secret()),
            Delivery { headers: &good(), body: &[0xFF], now: DateTime::UNIX_EPOCH },
        );
        assert_eq!(bytes, Err(Refused::Signature));
    }

    #[test]
    fn five_minutes_either_way_and_no_more() {
        for (after, fresh) in [(300, true), (-300, true), (301, false), (-301, false)] {
            let outcome = try_receive(&secret(), &good(), BODY, after);
            assert_eq!(outcome.is_ok(), fresh, "{after}");
            assert!(fresh || outcome == Err(Refused::Stale), "{after}");
        }
        let far = i64::MIN.to_string();
        let headers = headers("msg_1", &far, &signature("msg_1", &far, BODY));
        assert_eq!(try_receive(&secret(), &headers, BODY, 0), Err(Refused::Stale));
    }

    #[test]
    fn a_message_id_is_short_and_visible_and_who_sends_another_is_told_so() {
        let sent = SENT.to_string();
        let long = "x".repeat(201);
        let latin: &[u8] = b"msg_\xE9";
        for (id, bytes) in [
            ("", &b""[..]),
            ("a b", b"a b"),
            (&long, long.as_bytes()),
            ("msg_é", "msg_é".as_bytes()),
            ("msg_é", latin),
        ] {
            let mut headers = headers("x", &sent, &signature(id, &sent, BODY));
            headers.insert("webhook-id", http::HeaderValue::from_bytes(bytes).unwrap());
            let Err(Refused::Unreadable(why)) = try_receive(&secret(), &headers, BODY, 0) else {
                panic!("{id}")
            };
            assert!(why.contains("`webhook-id` must be 1 to 200 visible ASCII"), "{why}");
        }
    }

    #[test]
    fn svixs_own_names_are_taken_as_well_and_never_mixed_with_the_standards() {
        let as_svix = |headers: HeaderMap| -> HeaderMap {
            let own = |name: &http::HeaderName| {
                name.as_str().replace("webhook-", "svix-").parse::<http::HeaderName>()
            };
            headers.iter().map(|(name, value)| (own(name).unwrap(), value.clone())).collect()
        };
        assert!(try_receive(&secret(), &as_svix(good()), BODY, 0).is_ok());
        assert!(may_be_signed(&as_svix(good())).is_ok());
        let mut mixed = as_svix(good());
        mixed.remove("svix-id");
        mixed.insert("webhook-id", "msg_1".parse().unwrap());
        assert_eq!(try_receive(&secret(), &mixed, BODY, 0), Err(Refused::Signature));
        assert_eq!(may_be_signed(&mixed), Err(Refused::Signature));
        let mut both = as_svix(headers("msg_2", &SENT.to_string(), "v1,AAAA"));
        both.extend(good());
        assert!(try_receive(&secret(), &both, BODY, 0).is_ok(), "the standard's come first");
    }

    #[test]
    fn what_is_told_of_the_future_is_refused() {
        let sent = SENT.to_string();
        for (timestamp, taken) in
            [("2026-03-01T12:04:59Z", true), ("2026-03-01T12:06:00Z", false), ("2037-01-01T00:00:00Z", false)]
        {
            let body = BODY.replace("2026-03-01T12:00:00Z", timestamp);
            let headers = headers("msg_1", &sent, &signature("msg_1", &sent, &body));
            let received = try_receive(&secret(), &headers, &body, 0);
            assert_eq!(received.is_ok(), taken, "{timestamp}: {received:?}");
        }
    }
}
