//! When to ask again.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};

/// How often one request is tried in place; after that the whole poll is put off.
pub(super) const ATTEMPTS: u32 = 3;
/// How often in a row a source may ask to wait before the poll is put off.
pub(super) const WAITS: u32 = 5;
/// The wait where the source asks for one and does not say how long: what ConnectWise says in its own examples.
const UNSAID: Duration = Duration::from_secs(30);
/// The longest wait that is believed.
const LONGEST: Duration = Duration::from_hours(24);

/// The pause after the try of this number (from 1): half a second, one, two, each up to half as long again, so that
/// connections that failed together do not return together.
pub(super) fn pause(attempt: u32, jitter: f64) -> Duration {
    let base = Duration::from_millis(500).saturating_mul(1 << attempt.saturating_sub(1).min(6));
    base.mul_f64(1.0 + jitter.clamp(0.0, 1.0) / 2.0)
}

/// How long the source asks to wait: with 429, and with 503 where it says how long (RFC 9110, `Retry-After`).
pub(super) fn asked_to_wait(status: StatusCode, headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let said =
        headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).and_then(|text| read(text, now));
    let wait = match status {
        StatusCode::TOO_MANY_REQUESTS => said.unwrap_or(UNSAID),
        StatusCode::SERVICE_UNAVAILABLE => said?,
        _ => return None,
    };
    Some(wait.clamp(Duration::from_secs(1), LONGEST))
}

/// Seconds, or a time.
fn read(text: &str, now: DateTime<Utc>) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(text.parse().map_or(LONGEST, Duration::from_secs));
    }
    let until: DateTime<Utc> = httpdate::parse_http_date(text).ok()?.into();
    Some((until - now).to_std().unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_in_both_forms_and_bounded() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let wait = |status: u16, said: Option<&str>| {
            let headers =
                said.into_iter().map(|said| (RETRY_AFTER, said.parse().unwrap())).collect::<HeaderMap>();
            asked_to_wait(StatusCode::from_u16(status).unwrap(), &headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(wait(429, Some("7")), Some(7));
        assert_eq!(wait(429, Some("Sun, 01 Mar 2026 12:01:30 GMT")), Some(90));
        assert_eq!(wait(429, Some("Sun, 01 Mar 2026 11:00:00 GMT")), Some(1), "a time that has passed");
        assert_eq!(wait(429, None), Some(30));
        assert_eq!(wait(429, Some("soon")), Some(30));
        assert_eq!(wait(429, Some("0")), Some(1));
        assert_eq!(wait(429, Some("99999999999999999999999")), Some(86_400));
        assert_eq!(wait(503, Some("5")), Some(5));
        assert_eq!(wait(503, None), None, "an ordinary failure");
        assert_eq!(wait(500, Some("5")), None);
    }

    #[test]
    fn pauses_double() {
        let pauses: Vec<_> = (1..=3).map(|attempt| pause(attempt, 0.0).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000]);
        assert!(pause(1, 0.999) < Duration::from_millis(750));
    }
}
