//! Parses what a client says about the answers that it can use: `Accept-Encoding` and `If-None-Match` (RFC 9110
//! sections 12.5.3 and 13.1.2).

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// Compressing an answer of fewer bytes gains nothing: it is one packet in any case.
const SHORT: usize = 1024;

/// The weights of the two codings; `None` for one that the client does not name.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Codings {
    gzip: Option<f32>,
    identity: Option<f32>,
}

impl Codings {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        for part in texts(headers, header::ACCEPT_ENCODING).flat_map(|text| text.split(',')) {
            let mut parameters = part.split(';').map(str::trim);
            let coding = parameters.next().unwrap_or_default().to_ascii_lowercase();
            let Some(weight) = weight(parameters) else { continue };
            match coding.as_str() {
                "gzip" | "x-gzip" => gzip = Some(weight),
                "identity" => identity = Some(weight),
                "*" => any = Some(weight),
                _ => {}
            }
        }
        // `*` stands for the codings that are not named.
        Self { gzip: gzip.or(any), identity: identity.or(any.filter(|weight| *weight == 0.0)) }
    }

    /// Whether to compress an answer of so many bytes. A client that accepts neither coding gets it as it is: section
    /// 12.5.3 prefers that to an error.
    pub(super) fn gzip(&self, bytes: usize) -> bool {
        match (self.gzip, self.identity) {
            (None, _) => false,
            (Some(gzip), _) if gzip <= 0.0 => false,
            (Some(_), Some(identity)) if identity <= 0.0 => true,
            (Some(gzip), identity) => bytes >= SHORT && identity.is_none_or(|identity| gzip >= identity),
        }
    }
}

/// The weight among the parameters of a coding, 1 without one; `None` if it is not a weight.
fn weight<'a>(mut parameters: impl Iterator<Item = &'a str>) -> Option<f32> {
    let named = parameters.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| value.trim())
    });
    match named {
        None => Some(1.0),
        Some(value) => value.parse().ok().filter(|weight| (0.0..=1.0).contains(weight)),
    }
}

/// The tags of the answers that a client has.
#[derive(Debug, Clone)]
pub(super) struct KnownTags(Vec<HeaderValue>);

impl KnownTags {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        Self(headers.get_all(header::IF_NONE_MATCH).into_iter().cloned().collect())
    }

    /// Whether the client has the answer with this tag, by the weak comparison of RFC 9110 section 8.8.3.2: only the
    /// text between the quotes counts.
    pub(super) fn has(&self, tag: &str) -> bool {
        let texts = self.0.iter().filter_map(|value| value.to_str().ok());
        texts.map(str::trim).any(|text| text == "*" || tags(text).any(|known| known == tag))
    }
}

/// The texts of the tags in a list, up to the first that is not a tag. A tag may contain commas.
fn tags(mut list: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let next = list.trim_start_matches([' ', '\t', ',']);
        let quoted = next.strip_prefix("W/").unwrap_or(next).strip_prefix('"')?;
        let (tag, rest) = quoted.split_once('"')?;
        list = rest;
        Some(tag)
    })
}

fn texts(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn gzip_is_used_where_the_client_takes_it_and_likes_nothing_better() {
        for (said, long, short) in [
            (&[][..], false, false),
            (&[""], false, false),
            (&["gzip"], true, false),
            (&["GZIP"], true, false),
            (&["x-gzip"], true, false),
            (&["br, gzip;q=0.5"], true, false),
            (&["br", "gzip"], true, false),
            (&["*"], true, false),
            (&["gzip;q=0"], false, false),
            (&["gzip; Q = 0.000"], false, false),
            (&["gzip;q=0, *"], false, false),
            (&["*;q=0"], false, false),
            (&["deflate, br"], false, false),
            (&["identity, gzip;q=0.5"], false, false),
            (&["identity;q=0.5, gzip;q=0.5"], true, false),
            (&["identity;q=0, gzip;q=0.1"], true, true),
            (&["gzip, *;q=0"], true, true),
            (&["identity;q=0"], false, false),
            (&["gzip;q=much"], false, false),
            (&["gzip;q=2"], false, false),
            (&["gzip;q=NaN"], false, false),
        ] {
            let codings = Codings::of(&headers(header::ACCEPT_ENCODING, said));
            assert_eq!((codings.gzip(SHORT), codings.gzip(SHORT - 1)), (long, short), "{said:?}");
        }
    }

    #[test]
    fn a_tag_is_known_whether_it_is_weak_or_strong_and_wherever_it_stands() {
        for (said, known) in [
            (&[][..], false),
            (&["\"a\""], true),
            (&["W/\"a\""], true),
            (&["*"], true),
            (&[" * "], true),
            (&["\"b\", W/\"x,y\" ,\"a\""], true),
            (&["\"b\"", "\"a\""], true),
            (&["\"x,\"a\""], false),
            (&["a"], false),
            (&["\"A\""], false),
            (&["\"a"], false),
            (&["w/\"a\""], false),
            (&["\"*\""], false),
            (&["", ",,", "\"aa\""], false),
        ] {
            let has = KnownTags::of(&headers(header::IF_NONE_MATCH, said)).has("a");
            assert_eq!(has, known, "{said:?}");
        }
    }
}
