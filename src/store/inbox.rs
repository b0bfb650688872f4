//! What webhooks told: kept until it is dealt with, and after that for a while, so that a repetition is recognised.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
};

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::{
    dsl::{count_star, min, sql},
    expression::SqlLiteral,
    sql_types::{Array, BigInt, Binary, Bool, Integer, Nullable, Text, Timestamp},
};

use crate::domain::{event::Moment, problem::Problem, record::ContentHash, words::MessageState};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb, companies,
    connections::deleted,
    db::Backend,
    dsl::*,
    schema::{connections, hooks, inbox},
    sealed::{self, Sealed},
    values::{MaybeTime, Time, at, escaped, loaded_as, uncount, utc},
};

/// Rows of one statement.
const BATCH: usize = 500;

/// A message that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    pub connection_id: String,
    /// The sender's own ID of it.
    pub message_id: String,
    /// The sender's name for what happened.
    pub event: String,
    pub state: MessageState,
    /// Its meaning as JSON; empty once it is done, and where it had none.
    pub body: Option<String>,
    pub received_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Since when it waits: its receipt, or its last replay.
    pub pending_since: DateTime<Utc>,
    pub attempts: u32,
    /// When it is tried (again).
    pub next_at: DateTime<Utc>,
    /// Why it waits, or was given up; of one that is done, what of it did not count.
    pub problem: Option<Problem>,
    /// When it was so, where the sender says it.
    pub told_at: Option<DateTime<Utc>>,
}

impl Message {
    /// What its age is judged by: without a time of its own, its arrival.
    pub fn moment(&self) -> Moment {
        Moment { at: self.told_at.unwrap_or(self.received_at), received_at: self.received_at }
    }
}

/// A message as it is accepted.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub id: String,
    pub connection_id: String,
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
    id: String,
    connection_id: String,
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

/// A message without what it said: a list must not grow with that.
#[derive(Queryable, Selectable)]
#[diesel(table_name = inbox)]
#[doc(hidden)]
pub struct Head {
    id: String,
    connection_id: String,
    message_id: String,
    event: String,
    state: MessageState,
    #[diesel(deserialize_as = Time)]
    received_at: DateTime<Utc>,
    #[diesel(deserialize_as = Time)]
    updated_at: DateTime<Utc>,
    #[diesel(deserialize_as = Time)]
    pending_since: DateTime<Utc>,
    attempts: i32,
    #[diesel(deserialize_as = Time)]
    next_at: DateTime<Utc>,
    code: Option<String>,
    detail: Option<String>,
    remedy: Option<String>,
    #[diesel(deserialize_as = MaybeTime)]
    told_at: Option<DateTime<Utc>>,
}

impl From<Head> for Message {
    fn from(head: Head) -> Self {
        let words = |text: Option<String>| text.unwrap_or_default();
        Self {
            id: head.id,
            connection_id: head.connection_id,
            message_id: head.message_id,
            event: head.event,
            state: head.state,
            body: None,
            received_at: head.received_at,
            updated_at: head.updated_at,
            pending_since: head.pending_since,
            attempts: u32::try_from(head.attempts).unwrap_or(0),
            next_at: head.next_at,
            problem: head.code.map(|code| Problem::new(code, words(head.detail), words(head.remedy))),
            told_at: head.told_at,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = inbox)]
#[doc(hidden)]
pub struct Row {
    #[diesel(embed)]
    head: Head,
    body: Option<String>,
}

loaded_as!(Row => Message);

impl From<Row> for Message {
    fn from(row: Row) -> Self {
        Self { body: row.body, ..row.head.into() }
    }
}

/// What became of messages that were to be kept, by their IDs; all others were there already.
#[derive(Debug, Default)]
pub struct Kept {
    pub new: HashSet<String>,
    /// Those whose sender's ID is there with something else under it.
    pub other: HashSet<String>,
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
fn keep_on_postgres(connection: &mut diesel::PgConnection, rows: &[NewRow]) -> Result<Vec<String>> {
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
    id: String,
}

/// Those of `known` that say something else than what was kept under their IDs.
fn that_differ(db: &mut Db, known: &[&NewMessage]) -> Result<HashSet<String>> {
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

/// Those that wait, in the words of the partial indexes: neither engine takes one for a bound value.
fn pending() -> diesel::dsl::Filter<inbox::table, SqlLiteral<Bool>> {
    inbox::table.filter(sql::<Bool>("inbox.state = 'pending'"))
}

/// Those that were given up, in the words of their partial index.
fn given_up() -> diesel::dsl::Filter<inbox::table, SqlLiteral<Bool>> {
    inbox::table.filter(sql::<Bool>("inbox.state = 'dead' AND inbox.state <> 'pending'"))
}

/// How many messages of each of these connections were given up; those with none are left out.
pub fn given_up_of(db: &mut Db, ids: &[&str]) -> Result<HashMap<String, u64>> {
    let mut all = HashMap::new();
    for some in ids.chunks(BATCH) {
        let counts: Vec<(String, i64)> = given_up()
            .filter(inbox::connection_id.eq_any(some))
            .group_by(inbox::connection_id)
            .select((inbox::connection_id, count_star()))
            .load(db)?;
        all.extend(counts.into_iter().map(|(id, count)| (id, uncount(count))));
    }
    Ok(all)
}

/// The connections that have messages to be tried now, whoever has waited longest first: since its oldest message was
/// due, or since its last turn. Those on which a gateway works are left out.
pub fn due_connections(db: &mut Db, now: DateTime<Utc>, most: usize) -> Result<Vec<String>> {
    let closing = companies::closing_connections(db)?;
    let free = hooks::leased_until.is_null().or(hooks::leased_until.le(at(now)).assume_not_null());
    let rows: Vec<(String, Option<NaiveDateTime>, Option<NaiveDateTime>)> = pending()
        .left_join(hooks::table.on(hooks::connection_id.eq(inbox::connection_id)))
        .filter(inbox::next_at.le(at(now)))
        .filter(inbox::connection_id.ne_all(deleted()))
        .filter(inbox::connection_id.ne_all(closing))
        .filter(hooks::connection_id.is_null().or(free))
        .group_by(inbox::connection_id)
        .select((inbox::connection_id, min(inbox::next_at), min(hooks::served_at.nullable())))
        .load(db)?;
    // One a connection at most; what is first in this order is not what the index says.
    let mut waiting: Vec<(Option<NaiveDateTime>, String)> =
        rows.into_iter().map(|(id, due, served)| (due.max(served), id)).collect();
    waiting.sort();
    Ok(waiting.into_iter().take(most).map(|(_, id)| id).collect())
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

/// When the next message is to be tried.
pub fn next_due(db: &mut Db) -> Result<Option<DateTime<Utc>>> {
    let there = pending().filter(inbox::connection_id.ne_all(deleted()));
    let next: Option<NaiveDateTime> = there.select(min(inbox::next_at)).first(db)?;
    Ok(next.map(utc))
}

/// A connection's messages to be tried now, in the order in which they arrived: at most `most`, and no more than
/// `bytes` of them, but at least one.
pub fn due(
    db: &mut Db,
    connection_id: &str,
    now: DateTime<Utc>,
    most: u16,
    bytes: u64,
) -> Result<Vec<Message>> {
    let sizes: Vec<(String, i64)> = pending()
        .filter(inbox::connection_id.eq(connection_id))
        .filter(inbox::next_at.le(at(now)))
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
    let ids: Vec<String> =
        sizes.into_iter().scan(fits, |fits, (id, size)| fits(size).then_some(id)).collect();
    Ok(pending()
        .filter(inbox::id.eq_any(ids))
        .order((inbox::received_at, inbox::id))
        .select(Message::as_select())
        .load(db)?)
}

/// Ends a message that was dealt with: what it said is forgotten. `note` says what of it did not count.
///
/// # Errors
/// [`Error::Stale`] where it does not wait (any more).
pub fn done(db: &mut WriteDb, id: &str, note: Option<&Problem>, now: DateTime<Utc>) -> Result<()> {
    let set = (
        inbox::state.eq(MessageState::Done.as_str()),
        inbox::body.eq(None::<String>),
        inbox::updated_at.eq(at(now)),
        (
            inbox::code.eq(note.map(|note| note.code.clone())),
            inbox::detail.eq(note.map(|note| note.detail.clone())),
            inbox::remedy.eq(note.map(|note| note.remedy.clone())),
        ),
    );
    expect_one(diesel::update(pending().filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?)
}

/// Gives a message up, for a person to see; what it said is kept.
///
/// # Errors
/// [`Error::Stale`] where it does not wait (any more).
pub fn dead(db: &mut WriteDb, id: &str, problem: &Problem, now: DateTime<Utc>) -> Result<()> {
    let set = (
        inbox::state.eq(MessageState::Dead.as_str()),
        inbox::updated_at.eq(at(now)),
        (
            inbox::code.eq(problem.code.clone()),
            inbox::detail.eq(problem.detail.clone()),
            inbox::remedy.eq(problem.remedy.clone()),
        ),
    );
    expect_one(diesel::update(pending().filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?)
}

/// Leaves a message for later. `attempts` are those made so far.
///
/// # Errors
/// [`Error::Stale`] where it does not wait (any more).
pub fn retry(
    db: &mut WriteDb,
    id: &str,
    attempts: u32,
    next_at: DateTime<Utc>,
    problem: &Problem,
    now: DateTime<Utc>,
) -> Result<()> {
    let set = (
        inbox::attempts.eq(i32::try_from(attempts).unwrap_or(i32::MAX)),
        inbox::next_at.eq(at(next_at)),
        inbox::updated_at.eq(at(now)),
        (
            inbox::code.eq(problem.code.clone()),
            inbox::detail.eq(problem.detail.clone()),
            inbox::remedy.eq(problem.remedy.clone()),
        ),
    );
    expect_one(diesel::update(pending().filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?)
}

/// Has a connection's messages that wait for the reason `code` tried now.
pub fn wake(db: &mut WriteDb, connection_id: &str, code: &str, now: DateTime<Utc>) -> Result<()> {
    let waiting = pending()
        .filter(inbox::connection_id.eq(connection_id.to_owned()))
        .filter(inbox::code.eq(code.to_owned()));
    diesel::update(waiting).set(inbox::next_at.eq(at(now))).execute(db)?;
    Ok(())
}

/// Puts messages off, without counting it as an attempt.
pub fn defer(db: &mut WriteDb, ids: &[&str], until: DateTime<Utc>) -> Result<()> {
    for some in ids.chunks(BATCH) {
        let some = some.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        diesel::update(pending().filter(inbox::id.eq_any(some)))
            .set(inbox::next_at.eq(at(until)))
            .execute(db)?;
    }
    Ok(())
}

fn expect_one(rows: usize) -> Result<()> {
    if rows == 1 { Ok(()) } else { Err(Error::Stale("message")) }
}

pub fn get(db: &mut Db, id: &str) -> Result<Message> {
    let there = inbox::table.find(id).filter(inbox::connection_id.ne_all(deleted()));
    let row = there.select(Message::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("message"))
}

/// The IDs of up to `most` messages that are meant by `wanted`: the sender's own ID of one, or what their IDs begin with. Only
/// those of the companies `among` where they are given.
pub fn meant(db: &mut Db, among: Option<&[String]>, wanted: &str, most: u16) -> Result<Vec<String>> {
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
    connection_id: &str,
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

/// Has messages that were given up tried again, as if they had just come: one, or all of a connection. How many.
pub fn replay(db: &mut WriteDb, which: Which<'_>, now: DateTime<Utc>) -> Result<usize> {
    let set = (
        inbox::state.eq(MessageState::Pending.as_str()),
        inbox::attempts.eq(0),
        inbox::next_at.eq(at(now)),
        inbox::pending_since.eq(at(now)),
        inbox::updated_at.eq(at(now)),
    );
    let dead = inbox::table.filter(inbox::state.eq(MessageState::Dead.as_str()));
    Ok(match which {
        Which::Message(id) => {
            diesel::update(dead.filter(inbox::id.eq(id.to_owned()))).set(set).execute(db)?
        }
        Which::AllOf(connection_id) => {
            let theirs = dead.filter(inbox::connection_id.eq(connection_id.to_owned()));
            diesel::update(theirs).set(set).execute(db)?
        }
    })
}

/// Which messages are meant.
#[derive(Debug, Clone, Copy)]
pub enum Which<'a> {
    Message(&'a str),
    AllOf(&'a str),
}

/// Deletes some of those that have been in `state` since before `before`; how many. To be called until it is none.
pub fn forget(db: &mut WriteDb, state: MessageState, before: DateTime<Utc>) -> Result<usize> {
    let ids: Vec<String> = inbox::table
        .filter(inbox::state.eq(state.as_str()).and(inbox::updated_at.lt(at(before))))
        // The words of the partial index.
        .filter(sql::<Bool>("inbox.state <> 'pending'"))
        .select(inbox::id)
        .limit(BATCH as i64)
        .load(db)?;
    // One may have been replayed since it was read.
    let still = inbox::table.filter(inbox::state.eq(state.as_str()));
    Ok(diesel::delete(still.filter(inbox::id.eq_any(ids))).execute(db)?)
}
