//! The settings of a connection to ConnectWise PSA.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    connectors::{
        Polled, SettingsError, Source,
        outbound::address_guard::is_local,
        polled::SourceContext,
        settings::{CREDENTIALS, OF_ACCOUNT, PollSettings, wrong},
        source::{Failure, Limit, Rate, Schedule},
    },
    domain::{secret::Secret, words::List},
};

use super::{ConnectwiseSource, spec::SPEC};

/// How a tenant of ConnectWise PSA is read. The defaults are in its specification, `SPEC`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The address that people open, or that of the API.
    pub base_url: String,
    /// The company ID that people type when they sign in.
    pub company_id: String,
    /// Issued at developer.connectwise.com; sent with every request.
    pub client_id: String,
    /// The version of the API's model.
    pub api_version: String,
    /// Whether companies' contacts are staged among the customers.
    pub contacts: bool,
    /// Only companies of one of these types, by name or ID, with commas between; empty for all.
    pub company_types: String,
    /// Only companies of one of these statuses; as above.
    pub company_statuses: String,
    /// Only members of these licence classes; empty for all. `A` are accounts of programs.
    pub license_classes: String,
    /// Empty for the connection's own; `account:` and an ID for those of an account.
    pub credentials: String,
    #[serde(flatten)]
    pub poll: PollSettings,
}

impl Polled for Settings {
    fn lists(&self) -> &'static [List] {
        SPEC.lists
    }

    fn schedule(&self) -> Schedule {
        self.poll.schedule()
    }

    fn authority(&self) -> String {
        self.origin().map_or_else(|_| self.base_url.clone(), |origin| origin.authority().to_owned())
    }

    fn allows_private(&self) -> bool {
        self.poll.allow_private_address
    }

    /// The vendor counts by the keys of the API member.
    fn rates(&self, secrets: &BTreeMap<String, Secret>) -> Vec<Rate> {
        let host = self.origin().ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let who = secrets.get("public_key").or_else(|| secrets.get("member_id"));
        let public_key = who.map(Secret::reveal).unwrap_or_default();
        let counted_by = [&host, &self.company_id.to_lowercase(), public_key];
        vec![Rate::new(&counted_by, Limit::PerMinute(self.poll.requests_per_minute))]
    }

    fn open(&self, context: SourceContext<'_>) -> Result<Box<dyn Source>, Failure> {
        Ok(Box::new(ConnectwiseSource::new(
            self.clone(),
            context.secrets,
            context.memory,
            context.outbound,
            context.limiter,
        )?))
    }
}

impl Settings {
    /// The API's scheme, host and port. The vendor's guide: the host of the API is that of the pages with `api-`
    /// before it.
    ///
    /// # Errors
    /// A sentence about `base_url`.
    pub fn origin(&self) -> Result<Url, SettingsError> {
        let wrong = |why: &'static str| wrong("base_url", why);
        let text = self.base_url.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let bad = || wrong("must be an address like https://api-na.myconnectwise.net");
        let mut url = Url::parse(&whole).map_err(|_| bad())?;
        let host = url.host_str().ok_or_else(bad)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("must hold no user name and no password"));
        }
        match url.scheme() {
            "https" => {}
            // A local address without the permission is refused with its own words when it is called.
            "http" if self.poll.allow_private_address || is_local(&url) => {}
            "http" => {
                return Err(wrong(
                    "must begin with https://, because keys are sent there; plain http needs `allow_private_address`",
                ));
            }
            _ => return Err(bad()),
        }
        if let Some(api) = api_host(&host) {
            url.set_host(Some(&api)).map_err(|_| bad())?;
        }
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        Ok(url)
    }
}

/// The host of the API where `host` is one that people open.
fn api_host(host: &str) -> Option<String> {
    let region =
        host.strip_suffix(".myconnectwise.net").or_else(|| host.strip_suffix(".connectwisedev.com"))?;
    let plain = !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then(|| format!("api-{host}"))
}

/// The words of a list with commas between.
pub(super) fn words(list: &str) -> Vec<String> {
    list.split(',').map(|word| word.trim().to_lowercase()).filter(|word| !word.is_empty()).collect()
}

impl Settings {
    /// What each setting by itself does not show.
    ///
    /// # Errors
    /// The setting and what it must be.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        self.origin()?;
        let odd =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\' | '?' | '#' | '+' | ':');
        if self.company_id.is_empty() || self.company_id.contains(odd) || self.company_id.starts_with('.') {
            let why = "must be the company that you type when you sign in to ConnectWise";
            return Err(wrong("company_id", why));
        }
        if self.client_id.is_empty() || !self.client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            let why = "must be a clientId: create one at developer.connectwise.com under «ClientID»";
            return Err(wrong("client_id", why));
        }
        let version = self.api_version.split_once('.').is_some_and(|(year, number)| {
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            year.len() == 4 && digits(year) && digits(number) && number.len() <= 2
        });
        if !version {
            return Err(wrong("api_version", "must be a year and a number, like 2024.1"));
        }
        let account = self.credentials.strip_prefix(OF_ACCOUNT).is_some_and(|id| !id.trim().is_empty());
        if !self.credentials.is_empty() && !account {
            return Err(wrong(CREDENTIALS, "must be empty, or account: and the account's ID"));
        }
        if words(&self.license_classes).iter().any(|class| !matches!(class.as_str(), "f" | "a" | "c" | "x")) {
            let why = "takes F (full), A (API), C (StreamlineIT) and X (subcontractor), with commas between";
            return Err(wrong("license_classes", why));
        }
        Ok(())
    }
}

#[cfg(test)]
impl Default for Settings {
    fn default() -> Self {
        crate::connectors::settings::load(&SPEC, "{}").unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(base_url: &str) -> Settings {
        let (company_id, client_id) = ("acme".into(), "9d2a".into());
        Settings { base_url: base_url.into(), company_id, client_id, ..Settings::default() }
    }

    #[test]
    fn the_host_of_the_api_is_found_from_that_of_the_pages() {
        for (given, origin) in [
            ("na.myconnectwise.net", "https://api-na.myconnectwise.net/"),
            ("https://eu.myconnectwise.net/v4_6_release/x?y#z", "https://api-eu.myconnectwise.net/"),
            ("https://aus.myconnectwise.net", "https://api-aus.myconnectwise.net/"),
            ("https://api-za.myconnectwise.net/", "https://api-za.myconnectwise.net/"),
            ("https://sandbox-na.myconnectwise.net/", "https://sandbox-na.myconnectwise.net/"),
            ("https://staging.connectwisedev.com", "https://api-staging.connectwisedev.com/"),
            ("https://psa.example.com:8443", "https://psa.example.com:8443/"),
        ] {
            assert_eq!(settings(given).origin().unwrap().as_str(), origin);
        }
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        assert_eq!(settings("na.myconnectwise.net").check(), Ok(()));
        let with = |change: fn(&mut Settings)| {
            let mut settings = settings("na.myconnectwise.net");
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(with(|s| s.base_url.clear()).contains("`base_url`"));
        assert!(with(|s| s.base_url = "http://psa.example.com".into()).contains("https://"));
        assert!(with(|s| s.base_url = "https://a:b@na.myconnectwise.net".into()).contains("`base_url`"));
        assert!(with(|s| s.company_id.clear()).contains("`company_id`"));
        assert!(with(|s| s.company_id = "../x".into()).contains("`company_id`"));
        assert!(with(|s| s.client_id.clear()).contains("`client_id`"));
        assert!(with(|s| s.api_version = "latest".into()).contains("`api_version`"));
        assert!(with(|s| s.license_classes = "F,Z".into()).contains("`license_classes`"));
        assert!(with(|s| s.credentials = "acc_1".into()).contains("`credentials`"));
        assert!(with(|s| s.credentials = "account:".into()).contains("`credentials`"));
        let mut private = settings("http://10.0.0.5:8080");
        private.poll.allow_private_address = true;
        assert_eq!(private.check(), Ok(()));
    }

    #[test]
    fn connections_with_the_same_keys_share_their_pace() {
        let keys = |key: &str| BTreeMap::from([("public_key".to_owned(), Secret::new(key))]);
        let (pages, api) = (settings("na.myconnectwise.net"), settings("https://api-na.myconnectwise.net"));
        assert_eq!(pages.rates(&keys("k")), api.rates(&keys("k")));
        assert_ne!(pages.rates(&keys("k")), pages.rates(&keys("l")));
        assert_eq!(pages.rates(&keys("k"))[0].id.len(), 32);
    }
}
