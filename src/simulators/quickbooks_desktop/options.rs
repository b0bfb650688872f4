//! How a session is run.

use std::sync::Arc;
use std::time::Duration;

use super::processor::ProcessorOptions;
use super::qwc::QwcFile;
use crate::domain::secret::Secret;

/// The shape of the envelopes, from `<Style>` of the `.qwc` file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EnvelopeStyle {
    /// Document style, wrapped: the default.
    #[default]
    Document,
    /// RPC style, encoded: unqualified children with types.
    Rpc,
}

/// Everything that a session needs to know.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The address of the service: `AppURL`.
    pub url: String,
    pub username: String,
    pub password: Secret,
    /// `{8-4-4-4-12}`: under it the company file keeps the FileID.
    pub owner_id: String,
    /// `{8-4-4-4-12}`: which company file this is. Written into the company file if it has none under the OwnerID.
    pub file_id: String,
    /// The company file that is open in QuickBooks.
    pub company_file_path: String,
    /// What clientVersion tells.
    pub client_version: String,
    pub style: EnvelopeStyle,
    pub processor: ProcessorOptions,
    /// How long to wait after `NoOp`: 5 s (Guide p. 23). Tests take zero.
    pub noop_pause: Duration,
    /// How many `NoOp` in a session until this Web Connector gives up.
    pub max_noops: u32,
    /// How long to wait for `100 Continue` before the body goes out anyway: 350 ms, what .NET does.
    pub continue_wait: Duration,
    /// How long the service may take to answer: 100 s, the default of .NET's client; QuickBooks' own is not known.
    pub reply_timeout: Duration,
    /// Whether closeConnection follows `none`, `nvu` and `busy`: so the Guide (p. 21), but no capture shows it.
    pub close_after_refusal: bool,
    /// Whom to trust for https; without it what the operating system trusts.
    pub tls: Option<Arc<rustls::ClientConfig>>,
}

impl SessionOptions {
    /// Options for a service, with everything else as a Web Connector has it.
    pub fn new(url: impl Into<String>, username: impl Into<String>, password: Secret) -> Self {
        Self {
            url: url.into(),
            username: username.into(),
            password,
            owner_id: String::new(),
            file_id: String::new(),
            company_file_path: r"C:\Users\Public\Documents\Intuit\QuickBooks\Simulation.QBW".to_owned(),
            client_version: "2.3.0.215".to_owned(),
            style: EnvelopeStyle::Document,
            processor: ProcessorOptions::default(),
            noop_pause: Duration::from_secs(5),
            max_noops: 12,
            continue_wait: Duration::from_millis(350),
            reply_timeout: Duration::from_secs(100),
            close_after_refusal: true,
            tls: None,
        }
    }

    /// Options from a `.qwc` file; the password is never in one.
    pub fn from_qwc(qwc: &QwcFile, password: Secret) -> Self {
        Self {
            owner_id: qwc.owner_id.clone(),
            file_id: qwc.file_id.clone(),
            style: qwc.style,
            ..Self::new(&qwc.app_url, &qwc.user_name, password)
        }
    }
}
