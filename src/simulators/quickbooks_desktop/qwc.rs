//! The `.qwc` file that adds an application to the Web Connector.

use std::net::IpAddr;

use thiserror::Error;
use url::Url;

use super::options::EnvelopeStyle;
use super::processor::{self, is_guid};

/// A `.qwc` file: the texts of the elements of the same name. Facts: Guide p. 35–38.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QwcFile {
    pub app_name: String,
    pub app_url: String,
    pub app_description: String,
    pub app_support: String,
    pub user_name: String,
    pub owner_id: String,
    pub file_id: String,
    pub qb_type: String,
    pub style: EnvelopeStyle,
    /// Seconds between sessions, from `Scheduler`.
    pub run_every: Option<u64>,
    pub cert_url: Option<String>,
    pub personal_data_pref: Option<String>,
    pub is_read_only: Option<String>,
}

/// Why the Web Connector would not take a file at all.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QwcError {
    #[error("the file is not XML: {0}")]
    NotXml(String),
    #[error("QBWC1039: {0} is missing")]
    Missing(&'static str),
}

impl QwcFile {
    /// Reads the text of a `.qwc` file. The order of the elements does not matter.
    ///
    /// # Errors
    /// The text is not XML, or an element that must be there is not (QBWC1039).
    pub fn parse(text: &str) -> Result<Self, QwcError> {
        let fields = processor::flat_fields(text, "QBWCXML").map_err(QwcError::NotXml)?;
        let find =
            |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned());
        let need = |name: &'static str| find(name).ok_or(QwcError::Missing(name));
        need("AppID")?;
        let minutes = find("Scheduler/RunEveryNMinutes").and_then(|text| text.parse::<u64>().ok());
        let seconds = find("Scheduler/RunEveryNSeconds").and_then(|text| text.parse().ok());
        Ok(Self {
            app_name: need("AppName")?,
            app_url: need("AppURL")?,
            app_description: need("AppDescription")?,
            app_support: need("AppSupport")?,
            user_name: need("UserName")?,
            owner_id: need("OwnerID")?,
            file_id: need("FileID")?,
            qb_type: need("QBType")?,
            style: if find("Style").as_deref() == Some("RPC") {
                EnvelopeStyle::Rpc
            } else {
                EnvelopeStyle::Document
            },
            run_every: minutes.map(|minutes| minutes.saturating_mul(60)).or(seconds),
            cert_url: find("CertURL"),
            personal_data_pref: find("PersonalDataPref"),
            is_read_only: find("IsReadOnly"),
        })
    }

    /// What the Web Connector would refuse in it, each with its error number.
    pub fn violations(&self) -> Vec<String> {
        let mut found = Vec::new();
        let hosts = [&self.app_url, &self.app_support]
            .map(|text| Url::parse(text).ok().and_then(|url| url.host_str().map(str::to_owned)));
        let [app, support] = hosts;
        if app != support || app.is_none() {
            found.push("QBWC1000: the domains of AppURL and AppSupport differ".to_owned());
        }
        let is_address = |host: &Option<String>| {
            host.as_ref().is_some_and(|host| host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok())
        };
        if is_address(&app) {
            found.push("QBWC1001: AppURL is an IP address".to_owned());
        }
        if is_address(&support) {
            found.push("QBWC1002: AppSupport is an IP address".to_owned());
        }
        if !self.app_url.starts_with("https://") && app.as_deref() != Some("localhost") {
            found.push("QBWC1010: AppURL is not https".to_owned());
        }
        for (name, id) in [("OwnerID", &self.owner_id), ("FileID", &self.file_id)] {
            if !is_guid(id) || id == "0" {
                found.push(format!("{name} is not a GUID in braces: {id}"));
            }
        }
        if !["QBFS", "QBPOS"].contains(&self.qb_type.as_str()) {
            found.push(format!("QBWC1065: QBType may not be «{}»", self.qb_type));
        }
        if self.is_read_only.as_deref() == Some("true") {
            found.push("QBWC1080: with IsReadOnly true the FileID cannot be written".to_owned());
        }
        if self
            .personal_data_pref
            .as_deref()
            .is_some_and(|pref| !["pdpNotNeeded", "pdpOptional", "pdpRequired"].contains(&pref))
        {
            found.push("PersonalDataPref has an unknown value".to_owned());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "<?xml version=\"1.0\"?>
<QBWCXML>
<AppName>Rollcall &amp; Co</AppName><AppID></AppID>
<AppURL>https://roll.example.com/qbwc</AppURL>
<AppDescription>People</AppDescription>
<AppSupport>https://roll.example.com/qbwc/support</AppSupport>
<UserName>ana</UserName>
<OwnerID>{87EDAAF8-637E-4203-867F-4BA79C2F8998}</OwnerID>
<FileID>{CA1C3EB8-1B61-4747-A743-8D5B438B83AC}</FileID>
<QBType>QBFS</QBType><Style>RPC</Style>
<Scheduler><RunEveryNMinutes>30</RunEveryNMinutes></Scheduler>
</QBWCXML>";

    #[test]
    fn a_file_is_read_in_any_order() {
        let file = QwcFile::parse(FILE).unwrap();
        assert_eq!(file.app_name, "Rollcall & Co");
        assert_eq!((file.style, file.run_every), (EnvelopeStyle::Rpc, Some(1800)));
        assert_eq!(file.violations(), Vec::<String>::new());
    }

    #[test]
    fn what_the_web_connector_would_refuse_is_named() {
        let missing = FILE.replace("<QBType>QBFS</QBType>", "");
        assert_eq!(QwcFile::parse(&missing).unwrap_err(), QwcError::Missing("QBType"));
        let file =
            QwcFile::parse(&FILE.replace("https://roll.example.com/qbwc<", "http://10.0.0.1/qbwc<")).unwrap();
        let numbers: Vec<String> =
            file.violations().iter().map(|text| text.chars().take(8).collect()).collect();
        assert_eq!(numbers, ["QBWC1000", "QBWC1001", "QBWC1010"]);
        let file = QwcFile::parse(&FILE.replace("8D5B438B83AC", "8D5B438B83AG")).unwrap();
        assert_eq!(file.violations().len(), 1);
    }
}
