//! Links that work once, and only for a while.

use chrono::{DateTime, Utc};

use crate::domain::words::LinkPurpose;

use super::super::{
    Db, Result, WriteDb,
    dsl::*,
    schema::one_time_links,
    values::{Time, at},
};

/// A link that has not been used.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = one_time_links)]
pub struct OneTimeLink {
    pub id: String,
    pub purpose: LinkPurpose,
    /// Whose password is chosen; `None` for a link that makes the first account.
    pub account_id: Option<String>,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
    /// From then on it does not work.
    #[diesel(deserialize_as = Time)]
    pub expires_at: DateTime<Utc>,
}

/// Adds a link; only the hash of its secret is kept.
pub fn insert(db: &mut WriteDb, link: &OneTimeLink, hash: &[u8]) -> Result<()> {
    diesel::insert_into(one_time_links::table)
        .values((
            one_time_links::id.eq(&link.id),
            one_time_links::token_hash.eq(hash),
            one_time_links::purpose.eq(link.purpose.as_str()),
            one_time_links::account_id.eq(&link.account_id),
            one_time_links::created_at.eq(at(link.created_at)),
            one_time_links::expires_at.eq(at(link.expires_at)),
        ))
        .execute(db)?;
    Ok(())
}

/// The link with this hash, if it still works. It is not used up.
pub fn look(
    db: &mut Db,
    purpose: LinkPurpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<OneTimeLink>> {
    Ok(one_time_links::table
        .filter(one_time_links::token_hash.eq(hash).and(one_time_links::purpose.eq(purpose.as_str())))
        .filter(one_time_links::expires_at.gt(at(now)))
        .select(OneTimeLink::as_select())
        .first(db)
        .optional()?)
}

/// Uses a link up: of two who try at once only one gets it.
pub fn take(
    db: &mut WriteDb,
    purpose: LinkPurpose,
    hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<OneTimeLink>> {
    let Some(link) = look(db, purpose, hash, now)? else { return Ok(None) };
    let taken = diesel::delete(one_time_links::table.find(&link.id)).execute(db)?;
    Ok((taken == 1).then_some(link))
}

/// Forgets the links of a purpose that belong to an account, or to none; how many. Of two who do so at once only one finds
/// any.
pub fn forget(db: &mut WriteDb, purpose: LinkPurpose, account_id: Option<&str>) -> Result<usize> {
    let all = one_time_links::table.filter(one_time_links::purpose.eq(purpose.as_str()));
    Ok(match account_id {
        Some(id) => diesel::delete(all.filter(one_time_links::account_id.eq(id))).execute(db)?,
        None => diesel::delete(all.filter(one_time_links::account_id.is_null())).execute(db)?,
    })
}

/// Forgets the links that do not work any more; how many.
pub fn forget_expired(db: &mut WriteDb, now: DateTime<Utc>) -> Result<usize> {
    let expired = one_time_links::table.filter(one_time_links::expires_at.le(at(now)));
    Ok(diesel::delete(expired).execute(db)?)
}
