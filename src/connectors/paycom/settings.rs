//! The settings of a connection to Paycom.

use std::{collections::BTreeMap, time::Duration};

use http::HeaderName;
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

/// What Paycom takes of one API user.
const BUCKET: Limit = Limit::Bucket { a_second: 3, at_once: 20 };
/// The same in the long run.
const BUCKET_PER_MINUTE: u32 = 180;

/// How a client of Paycom is synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Paycom's address for the client's data centre; the API's path is added where none is given.
    pub base_url: String,
    /// Whether it may be a private address, and plain HTTP: for tests and servers on the premises.
    pub allow_private_address: bool,
    /// Which endpoint says who there is.
    pub list_from: ListFrom,
    /// Whether each employee is asked for: Paycom's lists hold no e-mail address. Without, the directory must do.
    pub details: bool,
    /// How many employees are asked for at once.
    pub concurrency: u32,
    pub poll_every_minutes: u32,
    /// How often the whole list is read, in hours; 0 for every time.
    pub full_every_hours: u32,
    /// How far a delta reaches back before the last one.
    pub delta_overlap_minutes: u32,
    /// Hours in which it may be polled, like `22:00-06:00 America/New_York`; empty for always.
    pub window: String,
    /// Employees a page; Paycom takes no more than 500.
    pub page_size: u32,
    /// At most so many in any minute; the default is Paycom's own bucket, of which 20 may come at once.
    pub requests_per_minute: u32,
    /// The custom header that was typed into Paycom's page for webhooks.
    pub webhook_header: String,
}

/// Which endpoint says who there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ListFrom {
    /// The directory, and the list of IDs where Paycom has not enabled the directory.
    Auto,
    Directory,
    Ids,
}

impl TryFrom<String> for ListFrom {
    type Error = String;
    fn try_from(word: String) -> Result<Self, String> {
        match word.as_str() {
            "auto" => Ok(Self::Auto),
            "directory" => Ok(Self::Directory),
            "ids" => Ok(Self::Ids),
            _ => Err(format!("`list_from` must be auto, directory or ids, not `{word}`")),
        }
    }
}

impl From<ListFrom> for String {
    fn from(from: ListFrom) -> Self {
        match from {
            ListFrom::Auto => "auto",
            ListFrom::Directory => "directory",
            ListFrom::Ids => "ids",
        }
        .into()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: "https://api.paycomonline.net".into(),
            allow_private_address: false,
            list_from: ListFrom::Auto,
            details: true,
            concurrency: 4,
            poll_every_minutes: 30,
            full_every_hours: 24,
            delta_overlap_minutes: 10,
            window: String::new(),
            page_size: 500,
            requests_per_minute: BUCKET_PER_MINUTE,
            webhook_header: "Secret-Key".into(),
        }
    }
}

impl Settings {
    /// Paycom has people only: its `cl` resources are labor categories, not customers.
    pub fn lists(&self) -> &'static [List] {
        &[List::Employee]
    }

    pub fn schedule(&self) -> Schedule {
        Schedule {
            every: Duration::from_secs(u64::from(self.poll_every_minutes) * 60),
            full_every: Duration::from_secs(u64::from(self.full_every_hours) * 3600),
            window: Window::try_from(self.window.clone()).ok(),
        }
    }

    /// Paycom counts by API user, so connections with one SID at one host share their rate.
    pub fn rate(&self, secrets: &BTreeMap<String, Secret>) -> Rate {
        let host = self.place();
        let mut hasher = blake3::Hasher::new();
        hasher.update(host.as_bytes()).update(b"\n");
        hasher.update(secrets.get("sid").map_or("", Secret::reveal).as_bytes());
        let id = hasher.finalize().to_hex().chars().take(32).collect();
        let limit = match self.requests_per_minute {
            BUCKET_PER_MINUTE => BUCKET,
            other => Limit::PerMinute(other),
        };
        Rate { id, limit }
    }

    /// The host and port, which connections share.
    pub fn place(&self) -> String {
        self.root().map_or_else(|_| self.base_url.clone(), |root| root.authority().to_owned())
    }

    /// Where the API begins: `base_url` with the path of its fourth version where it has none, ending in a slash.
    ///
    /// # Errors
    /// Why `base_url` is no such address, for people.
    pub fn root(&self) -> Result<Url, String> {
        let mut url = Url::parse(self.base_url.trim()).map_err(|error| {
            format!("`base_url` is not an address like https://api.paycomonline.net: {error}")
        })?;
        // A local address without the permission is refused with its own words when it is called.
        let plain = self.allow_private_address || is_local(&url);
        let secure = url.scheme() == "https" || (url.scheme() == "http" && plain);
        if !secure || !url.has_host() {
            return Err("`base_url` must begin with https://".into());
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("`base_url` must not hold a user name or a password: give `sid` and `token`".into());
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err("`base_url` must end with its path, without `?` and `#`".into());
        }
        let path = match url.path().trim_end_matches('/') {
            "" => "/v4/rest/index.php/".to_owned(),
            path => format!("{path}/"),
        };
        url.set_path(&path);
        Ok(url)
    }
}

impl Check for Settings {
    fn check(&self) -> Result<(), String> {
        self.root()?;
        if !self.details && self.list_from == ListFrom::Ids {
            return Err(
                "`details` can be false only with `list_from` directory: the list of IDs has no names".into(),
            );
        }
        if !(1..=16).contains(&self.concurrency) {
            return Err("`concurrency` must be from 1 to 16 requests at once".into());
        }
        if !(1..=10_080).contains(&self.poll_every_minutes) {
            return Err("`poll_every_minutes` must be from 1 minute to 10080, a week".into());
        }
        if self.full_every_hours > 24 {
            return Err("`full_every_hours` must be 24 or less: only a whole list shows who is gone".into());
        }
        if !(1..=1440).contains(&self.delta_overlap_minutes) {
            return Err("`delta_overlap_minutes` must be from 1 minute to 1440, a day".into());
        }
        if !self.window.is_empty() {
            Window::try_from(self.window.clone()).map_err(|error| error.to_string())?;
        }
        if !(1..=500).contains(&self.page_size) {
            return Err("`page_size` must be from 1 to 500 employees a page: Paycom sends no more".into());
        }
        if !(1..=1000).contains(&self.requests_per_minute) {
            return Err("`requests_per_minute` must be from 1 to 1000".into());
        }
        if HeaderName::from_bytes(self.webhook_header.as_bytes()).is_err() {
            return Err("`webhook_header` must be the name of an HTTP header, like Secret-Key".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{connectors, domain::words::Kind};

    fn set(name: &str, value: &str) -> Result<String, String> {
        let changes = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        connectors::settings(Kind::Paycom, None, &changes).map_err(|error| error.to_string())
    }

    #[test]
    fn every_number_has_bounds_and_says_so() {
        for (name, good, bad) in [
            ("concurrency", ["1", "16"], ["0", "17"]),
            ("poll_every_minutes", ["1", "10080"], ["0", "10081"]),
            ("full_every_hours", ["0", "24"], ["25", "-1"]),
            ("delta_overlap_minutes", ["1", "1440"], ["0", "1441"]),
            ("page_size", ["1", "500"], ["0", "501"]),
            ("requests_per_minute", ["1", "1000"], ["0", "1001"]),
        ] {
            for value in good {
                assert!(set(name, value).is_ok(), "{name} {value}");
            }
            for value in bad {
                let _: String = set(name, value).unwrap_err();
            }
        }
        assert!(set("list_from", "everywhere").unwrap_err().contains("auto, directory or ids"));
        assert!(set("window", "at night").is_err());
        assert!(set("webhook_header", "Secret Key").is_err());
        assert!(set("birth_date", "true").unwrap_err().contains("there is no setting"));
        let both =
            BTreeMap::from([("details", "false"), ("list_from", "ids")].map(|(k, v)| (k.into(), v.into())));
        assert!(connectors::settings(Kind::Paycom, None, &both).is_err());
    }

    #[test]
    fn the_api_begins_where_the_base_url_says() {
        let root = |base_url: &str, allow_private_address| {
            let settings =
                Settings { base_url: base_url.into(), allow_private_address, ..Settings::default() };
            settings.root().map(String::from)
        };
        let okc = "https://api.paycomonline.net/v4/rest/index.php/";
        assert_eq!(root("https://api.paycomonline.net", false).as_deref(), Ok(okc));
        assert_eq!(root(" https://api.paycomonline.net/ ", false).as_deref(), Ok(okc));
        assert_eq!(root("https://x.example/api", false).as_deref(), Ok("https://x.example/api/"));
        assert_eq!(root("http://127.0.0.1:81/p/", true).as_deref(), Ok("http://127.0.0.1:81/p/"));
        for bad in [
            "",
            "api.paycomonline.net",
            "http://api.paycomonline.net",
            "ftp://x.example",
            "https://a:b@x.example",
            "https://x.example/?a=b",
            "https://x.example/#a",
        ] {
            assert!(root(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_credential_has_one_rate_whatever_the_path() {
        let secrets = |sid: &str| BTreeMap::from([("sid".to_owned(), Secret::new(sid))]);
        let here = Settings::default();
        let path =
            Settings { base_url: "https://API.paycomonline.net:443/v4/".into(), ..Settings::default() };
        let dallas = Settings { base_url: "https://api.paycomdfw.net".into(), ..Settings::default() };
        assert_eq!(here.rate(&secrets("s1")), path.rate(&secrets("s1")));
        assert_ne!(here.rate(&secrets("s1")), here.rate(&secrets("s2")));
        assert_ne!(here.rate(&secrets("s1")), dallas.rate(&secrets("s1")));
        assert_eq!(here.rate(&secrets("s1")).id.len(), 32);
        assert_eq!(here.rate(&secrets("s1")).limit, Limit::Bucket { a_second: 3, at_once: 20 });
        let slower = Settings { requests_per_minute: 15, ..Settings::default() };
        assert_eq!(slower.rate(&secrets("s1")).limit, Limit::PerMinute(15));
        assert_eq!(here.schedule().every, Duration::from_secs(1800));
        assert_eq!(here.lists(), [List::Employee]);
    }
}
