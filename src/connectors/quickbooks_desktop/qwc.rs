//! The `.qwc` file, which tells a Web Connector of this gateway (Programmer's Guide p. 35-38). Checked before it is
//! handed out, for the Web Connector refuses a wrong one with a bare number.

use url::{Host, Url};
use yaserde::YaSerialize;

use super::Settings;

/// Why no file was made.
#[derive(Debug, thiserror::Error)]
pub enum QwcError {
    #[error("the public address `{0}` has no host name")]
    NoHost(Url),
    #[error("the public address `{0}` is an IP address, which the Web Connector refuses (QBWC1001)")]
    IpAddress(Url),
    #[error(
        "the public address `{0}` is not https, which the Web Connector demands for all but localhost (QBWC1051)"
    )]
    NotHttps(Url),
    #[error("the file could not be written: {0}")]
    Write(String),
}

/// Whether the Web Connector would take an address.
///
/// # Errors
/// What it would refuse.
pub(super) fn check_address(address: &Url) -> Result<(), QwcError> {
    match (address.host(), address.scheme()) {
        (None, _) => Err(QwcError::NoHost(address.clone())),
        (Some(Host::Domain("localhost")), "http" | "https") => Ok(()),
        (Some(Host::Domain(_)), "https") => Ok(()),
        (Some(Host::Domain(_)), _) => Err(QwcError::NotHttps(address.clone())),
        (Some(_), _) => Err(QwcError::IpAddress(address.clone())),
    }
}

/// What a connection's file says.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    pub company_name: &'a str,
    pub username: &'a str,
    pub owner_id: &'a str,
    pub file_id: &'a str,
    pub settings: &'a Settings,
}

/// The file of a connection, for the gateway at `public_url`. It has no password.
///
/// # Errors
/// An address that the Web Connector would refuse.
pub fn qwc(application: &Application<'_>, public_url: &Url) -> Result<String, QwcError> {
    check_address(public_url)?;
    let Application { company_name, username, owner_id, file_id, settings } = *application;
    let base = public_url.as_str().trim_end_matches('/');
    let app_name = match settings.app_name.as_str() {
        "" => format!("Rollcall {company_name}"),
        name => name.to_owned(),
    };
    let document = Document {
        app_name: app_name.clone(),
        app_id: String::new(),
        app_url: format!("{base}/qbwc"),
        app_description: "Reads the lists of employees and customers. Writes nothing.".into(),
        app_support: format!("{base}/qbwc/support"),
        user_name: username.to_owned(),
        owner_id: owner_id.to_owned(),
        file_id: file_id.to_owned(),
        qb_type: "QBFS".into(),
        app_display_name: app_name.clone(),
        app_unique_name: format!("{app_name} {username}"),
        auth_flags: "0xF".into(),
        // The Web Connector writes the FileID into the company file: `true` makes it fail with QBWC1080.
        is_read_only: false,
        notify: false,
        personal_data: "pdpNotNeeded".into(),
        unattended: "umpOptional".into(),
        scheduler: Scheduler { minutes: settings.run_every_minutes },
        style: "Document".into(),
    };
    let config = yaserde::ser::Config {
        perform_indent: true,
        write_document_declaration: false,
        indent_string: Some("  ".into()),
    };
    let body = yaserde::ser::to_string_with_config(&document, &config)
        .map_err(|error| QwcError::Write(error.to_string()))?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{body}\n"))
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "QBWCXML")]
struct Document {
    #[yaserde(rename = "AppName")]
    app_name: String,
    #[yaserde(rename = "AppID")]
    app_id: String,
    #[yaserde(rename = "AppURL")]
    app_url: String,
    #[yaserde(rename = "AppDescription")]
    app_description: String,
    #[yaserde(rename = "AppSupport")]
    app_support: String,
    #[yaserde(rename = "UserName")]
    user_name: String,
    #[yaserde(rename = "OwnerID")]
    owner_id: String,
    #[yaserde(rename = "FileID")]
    file_id: String,
    #[yaserde(rename = "QBType")]
    qb_type: String,
    #[yaserde(rename = "AppDisplayName")]
    app_display_name: String,
    #[yaserde(rename = "AppUniqueName")]
    app_unique_name: String,
    #[yaserde(rename = "AuthFlags")]
    auth_flags: String,
    #[yaserde(rename = "IsReadOnly")]
    is_read_only: bool,
    #[yaserde(rename = "Notify")]
    notify: bool,
    #[yaserde(rename = "PersonalDataPref")]
    personal_data: String,
    #[yaserde(rename = "UnattendedModePref")]
    unattended: String,
    #[yaserde(rename = "Scheduler")]
    scheduler: Scheduler,
    #[yaserde(rename = "Style")]
    style: String,
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "Scheduler")]
struct Scheduler {
    #[yaserde(rename = "RunEveryNMinutes")]
    minutes: u32,
}
