//! The sessions of accounts.

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        access::{Attempt, action},
        audit::Act,
        words::AuditAction,
    },
    service::{Result, find, page::PageBody, sign_in::Session},
    store::{Db, WriteDb, accounts::sessions, audit},
};

/// Where the person of an account is signed in, the newest first.
///
/// # Errors
/// `account_not_found`.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::OwnAccount>,
    wanted: &str,
    now: DateTime<Utc>,
) -> Result<PageBody<Session>> {
    let account = find::account(db, attempt, wanted)?;
    let current = attempt.session().map(|session| session.id.as_str());
    let all = sessions::of_account(db, &account.id, now)?;
    let data = all.into_iter().map(|session| Session::of(session, current)).collect();
    Ok(PageBody { data, next_cursor: None })
}

/// Ends all sessions of an account, but for the one in which this is asked; how many.
///
/// # Errors
/// `account_not_found`.
pub fn end_others(db: &mut WriteDb, attempt: &Attempt<action::OwnAccount>, wanted: &str) -> Result<usize> {
    let account = find::account(db.as_mut(), attempt, wanted)?;
    let current = attempt.session().map(|session| session.id.as_str());
    let ended = sessions::end_all(db, &account.id, current)?;
    let act = Act::new(AuditAction::SessionsEnded, "account", &account.id).with("sessions", ended);
    audit::note_for(db, attempt, act);
    Ok(ended)
}

/// Ends one session of an account.
///
/// # Errors
/// `account_not_found`, `session_not_found`.
pub fn end_one(
    db: &mut WriteDb,
    attempt: &Attempt<action::OwnAccount>,
    wanted: &str,
    session_id: &str,
) -> Result<()> {
    let account = find::account(db.as_mut(), attempt, wanted)?;
    let act = Act::new(AuditAction::SessionsEnded, "account", &account.id).with("session_id", session_id);
    audit::note_for(db, attempt, act);
    Ok(sessions::end(db, &account.id, session_id)?)
}
