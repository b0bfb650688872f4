//! The end of a poll: what people are told, and when the next one is due.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    connectors::source::{Failure, Schedule},
    domain::{
        ids::ConnectionId,
        problem::Problem,
        schedule::span,
        words::{Cause, List, RunState},
    },
    store::{
        self, Db, WriteDb, connections, locks,
        polls::{self, Lease, Settled},
        runs,
    },
};

/// How a poll went.
#[derive(Debug, Clone)]
pub(super) enum Outcome {
    Fine,
    /// Its hours are over: nothing was asked, so nothing is known that was not known before.
    Resting,
    /// The lists were read; something beside them needs a person.
    Warned(Problem),
    /// No request may be sent before then.
    RateLimited {
        until: DateTime<Utc>,
    },
    Failed {
        cause: Cause,
        problem: Problem,
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    pub(super) fn is_fine(&self) -> bool {
        matches!(self, Self::Fine)
    }

    /// `None` where nothing is to be noted: another gateway has the connection, or the database does not answer.
    pub(super) fn of(failure: Failure) -> Option<Self> {
        use crate::connectors::outbound::NotSent;
        match failure {
            Failure::Source { cause, problem, retry_after } => {
                Some(Self::Failed { cause, problem, retry_after })
            }
            Failure::NotSent(NotSent::RateLimited { until }) => Some(Self::RateLimited { until }),
            Failure::NotSent(NotSent::LeaseLost | NotSent::Unavailable(_)) => None,
        }
    }
}

/// How long a connection rests whose credentials were rejected: trying again does not make them right.
const REJECTED: TimeDelta = TimeDelta::hours(24);
/// The pause before it is tried once more: vendors refuse by mistake, and some other day they would not.
const ONCE_MORE: TimeDelta = TimeDelta::minutes(5);
/// The code of a refusal that does not count yet.
const REFUSED_ONCE: &str = "refused_once";
/// The same for a right that is missing: somebody may be granting it now.
const FORBIDDEN: TimeDelta = TimeDelta::hours(1);
/// The first pause after a failure; each further failure doubles it.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

/// What is to be written at the end of a poll.
pub(super) struct Ending<'a> {
    pub outcome: &'a Outcome,
    pub memory: Option<String>,
    pub schedule: &'a Schedule,
    /// From 0 to 1, so that many connections do not come back at one moment.
    pub jitter: f64,
    pub lists: &'a [List],
    /// Whether any of them was read.
    pub read: bool,
    pub now: DateTime<Utc>,
}

/// Notes the outcome and gives the lease back.
///
/// # Errors
/// [`store::Error::Stale`] where the lease was lost: then its new holder does the noting.
pub(super) fn settle(db: &mut WriteDb, lease: &Lease, ending: &Ending<'_>) -> store::Result<()> {
    let (id, now) = (&lease.connection_id, ending.now);
    let lock = locks::of(id).connection(db)?;
    let poll = polls::get(db, id)?;
    let failures = poll.failures;
    let connection = connections::get(db, id)?;
    let before = connection.problem.as_ref().map(|(problem, _)| problem.code.as_str());
    // Others than those that have worked were given by somebody who looks: they are not tried for long. With a new
    // connection the vendor may not know them yet.
    let others = poll.last_ok_at.is_none() && connection.last_seen_at.is_some();
    let first = !others && is_first_refusal(ending, before);
    let read = ending.read && matches!(ending.outcome, Outcome::Fine | Outcome::Warned(_));
    let settled = Settled {
        ended_at: now,
        next_at: next_at(ending, failures, first),
        failures: match ending.outcome {
            Outcome::Fine | Outcome::Warned(_) => 0,
            Outcome::RateLimited { .. } | Outcome::Resting => failures,
            Outcome::Failed { .. } => failures.saturating_add(1),
        },
        ok_at: read.then_some(now),
        memory: ending.memory.clone(),
    };
    polls::settle(db, lease, &settled)?;
    // Somebody asked while it was polled.
    if !matches!(ending.outcome, Outcome::RateLimited { .. }) && is_asked_for(db, id, ending.lists)? {
        polls::hurry(db, id, now)?;
    }
    let problem = match ending.outcome {
        Outcome::Resting => return Ok(()),
        Outcome::Fine => None,
        Outcome::RateLimited { until } => Some(rate_limited(*until)),
        // Credentials that have worked are not called wrong for one refusal.
        Outcome::Failed { problem, .. } if first && poll.last_ok_at.is_some() => Some(Problem::new(
            REFUSED_ONCE,
            &problem.detail,
            format!("It is tried once more within minutes. If that fails too: {}", problem.remedy),
        )),
        Outcome::Warned(problem) | Outcome::Failed { problem, .. } => Some(problem.clone()),
    };
    connections::set_problem(db, &lock, problem.as_ref(), now)?;
    if read {
        connections::seen(db, id, now)?;
    }
    Ok(())
}

/// Whether the source refuses who we are for the first time. `before` is the code of the problem so far.
fn is_first_refusal(ending: &Ending<'_>, before: Option<&str>) -> bool {
    let refused = matches!(ending.outcome, Outcome::Failed { cause: Cause::Credentials, .. });
    let again = [REFUSED_ONCE, Cause::Credentials.as_str()];
    refused && ending.read && !before.is_some_and(|before| again.contains(&before))
}

fn is_asked_for(db: &mut Db, id: &ConnectionId, lists: &[List]) -> store::Result<bool> {
    for list in lists {
        if runs::in_state(db, id, *list, RunState::Queued)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// When a connection is due again; `first` says that it was refused for the first time.
fn next_at(ending: &Ending<'_>, failures: i32, first: bool) -> DateTime<Utc> {
    let now = ending.now;
    match ending.outcome {
        Outcome::Fine | Outcome::Warned(_) | Outcome::Resting => {
            // A tenth around the period.
            let next = now + scaled(span(ending.schedule.every), 0.9 + 0.2 * ending.jitter);
            ending.schedule.window.as_ref().map_or(next, |window| window.next(next))
        }
        Outcome::RateLimited { until } => *until + scaled(TimeDelta::seconds(5), ending.jitter),
        Outcome::Failed { cause, retry_after, .. } => {
            let pause = match cause {
                Cause::Credentials if first => ONCE_MORE,
                Cause::Credentials | Cause::AddressNotAllowed => REJECTED,
                Cause::Permission => FORBIDDEN,
                _ => {
                    let doublings = u32::try_from(failures).unwrap_or(0).min(6);
                    (FIRST_PAUSE * 2i32.pow(doublings)).min(LONGEST_PAUSE)
                }
            };
            // Up to a half more: those that failed together do not come back together.
            let pause = scaled(pause, 1.0 + ending.jitter / 2.0);
            now + pause.max(retry_after.map_or(TimeDelta::zero(), span))
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a time to wait, not an amount"
)]
fn scaled(time: TimeDelta, by: f64) -> TimeDelta {
    TimeDelta::milliseconds((time.num_milliseconds() as f64 * by) as i64)
}

fn rate_limited(until: DateTime<Utc>) -> Problem {
    Problem::new(
        Cause::RateLimit.as_str(),
        format!("The source lets no more requests through before {}.", until.format("%Y-%m-%d %H:%M:%S UTC")),
        "Nothing to do: it goes on by itself then. If this repeats, lower `requests_per_minute`, or poll less often.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn next(outcome: &Outcome, failures: i32, jitter: f64, window: &str) -> i64 {
        let schedule = Schedule {
            every: Duration::from_mins(15),
            full_every: Duration::from_hours(24),
            window: window.to_owned().try_into().ok(),
        };
        let now = at("2026-03-01T12:00:00Z");
        let ending =
            Ending { outcome, memory: None, schedule: &schedule, jitter, lists: &[], read: true, now };
        let first = is_first_refusal(&ending, (failures > 0).then_some("credentials"));
        (next_at(&ending, failures, first) - now).num_seconds()
    }

    fn failed(cause: Cause, retry_after: Option<u64>) -> Outcome {
        let problem = Problem::new(cause.as_str(), "", "");
        Outcome::Failed { cause, problem, retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn polls_spread_around_their_period_and_wait_for_their_window() {
        assert_eq!(next(&Outcome::Fine, 0, 0.0, ""), 810);
        assert_eq!(next(&Outcome::Fine, 0, 0.5, ""), 900);
        assert_eq!(next(&Outcome::Fine, 0, 0.5, "22:00-06:00 UTC"), 36_000);
    }

    #[test]
    fn failures_double_the_pause_and_a_source_that_names_one_gets_it() {
        let server = failed(Cause::Server, None);
        assert_eq!(next(&server, 0, 0.0, ""), 60);
        assert_eq!(next(&server, 0, 1.0, ""), 90);
        assert_eq!(next(&server, 3, 0.0, ""), 480);
        assert_eq!(next(&server, 90, 0.0, ""), 3600);
        assert_eq!(next(&failed(Cause::Server, Some(7200)), 0, 0.0, ""), 7200);
    }

    #[test]
    fn rejected_credentials_are_tried_once_more_and_then_not_before_tomorrow() {
        assert_eq!(next(&failed(Cause::Credentials, None), 0, 0.0, ""), 300);
        assert_eq!(next(&failed(Cause::Credentials, None), 1, 0.0, ""), 86_400);
        assert_eq!(next(&failed(Cause::Permission, None), 5, 0.0, ""), 3600);
    }
}
