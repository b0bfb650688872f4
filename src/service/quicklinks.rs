//! Quicklinks: links that open one company's lists, from the menu of another product, without a sign-in.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, Principal, action},
        audit::Act,
        ids::new_id,
        secret::{Secret, SecretHash},
        words::{AuditAction, Role},
    },
    store::{self, Db, Store, WriteDb, accounts, audit, quicklinks},
};

use super::{
    Class, Refusal, Result,
    call::as_acting,
    find,
    interface::Wording,
    page::{PageBody, PageQuery},
};

/// What the secret of a Quicklink begins with.
pub const PREFIX: &str = "rcq_";

/// Days for which a Quicklink works where nothing is said: the menus that hold them are set up once.
pub const USUAL_LIFE: u32 = 365;

/// The most days.
const LONGEST_LIFE: u32 = 3650;

/// A Quicklink, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Quicklink {
    #[schema(example = "qul_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    pub id: String,
    /// On whose behalf it opens anything: it works only while that account is active and sees the company.
    pub account_id: String,
    pub company_id: String,
    /// The app that it acts for; null where the bearer chooses.
    pub app_id: Option<String>,
    /// The connection that it opens with.
    pub connection_id: Option<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub revoked_at: Option<DateTime<Utc>>,
    /// How often it was opened.
    #[schema(minimum = 0)]
    pub uses: i64,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<quicklinks::Quicklink> for Quicklink {
    fn from(quicklink: quicklinks::Quicklink) -> Self {
        let quicklinks::Quicklink {
            id,
            account_id,
            company_id,
            app_id,
            connection_id,
            created_at,
            expires_at,
            revoked_at,
            uses,
            last_used_at,
        } = quicklink;
        Self {
            id: id.into(),
            account_id,
            company_id: company_id.into(),
            app_id: app_id.map(Into::into),
            connection_id: connection_id.map(Into::into),
            created_at,
            expires_at,
            revoked_at,
            uses,
            last_used_at,
        }
    }
}

/// A Quicklink just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewQuicklink {
    #[serde(flatten)]
    pub quicklink: Quicklink,
    /// The address that opens it, shown only here.
    pub url: String,
}

/// A Quicklink that is to be made; objects by ID or name.
#[derive(Debug, Clone)]
pub struct QuicklinkDraft {
    pub company: String,
    pub app: Option<String>,
    pub connection: Option<String>,
    /// [`USUAL_LIFE`] where it is not said.
    pub expires_in_days: Option<u32>,
    /// On whose behalf; the caller's own account where it is not said.
    pub account: Option<String>,
}

/// Makes a Quicklink, whose address is shown once.
///
/// # Errors
/// `company_not_found`, `app_not_found`, `connection_not_found`, `account_not_found`; `no_account`, `account_disabled`,
/// `not_their_company`; `invalid_expires_in_days`; `fresh_sign_in_needed`.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    public_url: &Url,
    attempt: &Attempt<action::ManageQuicklinks>,
    draft: &QuicklinkDraft,
) -> Result<NewQuicklink> {
    let company = find::company(db, attempt, &draft.company)?;
    let grant = attempt.at(&company.id, "company")?;
    attempt.fresh()?;
    let days = draft.expires_in_days.unwrap_or(USUAL_LIFE);
    if !(1..=LONGEST_LIFE).contains(&days) {
        return Err(Refusal::unacceptable(
            "invalid_expires_in_days",
            format!("A Quicklink works for 1 to {LONGEST_LIFE} days."),
            "Correct the number of days.",
        ));
    }
    let account = match &draft.account {
        Some(named) => find::account(db, attempt, named)?,
        None => accounts::get(db, attempt.own_account()?)?,
    };
    may_lend(&account, &company.id)?;
    let app = draft.app.as_deref().map(|named| find::app(db, attempt.principal(), named)).transpose()?;
    if app.as_ref().is_some_and(|app| !as_acting(app).companies.has(&company.id)) {
        return Err(Refusal::not_there("app"));
    }
    let connection =
        draft.connection.as_deref().map(|named| find::connection(db, attempt, named)).transpose()?;
    if connection.as_ref().is_some_and(|connection| connection.company_id != company.id) {
        return Err(Refusal::not_there("connection"));
    }
    let (now, entropy) = (ambient.now(), &ambient.entropy);
    let secret = Secret::generate_long(PREFIX, [entropy.bytes(), entropy.bytes()]);
    let quicklink = quicklinks::Quicklink {
        id: new_id("qul", now, entropy.bytes()).into(),
        account_id: account.id,
        company_id: company.id,
        app_id: app.map(|app| app.id),
        connection_id: connection.map(|connection| connection.id),
        created_at: now,
        expires_at: now + TimeDelta::days(i64::from(days)),
        revoked_at: None,
        uses: 0,
        last_used_at: None,
    };
    quicklinks::insert(db, &quicklink, &secret.hash().0)?;
    let act = Act::new(AuditAction::QuicklinkAdded, "quicklink", &quicklink.id).of(&quicklink.company_id);
    audit::note(db, &grant, act.with("account_id", &quicklink.account_id));
    let made = quicklinks::get(db, &quicklink.id)?;
    let origin = public_url.as_str().trim_end_matches('/');
    Ok(NewQuicklink { quicklink: made.into(), url: format!("{origin}/q/{}", secret.reveal()) })
}

/// Whether a Quicklink may open a company on behalf of an account.
fn may_lend(account: &accounts::Account, company_id: &str) -> Result<()> {
    if !account.active {
        return Err(Refusal::conflict("account_disabled", "The account is disabled.", enable_first()));
    }
    if account.role == Role::User && !account.companies.iter().any(|seen| seen == company_id) {
        return Err(Refusal::conflict(
            "not_their_company",
            "The account does not see the company.",
            "Give the company to the account first, or choose another account.",
        ));
    }
    Ok(())
}

/// What to do about an account that is disabled.
pub(super) fn enable_first() -> Wording {
    Wording::each(
        "Enable it first: `POST /v1/accounts/{id}/enable`.",
        "Enable it first: `rollcall account enable ACCOUNT`.",
    )
}

/// A page of Quicklinks, oldest first: the caller's own, or all for whoever manages accounts.
///
/// # Errors
/// What [`super::page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::ManageQuicklinks>,
    query: &PageQuery,
) -> Result<PageBody<Quicklink>> {
    let (limit, after) = query.read::<String>()?;
    attempt.throughout()?;
    let own = match attempt.principal() {
        Principal::Account { id, role: Role::User, .. } => Some(id.as_str()),
        _ => None,
    };
    let page = quicklinks::page(db, own, after.as_deref(), limit)?;
    let page = store::Page { rows: page.rows.into_iter().map(Quicklink::from).collect(), more: page.more };
    PageBody::of(page, |quicklink| quicklink.id.clone())
}

/// A Quicklink that the caller may manage.
///
/// # Errors
/// `quicklink_not_found`; what the policy forbids.
pub fn found(
    db: &mut Db,
    attempt: &Attempt<action::ManageQuicklinks>,
    id: &str,
) -> Result<quicklinks::Quicklink> {
    let company = find::quicklink_company(db, attempt, id)?;
    attempt.at(&company, "Quicklink")?;
    Ok(quicklinks::get(db, id)?)
}

/// Revokes a Quicklink: it opens nothing from then on, and who has opened it sees nothing more.
///
/// # Errors
/// `quicklink_not_found`.
pub fn revoke(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::ManageQuicklinks>,
    id: &str,
) -> Result<Quicklink> {
    let quicklink = found(db, attempt, id)?;
    quicklinks::revoke(db, &quicklink.id, ambient.now())?;
    let grant = attempt.at(&quicklink.company_id, "Quicklink")?;
    let act = Act::new(AuditAction::QuicklinkRevoked, "quicklink", &quicklink.id);
    audit::note(db, &grant, act.of(&quicklink.company_id));
    Ok(quicklinks::get(db, &quicklink.id)?.into())
}

/// What a Quicklink opens.
#[derive(Debug, Clone)]
pub struct Opened {
    pub company_id: String,
    pub app_id: Option<String>,
    pub connection_id: Option<String>,
}

/// Opens a Quicklink, and counts it. Nobody is asked who it is: whoever has the link may.
///
/// # Errors
/// `quicklink_expired`, whatever the reason.
pub async fn open(store: &Store, ambient: &Ambient, hash: SecretHash) -> Result<Opened> {
    let now = ambient.now();
    let opened = look(store, hash, now).await?;
    // A link that opens nothing costs no write.
    let write = move |db: &mut WriteDb| match quicklinks::by_token(db, &hash.0, now)? {
        Some(quicklink) => quicklinks::opened(db, &quicklink.id, now),
        None => Ok(()),
    };
    store.write(write).await.map_err(Refusal::from)?;
    Ok(opened)
}

/// What the Quicklink opens that a browser has opened before.
///
/// # Errors
/// `quicklink_expired`, whatever the reason.
pub async fn look(store: &Store, hash: SecretHash, now: DateTime<Utc>) -> Result<Opened> {
    let read = store.read(move |db| -> store::Result<_> {
        let Some(quicklink) = quicklinks::by_token(db, &hash.0, now)? else { return Ok(None) };
        Ok(Some(Opened {
            company_id: quicklink.company_id.into(),
            app_id: quicklink.app_id.map(Into::into),
            connection_id: quicklink.connection_id.map(Into::into),
        }))
    });
    read.await.map_err(Refusal::from)?.ok_or_else(|| {
        Refusal::new(
            Class::Gone,
            "quicklink_expired",
            "This Quicklink does not work any more.",
            "Ask whoever gave it to you for a new one.",
        )
    })
}
