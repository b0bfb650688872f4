//! Tokens with which programs act as a person.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, action},
        audit::Act,
        ids::new_id,
        secret::Secret,
        words::{AuditAction, Role, Scope},
    },
    service::{Refusal, Result, page::PageBody, tokens::Token},
    store::{
        Db, WriteDb,
        accounts::{
            self,
            tokens::{self, PersonalToken},
        },
        audit,
    },
    sync::register::TokenDraft,
};

use super::{PERSONAL_TOKEN, name};

/// A token of a person just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewPersonalToken {
    #[serde(flatten)]
    pub made: Token,
    /// Shown only here.
    pub token: String,
}

impl From<PersonalToken> for Token {
    fn from(token: PersonalToken) -> Self {
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

/// All tokens of the caller, the revoked ones as well.
///
/// # Errors
/// `no_account`.
pub fn list(db: &mut Db, attempt: &Attempt<action::OwnAccount>) -> Result<PageBody<Token>> {
    attempt.throughout()?;
    let all = tokens::of_account(db, attempt.own_account()?)?;
    Ok(PageBody { data: all.into_iter().map(Token::from).collect(), next_cursor: None })
}

/// Makes a token with which a program acts as the caller.
///
/// # Errors
/// `no_account`; `fresh_sign_in_needed`; `invalid_name`, `invalid_scopes`, `invalid_expires_in_days`.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::OwnAccount>,
    draft: &TokenDraft,
) -> Result<NewPersonalToken> {
    attempt.throughout()?;
    let account = accounts::get(db.as_mut(), attempt.own_account()?)?;
    attempt.fresh()?;
    let scopes = draft.scopes.clone().unwrap_or_default();
    let beyond = account.role == Role::User && scopes.has(Scope::Manage);
    if scopes.is_empty() || beyond {
        return Err(Refusal::unacceptable(
            "invalid_scopes",
            "A token needs at least one scope, and none that its owner does not have.",
            "Choose among `read`, `link`, `poll`, and for an account-admin `manage`.",
        ));
    }
    let now = ambient.now();
    let expires_at = draft.expires_at(now)?;
    let token = PersonalToken {
        id: new_id("tok", now, ambient.entropy.bytes()),
        account_id: account.id,
        name: draft.name.as_deref().map(name).transpose()?,
        scopes,
        created_at: now,
        expires_at,
        revoked_at: None,
        last_used_at: None,
    };
    let secret = Secret::generate(PERSONAL_TOKEN, ambient.entropy.bytes());
    tokens::insert(db, &token, &secret.hash().0)?;
    let act = Act::new(AuditAction::TokenAdded, "token", &token.id).with("account_id", &token.account_id);
    audit::note_for(db, attempt, act.with("scopes", &token.scopes));
    Ok(NewPersonalToken { made: token.into(), token: secret.reveal().to_owned() })
}

/// Revokes a token of the caller: it stops working at once, and stays in the list.
///
/// # Errors
/// `no_account`, `token_not_found`.
pub fn revoke(
    db: &mut WriteDb,
    attempt: &Attempt<action::OwnAccount>,
    token_id: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    attempt.throughout()?;
    let own = attempt.own_account()?;
    let act = Act::new(AuditAction::TokenRevoked, "token", token_id).with("account_id", own);
    audit::note_for(db, attempt, act);
    Ok(tokens::revoke(db, own, token_id, now)?)
}
