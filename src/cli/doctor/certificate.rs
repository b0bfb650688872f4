//! Checks whether clients will accept the gateway's certificate.

use std::{path::Path, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rustls::{client::verify_server_name, server::ParsedCertificate};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use x509_parser::{oid_registry::OID_PKCS1_RSAENCRYPTION, prelude::FromDer};

use crate::{
    app::TlsFiles,
    cli::failure::{chain, sentence},
    config::{Settings, TlsSettings},
    connectors::outbound::{Belief, belief},
};

use super::{Findings, Status};

const CHECK: &str = "certificate";

/// Renewals come weeks before the end: who has so little left has missed one.
const SOON: TimeDelta = TimeDelta::days(14);

pub(super) fn check(findings: &mut Findings, settings: &Settings, now: DateTime<Utc>) {
    let https = settings.http.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
    match &settings.http.tls {
        Some(files) => match TlsFiles::load(files.clone()) {
            Ok(_) => {
                look(findings, files, settings, now);
                key_file(findings, &files.key);
            }
            Err(error) => {
                findings.wrong(Status::Fail, CHECK, sentence(&chain(&error)), error.remedy());
            }
        },
        None if https => findings.ok(CHECK, "None here: something in front of the gateway must speak https."),
        None => {}
    }
}

/// Looks at the first certificate of the file: the gateway's own.
fn look(findings: &mut Findings, files: &TlsSettings, settings: &Settings, now: DateTime<Utc>) {
    let all = CertificateDer::pem_file_iter(&files.certificate);
    let all: Vec<_> = all.ok().into_iter().flatten().filter_map(Result::ok).collect();
    let der = all.first();
    let parsed = der.and_then(|der| x509_parser::certificate::X509Certificate::from_der(der).ok());
    let (Some(der), Some((_, parsed))) = (der, &parsed) else {
        let remedy = "Have it issued anew; `openssl x509 -text` shows what is in it.";
        return findings.wrong(Status::Fail, CHECK, "What is in the certificate cannot be read.", remedy);
    };
    let at = |time: x509_parser::time::ASN1Time| DateTime::from_timestamp(time.timestamp(), 0).unwrap_or(now);
    let (from, until) = (at(parsed.validity().not_before), at(parsed.validity().not_after));
    let day = until.format("%Y-%m-%d");
    let renew = "Renew it, and send the gateway SIGHUP: it loads the files again.";
    if until <= now {
        return findings.wrong(Status::Fail, CHECK, format!("It expired on {day}."), renew);
    }
    if from > now {
        let detail = format!("It is not valid before {}.", from.format("%Y-%m-%d %H:%M UTC"));
        return findings.wrong(
            Status::Fail,
            CHECK,
            detail,
            "Set this computer's clock, or use one that is valid.",
        );
    }
    if let Some(host) = settings.http.public_url.as_ref().and_then(|url| url.host_str())
        && !is_for(der, host)
    {
        let detail = format!("It is for other names than {host}, so every client refuses it.");
        let remedy = format!("Have one issued for {host}, or correct ROLLCALL_PUBLIC_URL.");
        return findings.wrong(Status::Fail, CHECK, detail, remedy);
    }
    if until - now < SOON {
        return findings.wrong(Status::Warn, CHECK, format!("It expires on {day}."), renew);
    }
    let signed_itself = parsed.issuer() == parsed.subject();
    if !signed_itself && let Some((status, detail, remedy)) = unbelieved(&all, settings, now) {
        return findings.wrong(status, CHECK, detail, remedy);
    }
    let own = if signed_itself {
        " It signed itself: Web Connectors believe it only where it was installed under «Trusted Root Certification Authorities»."
    } else {
        ""
    };
    let rsa = parsed.public_key().algorithm.algorithm == OID_PKCS1_RSAENCRYPTION;
    let old = if rsa {
        " Its key is RSA: Web Connectors on Windows 7, 8.1 and Server 2012 R2 need one of ECDSA (P-256)."
    } else {
        ""
    };
    findings
        .ok(CHECK, format!("It fits its key and the public address, and is valid until {day}.{own}{old}"));
}

/// What clients on this computer have against the chain that the gateway shows.
fn unbelieved(
    chain: &[CertificateDer<'_>],
    settings: &Settings,
    now: DateTime<Utc>,
) -> Option<(Status, String, &'static str)> {
    let host = settings.http.public_url.as_ref()?.host_str()?;
    let name = ServerName::try_from(host.trim_matches(['[', ']'])).ok()?;
    let since = Duration::from_secs(now.timestamp().try_into().ok()?);
    // A computer that trusts nobody tells nothing of the others.
    match belief(chain, &name, UnixTime::since_unix_epoch(since)).ok()? {
        Belief::Believed => None,
        Belief::UnknownIssuer if chain.len() == 1 => Some((
            Status::Warn,
            "This computer does not know who issued it, and nothing stands beside it in its file.".to_owned(),
            "Put the certificates of those who issued it below it in the same file (such as `fullchain.pem`): clients are \
             shown no others.",
        )),
        Belief::UnknownIssuer => Some((
            Status::Warn,
            format!("The {} certificates of its file lead to nobody whom this computer trusts.", chain.len()),
            "Nothing, if it is of an authority of your own that all clients trust; else put the whole chain into the file.",
        )),
        Belief::Refused(why) => Some((
            Status::Fail,
            format!("Clients refuse it or one of those below it in its file: {why}."),
            "Have the whole chain issued anew, and send the gateway SIGHUP: it loads the files again.",
        )),
    }
}

fn is_for(der: &CertificateDer<'_>, host: &str) -> bool {
    let Ok(name) = ServerName::try_from(host.trim_matches(['[', ']'])) else { return false };
    ParsedCertificate::try_from(der).is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
}

#[cfg(unix)]
fn key_file(findings: &mut Findings, path: &Path) {
    use std::os::unix::fs::MetadataExt;
    let Ok(mode) = std::fs::metadata(path).map(|data| data.mode() & 0o777) else { return };
    if mode & 0o077 != 0 {
        let detail = format!("Others than its owner may read or write its key {path:?} (mode {mode:03o}).");
        let remedy = format!("chmod 600 {}", path.display());
        findings.wrong(Status::Warn, "certificate's key", detail, remedy);
    }
}

#[cfg(not(unix))]
fn key_file(_: &mut Findings, _: &Path) {}
