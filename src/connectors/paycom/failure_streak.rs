//! Whether it is one employee that Paycom cannot deliver, or Paycom itself that fails.

use http::StatusCode;

use crate::{connectors::source::Failure, domain::words::Cause};

use super::client::NoPage;

/// Failures in a row that are still believed to be those of single employees, in weights.
const MOST: u32 = 20;
/// What takes a minute to fail is believed less often.
const SLOW: u32 = 5;

/// Failures of single employees, one after the other.
#[derive(Default)]
pub(super) struct FailureStreak {
    in_a_row: u32,
    /// The last one, while nobody was delivered.
    last: Option<Failure>,
    delivered: bool,
}

impl FailureStreak {
    /// One more; whether it was one too many.
    pub(super) fn add(&mut self, none: &NoPage) -> bool {
        let slow = matches!(none.failure, Failure::Source { cause: Cause::Timeout | Cause::Tcp, .. });
        self.in_a_row = self.in_a_row.saturating_add(if slow { SLOW } else { 1 });
        if !self.delivered {
            self.last = Some(none.failure.clone());
        }
        self.in_a_row > MOST
    }

    /// Paycom told of somebody.
    pub(super) fn clear(&mut self) {
        (self.in_a_row, self.delivered, self.last) = (0, true, None);
    }

    /// The failure of those that were asked for, if not one was told of.
    pub(super) fn all_failed(&mut self) -> Option<Failure> {
        self.last.take()
    }
}

/// Whether a failure may be about the employee who was asked for. Who we are, how often we ask and whether there is a
/// server concerns them all.
pub(super) fn concerns_one(none: &NoPage) -> bool {
    let all = [StatusCode::UNAUTHORIZED, StatusCode::PAYLOAD_TOO_LARGE, StatusCode::TOO_MANY_REQUESTS];
    if none.status.is_some_and(|status| all.contains(&status)) {
        return false;
    }
    match &none.failure {
        Failure::NotSent(_) => false,
        Failure::Source { cause, .. } => !matches!(
            cause,
            Cause::Credentials | Cause::AddressNotAllowed | Cause::RateLimit | Cause::Dns | Cause::Tls
        ),
    }
}
