//! Tokens, with which apps authenticate.

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
    find, schema,
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

impl Token {
    /// What it may be used for now: a scope that its app has lost is none of it any more.
    fn of(token: apps::Token, app: &apps::App) -> Self {
        let scopes = if app.admin { token.scopes } else { token.scopes.and(&app.scopes) };
        Self {
            id: token.id,
            name: token.name,
            scopes: scopes.as_slice().to_vec(),
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
    Ok(apps::tokens(db, &app.id)?.into_iter().map(|token| Token::of(token, &app)).collect())
}

/// A token of an app, by its ID or the unique beginning of it.
///
/// # Errors
/// `app_not_found`, `token_not_found`, `ambiguous`.
pub fn show(db: &mut Db, attempt: &Attempt<action::Administer>, app: &str, id: &str) -> Result<Token> {
    let app = found(db, attempt, app)?;
    Ok(Token::of(find::token(db, &app, id)?, &app))
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
    attempt.fresh()?;
    if app.admin {
        by_command_line(attempt, "Run `rollcall app token` on the gateway's machine.")?;
    }
    let register::NewToken { token, secret } =
        register::token(db, ambient, &attempt.throughout()?, &app.id, draft)?;
    Ok(NewToken { made: Token::of(token, &app), token: secret.reveal().to_owned(), app_id: app.id })
}

/// Revokes a token: it stops working at once, and stays in the list. Returns the token as it was.
///
/// # Errors
/// `app_not_found`, `token_not_found`.
pub fn revoke(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    app: &str,
    token_id: &str,
    now: DateTime<Utc>,
) -> Result<Token> {
    let app = found(db, attempt, app)?;
    let token = find::token(db, &app, token_id)?;
    apps::revoke_token(db, &app.id, &token.id, now)?;
    Ok(Token::of(token, &app))
}
