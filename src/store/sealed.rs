//! What nobody understood of messages, sealed: kept for a while, so that a newer version may read it.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::ids::MessageId;

use super::{
    Db, Result, WriteDb,
    dsl::*,
    schema::sealed_messages,
    values::{at, utc},
};

/// Rows of one statement.
const BATCH: i64 = 500;

/// What is kept of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub bytes: Vec<u8>,
    pub kept_until: DateTime<Utc>,
}

pub fn insert(db: &mut WriteDb, inbox_id: &MessageId, sealed: &Sealed) -> Result<()> {
    diesel::insert_into(sealed_messages::table)
        .values((
            sealed_messages::inbox_id.eq(inbox_id),
            sealed_messages::sealed.eq(&sealed.bytes),
            sealed_messages::kept_until.eq(at(sealed.kept_until)),
        ))
        .execute(db)?;
    Ok(())
}

pub fn find(db: &mut Db, inbox_id: &MessageId) -> Result<Option<Sealed>> {
    let row: Option<(Vec<u8>, NaiveDateTime)> = sealed_messages::table
        .find(inbox_id)
        .select((sealed_messages::sealed, sealed_messages::kept_until))
        .first(db)
        .optional()?;
    Ok(row.map(|(bytes, kept_until)| Sealed { bytes, kept_until: utc(kept_until) }))
}

pub fn remove(db: &mut WriteDb, inbox_id: &MessageId) -> Result<()> {
    diesel::delete(sealed_messages::table.find(inbox_id)).execute(db)?;
    Ok(())
}

/// Forgets some of those whose time is over; how many. To be called until it is none.
pub fn forget(db: &mut WriteDb, now: DateTime<Utc>) -> Result<usize> {
    let over = sealed_messages::table.filter(sealed_messages::kept_until.le(at(now)));
    let ids: Vec<String> = over.select(sealed_messages::inbox_id).limit(BATCH).load(db)?;
    Ok(diesel::delete(sealed_messages::table.filter(sealed_messages::inbox_id.eq_any(ids))).execute(db)?)
}
