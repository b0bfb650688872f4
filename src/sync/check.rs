//! What can be said of a connection without calling its source: whether it was heard, and what stands in the way.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{connectors::quickbooks_desktop, domain::words::Kind, store::connections::Connection};

/// What is known of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub ok: bool,
    /// A stable word for what is wrong; `None` where all is well.
    pub cause: Option<String>,
    pub detail: String,
    pub remedy: String,
    /// When the source is to call next, for one that calls in.
    pub expected_at: Option<DateTime<Utc>>,
}

impl Check {
    fn wrong(cause: &str, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            ok: false,
            cause: Some(cause.into()),
            detail: detail.into(),
            remedy: remedy.into(),
            expected_at: None,
        }
    }
}

/// Looks at a connection as it is stored.
pub fn check(connection: &Connection, now: DateTime<Utc>) -> Check {
    let interval = match connection.kind {
        Kind::QuickbooksDesktop => desktop_interval(connection),
        _ => None,
    };
    let expected_at =
        interval.zip(connection.last_seen_at).and_then(|(every, seen)| seen.checked_add_signed(every));
    let check = if let Some((problem, _)) = &connection.problem {
        Check::wrong(&problem.code, &problem.detail, &problem.remedy)
    } else {
        match (connection.last_seen_at, expected_at) {
            (None, _) => never_called(connection),
            // Late by as much again: a computer that sleeps over lunch is no news.
            (Some(seen), Some(expected)) if now > expected + (expected - seen) => silent(seen, now),
            (Some(seen), _) => Check {
                ok: true,
                cause: None,
                detail: format!("The source was last heard {} ago.", ago(now - seen)),
                remedy: String::new(),
                expected_at: None,
            },
        }
    };
    Check { expected_at, ..check }
}

/// How often the Web Connector is to call.
fn desktop_interval(connection: &Connection) -> Option<TimeDelta> {
    let settings: quickbooks_desktop::Settings = serde_json::from_str(&connection.settings).ok()?;
    TimeDelta::try_minutes(i64::from(settings.run_every_minutes))
}

fn never_called(connection: &Connection) -> Check {
    let remedy = match connection.kind {
        Kind::QuickbooksDesktop => format!(
            "Write the file with `rollcall qwc {}`, open it on the computer of QuickBooks, enter the password in the \
             Web Connector, and press Update Selected.",
            connection.id
        ),
        _ => format!("Ask for a first run with `rollcall connection poll {}`.", connection.id),
    };
    Check::wrong("never_called", "The source was never heard.", remedy)
}

fn silent(seen: DateTime<Utc>, now: DateTime<Utc>) -> Check {
    Check::wrong(
        "silent",
        format!("The Web Connector has not called for {}.", ago(now - seen)),
        "Look whether its computer runs, QuickBooks is set up to let the Web Connector in, and Auto-Run is ticked.",
    )
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
    use crate::domain::problem::Problem;

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

    fn cause(connection: &Connection) -> Option<String> {
        check(connection, "2026-01-02T12:00:00Z".parse().unwrap()).cause
    }

    #[test]
    fn a_source_is_heard_late_silent_or_in_trouble() {
        assert_eq!(cause(&connection(None)).as_deref(), Some("never_called"));
        assert_eq!(cause(&connection(Some("2026-01-02T11:50:00Z"))), None);
        assert_eq!(cause(&connection(Some("2026-01-02T11:31:00Z"))), None);
        assert_eq!(cause(&connection(Some("2026-01-02T11:29:00Z"))).as_deref(), Some("silent"));
        let mut troubled = connection(Some("2026-01-02T11:59:00Z"));
        troubled.problem = Some((Problem::new("wrong_company_file", "a", "b"), troubled.created_at));
        assert_eq!(cause(&troubled).as_deref(), Some("wrong_company_file"));
    }

    #[test]
    fn the_next_call_is_expected_after_the_interval() {
        let checked =
            check(&connection(Some("2026-01-02T11:50:00Z")), "2026-01-02T12:00:00Z".parse().unwrap());
        assert_eq!(checked.expected_at, Some("2026-01-02T12:05:00Z".parse().unwrap()));
        assert_eq!(checked.detail, "The source was last heard 10 minutes ago.");
    }
}
