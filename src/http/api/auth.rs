//! Authentication of callers: the first argument of a handler names its action, and the policy decides (promise 8).

use std::{fmt::Write, marker::PhantomData, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use url::Url;
use utoipa::openapi::{
    RefOr,
    extensions::Extensions,
    path::{ParameterIn, Paths},
};

use crate::{
    domain::{
        access::{Acts, Attempt},
        secret::{Secret, SecretHash},
        words::Action,
    },
    http::{
        Gateway,
        admission::ExchangeHandle,
        api::errors::refuse,
        cookies::{QUICKLINK, SESSION},
        extract::Parameters,
        peer,
        policy::{self, Policy},
        problem::ApiError,
        request_id::RequestId,
    },
    service::{
        self,
        accounts::PERSONAL_TOKEN,
        call::{self, CallContext, Credential, Outcome},
        target::{self, Target},
    },
    store::{Db, Requester, WriteDb},
};

/// The sender of a request for the action `A`. It is not authenticated yet: [`Caller::read`] and [`Caller::write`] do
/// that in the job in which they work.
pub struct Caller<A> {
    pub gateway: Gateway,
    context: CallContext,
    /// What the path names.
    target: Target,
    exchange: ExchangeHandle,
    from: IpAddr,
    action: PhantomData<fn() -> A>,
}

/// Where an address has the character NUL.
struct Nul {
    path: bool,
    query: bool,
}

fn nul_character() -> ApiError {
    refuse(
        StatusCode::UNPROCESSABLE_ENTITY,
        "nul_character",
        "The address holds the character NUL.",
        "Leave it out: it is in no name and no ID.",
    )
}

impl<A> Clone for Caller<A> {
    fn clone(&self) -> Self {
        let Self { gateway, context, target, exchange, from, action } = self;
        Self {
            gateway: gateway.clone(),
            context: context.clone(),
            target: target.clone(),
            exchange: exchange.clone(),
            from: *from,
            action: *action,
        }
    }
}

impl<A: Acts> FromRequestParts<Gateway> for Caller<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let credential = credential(&parts.headers, &gateway.public_url).ok_or_else(call::unauthorized)?;
        let query = parts.uri.query().unwrap_or_default();
        // Neither database holds the character NUL in a text, so nothing is looked up by what has it; bodies refuse it by
        // their types.
        let nul = Nul { path: parts.uri.path().contains("%00"), query: query.contains("%00") };
        let app = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "app");
        let app = app.filter(|_| !nul.query);
        let context = CallContext {
            credential,
            app: app.map(|(_, app)| app.into_owned()),
            request_id: parts.extensions.get::<RequestId>().map(|id| id.as_str().into()),
            address: Some(peer::caller(&parts.extensions)),
            now: gateway.ambient.now(),
        };
        let mut caller = Self {
            gateway: gateway.clone(),
            context,
            target: Target::Nothing,
            exchange: ExchangeHandle::of(&parts.extensions),
            from: peer::caller(&parts.extensions),
            action: PhantomData,
        };
        if !parts.method.is_safe() {
            // The token is checked before the body is read, and before the call waits for the writer: a call that
            // writes looks it up twice.
            let checked = call::check(&caller.gateway.store, &caller.context).await;
            checked.map_err(|refusal| caller.refused(refusal))?;
            caller.exchange.authenticated();
        }
        caller.target = match nul.path {
            true => Target::Nothing,
            false => policy::target(parts).await,
        };
        let policy = caller.policy();
        if nul.path || nul.query {
            return Err(policy::first(Some(policy), nul_character()).await);
        }
        let parameters = parts.extensions.get::<Parameters>();
        let fits = parameters.map_or(Ok(()), |known| known.check(parts.uri.query().unwrap_or_default()));
        if let Err(wrong) = fits {
            return Err(policy::first(Some(policy), wrong).await);
        }
        parts.extensions.insert(policy);
        Ok(caller)
    }
}

impl<A: Acts> Caller<A> {
    /// Asks the policy whether this caller may do this to the object that the path names.
    fn policy(&self) -> Policy {
        let caller = self.clone();
        Policy::new(move || {
            let (caller, target) = (caller.clone(), caller.target.clone());
            Box::pin(caller.read(move |db, attempt| target::authorize(db, attempt, &target)))
        })
    }

    /// What the caller has shown, as it is kept: it tells callers apart.
    pub(super) fn secret_hash(&self) -> SecretHash {
        match self.context.credential {
            Credential::Token(hash) | Credential::PersonalToken(hash) | Credential::Session(hash) => hash,
            Credential::Quicklink { quicklink, session } => session.unwrap_or(quicklink),
            // No request comes from there.
            Credential::CommandLine => SecretHash([0; 32]),
        }
    }

    /// The queue for the database in which the caller waits.
    pub(super) fn requester(&self) -> Requester {
        requester(&self.secret_hash())
    }

    /// The context of the call, for work that goes on after it.
    pub(super) fn context(&self) -> &CallContext {
        &self.context
    }

    /// The same caller, for this app whatever the address names: pages choose one where none is named.
    pub(in crate::http) fn acting_for(mut self, app: Option<String>) -> Self {
        self.context.app = app;
        self
    }

    /// Authenticates the caller and reads, in one job.
    pub async fn read<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Db, &Attempt<A>) -> service::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let outcome = call::read(&self.gateway.store, self.context.clone(), work).await;
        self.answer(outcome).await
    }

    /// Authenticates the caller and writes, in one transaction. It may be tried twice: see [`call::write`].
    pub async fn write<T: Send + 'static>(
        self,
        work: impl Fn(&mut WriteDb, &Attempt<A>) -> service::Result<T> + Send + Sync + 'static,
    ) -> Result<T, ApiError> {
        let outcome = call::write(&self.gateway.store, self.context.clone(), work).await;
        self.answer(outcome).await
    }

    /// What was done; or the refusal. Who names an app that it may not act for is told first what the policy says of the
    /// object: one that it does not see is not there, whatever is asked for it.
    async fn answer<T>(&self, outcome: Outcome<T>) -> Result<T, ApiError> {
        let other_app = matches!(&outcome.result, Err(refusal) if refusal.code == call::OTHER_APP);
        if other_app && self.target != Target::Nothing {
            let (target, own) = (self.target.clone(), CallContext { app: None, ..self.context.clone() });
            let asked = call::read(&self.gateway.store, own, move |db, attempt: &Attempt<A>| {
                target::authorize(db, attempt, &target)
            });
            self.told(asked.await)?;
        }
        self.told(outcome)
    }

    /// The result of a use case, after a note of who was authenticated.
    pub(super) fn told<T>(&self, outcome: Outcome<T>) -> Result<T, ApiError> {
        if let Some(authentication) = outcome.authentication {
            self.exchange.authenticated();
            if let Some(used) = authentication.used {
                self.gateway.token_uses.note(&self.gateway, used);
            }
        }
        outcome.result.map_err(|refusal| self.refused(refusal))
    }

    fn refused(&self, refusal: service::Refusal) -> ApiError {
        // A session ends by itself: that is nothing to look after.
        let cookie = matches!(self.context.credential, Credential::Session(_) | Credential::Quicklink { .. });
        let token = !cookie;
        if token && refusal.class == service::Class::Unauthorized {
            self.gateway.refused_tokens.note(self.from);
        }
        refusal.into()
    }
}

/// What a request shows to prove who calls. A token comes before the cookie: whoever sends one means it.
fn credential(headers: &HeaderMap, public_url: &Url) -> Option<Credential> {
    match bearer(headers) {
        Some(token) if token.reveal().starts_with(PERSONAL_TOKEN) => {
            Some(Credential::PersonalToken(token.hash()))
        }
        Some(token) => Some(Credential::Token(token.hash())),
        None => {
            let session = SESSION.read(headers, public_url).map(|secret| secret.hash());
            match QUICKLINK.read(headers, public_url) {
                Some(quicklink) => Some(Credential::Quicklink { quicklink: quicklink.hash(), session }),
                None => Some(Credential::Session(session?)),
            }
        }
    }
}

/// The queue for the database in which a request waits: that of its token or session, valid or not.
pub(super) fn queue(headers: &HeaderMap) -> Option<Requester> {
    let secret =
        bearer(headers).or_else(|| SESSION.read_any(headers)).or_else(|| QUICKLINK.read_any(headers))?;
    Some(requester(&secret.hash()))
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}

/// The queue for the database that belongs to a token or session, valid or not.
pub fn requester(hash: &SecretHash) -> Requester {
    let who = hash.0.iter().take(8).fold(String::new(), |mut who, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(who, "{byte:02x}");
        who
    });
    Requester::Caller(who.into())
}

/// A handler whose first argument is a [`Caller`]: its signature says its action.
pub trait Guarded<Arguments> {
    const ACTION: Action;
}

macro_rules! guarded_handlers {
    ($([$($argument:ident)*])+) => {
        $(
            impl<F, R, A: Acts, $($argument),*> Guarded<(Caller<A>, $($argument,)*)> for F
            where
                F: Fn(Caller<A>, $($argument),*) -> R,
            {
                const ACTION: Action = A::ACTION;
            }
        )+
    };
}

guarded_handlers!([] [B] [B C] [B C D] [B C D E]);

/// The action that a handler names.
pub fn action_of<Arguments, H: Guarded<Arguments>>(_: &H) -> Action {
    H::ACTION
}

/// The parameters of the query that its operations describe: no other is taken.
pub(in crate::http) fn parameters(paths: &Paths) -> Parameters {
    let operations = paths
        .paths
        .values()
        .flat_map(|item| [&item.get, &item.put, &item.post, &item.patch, &item.delete].into_iter().flatten());
    let described = operations.flat_map(|operation| operation.parameters.iter().flatten());
    let in_query = described.filter_map(|parameter| match parameter {
        RefOr::T(parameter) if matches!(parameter.parameter_in, ParameterIn::Query) => {
            Some(parameter.name.clone())
        }
        _ => None,
    });
    Parameters(in_query.collect())
}

/// Adds the action to the description of a route's operations.
pub fn describe(paths: &mut Paths, action: Action) {
    for item in paths.paths.values_mut() {
        let all = [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete];
        for operation in all.into_iter().flatten() {
            let named = Extensions::builder().add("x-rollcall-action", action.as_str()).build();
            operation.extensions.get_or_insert_default().merge(named);
        }
    }
}

/// The route of one handler, as `utoipa_axum::routes!` makes it, with the action that its signature names, and with the
/// parameters that it describes. Routes of the API are made by this alone, so that none is without them.
macro_rules! guarded {
    ($($handler:tt)+) => {{
        let mut routes = utoipa_axum::routes!($($handler)+);
        let action = $crate::http::api::auth::action_of(&$($handler)+);
        $crate::http::api::auth::describe(&mut routes.1, action);
        let parameters = $crate::http::api::auth::parameters(&routes.1);
        (routes.0, routes.1, routes.2.layer::<_, std::convert::Infallible>(axum::Extension(parameters)))
    }};
}
pub(super) use guarded;
