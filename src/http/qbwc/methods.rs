//! The methods of the service: parameters in, verbs called, replies out. Parameter names are Intuit's
//! (Programmer's Guide p. 61: "You must use the parameter names as given").

use std::{error::Error as _, io, net::IpAddr};

use tokio::time::Instant;

use super::{
    blocking_body::BodyBroke,
    body_fault,
    buffered_body::NotBuffered,
    parameters::{Parameters, ParametersError},
    sign_in,
};
use crate::{
    codec::{
        soap::{Fault, Reply, SoapError},
        xml::XmlError,
    },
    connectors::calls_in::Offer,
    domain::secret::Secret,
    http::{Gateway, limits::BodyFailure, log_throttle::OutageThrottle},
    store,
    sync::calls_in::{self, Ended},
};

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
pub(super) enum CallError {
    #[error(transparent)]
    Soap(#[from] SoapError),
    #[error("it names no method of the service")]
    NoMethod,
    #[error("the parameter `{0}` must come before `response`")]
    Order(&'static str),
    #[error("its first 128 KiB do not show which method is called, with which ticket")]
    NoHeader,
    #[error(transparent)]
    Parameters(ParametersError),
    #[error(transparent)]
    NotBuffered(#[from] NotBuffered),
    #[error("as many lists are being read as can be at once")]
    Busy,
    #[error("no thread could be started")]
    NoThread(#[source] io::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<ParametersError> for CallError {
    fn from(unread: ParametersError) -> Self {
        match unread {
            ParametersError::Soap(error) => Self::Soap(error),
            unread => Self::Parameters(unread),
        }
    }
}

impl CallError {
    /// Why the body did not arrive, where that is it.
    fn body_failure(&self) -> Option<BodyFailure> {
        let Self::Soap(SoapError::Xml(XmlError::Broken(io))) = self else { return None };
        io.get_ref().and_then(|cause| cause.downcast_ref::<BodyBroke>()).map(|BodyBroke(failure)| *failure)
    }

    /// What ends the list that was being taken in, because sending it again would not help or is not to be waited for.
    pub(super) fn ends_list(&self) -> Option<Ended> {
        match self {
            Self::Store(_) => Some(Ended::DatabaseFailed),
            _ => self
                .body_failure()
                .filter(|failure| *failure == BodyFailure::TooLarge)
                .map(|_| Ended::TooLarge),
        }
    }

    /// The words for the call of `method`, for whoever reads the Web Connector's log. Ours go into the gateway's log, once;
    /// those of an outage now and then, because it is the same for all calls.
    pub(super) fn fault(&self, method: &str, outages: &OutageThrottle) -> Fault {
        if let Some(failure) = self.body_failure() {
            return body_fault(method, failure);
        }
        match self {
            Self::Store(error) => {
                let why = error.unavailable();
                let more = match &why {
                    Some(why) => outages.permits_code(why.code, Instant::now()),
                    None => Some(0),
                };
                if let Some(more) = more {
                    let source = error.source().map(tracing::field::display);
                    tracing::error!(%error, source, more, "a call failed");
                }
                let reason = match why {
                    Some(why) => format!(
                        "Rollcall could not answer the call: {}. Run the update again later. If it lasts: {}",
                        why.what, why.remedy
                    ),
                    None => "Rollcall's database failed. Run the update again later; if it repeats, look into the \
                             gateway's log."
                        .into(),
                };
                Fault { client: false, reason }
            }
            Self::Soap(error) => Fault {
                client: true,
                reason: format!(
                    "Rollcall could not read the call. Nobody was marked absent. Run the update again. The cause: {error}."
                ),
            },
            Self::NotBuffered(NotBuffered::Body(failure)) => body_fault(method, *failure),
            Self::NotBuffered(NotBuffered::Large) => Fault {
                client: true,
                reason: format!(
                    "Rollcall did not read the call: {self}. Is this a QuickBooks Web Connector?"
                ),
            },
            Self::NoMethod | Self::Order(_) => Fault {
                client: true,
                reason: format!(
                    "Rollcall could not answer the call: {self}. Is this a QuickBooks Web Connector?"
                ),
            },
            Self::NoHeader | Self::Parameters(_) => Fault {
                client: true,
                reason: format!(
                    "Rollcall could not answer the call: {self}. Nobody was marked absent. Is this a QuickBooks Web \
                     Connector?"
                ),
            },
            Self::NotBuffered(NotBuffered::Full) | Self::Busy => Fault {
                client: false,
                reason: format!("Rollcall is busy: {self}. Run the update again in a few minutes."),
            },
            Self::NoThread(error) => {
                tracing::error!(%error, "a call failed: no thread could be started");
                Fault {
                    client: false,
                    reason: "Rollcall could not start to read. Run the update again.".into(),
                }
            }
        }
    }
}

/// The methods that are answered, but for `receiveResponseXML`.
pub(super) const NAMES: [&str; 12] = [
    "serverVersion",
    "getServerVersion",
    "clientVersion",
    "authenticate",
    "sendRequestXML",
    "connectionError",
    "getLastError",
    "closeConnection",
    "getInteractiveURL",
    "interactiveDone",
    "isInteractiveDone",
    "interactiveRejected",
];

/// All methods but `receiveResponseXML`.
pub(super) async fn small(
    gateway: &Gateway,
    from: IpAddr,
    method: &str,
    mut parameters: Parameters,
) -> Result<Reply, CallError> {
    let ambient = gateway.ambient.clone();
    let text = |text: &str| Ok(Reply::Text(text.to_owned()));
    match method {
        // The guide calls it getServerVersion, every Web Connector serverVersion.
        "serverVersion" | "getServerVersion" => text(concat!("Rollcall ", env!("CARGO_PKG_VERSION"))),
        "clientVersion" => {
            // As far as it is one: the log is no place for what anybody sends.
            let version: String = parameters
                .take("strVersion")
                .chars()
                .take_while(|c| c.is_ascii_digit() || *c == '.')
                .take(32)
                .collect();
            tracing::info!(version, "a Web Connector calls");
            text("")
        }
        "authenticate" => {
            let (username, password) = (parameters.take("strUserName"), parameters.take("strPassword"));
            let texts = sign_in::authenticate(gateway, from, username, Secret::new(password)).await?;
            Ok(Reply::Texts(texts.to_vec()))
        }
        "sendRequestXML" => {
            let offer = Offer {
                ticket: parameters.take("ticket"),
                about: parameters.take("strHCPResponse"),
                company_file: parameters.take("strCompanyFileName"),
                major: parameters.take("qbXMLMajorVers"),
                minor: parameters.take("qbXMLMinorVers"),
            };
            Ok(Reply::Text(gateway.store.write(move |db| calls_in::send(db, &ambient, &offer)).await?))
        }
        "connectionError" => {
            let (ticket, code) = (parameters.take("ticket"), parameters.take("hresult"));
            let answer =
                gateway.store.write(move |db| calls_in::not_opened(db, &ambient, &ticket, &code)).await?;
            Ok(Reply::Text(answer.unwrap_or_else(|| "done".into())))
        }
        "getLastError" => {
            let ticket = parameters.take("ticket");
            Ok(Reply::Text(gateway.store.read(move |db| calls_in::last_error(db, &ticket)).await?))
        }
        "closeConnection" => {
            let ticket = parameters.take("ticket");
            Ok(Reply::Text(gateway.store.write(move |db| calls_in::close(db, &ambient, &ticket)).await?))
        }
        // Rollcall never asks for interactive mode; a Web Connector that comes with it is let go.
        "getInteractiveURL" => text(""),
        "interactiveDone" | "isInteractiveDone" => text("Done"),
        "interactiveRejected" => text("Rollcall does not use interactive mode."),
        _ => Err(CallError::NoMethod),
    }
}
