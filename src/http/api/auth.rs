//! Who calls: a route's first argument names its action, and the policy decides (promise 8).

use std::{fmt::Write, marker::PhantomData, net::IpAddr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use utoipa::openapi::{
    RefOr,
    extensions::Extensions,
    path::{ParameterIn, Paths},
};

use crate::{
    domain::{
        access::{Acts, Attempt},
        secret::Secret,
        words::Action,
    },
    http::{
        Gateway,
        door::Visitor,
        extract::Parameters,
        peer,
        policy::{self, Policy},
        problem::ApiError,
        request_id::RequestId,
    },
    service::{
        self,
        door::{self, Asker, Credential, Outcome},
        named::{self, Named},
    },
    store::{Db, Requester, WriteDb},
};

/// Whoever sends a request for the action `A`. Nothing is known of it yet but what it says; [`Caller::read`] and
/// [`Caller::write`] find out who it is in the job in which they work.
pub struct Caller<A> {
    pub gateway: Gateway,
    asker: Asker,
    visitor: Visitor,
    from: IpAddr,
    action: PhantomData<fn() -> A>,
}

impl<A> Clone for Caller<A> {
    fn clone(&self) -> Self {
        let Self { gateway, asker, visitor, from, action } = self;
        Self {
            gateway: gateway.clone(),
            asker: asker.clone(),
            visitor: visitor.clone(),
            from: *from,
            action: *action,
        }
    }
}

impl<A: Acts> FromRequestParts<Gateway> for Caller<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Gateway) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers).ok_or_else(door::unauthorized)?;
        let query = parts.uri.query().unwrap_or_default();
        let app = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "app");
        let asker = Asker {
            credential: Credential::Token(token.hash()),
            app: app.map(|(_, app)| app.into_owned()),
            request_id: parts.extensions.get::<RequestId>().map(|id| id.as_str().into()),
            now: gateway.ambient.now(),
        };
        let caller = Self {
            gateway: gateway.clone(),
            asker,
            visitor: Visitor::of(&parts.extensions),
            from: peer::caller(&parts.extensions),
            action: PhantomData,
        };
        if !parts.method.is_safe() {
            // A stranger's body is not read, and a stranger does not wait in the writer's line: so the token is looked up
            // before, once more than for a call that reads.
            let checked = door::check(&caller.gateway.store, &caller.asker).await;
            checked.map_err(|refusal| caller.refused(refusal))?;
            caller.visitor.welcome();
        }
        let named = policy::named(parts).await;
        let policy = caller.policy(named);
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
    /// Asks the policy for this caller, of the object that its address names.
    fn policy(&self, named: Named) -> Policy {
        let caller = self.clone();
        Policy::new(move || {
            let (caller, named) = (caller.clone(), named.clone());
            Box::pin(caller.read(move |db, attempt| named::judge(db, attempt, &named)))
        })
    }

    /// What it says of itself, for work that goes on after this.
    pub(super) fn asker(&self) -> &Asker {
        &self.asker
    }

    /// Reads, in one job with finding out who calls.
    pub async fn read<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Db, &Attempt<A>) -> service::Result<T> + Send + 'static,
    ) -> Result<T, ApiError> {
        let outcome = door::read(&self.gateway.store, self.asker.clone(), work).await;
        self.told(outcome)
    }

    /// Writes, in one transaction with finding out who calls. It may be tried twice: see [`door::write`].
    pub async fn write<T: Send + 'static>(
        self,
        work: impl Fn(&mut WriteDb, &Attempt<A>) -> service::Result<T> + Send + Sync + 'static,
    ) -> Result<T, ApiError> {
        let outcome = door::write(&self.gateway.store, self.asker.clone(), work).await;
        self.told(outcome)
    }

    fn told<T>(&self, outcome: Outcome<T>) -> Result<T, ApiError> {
        if let Some(known) = outcome.known {
            self.visitor.welcome();
            if let Some((token, noted)) = known.token {
                self.gateway.token_uses.note(&self.gateway, token, noted);
            }
        }
        outcome.result.map_err(|refusal| self.refused(refusal))
    }

    fn refused(&self, refusal: service::Refusal) -> ApiError {
        if refusal.class == service::Class::Unauthorized {
            self.gateway.refused_tokens.note(self.from);
        }
        refusal.into()
    }
}

/// The token of `Authorization: Bearer …` (RFC 6750 section 2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}

/// The line before the database of whoever has this token. One that nobody has made has a line as well.
pub fn requester(token: &Secret) -> Requester {
    let who = token.hash().0.iter().take(8).fold(String::new(), |mut who, byte| {
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

/// Says in the description which action its operations are.
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
