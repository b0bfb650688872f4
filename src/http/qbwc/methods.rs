//! The methods of the service: parameters in, verbs called, replies out. Parameter names are Intuit's
//! (Programmer's Guide p. 61: "You must use the parameter names as given").

use std::{collections::HashMap, error::Error as _, io::Read, net::IpAddr};

use tokio::runtime::Handle;

use super::{Answered, body::BodyStream, body::Broke, body_fault, sign_in};
use crate::{
    codec::{
        soap::{Call, Fault, Reply, SoapError, Style, Version},
        xml::XmlError,
    },
    domain::secret::Secret,
    http::Gateway,
    store,
    sync::web_connector::{self, Begun, Offer},
};

/// Bytes of a parameter, but for `response`: `strHCPResponse` is the longest, with the preferences of a company.
const LONGEST_PARAMETER: usize = 4 * 1024 * 1024;

/// The methods of the service.
const METHODS: [&str; 13] = [
    "serverVersion",
    "getServerVersion",
    "clientVersion",
    "authenticate",
    "sendRequestXML",
    "receiveResponseXML",
    "connectionError",
    "getLastError",
    "closeConnection",
    "getInteractiveURL",
    "interactiveDone",
    "isInteractiveDone",
    "interactiveRejected",
];

/// Why a call was not answered.
#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error(transparent)]
    Soap(#[from] SoapError),
    #[error("it names no method of the service")]
    NoMethod,
    #[error("the parameter `{0}` must come before `response`")]
    Order(&'static str),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl CallError {
    /// The words for whoever reads the Web Connector's log. Ours go into the gateway's log, once.
    fn fault(&self) -> Fault {
        if let Self::Soap(SoapError::Xml(XmlError::Broken(io))) = self
            && let Some(Broke(failure)) = io.get_ref().and_then(|cause| cause.downcast_ref::<Broke>())
        {
            return body_fault(*failure);
        }
        match self {
            Self::Store(error) => {
                tracing::error!(%error, source = error.source().map(tracing::field::display), "a call failed");
                Fault {
                    client: false,
                    reason: "Rollcall's database failed. Run the update again later; if it repeats, \
                                                look into the gateway's log."
                        .into(),
                }
            }
            Self::Soap(error) => Fault {
                client: true,
                reason: format!(
                    "Rollcall could not read the call. Nobody was marked absent. Run the update again. The cause: {error}."
                ),
            },
            Self::NoMethod | Self::Order(_) => Fault {
                client: true,
                reason: format!(
                    "Rollcall could not answer the call: {self}. Is this a QuickBooks Web Connector?"
                ),
            },
        }
    }
}

/// Reads a call and answers it. `spoken` is the SOAP of the answer where the envelope cannot be read.
pub(super) async fn answer(gateway: &Gateway, spoken: Version, from: IpAddr, body: BodyStream) -> Answered {
    let (gateway, runtime, span) = (gateway.clone(), Handle::current(), tracing::Span::current());
    let blocking = tokio::task::spawn_blocking(move || {
        let _entered = span.enter();
        read_and_answer(&gateway, &runtime, spoken, from, body)
    });
    match blocking.await {
        Ok(answered) => answered,
        // A panic of the thread is one of the handler: the layers log and answer it.
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => {
                let fault = Fault {
                    client: false,
                    reason: "Rollcall is shutting down. Run the update again.".into(),
                };
                Answered {
                    version: spoken,
                    style: Style::Document,
                    method: String::new(),
                    result: Err(fault),
                }
            }
        },
    }
}

fn read_and_answer(
    gateway: &Gateway,
    runtime: &Handle,
    spoken: Version,
    from: IpAddr,
    body: BodyStream,
) -> Answered {
    let mut call = match Call::open(body) {
        Ok(call) => call,
        Err(error) => {
            let result = Err(CallError::from(error).fault());
            return Answered { version: spoken, style: Style::Document, method: String::new(), result };
        }
    };
    // What others may be called is not repeated, nor logged.
    let known = METHODS.iter().find(|known| **known == call.method).copied().unwrap_or_default();
    let (version, method) = (call.version, known.to_owned());
    let made = match method.as_str() {
        "receiveResponseXML" => {
            receive(gateway, runtime, &mut call).map(|number| (call.style, Reply::Number(number)))
        }
        _ => parameters(&mut call).and_then(|parameters| {
            let style = call.style;
            call.finish()?;
            let reply = runtime.block_on(small(gateway, from, &method, parameters))?;
            Ok((style, reply))
        }),
    };
    match made {
        Ok((style, reply)) => Answered { version, style, method, result: Ok(reply) },
        Err(error) => Answered { version, style: Style::Document, method, result: Err(error.fault()) },
    }
}

/// The parameters of a call, by name. Of a repeated one the last counts.
struct Parameters(HashMap<String, String>);

impl Parameters {
    /// Empty where the call does not have it: to Intuit's service the two are the same.
    fn take(&mut self, name: &str) -> String {
        self.0.remove(name).unwrap_or_default()
    }
}

fn parameters<R: Read>(call: &mut Call<R>) -> Result<Parameters, CallError> {
    let mut parameters = HashMap::new();
    while let Some(name) = call.parameter()? {
        parameters.insert(name, call.text(LONGEST_PARAMETER)?);
    }
    Ok(Parameters(parameters))
}

/// All methods but `receiveResponseXML`.
async fn small(
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
                hcp_response: parameters.take("strHCPResponse"),
                company_file: parameters.take("strCompanyFileName"),
                major: parameters.take("qbXMLMajorVers"),
                minor: parameters.take("qbXMLMinorVers"),
            };
            Ok(Reply::Text(gateway.store.write(move |db| web_connector::send(db, &ambient, &offer)).await?))
        }
        "connectionError" => {
            let (ticket, code) = (parameters.take("ticket"), parameters.take("hresult"));
            let answer = gateway
                .store
                .write(move |db| web_connector::connection_error(db, &ambient, &ticket, &code))
                .await?;
            Ok(Reply::Text(answer))
        }
        "getLastError" => {
            let ticket = parameters.take("ticket");
            Ok(Reply::Text(gateway.store.read(move |db| web_connector::last_error(db, &ticket)).await?))
        }
        "closeConnection" => {
            let ticket = parameters.take("ticket");
            Ok(Reply::Text(gateway.store.write(move |db| web_connector::close(db, &ambient, &ticket)).await?))
        }
        // Rollcall never asks for interactive mode; a Web Connector that comes with it is let go.
        "getInteractiveURL" => text(""),
        "interactiveDone" | "isInteractiveDone" => text("Done"),
        "interactiveRejected" => text("Rollcall does not use interactive mode."),
        _ => Err(CallError::NoMethod),
    }
}

/// `receiveResponseXML`: the response is staged while it arrives, and judged when the envelope has ended.
fn receive<R: Read>(gateway: &Gateway, runtime: &Handle, call: &mut Call<R>) -> Result<i32, CallError> {
    let mut received = None;
    let mut hresult = String::new();
    while let Some(name) = call.parameter()? {
        match (name.as_str(), &mut received) {
            ("ticket", _) => {
                let ticket = call.text(LONGEST_PARAMETER)?;
                match runtime.block_on(web_connector::receive(&gateway.store, &gateway.ambient, &ticket))? {
                    // An answer that nobody waits for is not read at all.
                    Begun::Over(answer) => return Ok(answer),
                    Begun::Going(begun) => received = Some(begun),
                }
            }
            ("response", None) => return Err(CallError::Order("ticket")),
            ("response", Some(received)) => {
                call.stream(|document| -> store::Result<()> {
                    // A response without a letter is none: the HRESULT says why.
                    match document.fill_buf() {
                        Ok([]) => Ok(()),
                        _ => received.stage(runtime, document),
                    }
                })??;
            }
            ("hresult", _) => hresult = call.text(LONGEST_PARAMETER)?,
            _ => {}
        }
    }
    call.finish()?;
    let Some(received) = received else { return Err(CallError::Order("ticket")) };
    Ok(runtime.block_on(received.conclude(hresult))?)
}
