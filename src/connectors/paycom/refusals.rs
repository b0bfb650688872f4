//! What Paycom's statuses mean, and what a person should do. Source: its «REST API Companion Guide» and what public
//! integrations say of it.

use http::StatusCode;

use crate::{
    connectors::{outbound::problems::failure, source::Failure},
    domain::words::Cause,
};

/// An answer that is not a good one. `said` is what Paycom's own words were, or empty: they help to tell causes apart,
/// and are not repeated, for they may name anybody (promise 7).
pub(super) fn of_status(status: StatusCode, endpoint: &str, said: &str) -> Failure {
    match status.as_u16() {
        401 => unauthorized(said),
        403 => failure(
            Cause::Permission,
            format!("Paycom does not let this API user read `{endpoint}`."),
            format!("In Paycom, User Access and Security, API Setup: let this API user read `{endpoint}`."),
        ),
        413 => not_enabled(endpoint),
        404 => failure(
            Cause::NotFound,
            format!("Paycom does not know `{endpoint}` at this address."),
            "Check `base_url` of this connection: it must be the API's address of your Paycom data centre.",
        ),
        300..=399 => failure(
            Cause::Server,
            format!(
                "Paycom answered `{endpoint}` with a redirect, which is not followed: it could lead anywhere."
            ),
            "Check `base_url` of this connection, and that no proxy or sign-in page stands before Paycom.",
        ),
        number => failure(
            Cause::Server,
            format!("Paycom did not take the request for `{endpoint}` (status {number})."),
            "Nothing to do at first: it is tried again. If it repeats, ask Paycom with this status.",
        ),
    }
}

/// Paycom answers 401 for a wrong SID or token and for an address that is not in its list, mostly without a word, or
/// with one that leaves it open: «Invalid credentials or IP address».
fn unauthorized(said: &str) -> Failure {
    let lower = said.to_ascii_lowercase();
    let has = |known: &[&str]| {
        lower.split(|c: char| !c.is_alphanumeric()).any(|word| known.contains(&word.trim_end_matches('s')))
    };
    if has(&["ip"]) && !has(&["credential", "sid", "token", "key", "password"]) {
        return failure(
            Cause::AddressNotAllowed,
            "Paycom does not take requests from this gateway's address.",
            "In Paycom, User Access and Security, API Setup: add this gateway's public IP address to the API user's \
             list.",
        );
    }
    failure(
        Cause::Credentials,
        "Paycom refused the request (status 401). It answers the same for a wrong SID or token and for an IP address \
         that is not in its list.",
        "In Paycom, User Access and Security, API Setup: check that this gateway's public IP address is in the API \
         user's list; then give `sid` and `token` again as they stand there.",
    )
}

/// A refusal that is a page, and not Paycom's.
pub(super) fn not_paycom(endpoint: &str) -> Failure {
    failure(
        Cause::Server,
        format!(
            "Something before Paycom refused the request for `{endpoint}` (status 403): a firewall, or a page that looks \
             whether a person asks."
        ),
        "Nothing to do at first: it is tried again. If it repeats, ask Paycom to let this gateway's address through.",
    )
}

/// Paycom says 413 where others say 403.
fn not_enabled(endpoint: &str) -> Failure {
    failure(
        Cause::Permission,
        format!("Paycom has not enabled `{endpoint}` for this API user (status 413)."),
        format!("In Paycom, User Access and Security, API Setup: tick `{endpoint}` for this API user."),
    )
}

/// A failure in an answer with a good status.
pub(super) fn of_result(endpoint: &str, why: &str) -> Failure {
    failure(
        Cause::Server,
        format!("Paycom's answer to `{endpoint}` cannot be used: {why}."),
        "Nothing to do at first: it is tried again. If it repeats, ask Paycom with these words.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::problem::Problem;

    fn of(status: u16, said: &str) -> (Cause, Problem) {
        match of_status(StatusCode::from_u16(status).unwrap(), "employeedirectory", said) {
            Failure::Source { cause, problem, .. } => (cause, problem),
            Failure::NotSent(closed) => panic!("{closed}"),
        }
    }

    #[test]
    fn every_status_has_a_cause_and_a_remedy() {
        for (status, said, cause) in [
            (400, "Bad pagesize", Cause::Server),
            (401, "", Cause::Credentials),
            (401, "Zip code", Cause::Credentials),
            (401, "Invalid credentials or IP address.", Cause::Credentials),
            (401, "None of your IPs is listed", Cause::AddressNotAllowed),
            (401, "IP 192.0.2.1 is not authorized", Cause::AddressNotAllowed),
            (403, "", Cause::Permission),
            (404, "", Cause::NotFound),
            (409, "", Cause::Server),
            (413, "", Cause::Permission),
            (302, "", Cause::Server),
        ] {
            let (found, problem) = of(status, said);
            assert_eq!(found, cause, "{status} {said}");
            assert!(problem.code == cause.as_str() && !problem.remedy.is_empty());
            assert!(said.is_empty() || !problem.sentence().contains(said), "{}", problem.detail);
        }
    }

    #[test]
    fn the_remedies_name_what_to_look_at() {
        assert!(of(413, "").1.remedy.contains("`employeedirectory`"));
        let (_, refused) = of(401, "");
        assert!(refused.remedy.contains("IP address") && refused.remedy.contains("`sid`"));
    }
}
