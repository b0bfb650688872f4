//! Who asks, and the one database job in which that is found out and the work is done.

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

/// Who says that he asks, and for which app.
#[derive(Debug, Clone)]
pub struct Asker {
    pub credential: Credential,
    /// An app's ID or name, where one is named.
    pub app: Option<String>,
    pub request_id: Option<Arc<str>>,
    /// The time by which a credential must not have expired.
    pub now: DateTime<Utc>,
}

/// What shows who asks.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A token of an app.
    Token(SecretHash),
    /// It runs where the database is.
    CommandLine,
}

/// What came of it, and whether the asker was known: the caller of a route is welcome then, whatever came of it.
#[derive(Debug)]
pub struct Outcome<T> {
    pub known: Option<Known>,
    pub result: Result<T>,
}

/// An asker who is known.
#[derive(Debug, Clone)]
pub struct Known {
    /// The token that showed it, and when its use was noted last.
    pub token: Option<(String, Option<DateTime<Utc>>)>,
}

/// Carries an error out of a job, with what was known by then.
struct Failed(Option<Known>, Box<Refusal>);

impl From<store::Error> for Failed {
    fn from(error: store::Error) -> Self {
        Self(None, Box::new(error.into()))
    }
}

/// Reads: finds out who asks, and works, in one job.
pub async fn read<A: Acts, T: Send + 'static>(
    store: &Store,
    asker: Asker,
    work: impl FnOnce(&mut Db, &Attempt<A>) -> Result<T> + Send + 'static,
) -> Outcome<T> {
    outcome(store.read(move |db| enter(db, asker, work)).await)
}

/// Writes: finds out who asks, and works, in one transaction. Where another call came in between, it is tried once more:
/// then the refusal can name what stands in the way.
pub async fn write<A: Acts, T: Send + 'static>(
    store: &Store,
    asker: Asker,
    work: impl Fn(&mut WriteDb, &Attempt<A>) -> Result<T> + Send + Sync + 'static,
) -> Outcome<T> {
    let work = Arc::new(work);
    let attempt = || {
        let (asker, work) = (asker.clone(), Arc::clone(&work));
        store.write(move |db| enter(db, asker, |db, attempt| work(db, attempt)))
    };
    match attempt().await {
        Err(Failed(_, refusal)) if refusal.raced => outcome(attempt().await),
        done => outcome(done),
    }
}

fn outcome<T>(done: Result<(Known, T), Failed>) -> Outcome<T> {
    match done {
        Ok((known, value)) => Outcome { known: Some(known), result: Ok(value) },
        Err(Failed(known, refusal)) => Outcome { known, result: Err(*refusal) },
    }
}

fn enter<A: Acts, D: AsMut<Db>, T>(
    db: &mut D,
    asker: Asker,
    work: impl FnOnce(&mut D, &Attempt<A>) -> Result<T>,
) -> Result<(Known, T), Failed> {
    let Some((principal, own, known)) = authenticate(db.as_mut(), &asker)? else {
        return Err(Failed(None, Box::new(unauthorized())));
    };
    let failed = |refusal| Failed(Some(known.clone()), Box::new(refusal));
    let app = acting(db.as_mut(), &principal, own, asker.app.as_deref(), A::ACTION).map_err(failed)?;
    let attempt = Attempt::new(principal, app, asker.request_id);
    let value = work(db, &attempt).map_err(failed)?;
    Ok((known, value))
}

/// Whether a token is known: for those who send a body, which is not read for strangers.
///
/// # Errors
/// `unauthorized`.
pub async fn check(store: &Store, asker: &Asker) -> Result<()> {
    let asker = asker.clone();
    match store.read(move |db| authenticate(db, &asker)).await? {
        Some(_) => Ok(()),
        None => Err(unauthorized()),
    }
}

type Authenticated = (Principal, Option<ActingApp>, Known);

/// Who it is, with the app that is its own.
fn authenticate(db: &mut Db, asker: &Asker) -> store::Result<Option<Authenticated>> {
    let Credential::Token(hash) = asker.credential else {
        return Ok(Some((Principal::CommandLine, None, Known { token: None })));
    };
    let Some((token, app)) = apps::by_token(db, &hash.0, asker.now)? else { return Ok(None) };
    let known = Known { token: Some((token.id.clone(), token.last_used_at)) };
    Ok(Some((principal(&token, &app), Some(as_acting(&app)), known)))
}

/// The caller whose token this is.
pub fn principal(token: &Token, app: &App) -> Principal {
    let (id, name) = (app.id.clone(), app.name.clone());
    if app.admin {
        return Principal::Admin { id, name };
    }
    let companies = Companies::Only(app.companies.clone());
    Principal::App { id, name, scopes: token.scopes.and(&app.scopes), companies }
}

/// An app as one for which something is done.
pub fn as_acting(app: &App) -> ActingApp {
    let companies = match app.admin {
        true => Companies::All,
        false => Companies::Only(app.companies.clone()),
    };
    ActingApp { id: app.id.clone(), name: app.name.clone(), companies }
}

/// The app for which it is done: the one that is named, else the caller's own, else the only one that there is.
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
            "other_app",
            "Only an admin's token may act for another app.",
            "Leave `app` out, or use a token of that app.",
        ));
    }
    Ok(Some(as_acting(&super::find::app(db, principal, named)?)))
}

/// The app that must be meant by a caller that has none of its own: there is no other that it could be. Nothing is linked
/// where that app sees nothing; but whoever did not name it, looks and manages wherever he may himself.
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

/// What everybody is told whose token is not known.
pub fn unauthorized() -> Refusal {
    Refusal::new(
        Class::Unauthorized,
        "unauthorized",
        "There is no token, or it is not valid (any more).",
        "Send `Authorization: Bearer TOKEN`; `rollcall app add` and `POST /v1/apps/{id}/tokens` make tokens.",
    )
}
