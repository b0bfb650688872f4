//! QuickBooks' part of a session: the company file is opened, requests are processed, answers go back.

use super::body::Body;
use super::company_file::CompanyFile;
use super::faults::Fault;
use super::processor::{Answer, AnswerDamage, PARSE_ERROR, PARSE_ERROR_TEXT, Refusal};
use super::report::{Event, Operation, Outcome};
use super::session::{Session, Step, action};
use super::soap::{self, Parameter, Reply};

/// After so many connectionError in a row this Web Connector gives up.
const MAX_RETRIES: usize = 5;

impl Session<'_> {
    /// OpenConnection and BeginSession; what fails there goes to connectionError until it says `done`.
    pub(super) async fn open_company_file(&mut self, mut path: String) -> Step<()> {
        for _ in 0..MAX_RETRIES {
            let Err((hresult, message)) = self.begin_session(&path) else { return Ok(()) };
            let ticket = self.ticket.clone();
            let parameters = [
                ("ticket", Parameter::Text(ticket.as_str())),
                ("hresult", Parameter::Text(hresult)),
                ("message", Parameter::Text(message)),
            ];
            path = self.call(Operation::ConnectionError, &parameters).await?.text;
            if path.eq_ignore_ascii_case("done") {
                let reason = format!("{hresult} {message}");
                return Err(Outcome::Failed { operation: Operation::ConnectionError, reason }.into());
            }
        }
        let reason = "connectionError asked to try again too often".to_owned();
        Err(self.broken(Operation::ConnectionError, reason))
    }

    fn begin_session(&mut self, path: &str) -> Result<(), (&'static str, &'static str)> {
        let other_file =
            "A QuickBooks company data file is already open and it is different from the one requested.";
        if self.strikes(Fault::QuickBooksClosed) {
            return Err(("0x80040408", "Could not start QuickBooks."));
        }
        let is_open = path.is_empty() || path.eq_ignore_ascii_case(&self.options.company_file_path);
        if self.strikes(Fault::BusyFile) || !is_open {
            return Err(("0x8004040A", other_file));
        }
        Ok(())
    }

    pub(super) fn host_company_preferences(&mut self) -> String {
        let owner = self.options.owner_id.as_str();
        let other = self.strikes(Fault::OtherCompanyFile);
        let without = self.strikes(Fault::NoFileId);
        if !other && !without {
            return self.processor.host_company_preferences(self.file, owner).to_text(self.file);
        }
        // A stand-in without entries: only the host and the company are told.
        let mut stand_in = CompanyFile::new(0, 0, 0);
        stand_in.company_name.clone_from(&self.file.company_name);
        if other {
            "Another Company".clone_into(&mut stand_in.company_name);
            stand_in.set_file_id(owner, "{FFFFFFFF-0000-4000-8000-FFFFFFFFFFFF}");
        }
        self.processor.host_company_preferences(&stand_in, owner).to_text(&stand_in)
    }

    /// Gives the request to QuickBooks and its answer to the service; returns the percentage.
    pub(super) async fn process(&mut self, request: &str) -> Step<i32> {
        (self.observer)(&Event::Request { qbxml: request });
        if request.contains("iterator=\"Continue\"") && self.strikes(Fault::DeadIterator) {
            self.processor.forget_iterators();
        }
        let answered = self.processor.process(request, self.file);
        let answered = match answered {
            Ok(_) if self.strikes(Fault::ParseError) => {
                let detail = "on demand".to_owned();
                Err(Refusal { hresult: PARSE_ERROR.to_owned(), message: PARSE_ERROR_TEXT.to_owned(), detail })
            }
            Err(refusal) => {
                self.violation(format!("QuickBooks refused a request: {}", refusal.detail));
                Err(refusal)
            }
            answered => answered,
        };
        let reply = match answered {
            Ok(answer) => self.send_answer(answer).await?,
            Err(refusal) => self.send_refusal(&refusal).await?,
        };
        let Ok(percent) = reply.text.trim().parse::<i32>() else {
            let reason = format!("QBWC1042: receiveResponseXML returned «{}»", reply.text);
            return Err(self.broken(Operation::ReceiveResponseXml, reason));
        };
        if percent > 100 {
            self.violation(format!("receiveResponseXML returned {percent} percent"));
        }
        self.report.progress.push(percent);
        Ok(percent)
    }

    async fn send_answer(&mut self, mut answer: Answer) -> Step<Reply> {
        self.last_answer_well = answer.all_well() && !self.damage(&mut answer);
        let truncate = answer.records().total() > 0 && self.strikes(Fault::TruncatedAnswer);
        self.last_answer_well &= !truncate;
        let (before, after) = soap::around_response(self.options.style, &self.ticket);
        let file = self.file;
        let body = Body::around(before, &answer, file, truncate, after).await;
        let operation = Operation::ReceiveResponseXml;
        let records = answer.records();
        (self.observer)(&Event::Answered { records, bytes: body.length() });
        if records.total() > 0 && self.strikes(Fault::CutAnswer) {
            self.begin_call(operation)?;
            let error = self.wire.post_half(&action(operation), &body).await;
            return Err(Outcome::Failed { operation, reason: error.to_string() }.into());
        }
        let reply = self.exchange_body(operation, &body).await?;
        self.report.records.add(records);
        Ok(reply)
    }

    fn damage(&mut self, answer: &mut Answer) -> bool {
        if answer.records().listed() == 0 {
            return false;
        }
        let damages = [
            (Fault::PartialList, AnswerDamage::Half),
            (Fault::EmptyList, AnswerDamage::Empty),
            (Fault::Warn500, AnswerDamage::Warning),
            (Fault::NoPermission, AnswerDamage::NoPermission),
        ];
        for (fault, damage) in damages {
            if self.strikes(fault) {
                return answer.damage(damage);
            }
        }
        false
    }

    async fn send_refusal(&mut self, refusal: &Refusal) -> Step<Reply> {
        (self.observer)(&Event::Refused { refusal });
        self.last_answer_well = false;
        let ticket = self.ticket.clone();
        let parameters = [
            ("ticket", Parameter::Text(ticket.as_str())),
            ("response", Parameter::Text("")),
            ("hresult", Parameter::Text(&refusal.hresult)),
            ("message", Parameter::Text(&refusal.message)),
        ];
        self.call(Operation::ReceiveResponseXml, &parameters).await
    }
}
