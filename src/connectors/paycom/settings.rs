//! The settings of a connection to Paycom.

use std::collections::BTreeMap;

use http::HeaderName;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    connectors::{
        Polled, SettingsError, Source,
        outbound::address_guard::is_local,
        polled::SourceContext,
        settings::{PollSettings, wrong},
        source::{Failure, Limit, Rate, Schedule},
        spec::Counted,
    },
    domain::{secret::Secret, words::List},
};

use super::{PaycomSource, spec::SPEC};

/// What Paycom takes of one API user.
const BUCKET: Limit = Limit::Bucket { a_second: 3, at_once: 20 };
/// The same in the long run.
pub(super) const BUCKET_PER_MINUTE: u32 = 180;

/// How a client of Paycom is synchronised. The defaults are in its specification, `SPEC`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Paycom's address for the client's data centre; the API's path is added where none is given.
    pub base_url: String,
    /// Which endpoint says who there is.
    pub list_from: ListFrom,
    /// Whether each employee is asked for: Paycom's lists hold no e-mail address. Without, the directory must do.
    pub details: bool,
    /// How many employees are asked for at once.
    pub concurrency: u32,
    /// The custom header that was typed into Paycom's page for webhooks.
    pub webhook_header: String,
    #[serde(flatten)]
    pub poll: PollSettings,
}

/// Which endpoint says who there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListFrom {
    /// The directory, and the list of IDs where Paycom has not enabled the directory.
    Auto,
    Directory,
    Ids,
}

impl Polled for Settings {
    fn lists(&self) -> &'static [List] {
        SPEC.lists
    }

    fn schedule(&self) -> Schedule {
        self.poll.schedule()
    }

    fn authority(&self) -> String {
        self.root().map_or_else(|_| self.base_url.clone(), |root| root.authority().to_owned())
    }

    fn allows_private(&self) -> bool {
        self.poll.allow_private_address
    }

    /// Paycom counts by API user, so connections with one SID at one host share their rate.
    fn rates(&self, secrets: &BTreeMap<String, Secret>) -> Vec<Rate> {
        let sid = secrets.get("sid").map_or("", Secret::reveal);
        let limit = match self.poll.requests_per_minute {
            BUCKET_PER_MINUTE => BUCKET,
            other => Limit::PerMinute(other),
        };
        let in_flight = SPEC.in_flight(Counted::ByCredential).map(Limit::InFlight);
        let authority = self.authority();
        [Some(limit), in_flight]
            .into_iter()
            .flatten()
            .map(|limit| Rate::new(&[&authority, sid], limit))
            .collect()
    }

    fn open(&self, context: SourceContext<'_>) -> Result<Box<dyn Source>, Failure> {
        Ok(Box::new(PaycomSource::new(
            self.clone(),
            context.secrets,
            context.memory,
            context.outbound,
            context.limiter,
        )?))
    }
}

impl Settings {
    /// Where the API begins: `base_url` with the path of its fourth version where it has none, ending in a slash.
    ///
    /// # Errors
    /// Why `base_url` is no such address, for people.
    pub fn root(&self) -> Result<Url, SettingsError> {
        let wrong = |why: &'static str| wrong("base_url", why);
        let mut url = Url::parse(self.base_url.trim())
            .map_err(|_| wrong("must be an address like https://api.paycomonline.net"))?;
        // A local address without the permission is refused with its own words when it is called.
        let plain = self.poll.allow_private_address || is_local(&url);
        let secure = url.scheme() == "https" || (url.scheme() == "http" && plain);
        if !secure || !url.has_host() {
            return Err(wrong("must begin with https://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("must not hold a user name or a password: give `sid` and `token`"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("must end with its path, without `?` and `#`"));
        }
        let path = match url.path().trim_end_matches('/') {
            "" => "/v4/rest/index.php/".to_owned(),
            path => format!("{path}/"),
        };
        url.set_path(&path);
        Ok(url)
    }

    /// What each setting by itself does not show.
    ///
    /// # Errors
    /// The setting and what it must be.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        self.root()?;
        if !self.details && self.list_from == ListFrom::Ids {
            let why = "can be false only with `list_from` directory: the list of IDs has no names";
            return Err(wrong("details", why));
        }
        if HeaderName::from_bytes(self.webhook_header.as_bytes()).is_err() {
            return Err(wrong("webhook_header", "must be the name of an HTTP header, like Secret-Key"));
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
        assert!(set("list_from", "everywhere").unwrap_err().contains("auto, directory, ids"));
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
            let mut settings = Settings { base_url: base_url.into(), ..Settings::default() };
            settings.poll.allow_private_address = allow_private_address;
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
        assert_eq!(here.rates(&secrets("s1")), path.rates(&secrets("s1")));
        assert_ne!(here.rates(&secrets("s1")), here.rates(&secrets("s2")));
        assert_ne!(here.rates(&secrets("s1")), dallas.rates(&secrets("s1")));
        let [rate, in_flight] = here.rates(&secrets("s1")).try_into().unwrap();
        assert_eq!((in_flight.id == rate.id, in_flight.limit), (true, Limit::InFlight(20)));
        assert_eq!((rate.id.len(), rate.limit), (32, Limit::Bucket { a_second: 3, at_once: 20 }));
        let mut slower = Settings::default();
        slower.poll.requests_per_minute = 15;
        assert_eq!(slower.rates(&secrets("s1"))[0].limit, Limit::PerMinute(15));
        assert_eq!(here.schedule().every.as_secs(), 1800);
        assert_eq!(here.lists(), [List::Employee]);
    }
}
