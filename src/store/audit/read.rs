//! How the audit is read: by pages, newest first, and a chain from its beginning to its end.

use chrono::{DateTime, Utc};

use crate::{
    codec::audit::check::Head,
    domain::{
        audit::{GLOBAL, Row},
        words::AuditAction,
    },
    store::{
        Db, Page, PageLimit, Result,
        dsl::*,
        schema::{audit, audit_heads},
        values::{Time, at, loaded_as},
    },
};

/// Which rows are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// A company's ID, or `global`.
    pub chain: Option<String>,
    /// An ID of who did it.
    pub actor_id: Option<String>,
    pub action: Option<AuditAction>,
    /// From this time on, and before that.
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// The place of a row among all: time, chain, number.
pub type Position = (DateTime<Utc>, String, i64);

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit)]
#[doc(hidden)]
pub struct Loaded {
    chain: String,
    seq: i64,
    #[diesel(deserialize_as = Time)]
    at: DateTime<Utc>,
    actor_kind: String,
    actor_id: Option<String>,
    action: String,
    object_kind: String,
    object_id: String,
    members: String,
    request_id: Option<String>,
    address: Option<String>,
    credential: Option<String>,
    key_id: String,
    hash: Vec<u8>,
}

loaded_as!(Loaded => Row);

impl From<Loaded> for Row {
    fn from(it: Loaded) -> Self {
        Self {
            chain: it.chain,
            seq: it.seq,
            at: it.at,
            actor_kind: it.actor_kind,
            actor_id: it.actor_id,
            action: it.action,
            object_kind: it.object_kind,
            object_id: it.object_id,
            members: it.members,
            request_id: it.request_id,
            address: it.address,
            credential: it.credential,
            key_id: it.key_id,
            hash: it.hash,
        }
    }
}

/// A page of rows, the newest first; those before a position.
pub fn page(db: &mut Db, filter: &Filter, before: Option<&Position>, limit: PageLimit) -> Result<Page<Row>> {
    let mut query = audit::table
        .select(Row::as_select())
        .order((audit::at.desc(), audit::chain.desc(), audit::seq.desc()))
        .limit(limit.and_one())
        .into_boxed();
    if let Some(chain) = filter.chain.clone() {
        query = query.filter(audit::chain.eq(chain));
    }
    if let Some(actor_id) = filter.actor_id.clone() {
        query = query.filter(audit::actor_id.eq(actor_id));
    }
    if let Some(action) = filter.action {
        query = query.filter(audit::action.eq(action.as_str()));
    }
    if let Some(from) = filter.from {
        query = query.filter(audit::at.ge(at(from)));
    }
    if let Some(to) = filter.to {
        query = query.filter(audit::at.lt(at(to)));
    }
    if let Some((when, chain, seq)) = before {
        let earlier =
            audit::chain.lt(chain.clone()).or(audit::chain.eq(chain.clone()).and(audit::seq.lt(*seq)));
        let when = at(*when);
        query = query.filter(audit::at.le(when).and(audit::at.lt(when).or(earlier)));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_heads)]
#[doc(hidden)]
pub struct HeadRow {
    chain: String,
    last: i64,
    hash: Vec<u8>,
    begins: i64,
    before: Vec<u8>,
}

loaded_as!(HeadRow => Head);

impl From<HeadRow> for Head {
    fn from(HeadRow { chain, last, hash, begins, before }: HeadRow) -> Self {
        Self { chain, last, hash, begins, before }
    }
}

/// Where a chain stands; `None` where there is none.
pub fn head(db: &mut Db, chain: &str) -> Result<Option<Head>> {
    Ok(audit_heads::table.find(chain).select(Head::as_select()).first(db).optional()?)
}

/// The key of the newest row that belongs to no company: every chain begins with one of these.
pub fn newest_key(db: &mut Db) -> Result<Option<String>> {
    let newest = audit::table.filter(audit::chain.eq(GLOBAL)).order(audit::seq.desc()).select(audit::key_id);
    Ok(newest.first(db).optional()?)
}

/// Where all chains stand, in the order of their names; those after one.
pub fn heads(db: &mut Db, after: Option<&str>, limit: PageLimit) -> Result<Page<Head>> {
    let mut query = audit_heads::table
        .select(Head::as_select())
        .order(audit_heads::chain)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(audit_heads::chain.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// Some rows of a chain in their order, after one and up to another.
pub fn rows(db: &mut Db, chain: &str, after: i64, up_to: i64, limit: PageLimit) -> Result<Vec<Row>> {
    Ok(audit::table
        .filter(audit::chain.eq(chain).and(audit::seq.gt(after)).and(audit::seq.le(up_to)))
        .select(Row::as_select())
        .order(audit::seq)
        .limit(limit.and_one() - 1)
        .load(db)?)
}
