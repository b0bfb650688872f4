//! Apps.

use crate::{
    clock::Ambient,
    domain::{
        access::{Grant, Scopes, action},
        audit::Act,
        ids::{AppId, CompanyId},
        secret::Secret,
        words::AuditAction,
    },
    store::{
        WriteDb,
        apps::{self, App},
        audit, companies,
    },
};

use super::{Error, NewToken, Result, TokenDraft, name, token};

/// An app that is to be made.
#[derive(Debug, Clone, Default)]
pub struct AppDraft {
    pub name: String,
    /// IDs; none for an admin's app, which sees all.
    pub companies: Vec<CompanyId>,
    pub admin: bool,
    /// What its tokens may be used for at most.
    pub scopes: Scopes,
}

/// Makes an app with its first token, which is shown once, with the usual scopes.
///
/// # Errors
/// As [`new_app`].
pub fn app(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Administer>,
    new_name: &str,
    companies: &[CompanyId],
    admin: bool,
) -> Result<(App, Secret)> {
    let (name, companies) = (new_name.to_owned(), companies.to_vec());
    let draft = AppDraft { name, companies, admin, scopes: Scopes::default() };
    let (app, made) = new_app(db, ambient, grant, &draft, &TokenDraft::default())?;
    Ok((app, made.secret))
}

/// Makes an app with its first token, which is shown once.
///
/// # Errors
/// [`Error::NoCompany`]; [`Duplicate`](crate::store::Error::Duplicate) where the name is taken; as [`token`].
pub fn new_app(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Administer>,
    draft: &AppDraft,
    first: &TokenDraft,
) -> Result<(App, NewToken)> {
    let AppDraft { companies: wanted, admin, scopes, .. } = draft;
    if wanted.is_empty() && !admin {
        return Err(Error::NoCompany);
    }
    if scopes.is_empty() {
        return Err(Error::NoScope);
    }
    let mut ids = Vec::new();
    for company in wanted {
        grant.covers(company, "company")?;
        ids.push(companies::get(db, company)?.id);
    }
    ids.sort_unstable();
    ids.dedup();
    let now = ambient.now();
    let app = App {
        id: AppId::new(now, ambient.entropy.bytes()),
        name: name(&draft.name)?,
        admin: *admin,
        companies: ids,
        scopes: scopes.clone(),
        created_at: now,
    };
    apps::insert(db, &app)?;
    let act =
        Act::new(AuditAction::AppAdded, "app", &app.id).with("admin", app.admin).with("scopes", &app.scopes);
    audit::note(db, grant, act.with("companies", app.companies.join(" ")));
    let made = token(db, ambient, grant, &app.id, first)?;
    Ok((app, made))
}

/// What is to be changed of an app. What is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct AppChange {
    pub name: Option<String>,
    /// The IDs of all companies that it sees from now on.
    pub companies: Option<Vec<CompanyId>>,
    /// All that its tokens may be used for from now on, at most.
    pub scopes: Option<Scopes>,
}

/// Changes an app.
///
/// # Errors
/// [`Error::HasProfiles`] where a company would be taken away in which it has profiles: these would be out of everybody's
/// reach. [`Error::NoCompany`], [`Error::NoScope`], [`Error::SeesAll`], [`Error::MayAll`]; [`Duplicate`](crate::store::Error::Duplicate)
/// where the name is taken.
pub fn change_app(
    db: &mut WriteDb,
    grant: &Grant<action::Administer>,
    id: &AppId,
    change: &AppChange,
) -> Result<App> {
    apps::lock(db, id)?;
    let app = apps::get(db, id)?;
    let mut act = Act::new(AuditAction::AppChanged, "app", id);
    if let Some(new_name) = &change.name {
        apps::rename(db, id, &name(new_name)?)?;
        act = act.named("name");
    }
    if let Some(scopes) = &change.scopes {
        if app.admin {
            return Err(Error::MayAll(app.name));
        }
        if scopes.is_empty() {
            return Err(Error::NoScope);
        }
        apps::set_scopes(db, id, scopes)?;
        act = act.turned("scopes", Some(&app.scopes), Some(scopes));
    }
    if let Some(wanted) = &change.companies {
        if app.admin {
            return Err(Error::SeesAll(app.name));
        }
        if wanted.is_empty() {
            return Err(Error::NoCompany);
        }
        for gone in app.companies.iter().filter(|company| !wanted.contains(company)) {
            let (profiles, links) = apps::holdings(db, id, gone)?;
            if profiles > 0 {
                let company = companies::get(db, gone)?.name;
                return Err(Error::HasProfiles { company, profiles, links });
            }
            apps::dismiss(db, id, gone)?;
        }
        let mut new: Vec<&CompanyId> = wanted.iter().filter(|id| !app.companies.contains(id)).collect();
        new.sort_unstable();
        new.dedup();
        for company in new {
            grant.covers(company, "company")?;
            apps::admit(db, id, company)?;
        }
    }
    let changed = apps::get(db, id)?;
    if change.companies.is_some() {
        let [before, after] = [&app, &changed].map(|app| app.companies.join(" "));
        act = act.turned("companies", Some(before), Some(after));
    }
    audit::note(db, grant, act);
    Ok(changed)
}
