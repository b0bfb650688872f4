//! The certificate of the gateway: loaded at the start, and reloaded when it was renewed.

use std::{io, net::IpAddr, path::PathBuf, sync::Arc};

use rustls::{AlertDescription, PeerIncompatible, ServerConfig, crypto::ring};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use tokio::{sync::watch, time::Instant};

use super::log_throttle::LogThrottle;
use crate::config::TlsSettings;

/// The name of HTTP/2 in ALPN, RFC 9113 section 3.1.
pub(super) const ALPN_HTTP2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{0:?} is not there")]
    Missing(PathBuf),
    #[error("{path:?} cannot be read: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path:?} cannot be read as PEM: {source}")]
    Pem { path: PathBuf, source: pem::Error },
    #[error("{0:?} holds no certificate")]
    NoCertificate(PathBuf),
    /// Also when the key does not belong to the certificate.
    #[error("the certificate {certificate:?} and the key {key:?} cannot be used: {source}")]
    Pair { certificate: PathBuf, key: PathBuf, source: rustls::Error },
}

impl TlsError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Missing(_) => "Put it there, or correct ROLLCALL_TLS_CERT and ROLLCALL_TLS_KEY.",
            Self::Unreadable { .. } => {
                "Let the user that Rollcall runs as read it, and go into the folders that lead there; or correct \
                 ROLLCALL_TLS_CERT and ROLLCALL_TLS_KEY."
            }
            Self::Pem { .. } | Self::NoCertificate(_) | Self::Pair { .. } => {
                "Correct ROLLCALL_TLS_CERT and ROLLCALL_TLS_KEY: PEM files that belong together."
            }
        }
    }
}

/// A certificate and its key, and the files they come from.
#[derive(Debug)]
pub struct TlsFiles {
    files: TlsSettings,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl TlsFiles {
    /// Loads the pair. TLS 1.2 and 1.3, HTTP/2 and HTTP/1.1.
    ///
    /// # Errors
    /// A file that cannot be read, or a pair that does not fit.
    pub fn load(files: TlsSettings) -> Result<Self, TlsError> {
        let current = watch::Sender::new(Arc::new(read(&files)?));
        Ok(Self { files, current })
    }

    /// Loads the files again, for connections to come; those that are open keep the old certificate.
    ///
    /// # Errors
    /// As [`TlsFiles::load`]: then the old pair stays in use.
    pub fn reload(&self) -> Result<(), TlsError> {
        match read(&self.files) {
            Ok(config) => {
                self.current.send_replace(Arc::new(config));
                tracing::info!(certificate = ?self.files.certificate, "certificate loaded again");
                Ok(())
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate cannot be used; the old one stays");
                Err(error)
            }
        }
    }

    /// The TLS configuration for new connections.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        self.current.borrow().clone()
    }

    /// Reloads the certificate on each SIGHUP, for ever: it must be spawned beside the server.
    ///
    /// # Errors
    /// When the process cannot listen for the signal.
    #[cfg(unix)]
    pub async fn reload_on_hangup(self: Arc<Self>) -> std::io::Result<()> {
        let mut hangup = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?;
        while hangup.recv().await.is_some() {
            // `reload` has logged its error.
            let _ = self.reload();
        }
        Ok(())
    }
}

fn read(files: &TlsSettings) -> Result<ServerConfig, TlsError> {
    let TlsSettings { certificate, key } = files;
    let pem = |path: &PathBuf| {
        let path = path.clone();
        move |error| match error {
            pem::Error::Io(source) if source.kind() == io::ErrorKind::NotFound => TlsError::Missing(path),
            pem::Error::Io(source) => TlsError::Unreadable { path, source },
            source => TlsError::Pem { path, source },
        }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(pem(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.clone()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let pair = |source| TlsError::Pair { certificate: certificate.clone(), key: key.clone(), source };
    // The provider is named, because rustls could not choose if a second one got into the build, and would panic.
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(pair)?;
    config.alpn_protocols = vec![ALPN_HTTP2.to_vec(), ALPN_HTTP1.to_vec()];
    Ok(config)
}

/// Logs why a TLS handshake failed, in words for the operator.
pub(super) fn tell_failure(from: IpAddr, error: &io::Error, log_throttle: &LogThrottle) {
    // The client hung up, or the network lost it: scanners and checks of the port do so all day.
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else { return };
    let why = failure(error);
    if let Some(left_out) = log_throttle.permits(from, Instant::now()) {
        tracing::warn!(address = %from, left_out, %error, "no encrypted connection: {why}");
    }
}

/// The meaning of a failed handshake.
fn failure(error: &rustls::Error) -> &'static str {
    use AlertDescription as Alert;
    use rustls::Error::{AlertReceived, InvalidMessage, PeerIncompatible as Incompatible};
    match error {
        Incompatible(PeerIncompatible::NoCipherSuitesInCommon) => {
            "the client and Rollcall know no common cipher; Windows 7, 8.1 and Server 2012 R2 need a certificate with an \
             ECDSA key (P-256)"
        }
        Incompatible(PeerIncompatible::Tls12NotOffered | PeerIncompatible::Tls12NotOfferedOrEnabled)
        | AlertReceived(Alert::ProtocolVersion) => {
            "the client offers only versions of TLS that are no longer safe; switch TLS 1.2 on there"
        }
        Incompatible(_) | AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity) => {
            "the client and Rollcall know no common way to encrypt"
        }
        AlertReceived(
            Alert::UnknownCA
            | Alert::BadCertificate
            | Alert::CertificateUnknown
            | Alert::CertificateExpired
            | Alert::CertificateRevoked
            | Alert::UnsupportedCertificate,
        ) => "the client does not accept the certificate (`rollcall doctor` looks at it)",
        InvalidMessage(_) => "the client does not speak TLS; does its address begin with https://?",
        _ => "the handshake failed",
    }
}
