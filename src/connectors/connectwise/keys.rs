//! Where the key of a callback may be fetched. The address stands in the body, which anybody can write, so it is held
//! against what is known of the connection before anything is sent.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue};
use serde::Deserialize;
use url::Url;

use crate::{
    connectors::{
        hook::Refused,
        outbound::{Open, OriginClient, Outbound},
    },
    domain::secret::Secret,
};

use super::{client::CLIENT_ID, settings::Settings};

const LONGEST_KEY: usize = 64 * 1024;
const TIME: Duration = Duration::from_secs(10);

/// The regions of the vendor's cloud.
const REGIONS: &[&str] = &["na", "eu", "au", "aus", "za"];

/// The key's address, if it is one that may be asked.
///
/// Anybody can sign with the key of a tenant of their own, and keys are told to whoever asks: so the address must name
/// this connection's tenant and be the one at which the vendor's cloud tells keys.
pub(super) fn allowed(settings: &Settings, key_url: &str) -> Option<Url> {
    let url = Url::parse(key_url).ok()?;
    let own = settings.origin().ok().is_some_and(|origin| origin.origin() == url.origin());
    let clean = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !clean || !(url.scheme() == "https" || (own && settings.poll.allow_private_address)) {
        return None;
    }
    let cloud = is_cloud(&url);
    if !own && !cloud {
        return None;
    }
    let mut named = url.query_pairs().filter(|(name, _)| name.eq_ignore_ascii_case("companyName")).peekable();
    let names_company = named.peek().is_some();
    if !named.all(|(_, company)| company.eq_ignore_ascii_case(&settings.company_id)) {
        return None;
    }
    if cloud && !(names_company && url.path().contains("/system/callbackkey/")) {
        return None;
    }
    Some(url)
}

/// `na.`, `api-na.` or `sandbox-na.myconnectwise.net` and the like, at the port of https.
fn is_cloud(url: &Url) -> bool {
    let region = url.host_str().and_then(|host| host.strip_suffix(".myconnectwise.net"));
    let region = region
        .map(|label| label.strip_prefix("api-").or_else(|| label.strip_prefix("sandbox-")).unwrap_or(label));
    url.scheme() == "https" && url.port().is_none() && region.is_some_and(|region| REGIONS.contains(&region))
}

#[derive(Deserialize)]
struct Answer {
    signing_key: String,
}

/// Fetches the key, without credentials.
pub(super) async fn fetch(
    settings: &Settings,
    outbound: &Outbound,
    url: &Url,
    now: DateTime<Utc>,
) -> Result<Secret, Refused> {
    let unavailable = |why: String| Refused::KeyUnavailable(why);
    let own = settings.origin().ok().is_some_and(|origin| origin.origin() == url.origin());
    let headers = HeaderValue::from_str(&settings.client_id)
        .map(|client_id| HeaderMap::from_iter([(CLIENT_ID, client_id)]))
        .map_err(|_| unavailable("`client_id` cannot be sent".into()))?;
    let private = own && settings.poll.allow_private_address;
    let origin = OriginClient::new(outbound, url.clone(), private, Arc::new(Open { now }), headers)
        .map_err(|failure| unavailable(failure.to_string()))?
        .without_retries()
        .with_body_cap(LONGEST_KEY);
    let answer =
        tokio::time::timeout(TIME, origin.get_json::<Answer>(url.as_str(), &[], HeaderMap::new())).await;
    let answer = answer
        .map_err(|_| unavailable("the vendor did not answer in time".into()))?
        .map_err(|failure| unavailable(failure.to_string()))?;
    match answer.body {
        Ok(Answer { signing_key }) if answer.status.is_success() && !signing_key.is_empty() => {
            Ok(Secret::new(signing_key))
        }
        _ => Err(unavailable(format!("the vendor answered with status {}", answer.status.as_u16()))),
    }
}
