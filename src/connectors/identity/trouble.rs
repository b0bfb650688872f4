//! Why a provider cannot be used, and what to do: for those who look after it.

use openidconnect::DiscoveryError;

use crate::{
    connectors::outbound::NotFetched,
    domain::{
        problem::{Problem, sentence},
        words::Cause,
    },
};

const CODE: &str = "identity_provider";

pub(super) fn settings(why: &str) -> Problem {
    Problem::new(CODE, sentence(why), "Correct ROLLCALL_OIDC_ISSUER: it is the provider's address.")
}

/// What it signs with is not believed.
pub(super) fn algorithms() -> Problem {
    let detail = "It signs its tokens with none of RS256, PS256, ES256 and EdDSA, and no other is believed.";
    Problem::new(CODE, detail, "Choose one of these in the settings that the provider has for this client.")
}

/// Without the body of the answer, which may hold anything.
pub(super) fn of(error: &DiscoveryError<NotFetched>) -> Problem {
    const SAYS: &str = "Check ROLLCALL_OIDC_ISSUER: that address with /.well-known/openid-configuration behind it must \
                        answer with what the provider offers.";
    match error {
        DiscoveryError::Request(error) => not_fetched(error),
        DiscoveryError::Response(status, ..) => {
            let detail = format!("It answers with status {status} where it should say what it offers.");
            Problem::new(CODE, detail, SAYS)
        }
        DiscoveryError::Validation(why) => Problem::new(
            CODE,
            sentence(why),
            "Write ROLLCALL_OIDC_ISSUER exactly as the provider calls itself, to the last slash.",
        ),
        _ => Problem::new(CODE, "What it says of itself is not understood.", SAYS),
    }
}

fn not_fetched(error: &NotFetched) -> Problem {
    let (cause, detail) = error.told();
    let remedy = match (error, cause) {
        (NotFetched::NotEncrypted(_), _) | (_, Cause::AddressNotAllowed) => {
            "Use its public https address; one in your own network needs ROLLCALL_OIDC_ALLOW_PRIVATE_ADDRESS=true."
        }
        (_, Cause::Tls) => {
            "Let this machine trust the provider's certificate (SSL_CERT_FILE adds a file of them), and check its clock."
        }
        _ => "Check ROLLCALL_OIDC_ISSUER, and that DNS and any firewall let this machine reach it.",
    };
    Problem::new(CODE, detail, remedy)
}
