//! Which connections have messages that wait. It is asked whenever messages come, and there may be very many of them: so
//! it is found by going from connection to connection in an index, and not by looking at each message.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::sql_types::{Nullable, Text, Timestamp};

use crate::{
    domain::ids::ConnectionId,
    store::{
        Db, Result, companies,
        connections::deleted,
        db::Backend,
        dsl::*,
        schema::hooks,
        values::{at, utc},
    },
};

use super::BATCH;

/// A connection that has messages that wait, and when the first of them is to be tried.
#[derive(QueryableByName)]
struct Waiting {
    #[diesel(sql_type = Text)]
    connection_id: ConnectionId,
    #[diesel(sql_type = Nullable<Timestamp>)]
    next_at: Option<NaiveDateTime>,
}

/// `inbox_due` answers each part of it with one look.
const WAITING: &str = "WITH RECURSIVE waiting (id) AS (
        SELECT min(connection_id) FROM inbox WHERE state = 'pending'
        UNION ALL
        SELECT (SELECT min(connection_id) FROM inbox WHERE state = 'pending' AND connection_id > waiting.id)
        FROM waiting WHERE waiting.id IS NOT NULL
    )
    SELECT waiting.id AS connection_id,
        (SELECT min(next_at) FROM inbox WHERE state = 'pending' AND connection_id = waiting.id) AS next_at
    FROM waiting WHERE waiting.id IS NOT NULL";

/// Those of connections that are there, in the order of their IDs.
fn waiting(db: &mut Db) -> Result<Vec<(ConnectionId, NaiveDateTime)>> {
    let query = diesel::sql_query(WAITING);
    let rows: Vec<Waiting> = match db.backend() {
        Backend::Postgres(mut connection) => query.load_sql(&mut connection)?,
        Backend::Sqlite(mut connection) => query.load_sql(&mut connection)?,
    };
    let gone: HashSet<ConnectionId> = deleted().load(db)?.into_iter().collect();
    let there = rows.into_iter().filter(|row| !gone.contains(&row.connection_id));
    Ok(there.filter_map(|row| Some((row.connection_id, row.next_at?))).collect())
}

/// The connections that have messages to be tried now, whoever has waited longest first: since its oldest message was
/// due, or since its last turn. Those on which a gateway works are left out. And when the next message is to be tried,
/// whoever's it is.
pub fn due_connections(
    db: &mut Db,
    now: DateTime<Utc>,
    most: usize,
) -> Result<(Vec<ConnectionId>, Option<DateTime<Utc>>)> {
    let waiting = waiting(db)?;
    let next = waiting.iter().map(|(_, next_at)| utc(*next_at)).min();
    let closing: HashSet<ConnectionId> = companies::closing_connections(db)?.into_iter().collect();
    let mut due: Vec<(ConnectionId, NaiveDateTime)> =
        waiting.into_iter().filter(|(id, next_at)| *next_at <= at(now) && !closing.contains(id)).collect();
    let ids: Vec<&str> = due.iter().map(|(id, _)| id.as_str()).collect();
    let served = served(db, &ids)?;
    let mut turns = Vec::new();
    for (id, next_at) in due.drain(..) {
        let (leased_until, served_at) = served.get(&id).copied().unwrap_or_default();
        if leased_until.is_none_or(|until| until <= at(now)) {
            turns.push((served_at.map_or(next_at, |served_at| served_at.max(next_at)), id));
        }
    }
    turns.sort();
    Ok((turns.into_iter().take(most).map(|(_, id)| id).collect(), next))
}

/// Until when somebody works on each inbox, and when it last had its turn.
type Served = (Option<NaiveDateTime>, Option<NaiveDateTime>);

fn served(db: &mut Db, ids: &[&str]) -> Result<HashMap<ConnectionId, Served>> {
    let mut served = HashMap::new();
    for some in ids.chunks(BATCH) {
        let rows: Vec<(ConnectionId, Option<NaiveDateTime>, Option<NaiveDateTime>)> = hooks::table
            .filter(hooks::connection_id.eq_any(some))
            .select((hooks::connection_id, hooks::leased_until, hooks::served_at))
            .load(db)?;
        served.extend(rows.into_iter().map(|(id, leased_until, served_at)| (id, (leased_until, served_at))));
    }
    Ok(served)
}
