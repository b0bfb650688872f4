//! Tokens of apps.

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    clock::Ambient,
    domain::{
        access::{Grant, Scopes, action},
        audit::Act,
        ids::{AppId, TokenId},
        secret::Secret,
        words::AuditAction,
    },
    store::{
        WriteDb,
        apps::{self, Token},
        audit,
    },
};

use super::{Error, Result, name};

/// A token that is to be made.
#[derive(Debug, Clone, Default)]
pub struct TokenDraft {
    /// What people call it.
    pub name: Option<String>,
    /// Those of its app where they are not said.
    pub scopes: Option<Scopes>,
    /// For ever where it is not said.
    pub expires_in_days: Option<u32>,
}

impl TokenDraft {
    /// When the token stops working; `None`: never by itself.
    ///
    /// # Errors
    /// [`Error::BadExpiry`].
    pub fn expires_at(&self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
        match self.expires_in_days {
            None => Ok(None),
            Some(days @ 1..=LONGEST_LIFE) => Ok(Some(now + TimeDelta::days(days.into()))),
            Some(_) => Err(Error::BadExpiry),
        }
    }
}

/// A token just made; its secret is shown once.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub token: Token,
    pub secret: Secret,
}

/// The longest life of a token that expires, in days.
pub(super) const LONGEST_LIFE: u32 = 3650;

/// Makes another token of an app.
///
/// # Errors
/// [`Error::NoScope`], [`Error::ScopeBeyond`], [`Error::BadExpiry`], [`Error::BadName`].
pub fn token(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Administer>,
    app_id: &AppId,
    draft: &TokenDraft,
) -> Result<NewToken> {
    let now = ambient.now();
    let app = apps::get(db, app_id)?;
    for company in &app.companies {
        grant.covers(company, "app")?;
    }
    if app.admin && draft.scopes.is_some() {
        return Err(Error::MayAll(app.name));
    }
    let scopes = draft.scopes.clone().unwrap_or_else(|| app.scopes.clone());
    if scopes.is_empty() {
        return Err(Error::NoScope);
    }
    if let Some(scope) = scopes.beyond(&app.scopes).filter(|_| !app.admin) {
        return Err(Error::ScopeBeyond { app: app.name, scope });
    }
    let expires_at = draft.expires_at(now)?;
    let token = Token {
        id: TokenId::new(now, ambient.entropy.bytes()),
        name: draft.name.as_deref().map(name).transpose()?,
        scopes,
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let secret = Secret::generate(if app.admin { "rca_" } else { "rct_" }, ambient.entropy.bytes());
    apps::add_token(db, &app.id, &token, &secret.hash().0)?;
    let act = Act::new(AuditAction::TokenAdded, "token", &token.id)
        .with("app_id", &app.id)
        .with("scopes", &token.scopes);
    let act = token.expires_at.iter().fold(act, |act, at| act.with("expires_at", at.to_rfc3339()));
    audit::note(db, grant, act);
    Ok(NewToken { token, secret })
}
