//! Which certificates are believed: those that the machine trusts. Also a server's own, if that very certificate stands
//! in the machine's list: `openssl req -x509` and Windows call such a one an authority, and by the book an authority's
//! certificate serves nobody.

use std::sync::Arc;

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::ring,
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use rustls_platform_verifier::Verifier;

use super::classify::disbelief;

/// The configuration of all clients.
///
/// # Errors
/// A machine that trusts nobody.
pub(super) fn config() -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let machine = Machine { verifier: Verifier::new(Arc::clone(&provider))? };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(Arc::new(machine)).with_no_client_auth())
}

/// What a client on this machine says of a server that shows these certificates, its own first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belief {
    Believed,
    /// It was issued by nobody that this machine trusts, as far as the certificates lead.
    UnknownIssuer,
    /// For this reason, in words.
    Refused(&'static str),
}

/// Whether a client on this machine would believe a server of this name.
///
/// # Errors
/// A machine that trusts nobody.
pub fn belief(chain: &[CertificateDer<'_>], name: &ServerName<'_>, now: UnixTime) -> Result<Belief, Error> {
    let machine = Machine { verifier: Verifier::new(Arc::new(ring::default_provider()))? };
    let Some((own, others)) = chain.split_first() else { return Ok(Belief::Refused("it shows none")) };
    Ok(match machine.verify_server_cert(own, others, name, &[], now) {
        Ok(_) => Belief::Believed,
        Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Belief::UnknownIssuer,
        Err(Error::InvalidCertificate(error)) => Belief::Refused(disbelief(&error)),
        Err(_) => Belief::Refused("its certificate is not valid"),
    })
}

#[derive(Debug)]
struct Machine {
    verifier: Verifier,
}

impl ServerCertVerifier for Machine {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // Its dates were looked at before that.
            Err(error) if is_authority(&error) && is_trusted(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.supported_verify_schemes()
    }
}

/// Whether all that is wrong is that the certificate calls itself an authority's.
fn is_authority(error: &Error) -> bool {
    let Error::InvalidCertificate(CertificateError::Other(other)) = error else { return false };
    matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// Whether this very certificate stands in the machine's list; read anew, for it is seldom asked.
fn is_trusted(certificate: &CertificateDer<'_>) -> bool {
    rustls_native_certs::load_native_certs().certs.iter().any(|trusted| trusted == certificate)
}
