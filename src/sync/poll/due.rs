//! What is due when a connection's lease was claimed.

use chrono::{DateTime, Utc};

use crate::{
    connectors::source::Schedule,
    domain::{
        ids::ConnectionId,
        schedule::{is_ahead, is_past, span},
        words::{List, Mode, RunState},
    },
    store::{
        self, Db,
        lists::{self, Cursor},
        runs::{self, Run},
    },
};

/// A list that is to be read now.
#[derive(Debug, Clone)]
pub(super) struct Due {
    pub list: List,
    pub mode: Mode,
    /// The run to go on with, where its reader went away.
    pub left: Option<Run>,
    pub since: Option<String>,
}

/// The lists that are to be read now, in order. Outside of the window only what somebody asked for.
pub(super) fn due(
    db: &mut Db,
    connection_id: &ConnectionId,
    wanted: &[List],
    schedule: &Schedule,
    now: DateTime<Utc>,
) -> store::Result<Vec<Due>> {
    let open = schedule.window.as_ref().is_none_or(|window| window.contains(now));
    let mut due = Vec::new();
    for list in wanted.iter().copied() {
        let cursor = lists::cursor(db, connection_id, list)?;
        let left = runs::in_state(db, connection_id, list, RunState::Running)?;
        let asked = runs::in_state(db, connection_id, list, RunState::Queued)?;
        let scheduled = open && is_due(&cursor, schedule, now);
        let mode = match (&left, &asked) {
            // What was asked for comes after it: a run that is under way does not grow.
            (Some(left), _) if open || asked.is_some() => left.mode,
            (_, Some(asked)) => wider(asked.mode, &cursor, schedule, now),
            (None, None) if scheduled => wider(Mode::Delta, &cursor, schedule, now),
            _ => continue,
        };
        let since = cursor.high_water.filter(|_| mode == Mode::Delta);
        due.push(Due { list, mode, left, since });
    }
    Ok(due)
}

/// Whether a list is due by the schedule. A run that did not end well is tried again whenever the connection is due.
fn is_due(cursor: &Cursor, schedule: &Schedule, now: DateTime<Utc>) -> bool {
    let ended_well = cursor.last_complete_at >= cursor.last_started_at;
    // Jitter may bring a poll a tenth early.
    !ended_well || is_past(cursor.last_started_at, span(schedule.every) * 8 / 10, now)
}

/// The mode that is asked for, or the whole list where only that will do.
fn wider(mode: Mode, cursor: &Cursor, schedule: &Schedule, now: DateTime<Utc>) -> Mode {
    // One that was noted by a clock that was ahead: what changed since then is not known.
    let ahead = |time: &String| time.parse::<DateTime<Utc>>().is_ok_and(|time| is_ahead(time, now));
    let whole = cursor.high_water.as_ref().is_none_or(ahead)
        || is_past(cursor.last_full_at, span(schedule.full_every), now);
    if whole { Mode::Full } else { mode }
}
