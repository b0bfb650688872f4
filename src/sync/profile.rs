//! The apps' own people and customers.

use crate::{
    clock::Ambient,
    domain::{fold::fold, ids::new_id, words::List},
    store::{
        self, Db,
        links::{self, Link},
        profiles::{self, Profile},
    },
};

use super::scope::Scope;

/// Why a profile was not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the app sees {0} companies, so a profile must say which one it belongs to")]
    WhichCompany(usize),
    #[error("the profile belongs to another company and cannot be moved")]
    OtherCompany,
    #[error("the profile is linked")]
    Linked(Vec<Link>),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// A profile as an app writes it.
#[derive(Debug, Clone)]
pub struct Draft {
    pub list: List,
    /// The app's ID.
    pub profile_id: String,
    /// ID of the company; may be left out where the app sees only one.
    pub company_id: Option<String>,
    pub name: String,
    pub email: Option<String>,
}

/// Makes or changes a profile. The second half says whether it is new.
pub fn put(db: &mut Db, ambient: &Ambient, scope: &Scope, draft: &Draft) -> Result<(Profile, bool), Error> {
    let now = ambient.now();
    let existing = profiles::find(db, &scope.app.id, draft.list, &draft.profile_id)?;
    if let Some(mut profile) = existing {
        if draft.company_id.as_ref().is_some_and(|company| *company != profile.company_id) {
            return Err(Error::OtherCompany);
        }
        if profile.name != draft.name || profile.email != draft.email {
            profile.name.clone_from(&draft.name);
            profile.email.clone_from(&draft.email);
            profile.sort_name = fold(&draft.name);
            profile.updated_at = now;
            profiles::update(db, &profile, &scope.actor())?;
        }
        return Ok((profile, false));
    }
    let profile = Profile {
        key: new_id("prf", now, ambient.entropy.bytes()),
        app_id: scope.app.id.clone(),
        list: draft.list,
        profile_id: draft.profile_id.clone(),
        company_id: company(db, scope, draft)?,
        name: draft.name.clone(),
        email: draft.email.clone(),
        sort_name: fold(&draft.name),
        created_at: now,
        updated_at: now,
    };
    profiles::insert(db, &profile, &scope.actor())?;
    Ok((profile, true))
}

/// Removes a profile that is not linked. Whether it was there.
///
/// # Errors
/// [`Error::Linked`]: a link ends only when someone unlinks it.
pub fn delete(
    db: &mut Db,
    ambient: &Ambient,
    scope: &Scope,
    list: List,
    profile_id: &str,
) -> Result<bool, Error> {
    let Some(profile) = profiles::find(db, &scope.app.id, list, profile_id)? else { return Ok(false) };
    let links = links::of_profiles(db, &[&profile.key])?;
    if !links.is_empty() {
        return Err(Error::Linked(links));
    }
    profiles::delete(db, &profile, &scope.actor(), ambient.now())?;
    Ok(true)
}

fn company(db: &mut Db, scope: &Scope, draft: &Draft) -> Result<String, Error> {
    match &draft.company_id {
        Some(company) => {
            scope.check(company, "company")?;
            Ok(store::companies::get(db, company)?.id)
        }
        None => match scope.companies(db)?.as_slice() {
            [only] => Ok(only.clone()),
            several => Err(Error::WhichCompany(several.len())),
        },
    }
}
