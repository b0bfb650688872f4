//! Quicklinks: links that open one company's lists without a sign-in, on behalf of an account.

use chrono::{DateTime, Utc};

use crate::domain::{
    ids::{AppId, CompanyId, ConnectionId, QuicklinkId},
    words::Role,
};

use super::{
    Db, Error, Page, PageLimit, Result, WriteDb,
    dsl::*,
    schema::{account_companies, accounts, quicklinks},
    values::{MaybeTime, Time, at},
};

/// A Quicklink, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = quicklinks)]
pub struct Quicklink {
    pub id: QuicklinkId,
    /// On whose behalf it opens anything.
    pub account_id: String,
    pub company_id: CompanyId,
    /// The app that it acts for; `None` where the bearer chooses.
    pub app_id: Option<AppId>,
    /// The connection that it opens with.
    pub connection_id: Option<ConnectionId>,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
    #[diesel(deserialize_as = Time)]
    pub expires_at: DateTime<Utc>,
    #[diesel(deserialize_as = MaybeTime)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// How often it was opened.
    pub uses: i64,
    #[diesel(deserialize_as = MaybeTime)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Adds one; only the hash of its secret is kept.
///
/// # Errors
/// [`Error::Referred`] where something that it names is not there.
pub fn insert(db: &mut WriteDb, quicklink: &Quicklink, hash: &[u8]) -> Result<()> {
    diesel::insert_into(quicklinks::table)
        .values((
            (quicklinks::id.eq(&quicklink.id), quicklinks::token_hash.eq(hash)),
            (
                quicklinks::account_id.eq(&quicklink.account_id),
                quicklinks::company_id.eq(&quicklink.company_id),
            ),
            (
                quicklinks::app_id.eq(&quicklink.app_id),
                quicklinks::connection_id.eq(&quicklink.connection_id),
            ),
            (
                quicklinks::created_at.eq(at(quicklink.created_at)),
                quicklinks::expires_at.eq(at(quicklink.expires_at)),
            ),
            quicklinks::uses.eq(quicklink.uses),
        ))
        .execute(db)?;
    Ok(())
}

/// # Errors
/// [`Error::NotFound`].
pub fn get(db: &mut Db, id: &str) -> Result<Quicklink> {
    let row = quicklinks::table.find(id).select(Quicklink::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("Quicklink"))
}

/// A page of them, oldest first: of one account, or of all.
pub fn page(
    db: &mut Db,
    account_id: Option<&str>,
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Quicklink>> {
    let mut query = quicklinks::table
        .select(Quicklink::as_select())
        .order(quicklinks::id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(account_id) = account_id {
        query = query.filter(quicklinks::account_id.eq(account_id.to_owned()));
    }
    if let Some(after) = after {
        query = query.filter(quicklinks::id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// Those of an account that still work.
pub fn live_of(db: &mut Db, account_id: &str, now: DateTime<Utc>) -> Result<Vec<Quicklink>> {
    Ok(quicklinks::table
        .filter(quicklinks::account_id.eq(account_id).and(quicklinks::revoked_at.is_null()))
        .filter(quicklinks::expires_at.gt(at(now)))
        .order(quicklinks::id)
        .select(Quicklink::as_select())
        .load(db)?)
}

/// The one with this hash, if it opens anything: neither revoked nor expired, of an account that is active and sees the
/// company.
pub fn by_token(db: &mut Db, hash: &[u8], now: DateTime<Utc>) -> Result<Option<Quicklink>> {
    let sees = diesel::dsl::exists(
        account_companies::table
            .filter(account_companies::account_id.eq(accounts::id))
            .filter(account_companies::company_id.eq(quicklinks::company_id)),
    );
    Ok(quicklinks::table
        .inner_join(accounts::table)
        .filter(quicklinks::token_hash.eq(hash).and(quicklinks::revoked_at.is_null()))
        .filter(quicklinks::expires_at.gt(at(now)).and(accounts::active.eq(true)))
        .filter(accounts::role.eq(Role::AccountAdmin.as_str()).or(sees))
        .select(Quicklink::as_select())
        .first(db)
        .optional()?)
}

/// Counts that it was opened.
pub fn opened(db: &mut WriteDb, id: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(quicklinks::table.find(id))
        .set((quicklinks::uses.eq(quicklinks::uses + 1), quicklinks::last_used_at.eq(at(now))))
        .execute(db)?;
    Ok(())
}

/// Revokes one; one that is revoked keeps its time.
pub fn revoke(db: &mut WriteDb, id: &str, now: DateTime<Utc>) -> Result<()> {
    diesel::update(quicklinks::table.find(id).filter(quicklinks::revoked_at.is_null()))
        .set(quicklinks::revoked_at.eq(at(now)))
        .execute(db)?;
    Ok(())
}

/// Revokes all of an account; how many still were to be.
pub fn revoke_all(db: &mut WriteDb, account_id: &str, now: DateTime<Utc>) -> Result<usize> {
    let live =
        quicklinks::table.filter(quicklinks::account_id.eq(account_id).and(quicklinks::revoked_at.is_null()));
    Ok(diesel::update(live).set(quicklinks::revoked_at.eq(at(now))).execute(db)?)
}
