//! The codes of a second factor by time (RFC 6238, with HMAC-SHA-1, six figures and steps of 30 seconds: what every
//! authenticator app can do), and the codes that are kept for when the app is lost.

use chrono::{DateTime, Utc};
use ring::hmac;
use url::form_urlencoded::byte_serialize;

use crate::domain::secret::Secret;

/// Bytes of a secret.
pub const SECRET: usize = 20;

/// Seconds of a step.
const STEP: i64 = 30;

/// Steps before and after the present one whose codes count too, for clocks that differ and people who type slowly.
const AROUND: i64 = 1;

const FIGURES: usize = 6;

/// Codes for a lost app that are given at once.
pub const RECOVERY_CODES: usize = 10;

/// Random bytes of each: 80 bits.
pub const RECOVERY_BYTES: usize = 10;

/// The alphabet of RFC 4648 section 6.
const BASE32: [u8; 32] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What somebody typed where a code is asked for.
#[derive(Debug, Clone)]
pub enum Code {
    /// Of the app.
    Totp(u32),
    /// For a lost app, as it was given.
    Recovery(Secret),
}

/// Reads a code however it is spaced and in either case; `None` for what is none.
pub fn read(text: &str) -> Option<Code> {
    let signs: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(64).collect();
    if signs.len() == FIGURES && signs.bytes().all(|c| c.is_ascii_digit()) {
        return signs.parse().ok().map(Code::Totp);
    }
    let signs = signs.to_ascii_uppercase();
    let sound = signs.len() == RECOVERY_BYTES * 8 / 5 && signs.bytes().all(|c| BASE32.contains(&c));
    sound.then(|| Code::Recovery(Secret::new(signs)))
}

/// The step whose code this is, if it is of the present one or one beside it, and later than `last`: no code counts
/// twice (RFC 6238 section 5.2).
pub fn step(secret: &[u8], code: u32, now: DateTime<Utc>, last: Option<i64>) -> Option<i64> {
    let present = now.timestamp().div_euclid(STEP);
    // All are looked at, so that the time tells nothing.
    let right =
        (present - AROUND..=present + AROUND).filter(|step| truncated(secret, *step) % 1_000_000 == code);
    right.filter(|step| last.is_none_or(|last| *step > last)).fold(None, |_, step| Some(step))
}

/// The number of a step before it is cut to so many figures (RFC 4226 section 5.3).
fn truncated(secret: &[u8], step: i64) -> u32 {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let at = usize::from(tag.as_ref().last().copied().unwrap_or(0) & 0xf);
    let four = tag.as_ref().get(at..at + 4).and_then(|four| <[u8; 4]>::try_from(four).ok());
    u32::from_be_bytes(four.unwrap_or_default()) & 0x7fff_ffff
}

/// A secret as people type it into an app.
pub fn to_text(secret: &[u8]) -> Secret {
    Secret::new(base32(secret))
}

/// The address that an app reads, mostly from a picture of it.
pub fn url(secret: &[u8], issuer: &str, email: &str) -> Secret {
    let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20");
    let (issuer, email) = (escaped(issuer), escaped(email));
    Secret::new(format!(
        "otpauth://totp/{issuer}:{email}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period=30",
        base32(secret)
    ))
}

/// A code for a lost app, as it is shown: `ABCD-EFGH-IJKL-MNOP`. [`read`] gives what is hashed.
pub fn recovery_code(random: [u8; RECOVERY_BYTES]) -> Secret {
    let text = base32(&random);
    let groups: Vec<&str> =
        text.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
    Secret::new(groups.join("-"))
}

/// Without padding.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    for five in bytes.chunks(5) {
        let mut word = [0; 8];
        word.iter_mut().skip(3).zip(five).for_each(|(to, byte)| *to = *byte);
        let word = u64::from_be_bytes(word);
        let signs = (five.len() * 8).div_ceil(5);
        text.extend((0..signs).map(|at| {
            let index = (word >> (35 - 5 * at)) & 31;
            char::from(BASE32.get(index as usize).copied().unwrap_or(b'A'))
        }));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238's appendix B.
    const SEED: &[u8] = b"12345678901234567890";

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_rfc_6238() {
        for (seconds, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(truncated(SEED, seconds / STEP) % 100_000_000, code, "{seconds}");
            assert_eq!(step(SEED, code % 1_000_000, at(seconds), None), Some(seconds / STEP));
        }
    }

    #[test]
    fn a_code_counts_a_step_early_or_late_and_never_again() {
        let (code, own) = (truncated(SEED, 41_152_263) % 1_000_000, 41_152_263);
        let began = own * STEP;
        for (now, counts) in
            [(began - 31, false), (began - 30, true), (began, true), (began + 59, true), (began + 60, false)]
        {
            assert_eq!(step(SEED, code, at(now), None).is_some(), counts, "{}", now - began);
        }
        assert_eq!(step(SEED, code, at(began), Some(own - 1)), Some(own));
        assert_eq!(step(SEED, code, at(began), Some(own)), None, "it was used");
        assert_eq!(step(SEED, code, at(began), Some(own + 1)), None, "a later one was used");
        assert_eq!(step(b"another secret of its", code, at(began), None), None);
    }

    #[test]
    fn a_secret_is_shown_as_apps_read_it() {
        for (bytes, text) in [
            ("", ""),
            ("f", "MY"),
            ("fo", "MZXQ"),
            ("foo", "MZXW6"),
            ("foob", "MZXW6YQ"),
            ("fooba", "MZXW6YTB"),
            ("foobar", "MZXW6YTBOI"),
        ] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
        let url = url(SEED, "Rollcall", "ana+x@example.com");
        assert_eq!(
            url.reveal(),
            "otpauth://totp/Rollcall:ana%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Rollcall&algorithm=SHA1&digits=6&period=30"
        );
    }

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let shown = recovery_code(*b"foobarbazz");
        assert_eq!(shown.reveal(), "MZXW-6YTB-OJRG-C6T2");
        for typed in ["MZXW-6YTB-OJRG-C6T2", "mzxw6ytbojrgc6t2", " mzxw 6ytb ojrg c6t2 "] {
            assert!(
                matches!(read(typed), Some(Code::Recovery(code)) if code.reveal() == "MZXW6YTBOJRGC6T2"),
                "{typed}"
            );
        }
        assert!(matches!(read(" 012 345 "), Some(Code::Totp(12_345))));
        for none in [
            "",
            "12345",
            "1234567",
            "12345a",
            "MZXW-6YTB",
            "MZXW-6YTB-OJRG-C6T1",
            "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
        ] {
            assert!(read(none).is_none(), "{none}");
        }
    }
}
