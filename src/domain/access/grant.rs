//! Attempts of actions, and the grants that the policy makes of them.

use std::{fmt, marker::PhantomData};

use crate::domain::{
    ids::{AppId, CompanyId},
    words::{Action, Scope},
};

use super::{Actor, Acts, Companies, Decision, Origin, Principal, decide, scope_needed};

/// The app that a caller acts for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActingApp {
    pub id: AppId,
    pub name: String,
    /// The companies that the app sees: nothing is done for it in others.
    pub companies: Companies,
}

/// An authenticated caller who attempts the action `A`. With it use cases may look for the object; to act they need a
/// [`Grant`].
#[derive(Debug)]
pub struct Attempt<A> {
    principal: Principal,
    app: Option<ActingApp>,
    companies: Companies,
    origin: Origin,
    session: Option<InSession>,
    action: PhantomData<fn() -> A>,
}

/// The session of a browser in which a person calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InSession {
    pub id: String,
    /// Whether the person has proved a short while ago who it is: see [`Attempt::fresh`].
    pub fresh: bool,
}

/// Why a grant is denied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// An object of a company that the caller does not see is answered as if it did not exist.
    #[error("no such {0}")]
    NotThere(&'static str),
    /// The caller sees the company of the object, but the app that it acts for does not.
    #[error("the app `{app}` does not see the company of this {what}")]
    NotForApp { app: String, what: &'static str },
    /// The caller sees the object, or the action concerns none, but the caller may not do this.
    #[error("the caller may not {action}")]
    Forbidden {
        action: Action,
        /// The scope that the caller's token would need, if the caller is an app.
        scope: Option<Scope>,
    },
    /// Several apps could be meant.
    #[error("it must be said for which app")]
    AppNeeded,
    /// The person has signed in too long ago for this.
    #[error("the person must sign in once more")]
    NotFresh,
    /// The caller is not a person: it has no account of its own.
    #[error("the caller has no account of its own")]
    NoAccount,
}

impl<A: Acts> Attempt<A> {
    /// `app` is the app to act for; `origin` is how and when the call came, for the audit.
    pub fn new(principal: Principal, app: Option<ActingApp>, origin: Origin) -> Self {
        let seen = principal.companies();
        let companies = match &app {
            Some(app) => seen.and(&app.companies),
            None => seen,
        };
        Self { principal, app, companies, origin, session: None, action: PhantomData }
    }

    /// The same, by a person in a session.
    #[must_use]
    pub fn in_session(self, session: Option<InSession>) -> Self {
        Self { session, ..self }
    }

    /// Asks the policy about an object of a company. `what` is the kind of object that is missing for a caller who does
    /// not see it.
    ///
    /// # Errors
    /// [`Denied::NotThere`] or [`Denied::NotForApp`] before [`Denied::Forbidden`].
    pub fn at(&self, company: &CompanyId, what: &'static str) -> Result<Grant<A>, Denied> {
        if !self.companies.has(company) {
            return Err(self.unseen(company, what));
        }
        self.decide(Some(company), what)?;
        Ok(self.grant(Companies::Only(vec![company.to_owned()])))
    }

    /// Asks the policy about what belongs to no single company: a list, or an object that is to be made. What is read
    /// or written must be within the companies of the grant.
    ///
    /// # Errors
    /// [`Denied::Forbidden`].
    pub fn throughout(&self) -> Result<Grant<A>, Denied> {
        self.decide(None, "")?;
        Ok(self.grant(self.companies.clone()))
    }

    fn decide(&self, company: Option<&CompanyId>, what: &'static str) -> Result<(), Denied> {
        match decide(&self.principal, A::ACTION, company) {
            Decision::Allowed => Ok(()),
            Decision::NotThere => Err(Denied::NotThere(what)),
            Decision::Forbidden => {
                let scope = scope_needed(A::ACTION).filter(|scope| self.principal.lacks(*scope));
                Err(Denied::Forbidden { action: A::ACTION, scope })
            }
        }
    }

    fn grant(&self, companies: Companies) -> Grant<A> {
        Grant {
            actor: self.principal.actor(),
            all_apps: self.sees_all_apps(),
            app: self.app.clone(),
            companies,
            origin: self.origin.clone(),
            action: PhantomData,
        }
    }
}

impl<A> Attempt<A> {
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The session of the browser that calls, if one does.
    pub fn session(&self) -> Option<&InSession> {
        self.session.as_ref()
    }

    /// The session in which the caller calls.
    ///
    /// # Errors
    /// [`Denied::NoAccount`] where it is no person in a browser.
    pub fn own_session(&self) -> Result<&InSession, Denied> {
        self.session.as_ref().ok_or(Denied::NoAccount)
    }

    /// Refuses a person who has not signed in a short while ago: whoever finds a browser left alone must not get at
    /// credentials, tokens, roles and the like. Programs have proved with this call who they are.
    ///
    /// # Errors
    /// [`Denied::NotFresh`].
    pub fn fresh(&self) -> Result<(), Denied> {
        if self.session.as_ref().is_none_or(|session| session.fresh) { Ok(()) } else { Err(Denied::NotFresh) }
    }

    /// The ID of the caller's own account.
    ///
    /// # Errors
    /// [`Denied::NoAccount`] where the caller is no person.
    pub fn own_account(&self) -> Result<&str, Denied> {
        match &self.principal {
            Principal::Account { id, .. } => Ok(id),
            _ => Err(Denied::NoAccount),
        }
    }

    /// The app to act for; `None` if several could be meant.
    pub fn app(&self) -> Option<&ActingApp> {
        self.app.as_ref()
    }

    /// Why an object of a company is not visible: it does not exist for this caller, or only the caller's app does not
    /// see it.
    pub fn unseen(&self, company: &CompanyId, what: &'static str) -> Denied {
        match &self.app {
            Some(app) if self.principal.companies().has(company) => {
                Denied::NotForApp { app: app.name.clone(), what }
            }
            _ => Denied::NotThere(what),
        }
    }

    /// How and when the call came.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The companies whose objects the attempt may look for.
    pub fn companies(&self) -> &Companies {
        &self.companies
    }

    /// Whether objects of all apps are visible, such as their links: a caller who acts for one app sees only that
    /// app's.
    fn sees_all_apps(&self) -> bool {
        match &self.principal {
            Principal::App { .. } | Principal::Quicklink { .. } | Principal::Account { .. } => false,
            Principal::Admin { id, .. } => self.app.as_ref().is_none_or(|app| app.id == *id),
            Principal::CommandLine | Principal::Worker { .. } => self.app.is_none(),
        }
    }
}

/// The policy's permission to do `A` in some companies. Verbs take one, so that nothing is done without it.
pub struct Grant<A> {
    actor: Actor,
    all_apps: bool,
    app: Option<ActingApp>,
    companies: Companies,
    origin: Origin,
    action: PhantomData<fn() -> A>,
}

impl<A> Grant<A> {
    /// The actor, for histories and the audit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The app to act for.
    ///
    /// # Errors
    /// [`Denied::AppNeeded`] if several could be meant.
    pub fn app(&self) -> Result<&ActingApp, Denied> {
        self.app.as_ref().ok_or(Denied::AppNeeded)
    }

    /// The app to act for, if there is one.
    pub fn app_if_any(&self) -> Option<&ActingApp> {
        self.app.as_ref()
    }

    /// Whether objects of other apps are visible.
    pub fn sees_all_apps(&self) -> bool {
        self.all_apps
    }

    pub fn companies(&self) -> &Companies {
        &self.companies
    }

    /// Refuses an object of a company that the grant does not cover, as if it did not exist.
    ///
    /// # Errors
    /// [`Denied::NotThere`] of `what`.
    pub fn covers(&self, company: &CompanyId, what: &'static str) -> Result<(), Denied> {
        if self.companies.has(company) { Ok(()) } else { Err(Denied::NotThere(what)) }
    }

    /// How and when the call came.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

impl<A: Acts> fmt::Debug for Grant<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({} to {} in {:?})", A::ACTION, self.actor, self.companies)
    }
}
