//! Which messages wait, are due, or are looked at.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    dsl::{count_star, min, sql},
    sql_types::{BigInt, Bool, Timestamp},
};

use crate::{
    domain::{
        ids::{CompanyId, ConnectionId, MessageId},
        words::MessageState,
    },
    store::{
        Db, Error, Page, PageLimit, Result,
        connections::deleted,
        dsl::*,
        schema::{connections, inbox},
        values::{at, escaped, uncount, utc},
    },
};

use super::{BATCH, Head, Message, given_up, pending};

/// How many messages of each of these connections were given up; those with none are left out.
pub fn given_up_of(db: &mut Db, ids: &[&str]) -> Result<HashMap<ConnectionId, u64>> {
    let mut all = HashMap::new();
    for some in ids.chunks(BATCH) {
        let counts: Vec<(ConnectionId, i64)> = given_up()
            .filter(inbox::connection_id.eq_any(some))
            .group_by(inbox::connection_id)
            .select((inbox::connection_id, count_star()))
            .load(db)?;
        all.extend(counts.into_iter().map(|(id, count)| (id, uncount(count))));
    }
    Ok(all)
}

/// What waits in all inboxes: how many messages, and since when the oldest does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    pub waiting: u64,
    pub oldest: Option<DateTime<Utc>>,
    /// Given up: a person may look.
    pub dead: u64,
}

pub fn depth(db: &mut Db) -> Result<Depth> {
    let (waiting, oldest): (i64, Option<NaiveDateTime>) = pending()
        .filter(inbox::connection_id.ne_all(deleted()))
        .select((count_star(), min(inbox::pending_since)))
        .first(db)?;
    let dead: i64 = inbox::table
        .filter(inbox::state.eq(MessageState::Dead.as_str()))
        // The words of the partial index.
        .filter(sql::<Bool>("inbox.state <> 'pending'"))
        .count()
        .get_result(db)?;
    Ok(Depth { waiting: uncount(waiting), oldest: oldest.map(utc), dead: uncount(dead) })
}

/// A connection's messages to be tried now, in the order in which they arrived: at most `most`, and no more than
/// `bytes` of them, but at least one.
pub fn due(
    db: &mut Db,
    connection_id: &ConnectionId,
    now: DateTime<Utc>,
    most: u16,
    bytes: u64,
) -> Result<Vec<Message>> {
    let sizes: Vec<(MessageId, i64)> = pending()
        .filter(inbox::connection_id.eq(connection_id))
        // Not in the words of `inbox_due`: all that are due would be sorted to find the first.
        .filter(sql::<Timestamp>("coalesce(inbox.next_at, inbox.received_at)").le(at(now)))
        .order((inbox::received_at, inbox::id))
        .limit(i64::from(most))
        .select((inbox::id, sql::<BigInt>("CAST(coalesce(length(inbox.body), 0) AS BIGINT)")))
        .load(db)?;
    let mut sum = 0;
    let fits = |size: i64| {
        let first = sum == 0;
        sum += uncount(size) + 1;
        first || sum <= bytes
    };
    let ids: Vec<MessageId> =
        sizes.into_iter().scan(fits, |fits, (id, size)| fits(size).then_some(id)).collect();
    Ok(pending()
        .filter(inbox::id.eq_any(ids))
        .order((inbox::received_at, inbox::id))
        .select(Message::as_select())
        .load(db)?)
}

pub fn get(db: &mut Db, id: &MessageId) -> Result<Message> {
    let there = inbox::table.find(id).filter(inbox::connection_id.ne_all(deleted()));
    let row = there.select(Message::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("message"))
}

/// The IDs of up to `most` messages that are meant by `wanted`: the sender's own ID of one, or what their IDs begin with. Only
/// those of the companies `among` where they are given.
pub fn meant(db: &mut Db, among: Option<&[CompanyId]>, wanted: &str, most: u16) -> Result<Vec<MessageId>> {
    let theirs = connections::table.select(connections::id);
    let mut query = inbox::table
        .filter(inbox::connection_id.ne_all(deleted()))
        .select(inbox::id)
        .order(inbox::id.desc())
        .limit(i64::from(most))
        .into_boxed();
    // One by one of the connections: the index of the sender's IDs is theirs.
    query = match among {
        Some(ids) => query
            .filter(inbox::connection_id.eq_any(theirs.filter(connections::company_id.eq_any(ids.to_vec())))),
        None => query.filter(inbox::connection_id.eq_any(theirs)),
    };
    query = match wanted.to_lowercase() {
        beginning if beginning.starts_with("msg_") => {
            query.filter(inbox::id.like(format!("{}%", escaped(&beginning))).escape('\\'))
        }
        _ => query.filter(inbox::message_id.eq(wanted.to_owned())),
    };
    Ok(query.load(db)?)
}

/// A connection's messages without their bodies, newest first; only those in `state` where it is given.
pub fn page(
    db: &mut Db,
    connection_id: &ConnectionId,
    state: Option<MessageState>,
    before: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Message>> {
    let mut query = inbox::table
        .filter(inbox::connection_id.eq(connection_id.to_owned()))
        .select(Head::as_select())
        .order(inbox::id.desc())
        .limit(limit.and_one())
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(inbox::state.eq(state.as_str()));
    }
    if let Some(before) = before {
        query = query.filter(inbox::id.lt(before.to_owned()));
    }
    let heads: Vec<Head> = query.load(db)?;
    Ok(Page::cut(heads.into_iter().map(Message::from).collect(), limit))
}
