//! Requests to one tenant: who asks, where its API is now, and what an answer means.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    connectors::{
        outbound::{
            Answer, OriginClient, Outbound, Request, RequestLimiter, Timeouts, basic, problems::failure,
        },
        source::Failure,
    },
    domain::{secret::Secret, words::Cause},
};

use super::{refusals, settings::Settings, wire::CompanyInfo};

pub(super) const CLIENT_ID: HeaderName = HeaderName::from_static("clientid");

/// What is remembered between polls.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Memory {
    codebase: Option<String>,
}

/// One tenant's API.
pub(super) struct Client {
    /// With credentials.
    origin: OriginClient,
    /// Without: the tenant is looked up by anybody.
    anonymous: OriginClient,
    company_id: String,
    /// The part of the path that changes when the vendor upgrades the tenant, like `v2025_1/`.
    codebase: Mutex<Option<String>>,
}

/// A request to the API: `path` begins behind `apis/3.0/`, `what` names it to people.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub path: &'a str,
    pub query: &'a [(&'a str, &'a str)],
    pub headers: HeaderMap,
    pub what: &'a str,
}

impl<'a> Call<'a> {
    pub(super) fn new(path: &'a str, query: &'a [(&'a str, &'a str)], what: &'a str) -> Self {
        Self { path, query, headers: HeaderMap::new(), what }
    }
}

impl Client {
    pub(super) fn new(
        settings: &Settings,
        secrets: &BTreeMap<String, Secret>,
        memory: Option<&str>,
        outbound: &Outbound,
        limiter: Arc<dyn RequestLimiter>,
    ) -> Result<Self, Failure> {
        let wrong =
            |what: String| failure(Cause::Credentials, what, "Correct the settings of this connection.");
        let origin = settings.origin().map_err(|error| wrong(format!("{error}.")))?;
        let anonymous = OriginClient::new(
            outbound,
            origin,
            settings.poll.allow_private_address,
            limiter,
            HeaderMap::new(),
        )?;
        let origin = anonymous.clone().with_headers(headers(settings, secrets)?);
        let memory: Memory = memory.and_then(|memory| serde_json::from_str(memory).ok()).unwrap_or_default();
        let codebase = Mutex::new(memory.codebase.as_deref().and_then(codebase));
        Ok(Self { origin, anonymous, company_id: settings.company_id.clone(), codebase })
    }

    #[must_use]
    pub(super) fn hurried(self) -> Self {
        let hurried = |origin: OriginClient| origin.without_retries().with_timeouts(Timeouts::HASTY);
        Self { origin: hurried(self.origin), anonymous: hurried(self.anonymous), ..self }
    }

    pub(super) fn origin(&self) -> &OriginClient {
        &self.origin
    }

    pub(super) fn memory(&self) -> Option<String> {
        let codebase = self.remembered()?;
        serde_json::to_string(&Memory { codebase: Some(codebase) }).ok()
    }

    fn remembered(&self) -> Option<String> {
        self.codebase.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks the tenant up.
    ///
    /// # Errors
    /// No such tenant; an answer that does not say where its API is.
    pub(super) async fn discover(&self) -> Result<CompanyInfo, Failure> {
        let escaped: String = url::form_urlencoded::byte_serialize(self.company_id.as_bytes())
            .collect::<String>()
            .replace('+', "%20");
        let target = format!("/login/companyinfo/{escaped}");
        let answer = self.anonymous.get_json::<Option<CompanyInfo>>(&target, &[], HeaderMap::new()).await?;
        let host = self.origin.host();
        let info = match answer.body {
            Ok(Some(info)) => info,
            Ok(None) => return Err(refusals::unknown_company(host, &self.company_id)),
            Err(_) if answer.status.as_u16() == 404 || answer.status.is_success() => {
                return Err(refusals::unknown_company(host, &self.company_id));
            }
            Err(body) => return Err(refusals::refused(answer.status, &body, "the company's address")),
        };
        let Some(found) = info.codebase.as_deref().and_then(codebase) else {
            return Err(failure(
                Cause::Version,
                format!("{host} did not say where the API of `{}` is.", self.company_id),
                "Check that `base_url` is the address of ConnectWise PSA.",
            ));
        };
        *self.codebase.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        Ok(info)
    }

    /// Gets JSON; `None` where the API says that there is no such record.
    ///
    /// # Errors
    /// Everything else.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        call: Call<'_>,
    ) -> Result<Option<(T, HeaderMap)>, Failure> {
        let mut looked_up = false;
        loop {
            let target = self.target(call.path).await?;
            let answer = self.origin.get_json::<T>(&target, call.query, call.headers.clone()).await?;
            let Answer { status, headers, body } = answer;
            let body = match body {
                Ok(body) => return Ok(Some((body, headers))),
                Err(body) => body,
            };
            if status.as_u16() == 404 && refusals::read(&body).is_missing_record() {
                return Ok(None);
            }
            if !self.may_have_moved(status) {
                return Err(refusals::refused(status, &body, call.what));
            }
            if looked_up {
                return if status.as_u16() == 404 { Ok(None) } else { Err(refusals::not_found(call.what)) };
            }
            looked_up = true;
            self.discover().await?;
        }
    }

    /// Sends a change; any answer but that of a moved codebase comes back.
    pub(super) async fn send(
        &self,
        method: http::Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer<Bytes>, Failure> {
        let mut looked_up = false;
        loop {
            let target = self.target(path).await?;
            let mut headers = HeaderMap::new();
            if body.is_some() {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            }
            let request =
                Request { method: method.clone(), headers, body: body.clone(), ..Request::get(&target, &[]) };
            let answer = self.origin.send(request).await?;
            let missing = refusals::read(&answer.body).is_missing_record();
            let moved = answer.status.is_redirection() || (answer.status.as_u16() == 404 && !missing);
            if looked_up || !moved {
                return Ok(answer);
            }
            looked_up = true;
            self.discover().await?;
        }
    }

    /// After an upgrade the old codebase answers 404 («endpoint does not exist»), a redirect, or nothing.
    fn may_have_moved(&self, status: http::StatusCode) -> bool {
        status.as_u16() == 404 || status.is_redirection() || status.is_success()
    }

    /// Looks the tenant up where that was not done before.
    pub(super) async fn locate(&self) -> Result<(), Failure> {
        if self.remembered().is_none() {
            self.discover().await?;
        }
        Ok(())
    }

    async fn target(&self, path: &str) -> Result<String, Failure> {
        self.locate().await?;
        Ok(format!("/{}apis/3.0/{path}", self.remembered().unwrap_or_default()))
    }
}

/// A codebase as one segment of a path with a slash behind it; nothing that leads elsewhere.
fn codebase(text: &str) -> Option<String> {
    let name = text.strip_suffix('/').unwrap_or(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    let dots = name.bytes().all(|byte| byte == b'.');
    (!dots && name.len() <= 64 && name.bytes().all(plain)).then(|| format!("{name}/"))
}

/// Who asks, and for which version (the vendor's guide, «Authentication» and «Versioning»).
fn headers(settings: &Settings, secrets: &BTreeMap<String, Secret>) -> Result<HeaderMap, Failure> {
    let secret = |name: &str| secrets.get(name).map(Secret::reveal).filter(|secret| !secret.is_empty());
    let missing = || {
        failure(
            Cause::Credentials,
            "The public key or the private key of the API member is missing.",
            "Set `public_key` and `private_key` of this connection.",
        )
    };
    // A member signs in as its keys do, with the user name and the password in their place.
    let pair = |one: &str, other: &str| Some((secret(one)?, secret(other)?));
    let (public, private) =
        pair("public_key", "private_key").or_else(|| pair("member_id", "password")).ok_or_else(missing)?;
    let value = |text: String| {
        HeaderValue::try_from(text).map_err(|_| {
            failure(
                Cause::Credentials,
                "`client_id` or `api_version` holds characters that cannot be sent.",
                "Correct the settings of this connection.",
            )
        })
    };
    let authorization = basic(&format!("{}+{public}", settings.company_id), private);
    let accept = format!("application/vnd.connectwise.com+json; version={}", settings.api_version);
    Ok(HeaderMap::from_iter([
        (AUTHORIZATION, authorization),
        (CLIENT_ID, value(settings.client_id.clone())?),
        (ACCEPT, value(accept)?),
    ]))
}

#[cfg(test)]
mod tests {
    use super::codebase;

    #[test]
    fn a_codebase_is_one_plain_segment() {
        assert_eq!(codebase("v2025_1/").as_deref(), Some("v2025_1/"));
        assert_eq!(codebase("v4_6_release").as_deref(), Some("v4_6_release/"));
        for bad in ["", "/", ".", "../", "a/b/", "//evil.example/", "v1?x", "v1#", "v 1", "%2e%2e/"] {
            assert_eq!(codebase(bad), None, "{bad}");
        }
    }
}
