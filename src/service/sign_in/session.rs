//! Sessions: how they begin, and what is shown of them.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{self, Actor, Attempt, action},
        audit::Act,
        ids::new_id,
        secret::{Secret, SecretHash},
        words::{ActorKind, AuditAction, SignInMethod},
    },
    service::{Result, accounts::Account, call::FRESH, schema},
    store::{
        Db, WriteDb,
        accounts::{self, sessions},
        audit,
    },
};

/// What the secrets of sessions begin with.
const PREFIX: &str = "rcs_";

/// The longest text of a browser about itself that is kept, in characters.
const LONGEST_USER_AGENT: usize = 300;

/// From where a person signs in.
#[derive(Debug, Clone, Default)]
pub struct Place {
    pub address: Option<String>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// The ID that finds the request in the log.
    pub request_id: Option<Arc<str>>,
}

impl Place {
    /// The same for the audit.
    pub fn origin(&self, at: DateTime<Utc>) -> access::Origin {
        let address = self.address.as_ref().and_then(|address| address.parse().ok());
        access::Origin { at, request_id: self.request_id.clone(), address, credential: None }
    }
}

/// One browser in which a person is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
pub struct Session {
    pub id: String,
    pub created_at: DateTime<Utc>,
    /// To the minute or less often.
    pub last_seen_at: DateTime<Utc>,
    /// When the person has proved last who it is.
    pub authenticated_at: DateTime<Utc>,
    /// Until then the person may change credentials, tokens, roles and secrets without signing in once more.
    pub fresh_until: DateTime<Utc>,
    /// When the session ends if nothing more happens in it.
    pub expires_at: DateTime<Utc>,
    #[schema(schema_with = schema::sign_in_methods)]
    pub method: SignInMethod,
    /// The address from which the person signed in.
    pub address: Option<String>,
    /// What the browser calls itself.
    pub user_agent: Option<String>,
    /// Whether it is the one in which this is asked.
    pub current: bool,
}

impl Session {
    pub(crate) fn of(session: sessions::Session, current: Option<&str>) -> Self {
        Self {
            current: current == Some(session.id.as_str()),
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
            authenticated_at: session.authenticated_at,
            fresh_until: session.authenticated_at + FRESH,
            expires_at: session.ends_at(),
            method: session.method,
            address: session.address,
            user_agent: session.user_agent,
            id: session.id,
        }
    }
}

/// A person who is signed in, and the session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    #[serde(flatten)]
    pub account: Account,
    pub session: Session,
}

/// A session that has just begun.
#[derive(Debug)]
pub struct NewSession {
    pub signed_in: SignedIn,
    /// What the browser keeps in its cookie.
    pub secret: Secret,
}

/// Begins a session of an account whose person has proved who it is; the one of the same browser before ends, so that
/// whoever knew its secret is out.
///
/// # Errors
/// The database's.
pub fn begin(
    db: &mut WriteDb,
    ambient: &Ambient,
    account_id: &str,
    method: SignInMethod,
    place: &Place,
    before: Option<SecretHash>,
) -> Result<NewSession> {
    if let Some(before) = before {
        sessions::end_by_secret(db, &before.0)?;
    }
    let now = ambient.now();
    let shown = |text: &String| text.chars().filter(|c| !c.is_control()).take(LONGEST_USER_AGENT).collect();
    let session = sessions::Session {
        id: new_id("ses", now, ambient.entropy.bytes()),
        account_id: account_id.to_owned(),
        created_at: now,
        last_seen_at: now,
        authenticated_at: now,
        method,
        address: place.address.clone(),
        user_agent: place.user_agent.as_ref().map(shown),
    };
    let secret = Secret::generate_long(PREFIX, [ambient.entropy.bytes(), ambient.entropy.bytes()]);
    sessions::insert(db, &session, &secret.hash().0)?;
    note(db, &session, place);
    let account = accounts::get(db, account_id)?.into();
    let current = session.id.clone();
    let session = Session::of(session, Some(&current));
    Ok(NewSession { signed_in: SignedIn { account, session }, secret })
}

/// Gives the session of the caller another secret, which the browser keeps from now on: whoever knew the one before is
/// out. All other sessions of the account end.
///
/// # Errors
/// `no_account` where the caller is no person in a browser.
pub fn rotate(db: &mut WriteDb, ambient: &Ambient, attempt: &Attempt<action::OwnAccount>) -> Result<Secret> {
    let (account_id, session) = (attempt.own_account()?, attempt.own_session()?);
    let secret = Secret::generate_long(PREFIX, [ambient.entropy.bytes(), ambient.entropy.bytes()]);
    sessions::replace_secret(db, &session.id, &secret.hash().0)?;
    sessions::end_all(db, account_id, Some(&session.id))?;
    Ok(secret)
}

/// The person is not a caller yet: it has only just proved who it is.
fn note(db: &mut WriteDb, session: &sessions::Session, place: &Place) {
    let actor = Actor { kind: ActorKind::Account, id: Some(session.account_id.clone()) };
    let credential = Some(session.id.as_str().into());
    let origin = access::Origin { credential, ..place.origin(session.created_at) };
    let act = Act::new(AuditAction::SignedIn, "session", &session.id).with("method", session.method);
    audit::note_by(db, &actor, &origin, act);
}

/// Who calls, and in which session.
///
/// # Errors
/// `no_account` where the caller is no person in a browser.
pub fn who(db: &mut Db, attempt: &Attempt<action::OwnAccount>, now: DateTime<Utc>) -> Result<SignedIn> {
    attempt.throughout()?;
    let account_id = attempt.own_account()?;
    let current = attempt.own_session()?;
    let account = accounts::get(db, account_id)?.into();
    let mut all = sessions::of_account(db, account_id, now)?;
    all.retain(|session| session.id == current.id);
    let session = all.pop().ok_or(crate::store::Error::NotFound("session"))?;
    Ok(SignedIn { account, session: Session::of(session, Some(&current.id)) })
}

/// Signs the caller out.
///
/// # Errors
/// `no_account` where the caller is no person in a browser.
pub fn end(db: &mut WriteDb, attempt: &Attempt<action::OwnAccount>) -> Result<()> {
    let grant = attempt.throughout()?;
    let (account_id, session) = (attempt.own_account()?, attempt.own_session()?);
    audit::note(db, &grant, Act::new(AuditAction::SignedOut, "session", &session.id));
    Ok(sessions::end(db, account_id, &session.id)?)
}
