//! The cookie of a browser in which people have signed in: whoever guesses passwords elsewhere does not keep them out.
//!
//! It names no account and grants nothing. Each entry is a time, an ID of the browser and a mark by the gateway's key that
//! holds for one account.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{key::Key, secret::Secret};

/// For how long a browser is remembered: as long as browsers keep a cookie.
pub const LIFE: TimeDelta = TimeDelta::days(400);

/// Accounts that one browser is remembered for; the first one goes.
const MOST: usize = 4;

/// The random ID that a browser has for one account.
pub type DeviceId = [u8; 16];

const TIME: usize = 8;
const MARK: usize = 16;
const ENTRY: usize = TIME + 16 + MARK;

/// The ID of the browser, if the account has signed in there.
pub fn known(key: &Key, cookie: &Secret, account_id: &str, now: DateTime<Utc>) -> Option<DeviceId> {
    entries(cookie).into_iter().find_map(|entry| {
        let (seconds, rest) = entry.split_first_chunk::<TIME>()?;
        let (device, mark) = rest.split_first_chunk::<16>()?;
        let right = blake3_equal(&marked(key, account_id, *seconds, *device), mark);
        let since = DateTime::from_timestamp(i64::from_be_bytes(*seconds), 0)?;
        (right && now - since < LIFE).then_some(*device)
    })
}

/// The cookie with an entry for this account, in place of one that it had.
pub fn remember(
    key: &Key,
    cookie: Option<&Secret>,
    account_id: &str,
    device: DeviceId,
    now: DateTime<Utc>,
) -> Secret {
    let mut kept = cookie.map(entries).unwrap_or_default();
    kept.retain(|entry| known(key, &encoded(std::slice::from_ref(entry)), account_id, now).is_none());
    let seconds = now.timestamp().to_be_bytes();
    let entry = [seconds.as_slice(), &device, &marked(key, account_id, seconds, device)].concat();
    kept.extend(<[u8; ENTRY]>::try_from(entry).ok());
    let first = kept.len().saturating_sub(MOST);
    encoded(kept.get(first..).unwrap_or_default())
}

fn encoded(entries: &[[u8; ENTRY]]) -> Secret {
    let texts: Vec<String> = entries.iter().map(|entry| URL_SAFE_NO_PAD.encode(entry)).collect();
    Secret::new(texts.join("."))
}

/// What else stands in the cookie is left out.
fn entries(cookie: &Secret) -> Vec<[u8; ENTRY]> {
    let texts = cookie.reveal().split('.').take(MOST);
    texts.filter_map(|text| URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()).collect()
}

fn marked(key: &Key, account_id: &str, seconds: [u8; TIME], device: DeviceId) -> [u8; MARK] {
    let key = blake3::derive_key("rollcall device cookie", key.bytes());
    let hash = blake3::keyed_hash(&key, &[seconds.as_slice(), &device, account_id.as_bytes()].concat());
    let mut mark = [0; MARK];
    mark.iter_mut().zip(hash.as_bytes()).for_each(|(to, byte)| *to = *byte);
    mark
}

/// In the same time wherever they differ.
fn blake3_equal(one: &[u8; MARK], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-27T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_browser_is_known_for_the_accounts_that_signed_in_there_and_for_no_other() {
        let key = Key::new([1; 32]);
        let one = remember(&key, None, "acc_1", [7; 16], now());
        let both = remember(&key, Some(&one), "acc_2", [8; 16], now());
        let known = |key: &Key, cookie, account, later| known(key, cookie, account, now() + later);
        assert_eq!(known(&key, &both, "acc_1", TimeDelta::zero()), Some([7; 16]));
        assert_eq!(known(&key, &both, "acc_2", TimeDelta::zero()), Some([8; 16]));
        assert_eq!(known(&key, &both, "acc_3", TimeDelta::zero()), None);
        assert_eq!(known(&Key::new([2; 32]), &both, "acc_1", TimeDelta::zero()), None);
        assert_eq!(known(&key, &both, "acc_1", LIFE), None, "not for ever");
        let again = remember(&key, Some(&both), "acc_1", [9; 16], now());
        assert_eq!(known(&key, &again, "acc_1", TimeDelta::zero()), Some([9; 16]));
        assert_eq!(again.reveal().split('.').count(), 2, "one entry an account");
    }

    #[test]
    fn the_cookie_stays_short_and_what_was_forged_counts_for_nothing() {
        let key = Key::new([1; 32]);
        let mut cookie = None;
        for n in 0..9 {
            cookie = Some(remember(&key, cookie.as_ref(), &format!("acc_{n}"), [n; 16], now()));
        }
        let cookie = cookie.unwrap();
        assert_eq!(cookie.reveal().split('.').count(), MOST);
        assert!(
            known(&key, &cookie, "acc_8", now()).is_some() && known(&key, &cookie, "acc_0", now()).is_none()
        );
        let mut forged =
            URL_SAFE_NO_PAD.decode(remember(&key, None, "acc_1", [7; 16], now()).reveal()).unwrap();
        for at in 0..forged.len() {
            forged[at] ^= 1;
            let cookie = Secret::new(URL_SAFE_NO_PAD.encode(&forged));
            assert_eq!(known(&key, &cookie, "acc_1", now()), None, "{at}");
            forged[at] ^= 1;
        }
        for junk in ["", "....", "x", &"A".repeat(10_000)] {
            assert_eq!(known(&key, &Secret::new(junk), "acc_1", now()), None);
        }
    }
}
