//! Sessions: the browsers in which people are signed in.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::{ids::CompanyId, words::SignInMethod};

use super::{
    super::{
        Db, Error, Result, WriteDb,
        dsl::*,
        schema::{account_companies, account_sessions, accounts},
        values::{Time, at},
    },
    Account, Row, gathered,
};

/// A session in which nothing happens for so long has ended.
pub const IDLE: TimeDelta = TimeDelta::hours(8);

/// The longest life of a session.
pub const LIFE: TimeDelta = TimeDelta::days(7);

/// One browser in which a person is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = account_sessions)]
pub struct Session {
    pub id: String,
    pub account_id: String,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
    /// To the minute, or less often.
    #[diesel(deserialize_as = Time)]
    pub last_seen_at: DateTime<Utc>,
    /// When the person has proved last who it is.
    #[diesel(deserialize_as = Time)]
    pub authenticated_at: DateTime<Utc>,
    pub method: SignInMethod,
    /// The address from which the person signed in.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
}

impl Session {
    /// When it ends if nothing happens in it.
    pub fn ends_at(&self) -> DateTime<Utc> {
        (self.last_seen_at + IDLE).min(self.created_at + LIFE)
    }
}

/// Adds a session; only the hash of its secret is kept.
pub fn insert(db: &mut WriteDb, session: &Session, secret_hash: &[u8]) -> Result<()> {
    diesel::insert_into(account_sessions::table)
        .values((
            account_sessions::id.eq(&session.id),
            account_sessions::account_id.eq(&session.account_id),
            account_sessions::secret_hash.eq(secret_hash),
            account_sessions::created_at.eq(at(session.created_at)),
            account_sessions::last_seen_at.eq(at(session.last_seen_at)),
            account_sessions::authenticated_at.eq(at(session.authenticated_at)),
            account_sessions::method.eq(session.method.as_str()),
            account_sessions::address.eq(&session.address),
            account_sessions::user_agent.eq(&session.user_agent),
        ))
        .execute(db)?;
    Ok(())
}

/// The session with this secret and its account, unless it has ended or the account is disabled.
pub fn by_secret(db: &mut Db, hash: &[u8], now: DateTime<Utc>) -> Result<Option<(Session, Account)>> {
    let rows = account_sessions::table
        .inner_join(accounts::table.left_join(account_companies::table))
        .filter(account_sessions::secret_hash.eq(hash).and(accounts::active.eq(true)))
        .filter(account_sessions::last_seen_at.gt(at(now - IDLE)))
        .filter(account_sessions::created_at.gt(at(now - LIFE)))
        .select((Session::as_select(), Row::as_select(), account_companies::company_id.nullable()))
        .order(account_companies::company_id)
        .load::<(Session, Row, Option<CompanyId>)>(db)?;
    Ok(gathered(rows))
}

/// Gives a session another secret.
///
/// # Errors
/// [`Error::NotFound`].
pub fn replace_secret(db: &mut WriteDb, session_id: &str, secret_hash: &[u8]) -> Result<()> {
    let one = account_sessions::table.find(session_id);
    match diesel::update(one).set(account_sessions::secret_hash.eq(secret_hash)).execute(db)? {
        0 => Err(Error::NotFound("session")),
        _ => Ok(()),
    }
}

/// Those of an account that have not ended, the newest first.
pub fn of_account(db: &mut Db, account_id: &str, now: DateTime<Utc>) -> Result<Vec<Session>> {
    Ok(account_sessions::table
        .filter(account_sessions::account_id.eq(account_id))
        .filter(account_sessions::last_seen_at.gt(at(now - IDLE)))
        .filter(account_sessions::created_at.gt(at(now - LIFE)))
        .order(account_sessions::id.desc())
        .select(Session::as_select())
        .load(db)?)
}

/// Ends one session of an account.
///
/// # Errors
/// [`Error::NotFound`].
pub fn end(db: &mut WriteDb, account_id: &str, session_id: &str) -> Result<()> {
    let one = account_sessions::table
        .filter(account_sessions::id.eq(session_id).and(account_sessions::account_id.eq(account_id)));
    match diesel::delete(one).execute(db)? {
        0 => Err(Error::NotFound("session")),
        _ => Ok(()),
    }
}

/// Ends all sessions of an account, but for the one of this ID; how many.
pub fn end_all(db: &mut WriteDb, account_id: &str, but: Option<&str>) -> Result<usize> {
    let all = account_sessions::table
        .filter(account_sessions::account_id.eq(account_id))
        .filter(account_sessions::id.ne(but.unwrap_or_default()));
    Ok(diesel::delete(all).execute(db)?)
}

/// Ends the session with this secret, whosever it is, if there is one.
pub fn end_by_secret(db: &mut WriteDb, hash: &[u8]) -> Result<()> {
    diesel::delete(account_sessions::table.filter(account_sessions::secret_hash.eq(hash))).execute(db)?;
    Ok(())
}

/// Notes that something happened in a session, unless that was noted since `unless_after`.
pub fn seen(
    db: &mut WriteDb,
    session_id: &str,
    now: DateTime<Utc>,
    unless_after: DateTime<Utc>,
) -> Result<()> {
    let old = account_sessions::id.eq(session_id).and(account_sessions::last_seen_at.le(at(unless_after)));
    diesel::update(account_sessions::table.filter(old))
        .set(account_sessions::last_seen_at.eq(at(now)))
        .execute(db)?;
    Ok(())
}

/// Forgets the sessions that have ended; how many.
pub fn forget_ended(db: &mut WriteDb, now: DateTime<Utc>) -> Result<usize> {
    let ended =
        account_sessions::last_seen_at.le(at(now - IDLE)).or(account_sessions::created_at.le(at(now - LIFE)));
    Ok(diesel::delete(account_sessions::table.filter(ended)).execute(db)?)
}
