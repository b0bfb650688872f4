//! The calls of one session, in the order of the Guide (p. 20–25) and of captured sessions.

use super::body::Body;
use super::company_file::CompanyFile;
use super::faults::{Fault, Faults};
use super::options::SessionOptions;
use super::processor::RequestProcessor;
use super::report::{Event, Operation, Outcome, SessionReport};
use super::soap::{self, NAMESPACE, Parameter, Reply};
use super::web_connector::Observer;
use super::wire::{HttpReply, Wire, WireError};

pub(super) struct Session<'a> {
    pub(super) options: &'a SessionOptions,
    pub(super) file: &'a CompanyFile,
    faults: &'a mut Faults,
    pub(super) observer: Observer<'a>,
    pub(super) wire: Wire,
    pub(super) processor: RequestProcessor,
    pub(super) report: SessionReport,
    pub(super) ticket: String,
    /// Whether the last answer of QuickBooks was without a fault and an error.
    pub(super) last_answer_well: bool,
}

/// Why the session goes no further: how it ended, or that it never began.
pub(super) enum Stop {
    Outcome(Outcome),
    Unreachable(WireError),
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Self::Outcome(outcome)
    }
}

pub(super) type Step<T> = Result<T, Stop>;

impl<'a> Session<'a> {
    pub(super) fn new(
        options: &'a SessionOptions,
        file: &'a CompanyFile,
        faults: &'a mut Faults,
        observer: Observer<'a>,
        number: u64,
    ) -> Result<Self, WireError> {
        Ok(Self {
            options,
            file,
            faults,
            observer,
            wire: Wire::new(options)?,
            processor: RequestProcessor::begin_session(&options.processor, number),
            report: SessionReport::default(),
            ticket: String::new(),
            last_answer_well: true,
        })
    }

    pub(super) async fn run(&mut self) -> Result<Outcome, WireError> {
        match self.steps().await {
            Ok(outcome) | Err(Stop::Outcome(outcome)) => Ok(outcome),
            Err(Stop::Unreachable(error)) => Err(error),
        }
    }

    pub(super) fn finish(self, outcome: Outcome) -> SessionReport {
        SessionReport { outcome, ..self.report }
    }

    async fn steps(&mut self) -> Step<Outcome> {
        self.server_version().await?;
        self.client_version().await?;
        let path = self.authenticate().await?;
        self.open_company_file(path).await?;
        self.exchange().await
    }

    /// A service without serverVersion is «Version: Not provided by service», and the session goes on.
    async fn server_version(&mut self) -> Step<()> {
        match self.call(Operation::ServerVersion, &[]).await {
            Ok(reply) => self.report.server_version = Some(reply.text),
            Err(Stop::Outcome(Outcome::Failed { reason, .. })) => {
                self.violation(format!("serverVersion: {reason}"));
            }
            Err(stop) => return Err(stop),
        }
        Ok(())
    }

    async fn client_version(&mut self) -> Step<()> {
        let version = self.options.client_version.clone();
        let reply = self.call(Operation::ClientVersion, &[("strVersion", Parameter::Text(&version))]).await?;
        match reply.text.split_once(':') {
            _ if reply.text.is_empty() => Ok(()),
            Some(("E", message)) => Err(Outcome::Refused { message: message.to_owned() }.into()),
            Some(("O", wanted)) => {
                let message = format!("The service wants version {wanted} of the Web Connector");
                Err(Outcome::Refused { message }.into())
            }
            Some(("W", warning)) => {
                // A dialog in the way of every unattended session.
                self.violation(format!("clientVersion warns: {warning}"));
                Ok(())
            }
            _ => {
                let reason = format!("QBWC1046: «{}» is no result of clientVersion", reply.text);
                Err(self.broken(Operation::ClientVersion, reason))
            }
        }
    }

    /// Returns the company file that the service wants opened; empty is the one that is open.
    async fn authenticate(&mut self) -> Step<String> {
        let options = self.options;
        let parameters = [
            ("strUserName", Parameter::Text(&options.username)),
            ("strPassword", Parameter::Text(options.password.reveal())),
        ];
        let reply = self.call(Operation::Authenticate, &parameters).await?;
        let mut texts = reply.strings.into_iter();
        let (Some(ticket), Some(verdict)) = (texts.next(), texts.next()) else {
            let reason = "QBWC1012: authenticate did not return two strings".to_owned();
            return Err(self.broken(Operation::Authenticate, reason));
        };
        self.ticket = ticket;
        let rest: Vec<String> = texts.collect();
        if rest.len() > 2 {
            self.violation("authenticate returned more than four strings".to_owned());
        }
        self.report.postpone = self.seconds(rest.first());
        self.report.minimum_interval = self.seconds(rest.get(1));
        let refused = match verdict.to_ascii_lowercase().as_str() {
            "nvu" => Some(Outcome::InvalidPassword),
            "none" => Some(Outcome::NothingToDo),
            "busy" => Some(Outcome::Busy),
            _ => self
                .report
                .postpone
                .filter(|seconds| *seconds > 0)
                .map(|seconds| Outcome::Postponed { seconds }),
        };
        if let Some(outcome) = refused {
            if options.close_after_refusal {
                self.close().await?;
            }
            return Err(outcome.into());
        }
        if self.ticket.is_empty() {
            self.violation("authenticate let the user in without a ticket".to_owned());
        }
        Ok(verdict)
    }

    fn seconds(&mut self, text: Option<&String>) -> Option<u64> {
        let text = text.filter(|text| !text.is_empty())?;
        let seconds = text.parse().ok();
        if seconds.is_none() {
            self.violation(format!("authenticate: «{text}» is no number of seconds"));
        }
        seconds
    }

    /// sendRequestXML and receiveResponseXML until the service has enough.
    async fn exchange(&mut self) -> Step<Outcome> {
        let mut hcp = self.host_company_preferences();
        let mut noops = 0;
        loop {
            let request = self.send_request(&hcp).await?;
            hcp.clear();
            if request.is_empty() {
                let error = self.last_error().await?;
                if error.eq_ignore_ascii_case("noop") {
                    noops += 1;
                    if noops > self.options.max_noops {
                        return Err(Outcome::Vanished.into());
                    }
                    self.pause().await;
                    continue;
                }
                return self.end_without_request(error).await;
            }
            let percent = self.process(&request).await?;
            if percent < 0 {
                let message = self.last_error().await?;
                self.close().await?;
                return Ok(Outcome::Refused { message });
            }
            if percent >= 100 {
                if self.last_answer_well && self.processor.unfinished_iterators() > 0 {
                    self.violation("receiveResponseXML said 100 while an iterator has rows left".to_owned());
                }
                self.close().await?;
                return Ok(Outcome::Completed);
            }
        }
    }

    async fn end_without_request(&mut self, message: String) -> Step<Outcome> {
        if self.report.progress.last().is_some_and(|percent| (0..100).contains(percent)) {
            self.violation("the service said less than 100 and had no request left".to_owned());
        }
        if message.is_empty() {
            self.violation("getLastError returned no text".to_owned());
        }
        self.close().await?;
        Ok(Outcome::Refused { message })
    }

    async fn send_request(&mut self, hcp: &str) -> Step<String> {
        let version = self.options.processor.highest();
        let ticket = self.ticket.clone();
        let options = self.options;
        let parameters = [
            ("ticket", Parameter::Text(ticket.as_str())),
            ("strHCPResponse", Parameter::Text(hcp)),
            ("strCompanyFileName", Parameter::Text(&options.company_file_path)),
            ("qbXMLCountry", Parameter::Text(&options.processor.country)),
            ("qbXMLMajorVers", Parameter::Number(version.0)),
            ("qbXMLMinorVers", Parameter::Number(version.1)),
        ];
        let request = self.call(Operation::SendRequestXml, &parameters).await?.text;
        if request.eq_ignore_ascii_case("noop") {
            let reason = "sendRequestXML returned NoOp in place of an empty string".to_owned();
            return Err(self.broken(Operation::SendRequestXml, reason));
        }
        Ok(request)
    }

    async fn last_error(&mut self) -> Step<String> {
        let ticket = self.ticket.clone();
        let reply = self.call(Operation::GetLastError, &[("ticket", Parameter::Text(&ticket))]).await?;
        if reply.text == "Interactive mode" {
            self.violation("the interactive mode is not simulated".to_owned());
        }
        self.report.last_error = Some(reply.text.clone());
        Ok(reply.text)
    }

    async fn close(&mut self) -> Step<()> {
        let ticket = self.ticket.clone();
        let reply = self.call(Operation::CloseConnection, &[("ticket", Parameter::Text(&ticket))]).await?;
        self.report.close_message = Some(reply.text);
        Ok(())
    }

    async fn pause(&self) {
        let pause = self.options.noop_pause;
        (self.observer)(&Event::Pausing { pause });
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }

    pub(super) async fn call(
        &mut self,
        operation: Operation,
        parameters: &[(&str, Parameter<'_>)],
    ) -> Step<Reply> {
        let body = Body::text(soap::call(self.options.style, operation.name(), parameters));
        self.exchange_body(operation, &body).await
    }

    pub(super) async fn exchange_body(&mut self, operation: Operation, body: &Body<'_>) -> Step<Reply> {
        self.begin_call(operation)?;
        let replied = self.wire.post(&action(operation), body).await;
        let reply = match replied {
            Ok(reply) => read(self.options, operation, &reply),
            Err(error) if self.report.calls.len() == 1 => return Err(Stop::Unreachable(error)),
            Err(error) => Err(error.to_string()),
        };
        let reply = reply.map_err(|reason| Stop::Outcome(Outcome::Failed { operation, reason }))?;
        let result = reply.strings.get(1).unwrap_or(&reply.text);
        (self.observer)(&Event::Returned { operation, result });
        Ok(reply)
    }

    pub(super) fn begin_call(&mut self, operation: Operation) -> Step<()> {
        if self.strikes(Fault::Vanish) {
            return Err(Outcome::Vanished.into());
        }
        self.report.calls.push(operation);
        (self.observer)(&Event::Calling { operation });
        Ok(())
    }

    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        let strikes = self.faults.strikes(fault);
        if strikes {
            self.report.struck.push(fault);
            (self.observer)(&Event::FaultApplied { fault });
        }
        strikes
    }

    pub(super) fn violation(&mut self, text: String) {
        self.report.violations.push(text);
    }

    /// A reply that the Web Connector stumbles over: the session fails, and the service is to blame.
    pub(super) fn broken(&mut self, operation: Operation, reason: String) -> Stop {
        self.violation(reason.clone());
        Outcome::Failed { operation, reason }.into()
    }
}

/// The SOAPAction of a call, without its quotes.
pub(super) fn action(operation: Operation) -> String {
    format!("{NAMESPACE}{}", operation.name())
}

/// The .NET client wants status 200 and text/xml; it reads a fault from a status 500.
fn read(options: &SessionOptions, operation: Operation, reply: &HttpReply) -> Result<Reply, String> {
    let is_xml = reply.content_type.starts_with("text/xml");
    match reply.status {
        200 if is_xml => soap::read_reply(options.style, operation.name(), &reply.body),
        200 => Err(format!(
            "Client found response content type of '{}', but expected 'text/xml'.",
            reply.content_type
        )),
        500 if is_xml => Err(match soap::read_reply(options.style, operation.name(), &reply.body) {
            Ok(_) => "status 500 with a result".to_owned(),
            Err(fault) => fault,
        }),
        status => Err(format!("The request failed with HTTP status {status}.")),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
