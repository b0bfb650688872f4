//! What ConnectWise's refusals mean (the vendor's guide, «Response codes»), and what a person should do.

use http::StatusCode;

use crate::{
    connectors::{outbound::problems::failure, source::Failure},
    domain::words::Cause,
};

use super::wire::Refusal;

/// A refusal of any shape that the API uses; the empty one where it has none.
pub(super) fn read(body: &[u8]) -> Refusal {
    serde_json::from_slice(body).unwrap_or_default()
}

impl Refusal {
    /// Whether it says that this record is not there, and not that the address is wrong.
    pub fn is_missing_record(&self) -> bool {
        self.is("NotFound")
    }

    /// Whether it says that the keys are wrong, which some servers do with status 400.
    fn is_about_keys(&self) -> bool {
        let texts = self.errors.iter().map(|part| &part.message).chain([&self.message]);
        let keys = |text: &str| text.contains("private key") || text.contains("public/private");
        texts.flatten().any(|text| keys(&text.to_lowercase()))
    }

    pub fn is(&self, code: &str) -> bool {
        let codes = self.errors.iter().map(|part| &part.code).chain([&self.code]);
        codes.flatten().any(|said| said.eq_ignore_ascii_case(code))
    }
}

/// An answer that is neither what was asked for nor a matter of the codebase. `what` is what was asked for, in words. The
/// vendor's own are not repeated: they may name anybody (promise 7).
pub(super) fn refused(status: StatusCode, body: &[u8], what: &str) -> Failure {
    match status.as_u16() {
        401 => wrong_keys(what),
        400 if read(body).is_about_keys() => wrong_keys(what),
        403 if is_no_api(body) => failure(
            Cause::Server,
            format!(
                "Something before ConnectWise refused the request for {what} (status 403): a firewall, or a page that \
                 looks whether a person asks."
            ),
            "Nothing to do at first: it is tried again. If it repeats, let whoever runs the server or its firewall let \
             this gateway's address through.",
        ),
        403 => failure(
            Cause::Permission,
            format!("The API member may not read {what}."),
            format!(
                "In ConnectWise, System, Security Roles: give the role of the API member the right to inquire {what} \
                 at the level «All»."
            ),
        ),
        404 => not_found(what),
        406 | 415 => failure(
            Cause::Version,
            "This ConnectWise does not know the version of the API that was asked for.",
            "Set `api_version` of this connection to one that your ConnectWise has, like 2022.1.",
        ),
        code => failure(
            Cause::Server,
            format!("ConnectWise refused the request for {what} with status {code}."),
            "Nothing on your side if it goes away by itself; else report it.",
        ),
    }
}

fn wrong_keys(what: &str) -> Failure {
    failure(
        Cause::Credentials,
        format!("ConnectWise did not accept the credentials when asked for {what}."),
        "Check the company ID, the public and the private key of the API member, and the clientId of \
         developer.connectwise.com. The private key is shown only once: make a new pair if in doubt.",
    )
}

/// Whether an answer is not the API's, which refuses in JSON.
fn is_no_api(body: &[u8]) -> bool {
    !body.trim_ascii().is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err()
}

/// Still not there with a codebase that was just discovered.
pub(super) fn not_found(what: &str) -> Failure {
    failure(
        Cause::NotFound,
        format!(
            "ConnectWise does not have {what} at its address, also after the address was looked up again."
        ),
        "Check the address and the company ID in the settings of this connection; on some servers wrong keys look \
         like this too.",
    )
}

/// `base_url` reaches a server, but no tenant of this name.
pub(super) fn unknown_company(host: &str, company_id: &str) -> Failure {
    failure(
        Cause::NotFound,
        format!("{host} knows no company `{company_id}`."),
        "Check `company_id`: it is the company that you type when you sign in to ConnectWise. Check that `base_url` \
         is of your region, too.",
    )
}
