//! The settings of a connection to ConnectWise PSA.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    connectors::{
        Check,
        outbound::guard::is_local,
        source::{Limit, Rate, Schedule},
    },
    domain::{schedule::Window, secret::Secret, words::List},
};

/// How a tenant of ConnectWise PSA is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The address that people open, or that of the API.
    pub base_url: String,
    /// The company ID that people type when they sign in.
    pub company_id: String,
    /// Issued at developer.connectwise.com; sent with every request.
    pub client_id: String,
    /// Lets this connection reach private addresses and plain http, for servers on one's own premises.
    pub allow_private_address: bool,
    /// The version of the API's model; without one, the vendor answers in its newest.
    pub api_version: String,
    pub poll_every_minutes: u32,
    /// How often the whole lists are read, in hours; 0 for every time.
    pub full_every_hours: u32,
    /// How far a delta reaches back before the last, in minutes: for changes that were being written then.
    pub delta_overlap_minutes: u32,
    /// Hours in which it may be polled, like `22:00-06:00 America/New_York`; empty for always.
    pub window: String,
    /// Rows a page, up to the vendor's 1,000.
    pub page_size: u32,
    /// The vendor slows down who sends more than 1,000.
    pub requests_per_minute: u32,
    /// Whether companies' contacts are staged among the customers.
    pub contacts: bool,
    /// Only companies of one of these types, by name or ID, with commas between; empty for all.
    pub company_types: String,
    /// Only companies of one of these statuses; as above.
    pub company_statuses: String,
    /// Only members of these licence classes; empty for all. `A` are accounts of programs.
    pub license_classes: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: String::new(),
            company_id: String::new(),
            client_id: String::new(),
            allow_private_address: false,
            api_version: "2024.1".into(),
            poll_every_minutes: 15,
            full_every_hours: 24,
            delta_overlap_minutes: 10,
            window: String::new(),
            page_size: 500,
            requests_per_minute: 600,
            contacts: false,
            company_types: String::new(),
            company_statuses: String::new(),
            license_classes: "F,C,X".into(),
        }
    }
}

impl Settings {
    pub fn lists(&self) -> &'static [List] {
        &[List::Employee, List::Customer]
    }

    pub fn schedule(&self) -> Schedule {
        Schedule {
            every: Duration::from_secs(u64::from(self.poll_every_minutes) * 60),
            full_every: Duration::from_secs(u64::from(self.full_every_hours) * 3600),
            window: Window::try_from(self.window.clone()).ok(),
        }
    }

    /// The vendor counts by the keys of the API member.
    pub fn rate(&self, secrets: &BTreeMap<String, Secret>) -> Rate {
        let host = self.origin().ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        let public_key = secrets.get("public_key").map(Secret::reveal).unwrap_or_default();
        let mut hasher = blake3::Hasher::new();
        for part in [&host, &self.company_id.to_lowercase(), public_key] {
            hasher.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
        }
        let id = hasher.finalize().to_hex().chars().take(32).collect();
        Rate { id, limit: Limit::PerMinute(self.requests_per_minute) }
    }

    /// The host and port, which connections share.
    pub fn place(&self) -> String {
        self.origin().map_or_else(|_| self.base_url.clone(), |origin| origin.authority().to_owned())
    }

    /// The API's scheme, host and port. The vendor's guide: the host of the API is that of the pages with `api-`
    /// before it.
    ///
    /// # Errors
    /// A sentence about `base_url`.
    pub fn origin(&self) -> Result<Url, String> {
        let text = self.base_url.trim();
        let whole = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let bad = || format!("`base_url` must be an address like https://na.myconnectwise.net, not `{text}`");
        let mut url = Url::parse(&whole).map_err(|_| bad())?;
        let host = url.host_str().ok_or_else(bad)?.to_owned();
        if !url.username().is_empty() || url.password().is_some() {
            return Err("`base_url` must hold no user name and no password".into());
        }
        match url.scheme() {
            "https" => {}
            // A local address without the permission is refused with its own words when it is called.
            "http" if self.allow_private_address || is_local(&url) => {}
            "http" => {
                return Err(
                    "`base_url` must begin with https://, because keys are sent there; plain http needs \
                            `allow_private_address`"
                        .into(),
                );
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

fn within(name: &str, value: u32, from: u32, to: u32) -> Result<(), String> {
    if (from..=to).contains(&value) { Ok(()) } else { Err(format!("`{name}` must be from {from} to {to}")) }
}

impl Check for Settings {
    fn check(&self) -> Result<(), String> {
        if self.base_url.trim().is_empty() {
            return Err("`base_url` is missing: the address at which you open ConnectWise, like \
                        https://na.myconnectwise.net"
                .into());
        }
        self.origin()?;
        let odd =
            |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\' | '?' | '#' | '+' | ':');
        if self.company_id.is_empty() || self.company_id.contains(odd) || self.company_id.starts_with('.') {
            return Err(
                "`company_id` is missing or wrong: it is the company that you type when you sign in to \
                        ConnectWise"
                    .into(),
            );
        }
        if self.client_id.is_empty() || !self.client_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(
                "`client_id` is missing or wrong: create one at developer.connectwise.com under «ClientID»"
                    .into(),
            );
        }
        let version = self.api_version.split_once('.').is_some_and(|(year, number)| {
            let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            year.len() == 4 && digits(year) && digits(number) && number.len() <= 2
        });
        if !version {
            return Err("`api_version` must be a year and a number, like 2024.1".into());
        }
        within("poll_every_minutes", self.poll_every_minutes, 1, 10_080)?;
        if self.full_every_hours > 24 {
            return Err("`full_every_hours` must be 24 or less: only a whole list shows who is gone".into());
        }
        within("delta_overlap_minutes", self.delta_overlap_minutes, 0, 1440)?;
        within("page_size", self.page_size, 1, 1000)?;
        within("requests_per_minute", self.requests_per_minute, 1, 1000)?;
        if words(&self.license_classes).iter().any(|class| !matches!(class.as_str(), "f" | "a" | "c" | "x")) {
            return Err(
                "`license_classes` takes F (full), A (API), C (StreamlineIT) and X (subcontractor), with \
                        commas between"
                    .into(),
            );
        }
        if !self.window.is_empty() {
            Window::try_from(self.window.clone()).map_err(|error| error.to_string())?;
        }
        Ok(())
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
            settings.check().unwrap_err()
        };
        assert!(with(|s| s.base_url.clear()).contains("`base_url`"));
        assert!(with(|s| s.base_url = "http://psa.example.com".into()).contains("https://"));
        assert!(with(|s| s.base_url = "https://a:b@na.myconnectwise.net".into()).contains("`base_url`"));
        assert!(with(|s| s.company_id.clear()).contains("`company_id`"));
        assert!(with(|s| s.company_id = "../x".into()).contains("`company_id`"));
        assert!(with(|s| s.client_id.clear()).contains("`client_id`"));
        assert!(with(|s| s.api_version = "latest".into()).contains("`api_version`"));
        assert!(with(|s| s.page_size = 1001).contains("`page_size`"));
        assert!(with(|s| s.license_classes = "F,Z".into()).contains("`license_classes`"));
        let mut private = settings("http://10.0.0.5:8080");
        private.allow_private_address = true;
        assert_eq!(private.check(), Ok(()));
    }

    #[test]
    fn connections_with_the_same_keys_share_their_pace() {
        let keys = |key: &str| BTreeMap::from([("public_key".to_owned(), Secret::new(key))]);
        let (pages, api) = (settings("na.myconnectwise.net"), settings("https://api-na.myconnectwise.net"));
        assert_eq!(pages.rate(&keys("k")), api.rate(&keys("k")));
        assert_ne!(pages.rate(&keys("k")).id, pages.rate(&keys("l")).id);
        assert_eq!(pages.rate(&keys("k")).id.len(), 32);
    }
}
