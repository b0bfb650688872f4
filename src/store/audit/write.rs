//! Writes what was told. The head of a chain is a row that is held from then until the commit, so that no two rows have one
//! number, and a chain has no fork; it is taken late, as the counter of a feed is, and after that.

use std::{collections::BTreeMap, mem};

use chrono::{DateTime, Utc};

use crate::{
    codec::audit::{AuditKey, Hash, NONE, hash_of},
    domain::{
        access::{Actor, Origin},
        audit::{Act, GLOBAL, Row, Told},
        words::{ActorKind, AuditAction},
    },
    store::{
        Db, Error, Result, WriteDb,
        db::Backend,
        db::per_backend,
        dsl::*,
        schema::{audit, audit_heads},
        values::at,
    },
};

/// Rows of one INSERT.
const BATCH: usize = 500;

/// Where the key of the chains comes from.
pub trait AuditKeys: Send + Sync {
    /// Sees to it that there is a key. It may wait for others, so it is called before a head is held.
    ///
    /// # Errors
    /// [`Error::AuditKey`] where there is none: then nothing is written.
    fn ready(&self, db: &mut WriteDb, now: DateTime<Utc>) -> Result<()>;

    /// The key for new rows. Asked while the head is held, so that in each chain no row with an old key comes after one
    /// with a new key.
    ///
    /// # Errors
    /// [`Error::AuditKey`].
    fn current(&self, db: &mut Db) -> Result<AuditKey>;
}

/// Writes what was told in this transaction.
pub(in crate::store) fn write(db: &mut WriteDb, keys: Option<&dyn AuditKeys>) -> Result<()> {
    let told = mem::take(&mut db.told);
    let Some(first) = told.first() else { return Ok(()) };
    if let Some(keys) = keys {
        keys.ready(db, first.origin.at)?;
    }
    // In the order of their names, as everybody takes them: two transactions of several chains would wait in a circle.
    let mut chains: BTreeMap<String, Vec<Told>> = BTreeMap::new();
    for told in told {
        let chain = told.act.company_id.clone().unwrap_or_else(|| GLOBAL.to_owned());
        chains.entry(chain).or_default().push(told);
    }
    // IDs of companies come before it.
    let mut global = chains.remove(GLOBAL).unwrap_or_default();
    for (chain, told) in chains {
        let origin = told.first().map(|told| told.origin.clone());
        if extend(db, keys, &chain, told)? {
            global.extend(origin.map(|origin| begun(&chain, origin)));
        }
    }
    if !global.is_empty() {
        extend(db, keys, GLOBAL, global)?;
    }
    Ok(())
}

fn begun(chain: &str, origin: Origin) -> Told {
    let actor = Actor { kind: ActorKind::Worker, id: Some("audit".into()) };
    Told { act: Act::new(AuditAction::ChainBegun, "chain", chain), actor, origin }
}

/// Adds rows to the end of a chain; whether it began with them.
fn extend(db: &mut WriteDb, keys: Option<&dyn AuditKeys>, chain: &str, told: Vec<Told>) -> Result<bool> {
    let count = i64::try_from(told.len()).unwrap_or(i64::MAX);
    let (last, hash) = take(db, chain, count)?;
    let key = match keys {
        Some(keys) => keys.current(db)?,
        // A store that was given no keys. No check knows this one.
        None => AuditKey::kept(NONE),
    };
    let key_id = key.id();
    let corrupt = || Error::Corrupt { what: "head of the audit", why: "its hash is none".into() };
    let mut before: Hash = hash_of(&hash).ok_or_else(corrupt)?;
    let mut rows = Vec::with_capacity(told.len());
    for (seq, told) in (last - count + 1..).zip(told) {
        let mut row = row(chain, seq, &key_id, told)?;
        before = key.hash(&before, &row);
        row.hash = before.to_vec();
        rows.push(row);
    }
    insert(db, &rows)?;
    diesel::update(audit_heads::table.find(chain)).set(audit_heads::hash.eq(before.to_vec())).execute(db)?;
    Ok(last == count)
}

/// Moves the end of a chain on, and holds it until the commit: where it is now, and the hash of the row before.
fn take(db: &mut WriteDb, chain: &str, count: i64) -> Result<(i64, Vec<u8>)> {
    Ok(per_backend!(db, |connection| diesel::insert_into(audit_heads::table)
        .values((
            audit_heads::chain.eq(chain),
            audit_heads::last.eq(count),
            audit_heads::hash.eq(NONE.to_vec()),
            audit_heads::begins.eq(1i64),
            audit_heads::before.eq(NONE.to_vec()),
        ))
        .on_conflict(audit_heads::chain)
        .do_update()
        .set(audit_heads::last.eq(audit_heads::last + count))
        .returning((audit_heads::last, audit_heads::hash))
        .returned(connection))?)
}

fn row(chain: &str, seq: i64, key_id: &str, told: Told) -> Result<Row> {
    let Told { act, actor, origin } = told;
    let members = serde_json::to_string(&act.members)
        .map_err(|error| Error::Corrupt { what: "row of the audit", why: error.to_string() })?;
    let (object_kind, object_id) = act.object;
    Ok(Row {
        chain: chain.to_owned(),
        seq,
        // As the tables hold it: the hash is of what is read back.
        at: at(origin.at).and_utc(),
        actor_kind: actor.kind.as_str().to_owned(),
        actor_id: actor.id,
        action: act.action.as_str().to_owned(),
        object_kind: object_kind.to_owned(),
        object_id,
        members,
        request_id: origin.request_id.map(|id| id.to_string()),
        address: origin.address.map(|address| address.to_string()),
        credential: origin.credential.map(|id| id.to_string()),
        key_id: key_id.to_owned(),
        hash: Vec::new(),
    })
}

#[derive(Insertable)]
#[diesel(table_name = audit, treat_none_as_default_value = false)]
struct NewRow<'a> {
    chain: &'a str,
    seq: i64,
    at: chrono::NaiveDateTime,
    actor_kind: &'a str,
    actor_id: Option<&'a str>,
    action: &'a str,
    object_kind: &'a str,
    object_id: &'a str,
    members: &'a str,
    request_id: Option<&'a str>,
    address: Option<&'a str>,
    credential: Option<&'a str>,
    key_id: &'a str,
    hash: &'a [u8],
}

impl<'a> From<&'a Row> for NewRow<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            chain: &row.chain,
            seq: row.seq,
            at: at(row.at),
            actor_kind: &row.actor_kind,
            actor_id: row.actor_id.as_deref(),
            action: &row.action,
            object_kind: &row.object_kind,
            object_id: &row.object_id,
            members: &row.members,
            request_id: row.request_id.as_deref(),
            address: row.address.as_deref(),
            credential: row.credential.as_deref(),
            key_id: &row.key_id,
            hash: &row.hash,
        }
    }
}

fn insert(db: &mut WriteDb, rows: &[Row]) -> Result<()> {
    match db.backend() {
        Backend::Postgres(connection) => {
            for some in rows.chunks(BATCH) {
                let some: Vec<NewRow<'_>> = some.iter().map(NewRow::from).collect();
                diesel::insert_into(audit::table).values(&some).execute(connection)?;
            }
        }
        // A statement for one row is prepared once and kept.
        Backend::Sqlite(connection) => {
            for row in rows {
                diesel::insert_into(audit::table).values(NewRow::from(row)).execute(connection)?;
            }
        }
    }
    Ok(())
}
