//! Why a request failed, found by the types of the errors inside the error, never by their text.

use std::{error::Error, io};

use rustls::CertificateError;

use super::{
    address_guard::NotAllowed,
    problems::{self, Fault, Phase},
};

/// What an error of the HTTP client means; `phase` is what it was waiting for.
pub(super) fn classify(host: &str, error: &reqwest::Error, phase: Phase) -> Fault {
    if let Some(NotAllowed { address, .. }) = find(error) {
        return problems::not_allowed(host, *address);
    }
    if error.is_dns() {
        return problems::unknown_host(host);
    }
    if let Some(inner) = find::<rustls::Error>(error) {
        return tls(host, inner);
    }
    if error.is_timeout() {
        return problems::timeout(host, if error.is_connect() { Phase::Connect } else { phase });
    }
    if error.is_connect() {
        let kind = find::<io::Error>(error).map_or(io::ErrorKind::Other, io::Error::kind);
        return problems::no_connection(host, no_connection(kind));
    }
    if error.is_builder() {
        return problems::unreadable(host, false, "the request could not be put together");
    }
    if find::<hyper::Error>(error).is_some_and(hyper::Error::is_parse) {
        return problems::unreadable(host, false, "it is not HTTP");
    }
    problems::cut_off(host)
}

fn no_connection(kind: io::ErrorKind) -> &'static str {
    use io::ErrorKind as Kind;
    match kind {
        Kind::ConnectionRefused => "it refused, so nothing listens at that port",
        Kind::HostUnreachable | Kind::NetworkUnreachable | Kind::NetworkDown => "there is no route to it",
        Kind::ConnectionReset | Kind::ConnectionAborted | Kind::UnexpectedEof | Kind::BrokenPipe => {
            "it hung up at once"
        }
        Kind::PermissionDenied => "this machine does not let Rollcall reach it",
        _ => "it could not be opened",
    }
}

fn tls(host: &str, error: &rustls::Error) -> Fault {
    let (again, why) = match error {
        rustls::Error::InvalidCertificate(certificate) => (false, disbelief(certificate)),
        rustls::Error::InvalidMessage(_) => (false, "what answers at that port does not speak TLS"),
        rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_) => {
            (false, "it and this machine know no common way to encrypt")
        }
        _ => (true, "the encryption could not be set up"),
    };
    problems::tls(host, again, why)
}

/// Why a certificate is not believed.
pub(super) fn disbelief(error: &CertificateError) -> &'static str {
    use CertificateError as Certificate;
    match error {
        Certificate::Expired | Certificate::ExpiredContext { .. } => "its certificate has expired",
        Certificate::NotValidYet | Certificate::NotValidYetContext { .. } => {
            "its certificate is not valid yet"
        }
        Certificate::UnknownIssuer => "its certificate was issued by nobody that this machine trusts",
        Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
            "its certificate is for another name"
        }
        Certificate::Revoked => "its certificate was revoked",
        _ => "its certificate is not valid",
    }
}

/// Whether TLS has failed.
pub(in crate::connectors) fn is_of_tls(error: &(dyn Error + 'static)) -> bool {
    find::<rustls::Error>(error).is_some()
}

/// The first error of a type, from the outermost inwards.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An I/O error that wraps another hides it from `source`.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_inside_an_io_error_is_found() {
        let inner = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let outer = io::Error::new(io::ErrorKind::InvalidData, io::Error::other(inner.clone()));
        assert_eq!(find::<rustls::Error>(&outer), Some(&inner));
        assert!(find::<NotAllowed>(&outer).is_none());
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_said() {
        let said = |error| tls("h", &rustls::Error::InvalidCertificate(error)).problem.detail;
        assert!(said(CertificateError::Expired).contains("has expired"));
        assert!(said(CertificateError::UnknownIssuer).contains("nobody that this machine trusts"));
        assert!(said(CertificateError::NotValidForName).contains("another name"));
        assert!(said(CertificateError::BadEncoding).contains("not valid"));
    }
}
