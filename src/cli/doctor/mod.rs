//! `rollcall doctor`: checks the installation, one line a check.

mod certificate;
mod clock;
mod database;
mod disk;
mod files;
mod identity;
mod key;
mod mail;
mod network;
mod outside;
mod workers;

use std::fmt::Write;

use serde::Serialize;

use crate::config::Settings;

use super::{
    Result,
    failure::Failure,
    flags::{Flags, ServeFlags},
    output::Output,
    text::plain,
};

/// Check everything that keeps the gateway from working, and tell what to do; exit code 1 if something fails
///
/// It looks at the settings, the files that they name, the disk, the database, the clock, the key of its secrets, the public address, the certificate,
/// the ports, the mail server, the identity providers, each connection, the runs that wait for a decision, and what runs beside the requests of the
/// gateways. While a gateway runs, it calls it by its public address as others do. It changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall doctor --public-url https://rollcall.example.com
  rollcall doctor --live")]
pub(super) struct Args {
    #[command(flatten)]
    pub http: ServeFlags,
    /// Only look whether a gateway answers on the address to listen on: for a container's health check
    #[arg(long)]
    live: bool,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Ok,
    /// Works, but somebody should look.
    Warn,
    /// Does not work.
    Fail,
}

#[derive(Debug, Serialize)]
struct Finding {
    check: String,
    status: Status,
    detail: String,
    remedy: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    ok: bool,
    checks: Vec<Finding>,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, check: &str, detail: impl Into<String>) {
        self.0.push(Finding { check: check.into(), status: Status::Ok, detail: detail.into(), remedy: None });
    }

    fn wrong(&mut self, status: Status, check: &str, detail: impl Into<String>, remedy: impl Into<String>) {
        self.0.push(Finding {
            check: check.into(),
            status,
            detail: detail.into(),
            remedy: Some(remedy.into()),
        });
    }

    fn failure(&mut self, check: &str, failure: Failure) {
        if let Failure::Problem { problem, .. } = failure {
            self.wrong(Status::Fail, check, problem.detail, problem.remedy);
        }
    }
}

/// Unlike other commands it goes on with settings that cannot be used.
pub(super) async fn run(args: &Args, mut flags: Flags, out: Output) -> Result {
    flags.extend(args.http.source(), "off");
    let mut findings = Findings::default();
    match flags.read() {
        Ok(settings) if args.live => network::live(&mut findings, &settings).await,
        Ok(settings) => {
            if settings.warnings.is_empty() {
                findings.ok("settings", "All settings can be used.");
            }
            warnings(&mut findings, &settings.warnings);
            files::check(&mut findings, &settings, &flags.source());
            all(&mut findings, &settings).await;
        }
        Err(mistakes) => {
            for mistake in &mistakes.mistakes {
                let detail = format!("{}: {}.", mistake.name, mistake.wrong);
                findings.wrong(
                    Status::Fail,
                    "settings",
                    detail,
                    format!("Expected is {}.", mistake.expected),
                );
            }
            warnings(&mut findings, &mistakes.warnings);
        }
    }
    let checks = findings.0;
    let report = Report { ok: checks.iter().all(|finding| finding.status != Status::Fail), checks };
    out.answer(&report, text)?;
    if report.ok { Ok(()) } else { Err(Failure::Answered) }
}

fn warnings(findings: &mut Findings, warnings: &[String]) {
    for warning in warnings {
        let remedy = "Correct its name, or remove it.";
        findings.wrong(Status::Warn, "settings", super::failure::sentence(warning), remedy);
    }
}

async fn all(findings: &mut Findings, settings: &Settings) {
    disk::check(findings, settings);
    database::check(findings, settings).await;
    network::public_url(findings, settings).await;
    certificate::check(findings, settings, chrono::Utc::now());
    if network::ports(findings, settings).await {
        outside::check(findings, settings).await;
    }
    mail::check(findings, settings).await;
    identity::check(findings, settings).await;
}

/// Connections that are well are named one by one as long as they are no more than these.
const FEW: usize = 10;

fn text(report: &Report) -> String {
    let mut text = summary(report);
    let well = |finding: &&Finding| finding.status == Status::Ok && finding.check.starts_with("connection ");
    let fold = report.checks.iter().filter(well).count() > FEW;
    // The worst first; within that, in the order of the checks.
    for status in [Status::Fail, Status::Warn, Status::Ok] {
        let checks = report.checks.iter().filter(|finding| finding.status == status);
        checks.filter(|finding| !(fold && well(finding))).for_each(|finding| line(&mut text, finding));
    }
    if fold {
        let _ = writeln!(text, "ok    {} connections: `rollcall connection list` names them.", {
            report.checks.iter().filter(well).count()
        });
    }
    text
}

/// How it stands, in one line.
fn summary(report: &Report) -> String {
    let count = |status| report.checks.iter().filter(|finding| finding.status == status).count();
    let (fail, warn, ok) = (count(Status::Fail), count(Status::Warn), count(Status::Ok));
    let verdict = match (fail, warn) {
        (0, 0) => "Everything is well",
        (0, _) => "It works; somebody should look",
        _ => "Something does not work",
    };
    format!("{verdict}: {fail} failed, {warn} to look at, {ok} well.\n\n")
}

fn line(text: &mut String, finding: &Finding) {
    let status = match finding.status {
        Status::Ok => "ok  ",
        Status::Warn => "warn",
        Status::Fail => "FAIL",
    };
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "{status}  {}: {}", plain(&finding.check), plain(&finding.detail));
    if let Some(remedy) = &finding.remedy {
        let _ = writeln!(text, "      do: {}", plain(remedy));
    }
}
