//! Apps: the downstream systems.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, Principal, Scopes, action},
        words::Scope,
    },
    store::{self, Db, WriteDb, apps},
    sync::register::{self, AppChange, AppDraft, TokenDraft},
};

use super::{
    Class, Refusal, Result, find,
    interface::{Operation, Wording},
    page::{PageBody, PageQuery},
    schema,
};

/// A downstream system.
#[derive(Debug, Serialize, ToSchema)]
pub struct App {
    pub id: String,
    pub name: String,
    /// Sees all companies and manages everything.
    pub admin: bool,
    /// IDs of the companies that it may see; an admin's list is empty and means all.
    pub companies: Vec<String>,
    /// What its tokens may be used for at most; without meaning for an admin's app.
    #[schema(schema_with = schema::scope_list)]
    pub scopes: Vec<Scope>,
    pub created_at: DateTime<Utc>,
}

impl From<apps::App> for App {
    fn from(app: apps::App) -> Self {
        Self {
            id: app.id,
            name: app.name,
            admin: app.admin,
            companies: app.companies,
            scopes: app.scopes.as_slice().to_vec(),
            created_at: app.created_at,
        }
    }
}

/// An app just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewApp {
    #[serde(flatten)]
    pub app: App,
    /// Its first token, shown only here.
    pub token: String,
}

/// The changes to an app; `None` leaves a member as it is.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    /// All companies that it may see from now on, by ID or name.
    pub companies: Option<Vec<String>>,
    /// All that its tokens may be used for from now on.
    pub scopes: Option<Scopes>,
}

/// A page of the apps, oldest first.
///
/// # Errors
/// What [`super::page`] refuses.
pub fn list(db: &mut Db, attempt: &Attempt<action::Administer>, query: &PageQuery) -> Result<PageBody<App>> {
    let (limit, after) = query.read::<String>()?;
    attempt.throughout()?;
    PageBody::of(apps::page(db, after.as_deref(), limit)?, |app| app.id.clone())
}

/// # Errors
/// `app_not_found`.
pub fn show(db: &mut Db, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<App> {
    Ok(found(db, attempt, wanted)?.into())
}

/// Makes an app with its first token. `draft` names its companies by ID or name.
///
/// # Errors
/// `company_not_found`, `no_company`, `invalid_name`, `invalid_scopes`; `already_exists`; `admin_by_command_line`.
pub fn add(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Administer>,
    draft: &AppDraft,
) -> Result<NewApp> {
    let companies = company_ids(db, attempt, &draft.companies)?;
    let grant = attempt.throughout()?;
    attempt.fresh()?;
    if draft.admin {
        by_command_line(attempt, "Run `rollcall app add NAME --admin` on the gateway's machine.")?;
    }
    let draft = AppDraft { companies, ..draft.clone() };
    let (app, first) = register::new_app(db, ambient, &grant, &draft, &TokenDraft::default())?;
    Ok(NewApp { app: app.into(), token: first.secret.reveal().to_owned() })
}

/// # Errors
/// `app_not_found`, `company_not_found`; `company_in_use` where a company would be taken away in which it has profiles;
/// `no_company`, `invalid_name`, `invalid_scopes`; `already_exists`; `sees_all`.
pub fn change(
    db: &mut WriteDb,
    attempt: &Attempt<action::Administer>,
    wanted: &str,
    change: &Change,
) -> Result<App> {
    let app = found(db, attempt, wanted)?;
    if change.companies.is_some() || change.scopes.is_some() {
        attempt.fresh()?;
    }
    let companies = change.companies.as_ref().map(|names| company_ids(db, attempt, names)).transpose()?;
    let change = AppChange { name: change.name.clone(), companies, scopes: change.scopes.clone() };
    Ok(register::change_app(db, &attempt.throughout()?, &app.id, &change)?.into())
}

/// Removes an app that has no profiles, and its tokens with it.
///
/// # Errors
/// `app_not_found`, `app_in_use`.
pub fn remove(db: &mut WriteDb, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<App> {
    let app = found(db, attempt, wanted)?;
    apps::delete(db, &app.id).map_err(|error| match error {
        store::Error::Referred(_) => Refusal::conflict(
            "app_in_use",
            "The app still has profiles.",
            Wording::by(|interface| {
                let (list, remove) = (
                    interface.operation(Operation::ListProfiles),
                    interface.operation(Operation::RemoveProfile),
                );
                format!("Remove its profiles first: {list}, {remove}.")
            }),
        ),
        other => other.into(),
    })?;
    Ok(app.into())
}

/// An app that the caller may manage.
pub(super) fn found(db: &mut Db, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<apps::App> {
    let app = find::app(db, attempt.principal(), wanted)?;
    attempt.throughout()?;
    Ok(app)
}

/// Refuses to make an admin's app or token, except on the command line.
pub(super) fn by_command_line(attempt: &Attempt<action::Administer>, remedy: &str) -> Result<()> {
    match attempt.principal() {
        Principal::CommandLine => Ok(()),
        _ => Err(Refusal::new(
            Class::Forbidden,
            "admin_by_command_line",
            "An admin's token is made by the command line only.",
            remedy,
        )),
    }
}

fn company_ids(db: &mut Db, attempt: &Attempt<action::Administer>, names: &[String]) -> Result<Vec<String>> {
    names.iter().map(|name| Ok(find::company(db, attempt, name)?.id)).collect()
}
