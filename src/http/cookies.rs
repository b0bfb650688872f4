//! The cookies by which browsers show who calls.

use axum::http::{HeaderMap, HeaderValue, header};
use chrono::TimeDelta;
use url::Url;

use crate::domain::secret::Secret;

/// A cookie with a secret. Over HTTPS its name begins with `__Host-`, so that browsers take it from this host alone, with
/// `Secure`; over HTTP, as on `localhost`, they would not take such a name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookie {
    https: &'static str,
    http: &'static str,
    /// Whether browsers send it from within another site's frame, where they keep it apart for that site.
    framed: bool,
}

/// The session of a person.
pub(super) const SESSION: Cookie = Cookie { https: "__Host-rollcall", http: "rollcall", framed: false };

/// A Quicklink that was opened.
pub(super) const QUICKLINK: Cookie = Cookie { https: "__Host-rollcall-q", http: "rollcall-q", framed: true };

/// By which a browser is known in which people have signed in; it grants nothing.
pub(super) const DEVICE: Cookie =
    Cookie { https: "__Host-rollcall-device", http: "rollcall-device", framed: false };

impl Cookie {
    fn name(&self, public_url: &Url) -> &'static str {
        if is_https(public_url) { self.https } else { self.http }
    }

    /// The secret in the cookie of a request.
    pub(super) fn read(&self, headers: &HeaderMap, public_url: &Url) -> Option<Secret> {
        value(headers, self.name(public_url))
    }

    /// The same under either name: not to tell who calls, but to tell callers apart.
    pub(super) fn read_any(&self, headers: &HeaderMap) -> Option<Secret> {
        value(headers, self.https).or_else(|| value(headers, self.http))
    }

    /// A header that gives the cookie to a browser, for so long.
    pub(super) fn set(&self, public_url: &Url, secret: &Secret, life: TimeDelta) -> HeaderValue {
        let mut header = self.header(public_url, secret.reveal(), life.num_seconds());
        header.set_sensitive(true);
        header
    }

    /// A header that takes the cookie from a browser.
    pub(super) fn clear(&self, public_url: &Url) -> HeaderValue {
        self.header(public_url, "", 0)
    }

    fn header(&self, public_url: &Url, value: &str, seconds: i64) -> HeaderValue {
        let ends = match (is_https(public_url), self.framed) {
            (true, true) => "SameSite=None; Secure; Partitioned",
            (true, false) => "SameSite=Lax; Secure",
            // Without `Secure` no browser takes `SameSite=None`.
            (false, _) => "SameSite=Lax",
        };
        line(self.name(public_url), value, seconds, ends)
    }
}

/// As [`Cookie::set`], for a name that is made when it is needed, without a prefix.
pub(super) fn of_name(name: &str, public_url: &Url, secret: &Secret, life: TimeDelta) -> HeaderValue {
    let mut header = named(name, public_url, secret.reveal(), life.num_seconds());
    header.set_sensitive(true);
    header
}

/// As [`Cookie::clear`].
pub(super) fn clear_name(name: &str, public_url: &Url) -> HeaderValue {
    named(name, public_url, "", 0)
}

/// As [`Cookie::read`].
pub(super) fn read_name(name: &str, headers: &HeaderMap, public_url: &Url) -> Option<Secret> {
    value(headers, &prefixed(name, public_url))
}

fn named(name: &str, public_url: &Url, value: &str, seconds: i64) -> HeaderValue {
    let ends = if is_https(public_url) { "SameSite=Lax; Secure" } else { "SameSite=Lax" };
    line(&prefixed(name, public_url), value, seconds, ends)
}

fn line(name: &str, value: &str, seconds: i64, ends: &str) -> HeaderValue {
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; {ends}");
    // Generated secrets are base64: they always fit.
    HeaderValue::try_from(cookie).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn prefixed(name: &str, public_url: &Url) -> String {
    if is_https(public_url) { format!("__Host-{name}") } else { name.to_owned() }
}

/// The cookies that prove who calls.
const PROOFS: [Cookie; 2] = [SESSION, QUICKLINK];

/// Whether a request comes with one of them.
pub(super) fn shows_any(headers: &HeaderMap) -> bool {
    PROOFS.iter().any(|cookie| cookie.read_any(headers).is_some())
}

fn is_https(public_url: &Url) -> bool {
    public_url.scheme() == "https"
}

/// The value of the first cookie of this name (RFC 6265 section 4.2).
fn value(headers: &HeaderMap, name: &str) -> Option<Secret> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| Secret::new(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn over_https_the_cookie_is_this_hosts_alone_and_over_http_it_has_another_name() {
        let set = |text: &str| SESSION.set(&url(text), &Secret::new("s3"), TimeDelta::minutes(1));
        let https = "__Host-rollcall=s3; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure";
        assert_eq!(set("https://rollcall.example.com"), https);
        assert_eq!(set("http://localhost:8080"), "rollcall=s3; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
        let framed = QUICKLINK.set(&url("https://x.example"), &Secret::new("q"), TimeDelta::minutes(1));
        let kept_apart =
            "__Host-rollcall-q=q; Path=/; Max-Age=60; HttpOnly; SameSite=None; Secure; Partitioned";
        assert_eq!(framed, kept_apart);
        assert!(set("http://localhost:8080").is_sensitive(), "logs of headers hide it");
        let gone = SESSION.clear(&url("https://rollcall.example.com"));
        assert_eq!(gone, "__Host-rollcall=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    }

    #[test]
    fn the_secret_is_found_among_other_cookies_and_only_under_its_own_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; rollcall=two==; b=3"));
        headers.append(header::COOKIE, HeaderValue::from_static("rollcall-q=four;__Host-rollcall=five"));
        let read = |text: &str| SESSION.read(&headers, &url(text)).map(|it| it.reveal().to_owned());
        assert_eq!(read("http://localhost").as_deref(), Some("two=="));
        assert_eq!(read("https://localhost").as_deref(), Some("five"));
        headers.clear();
        headers.append(header::COOKIE, HeaderValue::from_static("rollcall-q=four; rollcall="));
        assert!(SESSION.read(&headers, &url("http://localhost")).is_none());
    }
}
