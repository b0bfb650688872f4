//! How messages are kept: each once, however often it comes.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::sql_types::{Array, Binary, Integer, Nullable, Text, Timestamp};

use crate::{
    domain::{
        ids::{ConnectionId, MessageId},
        problem::Problem,
        record::ContentHash,
        words::MessageState,
    },
    store::{
        Db, Error, Result, WriteDb, companies,
        db::Backend,
        dsl::*,
        schema::inbox,
        sealed::{self, Sealed},
        values::at,
    },
};

use super::BATCH;

/// A message as it is accepted.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: MessageId,
    pub connection_id: ConnectionId,
    pub message_id: String,
    pub event: String,
    pub body: Option<String>,
    pub received_at: DateTime<Utc>,
    /// Why it has no meaning.
    pub problem: Option<Problem>,
    pub told_at: Option<DateTime<Utc>>,
    /// Of what it says, but for `told_at`.
    pub content_hash: ContentHash,
    /// What came, where it has no meaning and is kept.
    pub sealed: Option<Sealed>,
}

#[derive(Insertable)]
#[diesel(table_name = inbox, treat_none_as_default_value = false)]
struct NewRow {
    id: MessageId,
    connection_id: ConnectionId,
    message_id: String,
    event: String,
    state: &'static str,
    body: Option<String>,
    received_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    pending_since: NaiveDateTime,
    attempts: i32,
    next_at: NaiveDateTime,
    code: Option<String>,
    detail: Option<String>,
    remedy: Option<String>,
    told_at: Option<NaiveDateTime>,
    content_hash: Option<Vec<u8>>,
}

impl From<&NewMessage> for NewRow {
    fn from(new: &NewMessage) -> Self {
        let received_at = at(new.received_at);
        let problem = new.problem.as_ref();
        Self {
            id: new.id.clone(),
            connection_id: new.connection_id.clone(),
            message_id: new.message_id.clone(),
            event: new.event.clone(),
            state: MessageState::Pending.as_str(),
            body: new.body.clone(),
            received_at,
            updated_at: received_at,
            pending_since: received_at,
            attempts: 0,
            next_at: received_at,
            code: problem.map(|problem| problem.code.clone()),
            detail: problem.map(|problem| problem.detail.clone()),
            remedy: problem.map(|problem| problem.remedy.clone()),
            told_at: new.told_at.map(at),
            content_hash: Some(new.content_hash.to_vec()),
        }
    }
}

/// What became of messages that were to be kept, by their IDs; all others were there already.
#[derive(Debug, Default)]
pub struct Kept {
    pub new: HashSet<MessageId>,
    /// Those whose sender's ID is there with something else under it.
    pub other: HashSet<MessageId>,
}

/// Keeps those messages whose (connection, sender's ID) is not there yet.
///
/// # Errors
/// [`Error::Referred`] where a connection is gone, [`Error::Closing`] where one is going with its company: none was kept
/// then.
pub fn insert<M: Borrow<NewMessage>>(db: &mut WriteDb, new: &[M]) -> Result<Kept> {
    let new: Vec<&NewMessage> = new.iter().map(Borrow::borrow).collect();
    let mut rows: Vec<NewRow> = new.iter().copied().map(NewRow::from).collect();
    // Two gateways that insert the same messages in different orders would wait for each other. The order is stable:
    // of two alike the first is kept.
    rows.sort_by(|a, b| (&a.connection_id, &a.message_id).cmp(&(&b.connection_id, &b.message_id)));
    let mut kept = HashSet::with_capacity(rows.len());
    match db.backend() {
        Backend::Postgres(connection) => {
            for some in rows.chunks(BATCH) {
                kept.extend(keep_on_postgres(connection, some)?);
            }
        }
        // A statement for one row is prepared once and kept; one for many is built and parsed each time, and so is one
        // that names its conflict. What else might be ignored, such as a column without a value, the types exclude.
        Backend::Sqlite(connection) => {
            for row in &rows {
                let inserted = diesel::insert_or_ignore_into(inbox::table).values(row).execute(connection)?;
                if inserted > 0 {
                    kept.insert(row.id.clone());
                }
            }
        }
    }
    // Under the references that were just made: whoever removes the company waits for them.
    let closing = companies::closing_connections(db)?;
    if new.iter().any(|message| closing.contains(&message.connection_id)) {
        return Err(Error::Closing);
    }
    for message in new.iter().filter(|message| kept.contains(&message.id)) {
        if let Some(body) = &message.sealed {
            sealed::insert(db, &message.id, body)?;
        }
    }
    let known: Vec<&NewMessage> = new.iter().copied().filter(|message| !kept.contains(&message.id)).collect();
    Ok(Kept { other: that_differ(db, &known)?, new: kept })
}

/// Keeps rows by a statement that is as short for many as for one. The IDs of those that were not there.
fn keep_on_postgres(connection: &mut diesel::PgConnection, rows: &[NewRow]) -> Result<Vec<MessageId>> {
    macro_rules! column {
        ($name:ident) => {
            rows.iter().map(|row| &row.$name).collect::<Vec<_>>()
        };
    }
    let kept: Vec<KeptRow> = diesel::sql_query(KEEP_ON_POSTGRES)
        .bind::<Array<Text>, _>(column!(id))
        .bind::<Array<Text>, _>(column!(connection_id))
        .bind::<Array<Text>, _>(column!(message_id))
        .bind::<Array<Text>, _>(column!(event))
        .bind::<Array<Text>, _>(column!(state))
        .bind::<Array<Nullable<Text>>, _>(column!(body))
        .bind::<Array<Timestamp>, _>(column!(received_at))
        .bind::<Array<Integer>, _>(column!(attempts))
        .bind::<Array<Nullable<Text>>, _>(column!(code))
        .bind::<Array<Nullable<Text>>, _>(column!(detail))
        .bind::<Array<Nullable<Text>>, _>(column!(remedy))
        .bind::<Array<Nullable<Timestamp>>, _>(column!(told_at))
        .bind::<Array<Nullable<Binary>>, _>(column!(content_hash))
        .all_returned(connection)?;
    Ok(kept.into_iter().map(|row| row.id).collect())
}

/// A message waits, and is due, from its receipt on.
const KEEP_ON_POSTGRES: &str = "INSERT INTO inbox (id, connection_id, message_id, event, state, body, received_at, attempts,
        code, detail, remedy, told_at, content_hash, updated_at, pending_since, next_at)
    SELECT new.*, new.received_at, new.received_at, new.received_at
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) AS new (id, connection_id, message_id, event, state,
        body, received_at, attempts, code, detail, remedy, told_at, content_hash)
    ON CONFLICT DO NOTHING RETURNING id";

#[derive(QueryableByName)]
#[diesel(table_name = inbox)]
struct KeptRow {
    id: MessageId,
}

/// Those of `known` that say something else than what was kept under their IDs.
fn that_differ(db: &mut Db, known: &[&NewMessage]) -> Result<HashSet<MessageId>> {
    let mut by_connection: HashMap<&str, HashMap<&str, Vec<&NewMessage>>> = HashMap::new();
    for message in known {
        let theirs = by_connection.entry(&message.connection_id).or_default();
        theirs.entry(&message.message_id).or_default().push(message);
    }
    let mut differ = HashSet::new();
    for (connection_id, messages) in by_connection {
        let ids: Vec<&str> = messages.keys().copied().collect();
        for some in ids.chunks(BATCH) {
            let rows: Vec<(String, Option<Vec<u8>>, Option<NaiveDateTime>)> = inbox::table
                .filter(inbox::connection_id.eq(connection_id).and(inbox::message_id.eq_any(some)))
                .select((inbox::message_id, inbox::content_hash, inbox::told_at))
                .load(db)?;
            for (message_id, hash, told_at) in rows {
                // One that an older version kept has no hash.
                let Some(hash) = hash else { continue };
                let theirs = messages.get(message_id.as_str()).into_iter().flatten();
                // The hash leaves the time out.
                let other = theirs.filter(|message| {
                    message.content_hash.as_slice() != hash || message.told_at.map(at) != told_at
                });
                differ.extend(other.map(|message| message.id.clone()));
            }
        }
    }
    Ok(differ)
}
