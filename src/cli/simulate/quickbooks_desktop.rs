//! `rollcall simulate quickbooks-desktop`.

use std::{path::PathBuf, pin::pin, time::Duration};

use serde::Serialize;

use crate::{
    domain::secret::Secret,
    simulators::quickbooks_desktop::{
        CompanyFile, Event, Faults, PlannedFault, QwcFile, SessionOptions, run_session, trust_only,
    },
};

use super::{SessionView, change, keep_time, line};
use crate::cli::{
    Result, assignments,
    failure::{Failure, chain, sentence},
    output::Output,
    signals,
};

/// Play a QuickBooks Desktop behind a Web Connector that calls a gateway, with people made from a seed
///
/// It speaks the real wire, and names what a real Web Connector or QuickBooks would stumble over. Exit code 1 if it
/// finds such a thing, or if a session fails without a --fault.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall simulate quickbooks-desktop --qwc acme.qwc --password-file acme.password \\
    --employees 200 --customers 500
  rollcall simulate quickbooks-desktop --qwc acme.qwc --password-file acme.password \\
    --sessions 3 --every 60 --fault partial-list

Faults: busy-file, quickbooks-closed, other-company-file, no-file-id, parse-error, dead-iterator,
  partial-list, empty-list, warn-500, no-permission, truncated-answer, cut-answer, vanish.
  NAME:TIMES strikes several times, NAME:TIMES@AFTER lets some occasions pass first.")]
pub(crate) struct Args {
    /// The .qwc file of the connection
    #[arg(long, value_name = "FILE", required_unless_present = "url")]
    qwc: Option<PathBuf>,
    /// The address of the service, such as https://rollcall.example.com/qbwc, in place of a .qwc file
    #[arg(long, conflicts_with = "qwc", requires = "username")]
    url: Option<String>,
    /// The user name of the connection
    #[arg(long, conflicts_with = "qwc")]
    username: Option<String>,
    /// The password of the connection; others may see it in the list of processes
    #[arg(long, required_unless_present = "password_file", conflicts_with = "password_file")]
    password: Option<String>,
    /// A file that holds the password
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
    /// Trust only the certificates that these (PEM) have signed; without it those that this computer trusts
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// How many employees the company file has
    #[arg(long, default_value_t = 40, value_name = "NUMBER")]
    employees: u64,
    /// How many customers and jobs it has
    #[arg(long, default_value_t = 60, value_name = "NUMBER")]
    customers: u64,
    /// The same seed makes the same people
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    seed: u64,
    /// How many sessions; 0 goes on until Ctrl-C
    #[arg(long, default_value_t = 1, value_name = "NUMBER")]
    sessions: u64,
    /// Pause between two sessions
    #[arg(long, default_value_t = 15, value_name = "SECONDS")]
    every: u64,
    /// How many entries change between two sessions
    #[arg(long, default_value_t = 2, value_name = "NUMBER")]
    changes: u64,
    /// What goes wrong: NAME, NAME:TIMES or NAME:TIMES@AFTER; may be given several times
    #[arg(long = "fault", value_name = "FAULT", value_parser = fault)]
    faults: Vec<PlannedFault>,
}

fn fault(text: &str) -> Result<PlannedFault, String> {
    text.replace(':', "*")
        .parse()
        .map_err(|error: crate::simulators::quickbooks_desktop::faults::UnknownFault| error.to_string())
}

/// All sessions.
#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    /// What the Web Connector would refuse in the `.qwc` file.
    qwc_violations: Vec<String>,
    sessions: Vec<SessionView>,
}

pub(super) async fn run(out: Output, args: Args) -> Result {
    let (options, qwc_violations) = options(&args)?;
    let mut file = CompanyFile::new(args.seed, args.employees, args.customers);
    let mut faults = Faults::new(args.faults.iter().copied());
    let stop = signals::stop(out).map_err(|error| Failure::system("The signals cannot be heard", &error))?;
    let mut stop = pin!(stop);
    let mut sessions: Vec<SessionView> = Vec::new();
    for round in 0u64.. {
        if args.sessions != 0 && round == args.sessions {
            break;
        }
        if round > 0 {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(Duration::from_secs(args.every)) => {}
            }
            change(&mut file, round, args.changes);
        }
        keep_time(&mut file);
        let observer = |event: &Event<'_>| {
            if let Some(line) = line(event) {
                out.note(&line);
            }
        };
        let session = tokio::select! {
            () = &mut stop => break,
            session = run_session(&options, &mut file, &mut faults, &observer) => session,
        };
        let report = session.map_err(|error| {
            let remedy = "Check that the gateway runs and that the address is right: `rollcall doctor`.";
            Failure::new("unreachable", sentence(&chain(&error)), remedy)
        })?;
        sessions.push(SessionView::new(&report));
    }
    let ok = qwc_violations.is_empty() && sessions.iter().all(|session| session.ok);
    out.answer(&Report { ok, qwc_violations, sessions }, report_text)?;
    if ok { Ok(()) } else { Err(Failure::Answered) }
}

fn options(args: &Args) -> Result<(SessionOptions, Vec<String>)> {
    let password = match &args.password_file {
        Some(path) => assignments::file(path)?,
        None => Secret::new(args.password.clone().unwrap_or_default()),
    };
    let (mut options, violations) = match &args.qwc {
        Some(path) => {
            let text = read(path, "Write the file with `rollcall qwc CONNECTION`.")?;
            let qwc = QwcFile::parse(&text).map_err(|error| {
                let detail = format!("The Web Connector would not take {path:?}: {error}.");
                Failure::new("bad_qwc_file", detail, "Write the file again with `rollcall qwc CONNECTION`.")
            })?;
            (SessionOptions::from_qwc(&qwc, password), qwc.violations())
        }
        None => {
            let (url, username) =
                (args.url.clone().unwrap_or_default(), args.username.clone().unwrap_or_default());
            (SessionOptions::new(url, username, password), Vec::new())
        }
    };
    if let Some(path) = &args.ca_file {
        let remedy = "Name a PEM file that holds the certificates.";
        let pem = read(path, remedy)?;
        let trust = trust_only(pem.as_bytes()).map_err(|error| {
            Failure::new("bad_ca_file", format!("{path:?} cannot be used: {error}."), remedy)
        })?;
        options.tls = Some(trust);
    }
    Ok((options, violations))
}

fn read(path: &PathBuf, remedy: &str) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::new("unreadable", format!("{path:?} cannot be read: {error}."), remedy))
}

fn report_text(report: &Report) -> String {
    let mut text = String::new();
    for violation in &report.qwc_violations {
        text.push_str(&format!("violation in the .qwc file: {violation}\n"));
    }
    for (number, session) in report.sessions.iter().enumerate() {
        text.push_str(&format!("session {}: {}\n", number + 1, session.text()));
    }
    text
}
