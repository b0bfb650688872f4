//! Links that work once: to set the gateway up, and to choose another password.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Actor, Attempt, Origin, action},
        audit::Act,
        ids::new_id,
        passwords::is_short,
        secret::Secret,
        words::{ActorKind, AuditAction, LinkPurpose, Role},
    },
    store::{
        Db, Store, WriteDb,
        accounts::{
            self,
            one_time::{self, OneTimeLink},
        },
        audit,
    },
};

use super::{
    Account, AccountDraft, draw_up,
    passwords::{self, Hashed},
};
use crate::service::{
    Class, Refusal, Result, find,
    interface::{Operation, Wording},
    sign_in::verify,
};

/// For how long a link works.
const LIFE: TimeDelta = TimeDelta::hours(1);

/// A link that works once, shown only here.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShownLink {
    /// The ID of the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub account_id: Option<String>,
    /// Where it leads; whoever has it can use it.
    pub url: String,
    pub expires_at: DateTime<Utc>,
}

/// Makes a link with which the person of an account chooses another password. One made before stops working.
///
/// # Errors
/// `account_not_found`; `fresh_sign_in_needed`; `account_disabled`.
pub fn reset_link(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    public_url: &Url,
) -> Result<ShownLink> {
    let account = find::account(db.as_mut(), attempt, wanted)?;
    attempt.fresh()?;
    if !account.active {
        return Err(Refusal::conflict(
            "account_disabled",
            "The account is disabled: its person could not sign in with another password.",
            Wording::by(|interface| {
                let enable = interface.operation(Operation::EnableAccount);
                format!("Enable it first: {enable}.")
            }),
        ));
    }
    audit::note_for(db, attempt, Act::new(AuditAction::ResetLinkMade, "account", &account.id));
    reset_link_of(db, ambient, &account.id, public_url)
}

/// The same for whoever asked by the e-mail of the account: see [`crate::service::reset_mail`].
pub(in crate::service) fn reset_link_of(
    db: &mut WriteDb,
    ambient: &Ambient,
    account_id: &str,
    public_url: &Url,
) -> Result<ShownLink> {
    one_time::forget(db, LinkPurpose::Reset, Some(account_id))?;
    Ok(make(db, ambient, LinkPurpose::Reset, Some(account_id.to_owned()), public_url)?.1)
}

/// Makes a link with which the first account is made, while there is none.
///
/// # Errors
/// The database's.
pub fn set_up_link(db: &mut WriteDb, ambient: &Ambient, public_url: &Url) -> Result<Option<ShownLink>> {
    if accounts::any(db.as_mut())? {
        return Ok(None);
    }
    let (id, link) = make(db, ambient, LinkPurpose::SetUp, None, public_url)?;
    let printed = Actor { kind: ActorKind::CommandLine, id: None };
    let act = Act::new(AuditAction::SetUpLinkMade, "link", &id);
    audit::note_by(db, &printed, &Origin::at(ambient.now()), act);
    Ok(Some(link))
}

/// Notes that a link for an account was made for whoever asked for it by e-mail. Nobody is known to have asked: it goes to
/// the person of the account.
pub(in crate::service) fn note_mailed(db: &mut WriteDb, account_id: &str, origin: &Origin) {
    let mail = Actor { kind: ActorKind::Worker, id: Some("mail".into()) };
    let act = Act::new(AuditAction::ResetLinkMade, "account", account_id);
    audit::note_by(db, &mail, origin, act);
}

/// The ID of the link, and what is shown of it.
fn make(
    db: &mut WriteDb,
    ambient: &Ambient,
    purpose: LinkPurpose,
    account_id: Option<String>,
    public_url: &Url,
) -> Result<(String, ShownLink)> {
    let now = ambient.now();
    let secret = Secret::generate("", ambient.entropy.bytes());
    let link = OneTimeLink {
        id: new_id("otl", now, ambient.entropy.bytes()),
        purpose,
        account_id,
        created_at: now,
        expires_at: now + LIFE,
    };
    one_time::insert(db, &link, &secret.hash().0)?;
    let page = match purpose {
        LinkPurpose::SetUp => "setup",
        LinkPurpose::Reset => "reset",
    };
    let url = format!("{}/{page}/{}", public_url.as_str().trim_end_matches('/'), secret.reveal());
    Ok((link.id, ShownLink { account_id: link.account_id, url, expires_at: link.expires_at }))
}

/// The account whose password a link lets choose. The link is not used up.
///
/// # Errors
/// `link_not_valid`.
pub fn reset_of(db: &mut Db, token: &Secret, now: DateTime<Utc>) -> Result<Account> {
    reset_account(db, token, now).map(Account::from)
}

fn reset_account(db: &mut Db, token: &Secret, now: DateTime<Utc>) -> Result<accounts::Account> {
    let link = one_time::look(db, LinkPurpose::Reset, &token.hash().0, now)?;
    let account_id = link.and_then(|link| link.account_id).ok_or_else(not_valid)?;
    let account = accounts::get(db, &account_id)?;
    if account.active { Ok(account) } else { Err(not_valid()) }
}

/// Chooses a password by a link, which is used up; all sessions of the account end. It signs nobody in.
///
/// # Errors
/// `link_not_valid`; `weak_password`.
pub async fn reset(store: &Store, ambient: &Ambient, token: Secret, password: Secret) -> Result<()> {
    let (looked, new, now) = (token.clone(), password.clone(), ambient.now());
    let check = move |db: &mut Db| passwords::strong(&new, &reset_account(db, &looked, now)?);
    store.read(check).await?;
    let short = is_short(&password);
    let hash = verify::hash(password, ambient).await?;
    let ambient = ambient.clone();
    let kept = store.write(move |db| -> Result<()> {
        let now = ambient.now();
        let account = reset_account(db.as_mut(), &token, now)?;
        one_time::take(db, LinkPurpose::Reset, &token.hash().0, now)?.ok_or_else(not_valid)?;
        note_own(db, AuditAction::PasswordChanged, &account.id, now);
        passwords::keep(db, &account.id, Hashed { hash: &hash, short }, None, &ambient)
    });
    kept.await
}

/// Whether a link to set the gateway up works. It is not used up.
///
/// # Errors
/// `link_not_valid`.
pub fn may_set_up(db: &mut Db, token: &Secret, now: DateTime<Utc>) -> Result<()> {
    let link = one_time::look(db, LinkPurpose::SetUp, &token.hash().0, now)?;
    if link.is_none() || accounts::any(db)? { Err(not_valid()) } else { Ok(()) }
}

/// Makes the first account, an account-admin, by a link, which is used up. It signs nobody in.
///
/// # Errors
/// `link_not_valid`; `invalid_email`, `invalid_name`; `weak_password`.
pub async fn set_up(
    store: &Store,
    ambient: &Ambient,
    token: Secret,
    email: String,
    name: Option<String>,
    password: Secret,
) -> Result<Account> {
    let draft = AccountDraft { email, name, role: Role::AccountAdmin, companies: Vec::new() };
    let account = draw_up(ambient, &draft, Vec::new())?;
    passwords::strong(&password, &account)?;
    let (looked, now) = (token.clone(), ambient.now());
    // Whoever has no link makes the gateway hash nothing.
    store.read(move |db| may_set_up(db, &looked, now)).await?;
    let hash = verify::hash(password, ambient).await?;
    let made = store.write(move |db| -> Result<Account> {
        may_set_up(db.as_mut(), &token, now)?;
        // All of them: of two people with two links only one makes the first account.
        if one_time::forget(db, LinkPurpose::SetUp, None)? == 0 {
            return Err(not_valid());
        }
        accounts::insert(db, &account, Some(&hash))?;
        note_own(db, AuditAction::AccountAdded, &account.id, now);
        Ok(accounts::get(db.as_mut(), &account.id)?.into())
    });
    made.await
}

/// Who has a link is no caller: it was the person of the account, whoever else may have had it.
fn note_own(db: &mut WriteDb, action: AuditAction, account_id: &str, now: DateTime<Utc>) {
    let actor = Actor { kind: ActorKind::Account, id: Some(account_id.to_owned()) };
    audit::note_by(db, &actor, &Origin::at(now), Act::new(action, "account", account_id).named("link"));
}

fn not_valid() -> Refusal {
    Refusal::new(
        Class::Gone,
        "link_not_valid",
        "The link was used, has expired, or never was.",
        Wording::by(|interface| {
            let reset = interface.operation(Operation::ResetLink);
            format!(
                "Ask for another one: {reset}. Before there is any account, each start of the gateway prints one."
            )
        }),
    )
}
