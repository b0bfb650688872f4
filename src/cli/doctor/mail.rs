//! Checks the mail server: connects and signs in, and sends nothing.

use crate::{config::Settings, connectors::mail::Mailer, domain::words::MailSecurity};

use super::{Findings, Status};

const CHECK: &str = "mail";

pub(super) async fn check(findings: &mut Findings, settings: &Settings) {
    let Some(server) = &settings.mail.server else {
        return findings.ok(
            CHECK,
            "None is sent: links for another password are made by `rollcall account reset-link`.",
        );
    };
    let wrong = match Mailer::new(server) {
        Ok(mailer) => mailer.test().await.err(),
        Err(error) => Some(error),
    };
    if let Some(error) = wrong {
        let problem = error.problem();
        return findings.wrong(Status::Fail, CHECK, problem.detail, problem.remedy);
    }
    let name = format!("{}:{}", server.host, server.port);
    let local = matches!(server.host.as_str(), "localhost" | "127.0.0.1" | "::1");
    if server.security == MailSecurity::Plain && !local {
        let detail = format!(
            "{name} takes mail, but everybody on the way can read it: links for passwords are in it."
        );
        return findings.wrong(Status::Warn, CHECK, detail, "Set ROLLCALL_SMTP_SECURITY to starttls or tls.");
    }
    findings.ok(CHECK, format!("{name} takes mail."));
}
