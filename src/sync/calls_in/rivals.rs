//! Two programs with one user name: each ends the other's sessions. The newest session wins, for an update that is tried
//! again must start at once; what tells the two cases apart is that a session which was replaced calls again.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    connectors::calls_in::Trouble,
    domain::ids::ConnectionId,
    store::{
        self, Db, WriteDb, connections, desktop,
        sessions::{self, Session},
    },
};

use super::{error::store_error, of};

/// So many within [`TOGETHER`] of each other are no accident.
const RIVALS: i32 = 3;
const TOGETHER: TimeDelta = TimeDelta::hours(1);

/// Notes that the program of a session that was replaced called all the same.
pub(super) fn note(db: &mut WriteDb, session: &Session, now: DateTime<Utc>) -> store::Result<()> {
    let connection = connections::get(db, &session.connection_id)?;
    let connector = of(&connection)?;
    let mut state = session.plan.clone();
    if !connector.note_rival(&mut state).map_err(store_error)? {
        return Ok(());
    }
    sessions::annotate(db, &session.ticket_hash, &state)?;
    let (before, last) = desktop::rivals(db, &connection.id)?;
    let rivals = if is_together(last, now) { before.saturating_add(1) } else { 1 };
    desktop::set_rivals(db, &connection.id, rivals, now)?;
    if rivals >= RIVALS {
        let problem = connector.problem(Trouble::Rivals, &connection.id);
        connections::set_first_problem(db, &connection.id, &problem, now)?;
    }
    Ok(())
}

/// Whether there seem to be two of them now.
pub(super) fn are_there(
    db: &mut Db,
    connection_id: &ConnectionId,
    now: DateTime<Utc>,
) -> store::Result<bool> {
    let (rivals, last) = desktop::rivals(db, connection_id)?;
    Ok(rivals >= RIVALS && is_together(last, now))
}

fn is_together(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    last.is_some_and(|last| (now - last).abs() < TOGETHER)
}
