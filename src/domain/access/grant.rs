//! What is asked, and what was granted.

use std::{fmt, marker::PhantomData, sync::Arc};

use crate::domain::words::{Action, Scope};

use super::{Actor, Acts, Companies, Decision, Principal, decide, scope_needed};

/// The app for which something is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActingApp {
    pub id: String,
    pub name: String,
    /// Those that the app sees: nothing is done for it elsewhere.
    pub companies: Companies,
}

/// A known caller who asks for the action `A`. It may look for the object; what is done needs a [`Grant`].
#[derive(Debug)]
pub struct Attempt<A> {
    principal: Principal,
    app: Option<ActingApp>,
    companies: Companies,
    request_id: Option<Arc<str>>,
    action: PhantomData<fn() -> A>,
}

/// Why there is no grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Another company's object is answered as one that is not there.
    #[error("no such {0}")]
    NotThere(&'static str),
    /// The caller sees the company of the object; the app for which it acts does not.
    #[error("the app `{app}` does not see the company of this {what}")]
    NotForApp { app: String, what: &'static str },
    /// The object is known, or there is none.
    #[error("the caller may not {action}")]
    Forbidden {
        action: Action,
        /// The scope that would do, where the caller is a token of an app.
        scope: Option<Scope>,
    },
    /// Several apps could be meant.
    #[error("it must be said for which app")]
    AppNeeded,
}

impl<A: Acts> Attempt<A> {
    /// `app` is the one for which it is done; `request_id` finds it in the log.
    pub fn new(principal: Principal, app: Option<ActingApp>, request_id: Option<Arc<str>>) -> Self {
        let seen = principal.companies();
        let companies = match &app {
            Some(app) => seen.and(&app.companies),
            None => seen,
        };
        Self { principal, app, companies, request_id, action: PhantomData }
    }

    /// The policy's word on an object of a company; `what` is what a caller who does not see it is told is missing.
    ///
    /// # Errors
    /// [`Denied::NotThere`] or [`Denied::NotForApp`] before [`Denied::Forbidden`].
    pub fn at(&self, company: &str, what: &'static str) -> Result<Grant<A>, Denied> {
        if !self.companies.has(company) {
            return Err(self.unseen(company, what));
        }
        self.decide(Some(company), what)?;
        Ok(self.grant(Companies::Only(vec![company.to_owned()])))
    }

    /// The policy's word on what belongs to no single company, or to several: a list, or a thing that is to be made.
    /// What is read or written must be within the companies of the grant.
    ///
    /// # Errors
    /// [`Denied::Forbidden`].
    pub fn throughout(&self) -> Result<Grant<A>, Denied> {
        self.decide(None, "")?;
        Ok(self.grant(self.companies.clone()))
    }

    fn decide(&self, company: Option<&str>, what: &'static str) -> Result<(), Denied> {
        match decide(&self.principal, A::ACTION, company) {
            Decision::Allowed => Ok(()),
            Decision::NotThere => Err(Denied::NotThere(what)),
            Decision::Forbidden => {
                let token = matches!(self.principal, Principal::App { .. });
                let scope = scope_needed(A::ACTION).filter(|_| token);
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
            request_id: self.request_id.clone(),
            action: PhantomData,
        }
    }
}

impl<A> Attempt<A> {
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// The app for which it asks; `None` where several could be meant.
    pub fn app(&self) -> Option<&ActingApp> {
        self.app.as_ref()
    }

    /// Why an object of a company is not seen: it is not there for this caller, or the caller's app alone stands in the way.
    pub fn unseen(&self, company: &str, what: &'static str) -> Denied {
        match &self.app {
            Some(app) if self.principal.companies().has(company) => {
                Denied::NotForApp { app: app.name.clone(), what }
            }
            _ => Denied::NotThere(what),
        }
    }

    /// The companies whose objects it may look for.
    pub fn companies(&self) -> &Companies {
        &self.companies
    }

    /// Whether it is shown what belongs to any app, such as the links of others: whoever acts for one app sees that app's.
    fn sees_all_apps(&self) -> bool {
        match &self.principal {
            Principal::App { .. } | Principal::Quicklink { .. } | Principal::Account { .. } => false,
            Principal::Admin { id, .. } => self.app.as_ref().is_none_or(|app| app.id == *id),
            Principal::CommandLine | Principal::Worker { .. } => self.app.is_none(),
        }
    }
}

/// The policy's leave to do `A` in some companies. A verb takes one, so that nothing is done without.
pub struct Grant<A> {
    actor: Actor,
    all_apps: bool,
    app: Option<ActingApp>,
    companies: Companies,
    request_id: Option<Arc<str>>,
    action: PhantomData<fn() -> A>,
}

impl<A> Grant<A> {
    /// Who acts, for histories and the audit.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The app for which it is done.
    ///
    /// # Errors
    /// [`Denied::AppNeeded`] where several could be meant.
    pub fn app(&self) -> Result<&ActingApp, Denied> {
        self.app.as_ref().ok_or(Denied::AppNeeded)
    }

    /// The same, where it need not be said.
    pub fn app_if_any(&self) -> Option<&ActingApp> {
        self.app.as_ref()
    }

    /// Whether what belongs to other apps is shown.
    pub fn sees_all_apps(&self) -> bool {
        self.all_apps
    }

    pub fn companies(&self) -> &Companies {
        &self.companies
    }

    /// Refuses an object of a company that the grant is not for, as if it were not there.
    ///
    /// # Errors
    /// [`Denied::NotThere`] of `what`.
    pub fn covers(&self, company: &str, what: &'static str) -> Result<(), Denied> {
        if self.companies.has(company) { Ok(()) } else { Err(Denied::NotThere(what)) }
    }

    /// Finds the request in the log; `None` for the command line.
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl<A: Acts> fmt::Debug for Grant<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grant({} to {} in {:?})", A::ACTION, self.actor, self.companies)
    }
}
