//! Linking and unlinking: the point of the product (promises 4 to 6).

use crate::{
    clock::Ambient,
    domain::{
        ids::new_id,
        words::{ChangeKind, List},
    },
    store::{
        self, Db, Store, changes, links, links::Link, profiles, profiles::Profile, records, records::Staged,
    },
};

use super::scope::Scope;

/// Why a link was not made or taken apart.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the {list} is linked to profile `{profile_id}` already")]
    RecordLinked { list: List, record_id: String, profile_id: String },
    #[error("profile `{profile_id}` is linked to {list} `{record_id}` of this connection already")]
    ProfileLinked { list: List, record_id: String, profile_id: String },
    #[error("the app has no {list} profile `{profile_id}`")]
    NoProfile { list: List, profile_id: String },
    #[error("profile `{profile_id}` belongs to another company than the {list}")]
    OtherCompany { list: List, profile_id: String },
    #[error("the app has an {list} profile `{profile_id}` already")]
    ProfileExists { list: List, profile_id: String },
    #[error("this change is not a link or an unlink of the app")]
    NotUndoable,
    #[error("this change cannot be undone: {0}")]
    Undone(&'static str),
    #[error(transparent)]
    Store(#[from] store::Error),
}

type Result<T> = std::result::Result<T, Error>;

/// A link, and whether this call made it.
#[derive(Debug, Clone)]
pub struct Linked {
    pub link: Link,
    pub created: bool,
}

/// Links an app's profile to a record. The same link again is no error.
///
/// # Errors
/// The other party, where either side is taken.
pub async fn link(
    store: &Store,
    ambient: &Ambient,
    scope: &Scope,
    list: List,
    record_id: &str,
    profile_id: &str,
) -> Result<Linked> {
    let attempt = || {
        let (ambient, scope) = (ambient.clone(), scope.clone());
        let (record_id, profile_id) = (record_id.to_owned(), profile_id.to_owned());
        store.write(move |db| {
            let staged = scope.record(db, list, &record_id)?;
            let profile = profiles::find(db, &scope.app.id, list, &profile_id)?
                .ok_or(Error::NoProfile { list, profile_id })?;
            join(db, &ambient, &scope, &staged, &profile)
        })
    };
    match attempt().await {
        // Another call took one of the sides between our look and our insert: look again, to name it.
        Err(Error::Store(store::Error::Duplicate(_))) => attempt().await,
        other => other,
    }
}

/// Makes a profile from a record's name and e-mail and links it: the green plus. `profile_id` is the app's ID for it;
/// without one Rollcall makes one.
///
/// # Errors
/// [`Error::RecordLinked`] where the record has a profile, [`Error::ProfileExists`] where the app has one of that ID.
pub async fn create_profile(
    store: &Store,
    ambient: &Ambient,
    scope: &Scope,
    list: List,
    record_id: &str,
    profile_id: Option<&str>,
) -> Result<(Profile, Link)> {
    let new_profile_id =
        profile_id.map_or_else(|| new_id("usr", ambient.now(), ambient.entropy.bytes()), Into::into);
    let attempt = || {
        let (ambient, scope) = (ambient.clone(), scope.clone());
        let (record_id, profile_id) = (record_id.to_owned(), new_profile_id.clone());
        store.write(move |db| {
            let staged = scope.record(db, list, &record_id)?;
            free(db, &scope, &staged)?;
            if profiles::find(db, &scope.app.id, list, &profile_id)?.is_some() {
                return Err(Error::ProfileExists { list, profile_id });
            }
            let profile = profile_of(&ambient, &scope, &staged, profile_id);
            profiles::insert(db, &profile, &scope.actor())?;
            let linked = join(db, &ambient, &scope, &staged, &profile)?;
            Ok((profile, linked.link))
        })
    };
    match attempt().await {
        Err(Error::Store(store::Error::Duplicate(_))) => attempt().await,
        other => other,
    }
}

/// Takes the app's link of a record apart. `None` where there was none.
pub fn unlink(
    db: &mut Db,
    ambient: &Ambient,
    scope: &Scope,
    list: List,
    record_id: &str,
) -> Result<Option<Link>> {
    let staged = scope.record(db, list, record_id)?;
    let Some(link) = links::of_record(db, &scope.app.id, &staged.id)? else { return Ok(None) };
    let there = links::delete(db, &link, &staged, &scope.actor(), ambient.now())?;
    Ok(there.then_some(link))
}

/// Undoes a link or an unlink of the app, named by its position in the company's feed.
///
/// # Errors
/// [`Error::Undone`] where the sides have moved on since.
pub fn undo(
    db: &mut Db,
    ambient: &Ambient,
    scope: &Scope,
    company_id: &str,
    position: i64,
) -> Result<Option<Link>> {
    scope.check(company_id, "company")?;
    let change = changes::get(db, company_id, position)?;
    let (record_id, profile_id) = match (change.app_id, change.record_id, change.profile_id) {
        (Some(app), Some(record_id), Some(profile_id)) if app == scope.app.id => (record_id, profile_id),
        _ => return Err(Error::NotUndoable),
    };
    let staged = scope.record(db, change.list, &record_id)?;
    let linked = links::of_record(db, &scope.app.id, &staged.id)?;
    match (change.kind, linked) {
        (ChangeKind::Linked, Some(link)) if link.profile_id == profile_id => {
            links::delete(db, &link, &staged, &scope.actor(), ambient.now())?;
            Ok(None)
        }
        (ChangeKind::Linked, _) => Err(Error::Undone("that link is no longer there")),
        (ChangeKind::Unlinked, _) => {
            let profile = profiles::find(db, &scope.app.id, change.list, &profile_id)?
                .ok_or(Error::NoProfile { list: change.list, profile_id })?;
            join(db, ambient, scope, &staged, &profile).map(|linked| Some(linked.link))
        }
        _ => Err(Error::NotUndoable),
    }
}

/// Makes the link where both sides are free.
fn join(db: &mut Db, ambient: &Ambient, scope: &Scope, staged: &Staged, profile: &Profile) -> Result<Linked> {
    if profile.company_id != staged.company_id {
        return Err(Error::OtherCompany { list: staged.list, profile_id: profile.profile_id.clone() });
    }
    if let Some(link) = links::of_record(db, &profile.app_id, &staged.id)?
        && link.profile_key == profile.key
    {
        return Ok(Linked { link, created: false });
    }
    free(db, scope, staged)?;
    if let Some(link) = links::of_profile(db, &profile.key, &staged.connection_id)? {
        return Err(Error::ProfileLinked {
            list: staged.list,
            record_id: link.record_id,
            profile_id: profile.profile_id.clone(),
        });
    }
    let now = ambient.now();
    let id = new_id("lnk", now, ambient.entropy.bytes());
    links::insert(db, &id, profile, staged, &scope.actor(), now)?;
    let link = links::of_record(db, &profile.app_id, &staged.id)?.ok_or(store::Error::Stale("link"))?;
    Ok(Linked { link, created: true })
}

/// # Errors
/// [`Error::RecordLinked`] with the profile that the record is linked to.
fn free(db: &mut Db, scope: &Scope, staged: &Staged) -> Result<()> {
    match links::of_record(db, &scope.app.id, &staged.id)? {
        None => Ok(()),
        Some(link) => Err(Error::RecordLinked {
            list: staged.list,
            record_id: staged.id.clone(),
            profile_id: link.profile_id,
        }),
    }
}

fn profile_of(ambient: &Ambient, scope: &Scope, staged: &records::Staged, profile_id: String) -> Profile {
    let now = ambient.now();
    let name = staged.record.display_name();
    Profile {
        key: new_id("prf", now, ambient.entropy.bytes()),
        app_id: scope.app.id.clone(),
        list: staged.list,
        profile_id,
        company_id: staged.company_id.clone(),
        sort_name: crate::domain::fold::fold(&name),
        name,
        email: staged.record.email.clone(),
        created_at: now,
        updated_at: now,
    }
}
