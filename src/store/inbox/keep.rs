//! How messages are kept: each once, however often it comes.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
};

use chrono::NaiveDateTime;
use diesel::sql_types::{Array, Binary, Integer, Nullable, Text, Timestamp};

use crate::{
    domain::ids::MessageId,
    store::{Db, Error, Result, WriteDb, companies, db::Backend, dsl::*, schema::inbox, sealed, values::at},
};

use super::{
    BATCH, arrival,
    new_message::{NewMessage, NewRow},
};

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
    let mut rows = NewRow::in_order(&new);
    arrival::give(db, &mut rows)?;
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
                    kept.insert(MessageId::from(row.id));
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
fn keep_on_postgres(connection: &mut diesel::PgConnection, rows: &[NewRow<'_>]) -> Result<Vec<MessageId>> {
    macro_rules! column {
        ($name:ident) => {
            rows.iter().map(|row| row.$name).collect::<Vec<_>>()
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
        .bind::<Array<Timestamp>, _>(column!(next_at))
        .all_returned(connection)?;
    Ok(kept.into_iter().map(|row| row.id).collect())
}

const KEEP_ON_POSTGRES: &str = "INSERT INTO inbox (id, connection_id, message_id, event, state, body, received_at, attempts,
        code, detail, remedy, told_at, content_hash, updated_at, pending_since, next_at)
    SELECT new.*, new.since, new.since
    FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) AS new (id, connection_id, message_id, event,
        state, body, received_at, attempts, code, detail, remedy, told_at, content_hash, since)
    ON CONFLICT DO NOTHING RETURNING id";

#[derive(QueryableByName)]
#[diesel(table_name = inbox)]
struct KeptRow {
    id: MessageId,
}

/// Those of `known` that say something else than what was kept under their IDs.
pub(super) fn that_differ(db: &mut Db, known: &[&NewMessage]) -> Result<HashSet<MessageId>> {
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
