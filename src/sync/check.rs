//! What can be said of a connection without calling its source: whether it was heard, and what stands in the way.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    connectors::{
        self,
        calls_in::{CallsIn, Trouble},
        spec::fill,
    },
    domain::{problem::Problem, words::Cause},
    store::connections::Connection,
};

/// What is known of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub ok: bool,
    /// One of the causes that every kind's test knows; `None` where all is well.
    pub cause: Option<Cause>,
    /// `ok`, `never_called`, `silent`, or the code of the problem.
    pub state: String,
    pub detail: String,
    pub remedy: String,
    /// When the source is to call next, for one that calls in.
    pub expected_at: Option<DateTime<Utc>>,
}

impl Check {
    fn wrong(state: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::failed(cause_of(state), Problem::new(state, detail, remedy))
    }

    /// What a test has found that is wrong.
    pub fn failed(cause: Cause, problem: Problem) -> Self {
        let Problem { code: state, detail, remedy } = problem;
        Self { ok: false, cause: Some(cause), state, detail, remedy, expected_at: None }
    }

    /// All is well.
    pub fn fine(detail: impl Into<String>) -> Self {
        let (state, detail, remedy) = ("ok".into(), detail.into(), String::new());
        Self { ok: true, cause: None, state, detail, remedy, expected_at: None }
    }
}

/// The cause that the code of a problem stands for.
pub fn cause_of(code: &str) -> Cause {
    match code {
        "never_called" | "silent" => Cause::Timeout,
        // The account that lends its credentials lends them no more.
        "account_disabled" | "account_without_credentials" => Cause::Credentials,
        code => connectors::cause_of(code).or_else(|| code.parse().ok()).unwrap_or(Cause::Server),
    }
}

/// Calls that a program may miss before it counts as gone: a computer that sleeps over lunch is no news.
const MISSED: i32 = 3;

/// Looks at a connection as it is stored.
pub fn check(connection: &Connection, now: DateTime<Utc>) -> Check {
    let every = interval(connection);
    let check = match (&connection.problem, connection.last_seen_at) {
        (Some((problem, _)), _) => Check::wrong(&problem.code, &problem.detail, &problem.remedy),
        (None, None) => never_called(connection),
        (None, Some(seen)) if every.is_some_and(|every| now - seen > every * MISSED) => {
            silent(connection, seen, now)
        }
        (None, Some(seen)) => Check::fine(format!("The source was last heard {} ago.", ago(now - seen))),
    };
    let expected_at =
        every.zip(connection.last_seen_at).and_then(|(every, seen)| seen.checked_add_signed(every));
    Check { expected_at, ..check }
}

/// Whether a program that was heard at `heard` may still be silent without being gone.
pub(super) fn is_usual_silence(connection: &Connection, heard: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    interval(connection).is_some_and(|every| heard <= now && now - heard <= every * MISSED)
}

fn calls_in(connection: &Connection) -> Option<&'static dyn CallsIn> {
    connectors::of(connection.kind).ok()?.calls_in()
}

/// How often its source is to call, where it calls in.
fn interval(connection: &Connection) -> Option<TimeDelta> {
    calls_in(connection)?.every(&connection.settings)
}

fn never_called(connection: &Connection) -> Check {
    let words = connectors::spec(connection.kind).map_or("", |spec| spec.words.never_heard);
    let remedy = fill(words, &connection.id, "");
    Check::wrong("never_called", "The source was never heard.", remedy)
}

fn silent(connection: &Connection, seen: DateTime<Utc>, now: DateTime<Utc>) -> Check {
    let silent = Trouble::Silent(ago(now - seen));
    match calls_in(connection).map(|calls_in| calls_in.problem(silent, &connection.id)) {
        Some(problem) => Check::failed(cause_of(&problem.code), problem),
        None => never_called(connection),
    }
}

/// A time span in its largest unit.
fn ago(span: TimeDelta) -> String {
    let (number, unit) = match span.num_seconds() {
        ..120 => (span.num_seconds().max(0), "seconds"),
        120..7_200 => (span.num_minutes(), "minutes"),
        7_200..172_800 => (span.num_hours(), "hours"),
        _ => (span.num_days(), "days"),
    };
    format!("{number} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words::Kind;

    fn connection(seen: Option<&str>) -> Connection {
        Connection {
            id: "con_1".into(),
            company_id: "com_1".into(),
            kind: Kind::QuickbooksDesktop,
            name: "QuickBooks Desktop".into(),
            settings: r#"{"run_every_minutes": 15}"#.into(),
            paused: false,
            created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            last_seen_at: seen.map(|seen| seen.parse().unwrap()),
            problem: None,
        }
    }

    /// The state at noon, and the cause.
    fn state(connection: &Connection) -> (String, Option<Cause>) {
        let check = check(connection, "2026-01-02T12:00:00Z".parse().unwrap());
        assert_eq!(check.ok, check.cause.is_none());
        (check.state, check.cause)
    }

    #[test]
    fn a_source_is_heard_late_silent_or_in_trouble() {
        assert_eq!(state(&connection(None)), ("never_called".into(), Some(Cause::Timeout)));
        assert_eq!(state(&connection(Some("2026-01-02T11:50:00Z"))), ("ok".into(), None));
        assert_eq!(state(&connection(Some("2026-01-02T11:16:00Z"))), ("ok".into(), None));
        assert_eq!(state(&connection(Some("2026-01-02T11:14:00Z"))), ("silent".into(), Some(Cause::Timeout)));
        let mut troubled = connection(Some("2026-01-02T11:59:00Z"));
        troubled.problem = Some((Problem::new("other_company_file", "a", "b"), troubled.created_at));
        assert_eq!(state(&troubled), ("other_company_file".into(), Some(Cause::NotFound)));
    }

    #[test]
    fn the_next_call_is_expected_after_the_interval() {
        let checked =
            check(&connection(Some("2026-01-02T11:50:00Z")), "2026-01-02T12:00:00Z".parse().unwrap());
        assert_eq!(checked.expected_at, Some("2026-01-02T12:05:00Z".parse().unwrap()));
        assert_eq!(checked.detail, "The source was last heard 10 minutes ago.");
    }
}
