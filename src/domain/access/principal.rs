//! Principals: who calls, with which scopes, and which companies they see.

use std::{fmt, str::FromStr};

use crate::domain::{
    ids::{AccountId, AppId, CompanyId, QuicklinkId},
    words::{ActorKind, Role, Scope, UnknownWord},
};

/// A caller, with what the policy must know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A token of an app.
    App { id: AppId, name: String, scopes: Scopes, companies: Companies },
    /// A token of an admin's app.
    Admin { id: AppId, name: String },
    /// A person who has signed in, or a program with a token of that person: then it may do what the scopes allow as well.
    Account { id: AccountId, role: Role, companies: Companies, scopes: Option<Scopes> },
    /// The bearer of a link that opens one company's Sync Users page.
    Quicklink { id: QuicklinkId, company: CompanyId },
    /// Whoever runs commands on the machine of the database.
    CommandLine,
    /// The gateway itself, for example by a rule that a person switched on.
    Worker { name: &'static str },
}

impl Principal {
    /// The companies that the principal sees.
    pub fn companies(&self) -> Companies {
        match self {
            Self::App { companies, .. } | Self::Account { role: Role::User, companies, .. } => {
                companies.clone()
            }
            Self::Quicklink { company, .. } => Companies::Only(vec![company.clone()]),
            Self::Account { role: Role::AccountAdmin, .. }
            | Self::Admin { .. }
            | Self::CommandLine
            | Self::Worker { .. } => Companies::All,
        }
    }

    /// Whether it is a token without this scope.
    pub(super) fn lacks(&self, scope: Scope) -> bool {
        match self {
            Self::App { scopes, .. } | Self::Account { scopes: Some(scopes), .. } => !scopes.has(scope),
            _ => false,
        }
    }

    /// The principal as an actor, for histories and the audit.
    pub fn actor(&self) -> Actor {
        let (kind, id) = match self {
            Self::App { id, .. } | Self::Admin { id, .. } => (ActorKind::App, Some(id.to_string())),
            Self::Account { id, .. } => (ActorKind::Account, Some(id.to_string())),
            Self::Quicklink { id, .. } => (ActorKind::Quicklink, Some(id.to_string())),
            Self::CommandLine => (ActorKind::CommandLine, None),
            Self::Worker { name } => (ActorKind::Worker, Some((*name).to_owned())),
        };
        Actor { kind, id }
    }
}

/// An actor, as histories and the audit keep it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    pub kind: ActorKind,
    /// `None` for the command line.
    pub id: Option<String>,
}

impl Actor {
    pub fn command_line() -> Self {
        Self { kind: ActorKind::CommandLine, id: None }
    }
}

/// With the ID instead of a name: `app app_…`, `command line`.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_str().replace('_', " ");
        match &self.id {
            Some(id) => write!(f, "{kind} {id}"),
            None => f.write_str(&kind),
        }
    }
}

/// A set of companies, by ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Companies {
    All,
    Only(Vec<CompanyId>),
}

impl Companies {
    pub fn has(&self, company: &CompanyId) -> bool {
        match self {
            Self::All => true,
            Self::Only(ids) => ids.iter().any(|id| id == company),
        }
    }

    /// The companies that are in both sets.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, other) => other.clone(),
            (own, Self::All) => own,
            (Self::Only(ids), other) => Self::Only(ids.into_iter().filter(|id| other.has(id)).collect()),
        }
    }

    /// The IDs to filter by; `None` for all companies.
    pub fn ids(&self) -> Option<&[CompanyId]> {
        match self {
            Self::All => None,
            Self::Only(ids) => Some(ids),
        }
    }
}

/// Scopes, each once, in the order of [`Scope::ALL`]. As a text they are separated by blanks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    pub fn new(scopes: &[Scope]) -> Self {
        Self(Scope::ALL.iter().copied().filter(|scope| scopes.contains(scope)).collect())
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn as_slice(&self) -> &[Scope] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The scopes that are in both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().copied().filter(|scope| other.has(*scope)).collect())
    }

    /// The first scope that `other` does not have.
    pub fn beyond(&self, other: &Self) -> Option<Scope> {
        self.0.iter().copied().find(|scope| !other.has(*scope))
    }
}

/// The scopes of a token for which none are given.
impl Default for Scopes {
    fn default() -> Self {
        Self::new(&[Scope::Read, Scope::Link, Scope::Poll])
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.0.iter().map(|scope| scope.as_str()).collect();
        f.write_str(&words.join(" "))
    }
}

impl FromStr for Scopes {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let scopes: Result<Vec<Scope>, UnknownWord> = text.split_whitespace().map(str::parse).collect();
        Ok(Self::new(&scopes?))
    }
}
