//! Runs a use case for a caller: authenticates the caller and does the work in one database job.

use std::{net::IpAddr, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    domain::{
        access::{ActingApp, Acts, Attempt, Companies, InSession, Origin, Principal, Scopes},
        secret::SecretHash,
        words::Action,
    },
    store::{
        self, Db, Store, WriteDb,
        accounts::{self, Account, sessions::Session},
        apps::{self, App, Token},
        quicklinks,
    },
};

use super::{Class, Refusal, Result};

/// Who calls, for which app, and when.
#[derive(Debug, Clone)]
pub struct CallContext {
    pub credential: Credential,
    /// The ID or name of the app to act for, if one is named.
    pub app: Option<String>,
    pub request_id: Option<Arc<str>>,
    /// The caller's address; `None` for the command line.
    pub address: Option<IpAddr>,
    /// The time at which the credential must not have expired.
    pub now: DateTime<Utc>,
}

/// What proves who calls.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A token of an app.
    Token(SecretHash),
    /// A token of a person.
    PersonalToken(SecretHash),
    /// The secret in the cookie of a browser in which a person has signed in.
    Session(SecretHash),
    /// The secret in the cookie of a browser that has opened a Quicklink. A session of a person in the same browser wins.
    Quicklink { quicklink: SecretHash, session: Option<SecretHash> },
    /// The command line, which runs where the database is.
    CommandLine,
}

/// The result of a call, and the authentication, which may have succeeded even if the work was refused.
#[derive(Debug)]
pub struct Outcome<T> {
    pub authentication: Option<Authentication>,
    pub result: Result<T>,
}

/// A caller who was authenticated.
#[derive(Debug, Clone)]
pub struct Authentication {
    /// What was used, if it is recorded when it is used.
    pub used: Option<Used>,
}

/// A token or a session that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    pub kind: UsedKind,
    pub id: String,
    /// When its use was recorded last.
    pub noted_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UsedKind {
    Token,
    PersonalToken,
    Session,
}

impl Used {
    /// Records the use, unless one was recorded since `unless_after`.
    ///
    /// # Errors
    /// The database's.
    pub fn note(
        &self,
        db: &mut WriteDb,
        now: DateTime<Utc>,
        unless_after: DateTime<Utc>,
    ) -> store::Result<()> {
        match self.kind {
            UsedKind::Token => apps::token_used(db, &self.id.as_str().into(), now, unless_after),
            UsedKind::PersonalToken => accounts::tokens::used(db, &self.id, now, unless_after),
            UsedKind::Session => accounts::sessions::seen(db, &self.id, now, unless_after),
        }
    }
}

/// The refusal that rolls a job back, and the authentication, if it succeeded.
struct FailedCall(Option<Authentication>, Box<Refusal>);

impl From<store::Error> for FailedCall {
    fn from(error: store::Error) -> Self {
        Self(None, Box::new(error.into()))
    }
}

/// Authenticates the caller, and runs a use case that reads, in one job.
pub async fn read<A: Acts, T: Send + 'static>(
    store: &Store,
    context: CallContext,
    work: impl FnOnce(&mut Db, &Attempt<A>) -> Result<T> + Send + 'static,
) -> Outcome<T> {
    outcome(store.read(move |db| run(db, context, work)).await)
}

/// Authenticates the caller, and runs a use case that writes, in one transaction. If another call came in between, it
/// is tried once more: then the refusal can name what stands in the way.
pub async fn write<A: Acts, T: Send + 'static>(
    store: &Store,
    context: CallContext,
    work: impl Fn(&mut WriteDb, &Attempt<A>) -> Result<T> + Send + Sync + 'static,
) -> Outcome<T> {
    let work = Arc::new(work);
    let attempt = || {
        let (context, work) = (context.clone(), Arc::clone(&work));
        store.write(move |db| {
            run(db, context, |db, attempt| {
                db.comes_from(attempt.origin());
                work(db, attempt)
            })
        })
    };
    match attempt().await {
        Err(FailedCall(_, refusal)) if refusal.raced => outcome(attempt().await),
        done => outcome(done),
    }
}

fn outcome<T>(done: Result<(Authentication, T), FailedCall>) -> Outcome<T> {
    match done {
        Ok((authentication, value)) => Outcome { authentication: Some(authentication), result: Ok(value) },
        Err(FailedCall(authentication, refusal)) => Outcome { authentication, result: Err(*refusal) },
    }
}

fn run<A: Acts, D: AsMut<Db>, T>(
    db: &mut D,
    context: CallContext,
    work: impl FnOnce(&mut D, &Attempt<A>) -> Result<T>,
) -> Result<(Authentication, T), FailedCall> {
    let Some(caller) = authenticate(db.as_mut(), &context)? else {
        return Err(FailedCall(None, Box::new(context.credential.refused())));
    };
    let AuthenticatedCaller { principal, app: own, session, authentication } = caller;
    let failed = |refusal| FailedCall(Some(authentication.clone()), Box::new(refusal));
    let app = acting(db.as_mut(), &principal, own, context.app.as_deref(), A::ACTION).map_err(failed)?;
    let credential = authentication.used.as_ref().map(|used| used.id.as_str().into());
    let CallContext { request_id, address, now: at, .. } = context;
    let origin = Origin { at, request_id, address, credential };
    let attempt = Attempt::new(principal, app, origin).in_session(session);
    let value = work(db, &attempt).map_err(failed)?;
    Ok((authentication, value))
}

/// Checks the token, before the body of a request is read.
///
/// # Errors
/// `unauthorized`.
pub async fn check(store: &Store, context: &CallContext) -> Result<()> {
    let asked = context.clone();
    match store.read(move |db| authenticate(db, &asked)).await? {
        Some(_) => Ok(()),
        None => Err(context.credential.refused()),
    }
}

/// A caller who was authenticated, with its own app if it has one, and the session in which it calls.
struct AuthenticatedCaller {
    principal: Principal,
    app: Option<ActingApp>,
    session: Option<InSession>,
    authentication: Authentication,
}

/// The caller; `None` if what it shows is not valid.
fn authenticate(db: &mut Db, context: &CallContext) -> store::Result<Option<AuthenticatedCaller>> {
    let now = context.now;
    let (principal, app, session, used) = match context.credential {
        Credential::CommandLine => (Principal::CommandLine, None, None, None),
        Credential::Token(hash) => {
            let Some((token, app)) = apps::by_token(db, &hash.0, now)? else { return Ok(None) };
            let used = (UsedKind::Token, token.id.to_string(), token.last_used_at);
            (principal(&token, &app), Some(as_acting(&app)), None, Some(used))
        }
        Credential::PersonalToken(hash) => {
            let Some((token, account)) = accounts::tokens::by_hash(db, &hash.0, now)? else {
                return Ok(None);
            };
            let used = (UsedKind::PersonalToken, token.id, token.last_used_at);
            (person(account, Some(token.scopes)), None, None, Some(used))
        }
        Credential::Session(hash) => return in_session(db, hash, now),
        Credential::Quicklink { quicklink, session } => {
            let person = session.map(|hash| in_session(db, hash, now)).transpose()?.flatten();
            if person.is_some() {
                return Ok(person);
            }
            let Some(quicklink) = quicklinks::by_token(db, &quicklink.0, now)? else { return Ok(None) };
            let app = quicklink.app_id.map(|id| apps::get(db, &id)).transpose()?;
            let principal = Principal::Quicklink { id: quicklink.id, company: quicklink.company_id };
            (principal, app.as_ref().map(as_acting), None, None)
        }
    };
    let used = used.map(|(kind, id, noted_at)| Used { kind, id, noted_at });
    Ok(Some(AuthenticatedCaller { principal, app, session, authentication: Authentication { used } }))
}

/// The person whose session it is.
fn in_session(
    db: &mut Db,
    hash: SecretHash,
    now: DateTime<Utc>,
) -> store::Result<Option<AuthenticatedCaller>> {
    let Some((session, account)) = accounts::sessions::by_secret(db, &hash.0, now)? else { return Ok(None) };
    let (kind, id, noted_at) = (UsedKind::Session, session.id.clone(), Some(session.last_seen_at));
    let authentication = Authentication { used: Some(Used { kind, id, noted_at }) };
    let session = Some(InSession { fresh: is_fresh(&session, now), id: session.id });
    Ok(Some(AuthenticatedCaller { principal: person(account, None), app: None, session, authentication }))
}

/// For how long a person who has signed in may do what asks for a fresh sign-in.
pub const FRESH: TimeDelta = TimeDelta::minutes(10);

fn is_fresh(session: &Session, now: DateTime<Utc>) -> bool {
    now < session.authenticated_at + FRESH
}

/// A person, or a program with a token of these scopes.
fn person(account: Account, scopes: Option<Scopes>) -> Principal {
    let Account { id, role, companies, .. } = account;
    Principal::Account { id: id.into(), role, companies: Companies::Only(companies), scopes }
}

/// The caller that a token belongs to.
pub fn principal(token: &Token, app: &App) -> Principal {
    let (id, name) = (app.id.clone(), app.name.clone());
    if app.admin {
        return Principal::Admin { id, name };
    }
    let companies = Companies::Only(app.companies.clone());
    Principal::App { id, name, scopes: token.scopes.and(&app.scopes), companies }
}

/// An app to act for.
pub fn as_acting(app: &App) -> ActingApp {
    let companies = match app.admin {
        true => Companies::All,
        false => Companies::Only(app.companies.clone()),
    };
    ActingApp { id: app.id.clone(), name: app.name.clone(), companies }
}

/// The code of the refusal of a token that names another app than its own.
pub const OTHER_APP: &str = "other_app";

/// The app to act for: the one that is named, else the caller's own, else the only one that exists.
fn acting(
    db: &mut Db,
    principal: &Principal,
    own: Option<ActingApp>,
    named: Option<&str>,
    action: Action,
) -> Result<Option<ActingApp>> {
    let Some(named) = named else {
        let admin = matches!(principal, Principal::Admin { .. });
        return match own {
            // Nobody is linked for an admin's own app unless it is named: another one is meant.
            Some(own) if !(admin && action == Action::Link) => Ok(Some(own)),
            _ => only(db, principal, action),
        };
    };
    if own.as_ref().is_some_and(|own| named == own.id || named == own.name) {
        return Ok(own);
    }
    let bound = matches!(principal, Principal::Quicklink { .. }) && own.is_some();
    if bound || matches!(principal, Principal::App { .. }) {
        return Err(Refusal::new(
            Class::Forbidden,
            OTHER_APP,
            "Only an admin's token may act for another app.",
            "Leave `app` out, or use a token of that app.",
        ));
    }
    Ok(Some(as_acting(&super::find::app(db, principal, named)?)))
}

/// The only app that exists, for a caller without one of its own. Linking is limited to the companies that the app
/// sees; the other actions are limited only by what the caller may do itself.
fn only(db: &mut Db, principal: &Principal, action: Action) -> Result<Option<ActingApp>> {
    let Some(only) = apps::only(db, principal.companies().ids(), action == Action::Link)? else {
        return Ok(None);
    };
    let companies = match action {
        Action::Link => as_acting(&only).companies,
        _ => principal.companies(),
    };
    Ok(Some(ActingApp { companies, ..as_acting(&only) }))
}

impl Credential {
    /// The refusal of one that is not valid.
    fn refused(&self) -> Refusal {
        match self {
            Self::Quicklink { .. } => Refusal::new(
                Class::Unauthorized,
                "quicklink_expired",
                "The Quicklink was revoked, has expired, or its account no longer sees the company.",
                "Ask whoever gave it to you for a new one.",
            ),
            Self::Session(_) => Refusal::new(
                Class::Unauthorized,
                "signed_out",
                "The session has ended, or the account is disabled.",
                "Sign in again: `POST /v1/session`.",
            ),
            _ => unauthorized(),
        }
    }
}

/// The refusal of a token that is not valid.
pub fn unauthorized() -> Refusal {
    Refusal::new(
        Class::Unauthorized,
        "unauthorized",
        "There is no token, or it is not valid (any more).",
        "Send `Authorization: Bearer TOKEN`; `rollcall app add` and `POST /v1/apps/{id}/tokens` make tokens. People sign in: `POST /v1/session`.",
    )
}
