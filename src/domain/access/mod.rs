//! The policy: one table of who may do what, and the grants that it makes.
//!
//! A caller is a [`Principal`]. It makes an [`Attempt`] of an action; the policy turns the attempt into a [`Grant`], or
//! says that the object does not exist for this caller, or that the caller may not do this. Verbs take grants, and only
//! this module makes them.

mod grant;
mod origin;
mod principal;
#[cfg(test)]
mod tests;

pub use grant::{ActingApp, Attempt, Denied, Grant, InSession};
pub use origin::Origin;
pub use principal::{Actor, Companies, Principal, Scopes};

use super::{
    ids::CompanyId,
    words::{Action, Role, Scope},
};

/// An action as a type: the signature of a use case names it, and a route without one does not compile.
pub trait Acts: Send + Sync + 'static {
    const ACTION: Action;
}

/// One type for each [`Action`].
pub mod action {
    use super::{Action, Acts};

    macro_rules! actions {
        ($($name:ident),+ $(,)?) => {
            $(
                #[doc = concat!("[`Action::", stringify!($name), "`] as a type.")]
                #[derive(Debug, Clone, Copy)]
                pub enum $name {}

                impl Acts for $name {
                    const ACTION: Action = Action::$name;
                }
            )+
        };
    }

    actions!(
        Read,
        ReadCompanies,
        Link,
        Poll,
        Test,
        DecideHolds,
        ManageConnections,
        ManageQuicklinks,
        OwnAccount,
        Administer,
    );
}

/// The policy's decision about an action on an object of a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Allowed,
    /// The object belongs to a company that the caller does not see: for this caller it does not exist.
    NotThere,
    /// The caller sees the object, but may not do this.
    Forbidden,
}

/// Decides an action on an object of `company`; without one, on what belongs to no company.
pub fn decide(principal: &Principal, action: Action, company: Option<&CompanyId>) -> Decision {
    if company.is_some_and(|company| !principal.companies().has(company)) {
        return Decision::NotThere;
    }
    if may(principal, action) { Decision::Allowed } else { Decision::Forbidden }
}

/// Whether the principal may do this at all, in the companies that it sees.
fn may(principal: &Principal, action: Action) -> bool {
    let row = row(action);
    match principal {
        Principal::App { scopes, .. } => row.scope.is_some_and(|scope| scopes.has(scope)),
        Principal::Account { role, scopes, .. } => {
            let role = *role == Role::AccountAdmin || row.user;
            let token = |scopes: &Scopes| row.scope.is_some_and(|scope| scopes.has(scope));
            role && scopes.as_ref().is_none_or(token)
        }
        Principal::Quicklink { .. } => row.quicklink,
        // The gateway acts by rules that a person switched on.
        Principal::Worker { .. } => matches!(action, Action::Read | Action::Link | Action::Poll),
        Principal::Admin { .. } | Principal::CommandLine => true,
    }
}

/// Which limited principals may do an action.
struct Rule {
    /// The scope that an app's token needs; `None` if no scope allows it.
    scope: Option<Scope>,
    /// Whether an account with the role `user` may do it, in its own companies.
    user: bool,
    /// Whether a Quicklink may do it, in its company.
    quicklink: bool,
}

fn row(action: Action) -> Rule {
    let (scope, user, quicklink) = match action {
        Action::Read | Action::ReadCompanies => (Some(Scope::Read), true, true),
        Action::Link => (Some(Scope::Link), true, true),
        Action::Poll => (Some(Scope::Poll), true, true),
        Action::Test => (Some(Scope::Poll), true, false),
        Action::DecideHolds | Action::ManageConnections => (Some(Scope::Manage), false, false),
        Action::ManageQuicklinks | Action::OwnAccount => (None, true, false),
        Action::Administer => (None, false, false),
    };
    Rule { scope, user, quicklink }
}

/// The scope that an app's token needs for an action; `None` if no such token may do it.
pub fn scope_needed(action: Action) -> Option<Scope> {
    row(action).scope
}
