//! What the answers of vendors have in common: the `Link` header (RFC 8288) and their clock.

use chrono::{DateTime, Utc};
use http::{
    HeaderMap,
    header::{DATE, LINK},
};

/// The addresses of a `Link` header with their relations, in order.
pub fn links(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for value in headers.get_all(LINK) {
        // An address may hold a comma, so what stands between the angle brackets is found first.
        let mut rest = value.to_str().unwrap_or_default();
        while let Some((_, after)) = rest.split_once('<') {
            let Some((address, parameters)) = after.split_once('>') else { break };
            let (own, next) = parameters.find('<').map_or((parameters, ""), |at| parameters.split_at(at));
            rest = next;
            for relation in relations(own) {
                links.push((relation, address.trim().to_owned()));
            }
        }
    }
    links
}

/// What `rel` says: one word or several.
fn relations(parameters: &str) -> Vec<String> {
    let rel = parameters.split([';', ',']).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("rel").then(|| value.trim().trim_matches('"'))
    });
    rel.into_iter().flat_map(str::split_ascii_whitespace).map(str::to_ascii_lowercase).collect()
}

/// The vendor's clock, where it tells (`Date`).
pub fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let date = headers.get(DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(date).ok().map(|date| date.to_utc())
}
