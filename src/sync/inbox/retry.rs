//! When a message is tried again, and when it is given up.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    connectors::{outbound::NotSent, source::Failure},
    domain::{problem::Problem, words::Cause},
    store::inbox::Message,
};

/// Tries of a source that fails, over some hours.
const ATTEMPTS: u32 = 10;

/// A message that could not even be tried for so long is given up as well.
const LONGEST: TimeDelta = TimeDelta::hours(24);

/// What to do with a message that could not be dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Later { attempts: u32, at: DateTime<Utc>, problem: Problem },
    GiveUp(Problem),
}

/// After a failure of the source. `jitter` is below 1: what failed together does not come back together.
pub(super) fn verdict(message: &Message, failure: &Failure, jitter: f64, now: DateTime<Utc>) -> Verdict {
    let (attempts, wait, problem) = match failure {
        // Not sent at all: no attempt.
        Failure::NotSent(closed) => (message.attempts, until(closed, now), shut(closed)),
        Failure::Source { cause, problem, retry_after } => {
            let attempts = message.attempts.saturating_add(1);
            let asked = retry_after.and_then(|wait| TimeDelta::from_std(wait).ok()).unwrap_or_default();
            (attempts, back_off(*cause, attempts).max(asked.min(LONGEST)), problem.clone())
        }
    };
    if attempts >= ATTEMPTS || now - message.pending_since > LONGEST {
        return Verdict::GiveUp(problem);
    }
    let more = wait.num_milliseconds() as f64 * jitter / 5.0;
    let at = now + wait + TimeDelta::milliseconds(more as i64);
    Verdict::Later { attempts, at, problem }
}

/// Ten seconds, three times as long each time, at most an hour. Where a person has to do something first it is tried
/// seldom: the poller has told them.
fn back_off(cause: Cause, attempts: u32) -> TimeDelta {
    let first = match cause {
        Cause::Credentials | Cause::Permission | Cause::AddressNotAllowed | Cause::Version => 900,
        _ => 10,
    };
    let seconds = 3i64.saturating_pow(attempts.saturating_sub(1)).saturating_mul(first);
    TimeDelta::seconds(seconds.min(3600))
}

fn until(closed: &NotSent, now: DateTime<Utc>) -> TimeDelta {
    match closed {
        NotSent::RateLimited { until } => (*until - now).clamp(TimeDelta::seconds(1), LONGEST),
        NotSent::LeaseLost | NotSent::Unavailable(_) => TimeDelta::seconds(10),
    }
}

fn shut(closed: &NotSent) -> Problem {
    Problem::new("not_sent", format!("The source was not asked: {closed}."), "Nothing: it is asked again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::MessageState;

    #[test]
    fn a_source_that_fails_is_tried_ten_times_over_hours() {
        let start: DateTime<Utc> = "2026-11-22T00:00:00Z".parse().unwrap();
        let mut message = Message {
            id: "".into(),
            connection_id: "".into(),
            message_id: String::new(),
            event: String::new(),
            state: MessageState::Pending,
            body: None,
            received_at: start,
            updated_at: start,
            pending_since: start,
            attempts: 0,
            next_at: start,
            problem: None,
            told_at: None,
        };
        for (cause, least) in [(Cause::Server, 3), (Cause::Credentials, 8)] {
            let failure = Failure::Source { cause, problem: Problem::new("x", "x", "x"), retry_after: None };
            let (mut now, mut tries) = (start, 0);
            message.attempts = 0;
            while let Verdict::Later { attempts, at, .. } = verdict(&message, &failure, 0.5, now) {
                assert!(at > now);
                (message.attempts, now, tries) = (attempts, at, tries + 1);
            }
            assert_eq!(tries, 9);
            assert!(now - start > TimeDelta::hours(least) && now - start < TimeDelta::hours(12), "{now}");
        }
        let closed = Failure::NotSent(NotSent::RateLimited { until: start + TimeDelta::minutes(5) });
        message.attempts = 0;
        let later = verdict(&message, &closed, 0.0, start);
        assert!(
            matches!(later, Verdict::Later { attempts: 0, at, .. } if at == start + TimeDelta::minutes(5))
        );
        assert!(matches!(verdict(&message, &closed, 0.0, start + TimeDelta::hours(25)), Verdict::GiveUp(_)));
    }
}
