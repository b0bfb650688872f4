//! Tokens: what apps sign in with.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, action},
        words::Scope,
    },
    store::{Db, WriteDb, apps},
    sync::register::{self, TokenDraft},
};

use super::{
    Result,
    apps::{by_command_line, found},
    schema,
};

/// A token, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct Token {
    pub id: String,
    /// What people call it.
    pub name: Option<String>,
    /// What it may be used for.
    #[schema(schema_with = schema::scope_list)]
    pub scopes: Vec<Scope>,
    pub created_at: DateTime<Utc>,
    /// When it stops working; null where it does not by itself.
    pub expires_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// To the minute or less often.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<apps::Token> for Token {
    fn from(token: apps::Token) -> Self {
        Self {
            id: token.id,
            name: token.name,
            scopes: token.scopes.as_slice().to_vec(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            revoked_at: token.revoked_at,
            last_used_at: token.last_used_at,
        }
    }
}

/// A token just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewToken {
    #[serde(flatten)]
    pub made: Token,
    /// Shown only here.
    pub token: String,
    #[serde(skip)]
    pub app_id: String,
}

/// All tokens of an app, the revoked ones as well.
///
/// # Errors
/// `app_not_found`.
pub fn list(db: &mut Db, attempt: &Attempt<action::Administer>, app: &str) -> Result<Vec<Token>> {
    let app = found(db, attempt, app)?;
    Ok(apps::tokens(db, &app.id)?.into_iter().map(Token::from).collect())
}

/// Makes another token of an app. Those of an admin's app are made by the command line only.
///
/// # Errors
/// `app_not_found`; `admin_by_command_line`; `invalid_name`, `invalid_scopes`, `invalid_expires_in_days`.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    app: &str,
    draft: &TokenDraft,
) -> Result<NewToken> {
    let app = found(db, attempt, app)?;
    if app.admin {
        by_command_line(attempt, "Run `rollcall app token` on the gateway's machine.")?;
    }
    let register::NewToken { token, secret } = register::token(db, ambient, &app.id, draft)?;
    Ok(NewToken { made: token.into(), token: secret.reveal().to_owned(), app_id: app.id })
}

/// Revokes a token: it stops working at once, and stays in the list.
///
/// # Errors
/// `app_not_found`, `token_not_found`.
pub fn revoke(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    app: &str,
    token_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let app = found(db, attempt, app)?;
    Ok(apps::revoke_token(db, &app.id, token_id, now)?)
}
