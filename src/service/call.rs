//! Runs a use case for a caller: authenticates the caller and does the work in one database job.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    domain::{
        access::{ActingApp, Acts, Attempt, Companies, Principal},
        secret::SecretHash,
        words::Action,
    },
    store::{
        self, Db, Store, WriteDb,
        apps::{self, App, Token},
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
    /// The time at which the credential must not have expired.
    pub now: DateTime<Utc>,
}

/// What proves who calls.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A token of an app.
    Token(SecretHash),
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
    /// The ID of the token, if there is one, and when its use was recorded last.
    pub token: Option<(String, Option<DateTime<Utc>>)>,
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
        store.write(move |db| run(db, context, |db, attempt| work(db, attempt)))
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
    let Some((principal, own, authentication)) = authenticate(db.as_mut(), &context)? else {
        return Err(FailedCall(None, Box::new(unauthorized())));
    };
    let failed = |refusal| FailedCall(Some(authentication.clone()), Box::new(refusal));
    let app = acting(db.as_mut(), &principal, own, context.app.as_deref(), A::ACTION).map_err(failed)?;
    let attempt = Attempt::new(principal, app, context.request_id);
    let value = work(db, &attempt).map_err(failed)?;
    Ok((authentication, value))
}

/// Checks the token, before the body of a request is read.
///
/// # Errors
/// `unauthorized`.
pub async fn check(store: &Store, context: &CallContext) -> Result<()> {
    let context = context.clone();
    match store.read(move |db| authenticate(db, &context)).await? {
        Some(_) => Ok(()),
        None => Err(unauthorized()),
    }
}

type AuthenticatedCaller = (Principal, Option<ActingApp>, Authentication);

/// The caller, with its own app if it has one; `None` if the token is not valid.
fn authenticate(db: &mut Db, context: &CallContext) -> store::Result<Option<AuthenticatedCaller>> {
    let Credential::Token(hash) = context.credential else {
        return Ok(Some((Principal::CommandLine, None, Authentication { token: None })));
    };
    let Some((token, app)) = apps::by_token(db, &hash.0, context.now)? else { return Ok(None) };
    let authentication = Authentication { token: Some((token.id.clone(), token.last_used_at)) };
    Ok(Some((principal(&token, &app), Some(as_acting(&app)), authentication)))
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
    if matches!(principal, Principal::App { .. }) {
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
    let mut seen = super::find::apps(db, principal)?;
    seen.retain(|app| !app.admin);
    let [only] = seen.as_slice() else { return Ok(None) };
    let companies = match action {
        Action::Link => as_acting(only).companies,
        _ => principal.companies(),
    };
    Ok(Some(ActingApp { companies, ..as_acting(only) }))
}

/// The refusal of a token that is not valid.
pub fn unauthorized() -> Refusal {
    Refusal::new(
        Class::Unauthorized,
        "unauthorized",
        "There is no token, or it is not valid (any more).",
        "Send `Authorization: Bearer TOKEN`; `rollcall app add` and `POST /v1/apps/{id}/tokens` make tokens.",
    )
}
