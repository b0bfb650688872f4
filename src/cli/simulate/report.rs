//! The report of a simulated session.

use serde::Serialize;

use crate::{
    cli::text::{plain, wrapped},
    simulators::quickbooks_desktop::{Event, Operation, Outcome, SessionReport},
};

/// A session, for programs.
#[derive(Debug, Serialize)]
pub(crate) struct SessionView {
    /// No violation, and no failure that was not asked for by a fault.
    pub ok: bool,
    /// `completed`, `nothing_to_do`, `invalid_password`, `busy`, `postponed`, `refused`, `failed`, `vanished`.
    pub outcome: &'static str,
    /// What the gateway or the session said about it.
    pub message: Option<String>,
    pub employees: u64,
    pub customers: u64,
    pub deleted: u64,
    /// Every call in order.
    pub calls: Vec<&'static str>,
    pub server_version: Option<String>,
    pub close_message: Option<String>,
    /// The faults that struck.
    pub struck: Vec<&'static str>,
    /// What a real Web Connector or QuickBooks would stumble over.
    pub violations: Vec<String>,
}

impl SessionView {
    pub(crate) fn new(report: &SessionReport) -> Self {
        let (outcome, message, fine) = match &report.outcome {
            Outcome::Completed => ("completed", None, true),
            Outcome::NothingToDo => ("nothing_to_do", None, true),
            Outcome::InvalidPassword => ("invalid_password", None, false),
            Outcome::Busy => ("busy", None, false),
            Outcome::Postponed { seconds } => ("postponed", Some(format!("for {seconds} seconds")), true),
            Outcome::Refused { message } => ("refused", Some(message.clone()), false),
            Outcome::Failed { operation, reason } => {
                ("failed", Some(format!("{}: {reason}", operation.name())), false)
            }
            Outcome::Vanished => ("vanished", None, false),
        };
        Self {
            // A fault is asked for: how the session then ends is what it is for.
            ok: report.violations.is_empty() && (fine || !report.struck.is_empty()),
            outcome,
            message: message.or_else(|| report.last_error.clone()),
            employees: report.records.employees,
            customers: report.records.customers,
            deleted: report.records.deleted,
            calls: report.calls.iter().map(|call| call.name()).collect(),
            server_version: report.server_version.clone(),
            close_message: report.close_message.clone(),
            struck: report.struck.iter().map(|fault| fault.name()).collect(),
            violations: report.violations.clone(),
        }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = format!(
            "{}, {} employees and {} customers sent in {} calls",
            self.outcome.replace('_', " "),
            self.employees,
            self.customers,
            self.calls.len()
        );
        if let Some(message) = &self.message {
            text.push_str(&format!(": {}", plain(message).replace('\n', " ")));
        }
        if !self.struck.is_empty() {
            text.push_str(&format!("\n  struck: {}", self.struck.join(", ")));
        }
        for violation in &self.violations {
            text.push_str(&format!("\n  VIOLATION: {}", plain(violation)));
        }
        text
    }
}

/// Characters of a line.
const WIDTH: usize = 100;

/// What people are told while it happens; `None` for what would only be noise.
pub(crate) fn line(event: &Event<'_>) -> Option<String> {
    let line = match event {
        Event::Returned { operation: Operation::ReceiveResponseXml, result } => {
            format!("  progress {result} %")
        }
        Event::Returned { operation: Operation::SendRequestXml, .. } => return None,
        // What the Web Connector shows to a person: all of it.
        Event::Returned {
            operation: it @ (Operation::CloseConnection | Operation::GetLastError),
            result,
        } if !result.is_empty() => {
            return Some(wrapped(&plain(&format!("{}: {result}", it.name())), WIDTH, "  "));
        }
        Event::Returned { operation, result } if !result.is_empty() => {
            format!("  {}: {result}", operation.name())
        }
        Event::Answered { records, bytes } => format!(
            "  QuickBooks answers with {} employees and {} customers, {bytes} bytes",
            records.employees, records.customers
        ),
        Event::Refused { refusal } => format!("  QuickBooks refuses the request: {refusal:?}"),
        Event::FaultApplied { fault } => format!("  fault: {fault}"),
        Event::Pausing { pause } => format!("  nothing to send now: asking again in {} s", pause.as_secs()),
        _ => return None,
    };
    // An answer may be a whole document.
    Some(plain(&line).replace('\n', " ").chars().take(200).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_web_connector_shows_to_a_person_is_told_whole() {
        let said = format!("Nothing was staged. {} Do this.", "It is so because of that. ".repeat(20));
        for operation in [Operation::CloseConnection, Operation::GetLastError] {
            let told = line(&Event::Returned { operation, result: &said }).unwrap();
            assert!(told.split_whitespace().eq(format!("{}: {said}", operation.name()).split_whitespace()));
            assert!(
                told.lines().count() > 3 && told.lines().all(|line| line.chars().count() <= WIDTH),
                "{told}"
            );
        }
    }
}
