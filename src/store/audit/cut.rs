//! Rows that are old enough are removed from the beginning of a chain. A row at its end says so, with the hash of the last one
//! that went: without it the check would say that the chain was beheaded.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::{
    codec::audit::hex,
    domain::{
        access::{Actor, Origin},
        audit::{Act, GLOBAL},
        words::{ActorKind, AuditAction},
    },
    store::{
        Result, WriteDb,
        db::Backend,
        dsl::*,
        schema::{audit, audit_heads},
        values::at,
    },
};

use super::note_by;

/// What became old enough in this time is removed together.
const TOGETHER: TimeDelta = TimeDelta::days(1);

/// Rows of one transaction.
const BATCH: i64 = 5000;

/// Removes some of the rows of a chain from before `before`, but never its last one; how many. To be called until it is
/// none.
pub fn cut(db: &mut WriteDb, chain: &str, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<usize> {
    // Others who cut wait here, and so does who adds rows.
    let held = audit_heads::table.find(chain).select((audit_heads::begins, audit_heads::last));
    let head: Option<(i64, i64)> = match db.backend() {
        Backend::Postgres(connection) => held.for_update().first(connection).optional()?,
        Backend::Sqlite(connection) => held.first(connection).optional()?,
    };
    let Some((begins, last)) = head else { return Ok(0) };
    let oldest: Vec<(i64, NaiveDateTime, Vec<u8>)> = audit::table
        .filter(audit::chain.eq(chain).and(audit::seq.ge(begins)).and(audit::seq.lt(last)))
        .order(audit::seq)
        .limit(BATCH)
        .select((audit::seq, audit::at, audit::hash))
        .load(db)?;
    // Not each hour: every time leaves a row that says so.
    if oldest.first().is_none_or(|(_, when, _)| *when >= at(before - TOGETHER)) {
        return Ok(0);
    }
    // Up to the first that is young enough: a later one may have an earlier time.
    let Some((seq, _, hash)) = oldest.into_iter().take_while(|(_, when, _)| *when < at(before)).last() else {
        return Ok(0);
    };
    let gone = audit::table.filter(audit::chain.eq(chain).and(audit::seq.le(seq)));
    let rows = diesel::delete(gone).execute(db)?;
    diesel::update(audit_heads::table.find(chain))
        .set((audit_heads::begins.eq(seq + 1), audit_heads::before.eq(&hash)))
        .execute(db)?;
    let act = Act::new(AuditAction::AuditCut, "chain", chain).with("up_to", seq).with("hash", hex(&hash));
    let act = if chain == GLOBAL { act } else { act.of(chain) };
    let worker = Actor { kind: ActorKind::Worker, id: Some("retention".into()) };
    note_by(db, &worker, &Origin::at(now), act);
    Ok(rows)
}
