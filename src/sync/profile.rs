//! The apps' own people and customers.

use crate::{
    clock::Ambient,
    domain::{
        access::{Denied, Grant, action},
        details::Details,
        fold::fold,
        ids::{CompanyId, ProfileKey},
        words::List,
    },
    store::{
        self, Db, WriteDb,
        links::{self, Link},
        profiles::{self, Profile},
    },
};

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
    Denied(#[from] Denied),
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
    pub company_id: Option<CompanyId>,
    pub name: String,
    pub email: Option<String>,
    /// Of a customer's only: an employee's profile has none.
    pub details: Details,
}

/// Makes or changes a profile of the grant's app. The second half says whether it is new.
///
/// # Errors
/// [`Error::WhichCompany`], [`Error::OtherCompany`]; [`store::Error::Duplicate`] where another call made it in between.
pub fn put(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Link>,
    draft: &Draft,
) -> Result<(Profile, bool), Error> {
    let now = ambient.now();
    let app = grant.app()?;
    let existing = profiles::find(db, &app.id, draft.list, &draft.profile_id)?;
    if let Some(mut profile) = existing {
        grant.covers(&profile.company_id, "profile")?;
        if draft.company_id.as_ref().is_some_and(|company| *company != profile.company_id) {
            return Err(Error::OtherCompany);
        }
        if profile.name != draft.name || profile.email != draft.email || profile.details != draft.details {
            profile.name.clone_from(&draft.name);
            profile.email.clone_from(&draft.email);
            profile.details.clone_from(&draft.details);
            profile.sort_name = fold(&draft.name);
            profile.updated_at = now;
            profiles::update(db, &profile, grant.actor())?;
        }
        return Ok((profile, false));
    }
    let profile = Profile {
        key: ProfileKey::new(now, ambient.entropy.bytes()),
        app_id: app.id.clone(),
        list: draft.list,
        profile_id: draft.profile_id.clone(),
        company_id: company(db, grant, draft)?,
        name: draft.name.clone(),
        email: draft.email.clone(),
        details: draft.details.clone(),
        sort_name: fold(&draft.name),
        created_at: now,
        updated_at: now,
    };
    profiles::insert(db, &profile, grant.actor())?;
    Ok((profile, true))
}

/// Removes a profile that is not linked.
///
/// # Errors
/// [`Error::Linked`]: a link ends only when someone unlinks it. [`store::Error::Referred`] where another call linked it in
/// between: what is tried again names the record.
pub fn delete(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Link>,
    profile: &Profile,
) -> Result<(), Error> {
    grant.covers(&profile.company_id, "profile")?;
    let links = links::of_profiles(db, &[&profile.key])?;
    if !links.is_empty() {
        return Err(Error::Linked(links));
    }
    Ok(profiles::delete(db, profile, grant.actor(), ambient.now())?)
}

/// The company of a new profile: the one that is named, or the only one.
fn company(db: &mut Db, grant: &Grant<action::Link>, draft: &Draft) -> Result<CompanyId, Error> {
    if let Some(company) = &draft.company_id {
        grant.covers(company, "company")?;
        return Ok(store::companies::get(db, company)?.id);
    }
    let ids = match grant.companies().ids() {
        Some(ids) => ids.to_vec(),
        None => store::companies::ids(db)?,
    };
    match ids.as_slice() {
        [only] => Ok(only.clone()),
        several => Err(Error::WhichCompany(several.len())),
    }
}
