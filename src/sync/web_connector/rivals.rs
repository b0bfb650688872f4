//! Two Web Connectors with one user name: each ends the other's sessions. The newest session wins, for an update that is
//! tried again must start at once; what tells the two cases apart is that a session which was replaced calls again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::problem::Problem,
    store::{
        self, Db, connections, desktop,
        sessions::{self, Session},
    },
};

use super::{read_plan, write_plan};

/// So many within [`TOGETHER`] of each other are no accident.
const RIVALS: i32 = 3;
const TOGETHER: TimeDelta = TimeDelta::hours(1);

/// Notes that the Web Connector of a session that was replaced called all the same.
pub(super) fn note(db: &mut Db, session: &Session, now: DateTime<Utc>) -> store::Result<()> {
    let mut plan = read_plan(session)?;
    if std::mem::replace(&mut plan.rival, true) {
        return Ok(());
    }
    sessions::annotate(db, &session.ticket_hash, &write_plan(&plan)?)?;
    let connection_id = &session.connection_id;
    let (before, last) = desktop::rivals(db, connection_id)?;
    let rivals = if is_together(last, now) { before.saturating_add(1) } else { 1 };
    desktop::set_rivals(db, connection_id, rivals, now)?;
    if rivals >= RIVALS {
        connections::set_first_problem(db, connection_id, &two_web_connectors(connection_id), now)?;
    }
    Ok(())
}

/// Whether there seem to be two of them now.
pub(super) fn are_there(db: &mut Db, connection_id: &str, now: DateTime<Utc>) -> store::Result<bool> {
    let (rivals, last) = desktop::rivals(db, connection_id)?;
    Ok(rivals >= RIVALS && is_together(last, now))
}

fn is_together(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last.is_some_and(|last| (now - last).abs() < TOGETHER)
}

pub(super) fn two_web_connectors(connection_id: &str) -> Problem {
    Problem::new(
        "two_web_connectors",
        "Two Web Connectors use this user name: each ends the other's update, so that few are read to their end.",
        format!(
            "Keep the application in one Web Connector, and remove it from the others. Where you do not know them, make a \
             new password with `rollcall connection password {connection_id}` and enter it in one only. A second company \
             file needs a connection of its own."
        ),
    )
}
