//! SOAP 1.1 (and 1.2) envelopes of the Web Connector service: document/literal wrapped, and RPC style, which clients
//! use if the `.qwc` file has `<Style>RPC</Style>`.

mod call;
mod reply;

pub use call::{Call, SoapError};
pub use reply::{Fault, Reply, fault, reply};

/// The namespace of the service: "You must keep the namespace" (Programmer's Guide
/// p. 41).
pub const NAMESPACE: &str = "http://developer.intuit.com/";

const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";

/// The version of SOAP in an envelope; the reply uses the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    V11,
    V12,
}

impl Version {
    /// The media type of its envelopes.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::V11 => "text/xml; charset=utf-8",
            Self::V12 => "application/soap+xml; charset=utf-8",
        }
    }

    fn namespace(self) -> &'static str {
        match self {
            Self::V11 => SOAP_11,
            Self::V12 => SOAP_12,
        }
    }
}

/// The style in which parameters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Parameters in the service's namespace.
    Document,
    /// Parameters without a namespace, typed by `xsi:type`.
    Rpc,
}
