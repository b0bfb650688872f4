//! Tokens with which programs act as a person.

use chrono::{DateTime, Utc};

use crate::domain::{access::Scopes, ids::CompanyId};

use super::{
    super::{
        Db, Error, Result, WriteDb,
        dsl::*,
        schema::{account_companies, account_tokens, accounts},
        values::{MaybeTime, Time, at},
    },
    Account, Row, gathered,
};

/// A token of an account, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = account_tokens)]
pub struct PersonalToken {
    pub id: String,
    pub account_id: String,
    /// What its owner calls it.
    pub name: Option<String>,
    /// What it may be used for, within what its owner may do.
    pub scopes: Scopes,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
    /// When it stops working.
    #[diesel(deserialize_as = MaybeTime)]
    pub expires_at: Option<DateTime<Utc>>,
    #[diesel(deserialize_as = MaybeTime)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was used last, to the minute or less often.
    #[diesel(deserialize_as = MaybeTime)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// Adds a token; only the hash of its secret is kept.
pub fn insert(db: &mut WriteDb, token: &PersonalToken, hash: &[u8]) -> Result<()> {
    diesel::insert_into(account_tokens::table)
        .values((
            account_tokens::id.eq(&token.id),
            account_tokens::account_id.eq(&token.account_id),
            account_tokens::token_hash.eq(hash),
            account_tokens::name.eq(&token.name),
            account_tokens::scopes.eq(token.scopes.to_string()),
            account_tokens::created_at.eq(at(token.created_at)),
            account_tokens::expires_at.eq(token.expires_at.map(at)),
        ))
        .execute(db)?;
    Ok(())
}

/// All of an account, the revoked ones as well, the oldest first.
pub fn of_account(db: &mut Db, account_id: &str) -> Result<Vec<PersonalToken>> {
    Ok(account_tokens::table
        .filter(account_tokens::account_id.eq(account_id))
        .order(account_tokens::id)
        .select(PersonalToken::as_select())
        .load(db)?)
}

/// The token with this hash and its account, unless it was revoked or has expired, or the account is disabled.
pub fn by_hash(db: &mut Db, hash: &[u8], now: DateTime<Utc>) -> Result<Option<(PersonalToken, Account)>> {
    let rows = account_tokens::table
        .inner_join(accounts::table.left_join(account_companies::table))
        .filter(account_tokens::token_hash.eq(hash).and(account_tokens::revoked_at.is_null()))
        .filter(account_tokens::expires_at.is_null().or(account_tokens::expires_at.gt(at(now))))
        .filter(accounts::active.eq(true))
        .select((PersonalToken::as_select(), Row::as_select(), account_companies::company_id.nullable()))
        .order(account_companies::company_id)
        .load::<(PersonalToken, Row, Option<CompanyId>)>(db)?;
    Ok(gathered(rows))
}

/// Notes that a token was used, unless that was noted since `unless_after`.
pub fn used(db: &mut WriteDb, token_id: &str, now: DateTime<Utc>, unless_after: DateTime<Utc>) -> Result<()> {
    let old = account_tokens::last_used_at.is_null().or(account_tokens::last_used_at.le(at(unless_after)));
    diesel::update(account_tokens::table.filter(account_tokens::id.eq(token_id)).filter(old))
        .set(account_tokens::last_used_at.eq(at(now)))
        .execute(db)?;
    Ok(())
}

/// Revokes all tokens of an account.
pub fn revoke_all(db: &mut WriteDb, account_id: &str, now: DateTime<Utc>) -> Result<()> {
    let own = account_tokens::account_id.eq(account_id).and(account_tokens::revoked_at.is_null());
    diesel::update(account_tokens::table.filter(own))
        .set(account_tokens::revoked_at.eq(at(now)))
        .execute(db)?;
    Ok(())
}

/// Revokes a token of an account. One that is revoked already keeps its time.
///
/// # Errors
/// [`Error::NotFound`].
pub fn revoke(db: &mut WriteDb, account_id: &str, token_id: &str, now: DateTime<Utc>) -> Result<()> {
    let own = account_tokens::table.find(token_id).filter(account_tokens::account_id.eq(account_id));
    if own.select(account_tokens::id).first::<String>(db).optional()?.is_none() {
        return Err(Error::NotFound("token"));
    }
    diesel::update(account_tokens::table.find(token_id).filter(account_tokens::revoked_at.is_null()))
        .set(account_tokens::revoked_at.eq(at(now)))
        .execute(db)?;
    Ok(())
}
