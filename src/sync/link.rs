//! Linking and unlinking: the point of the product (promises 4 to 6).

use crate::{
    clock::Ambient,
    domain::{
        access::{ActingApp, Denied, Grant, action},
        ids::{LinkId, ProfileKey, RecordId, new_id},
        words::{ChangeKind, List},
    },
    store::{
        self, Db, WriteDb,
        changes::{self, Change},
        links,
        links::Link,
        profiles,
        profiles::Profile,
        records::Staged,
    },
};

/// Why a link was not made or taken apart.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the {list} is linked to profile `{profile_id}` already")]
    RecordLinked { list: List, record_id: RecordId, profile_id: String },
    #[error("profile `{profile_id}` is linked to {list} `{record_id}` of this connection already")]
    ProfileLinked { list: List, record_id: RecordId, profile_id: String },
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
    Denied(#[from] Denied),
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

/// Links a profile of the grant's app to a record. The same link again is no error.
///
/// # Errors
/// The other party, where either side is taken; [`store::Error::Duplicate`] where another call took one in between: what
/// is tried again names it.
pub fn link(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Link>,
    staged: &Staged,
    profile_id: &str,
) -> Result<Linked> {
    let app = app(grant, staged)?;
    let profile = profile(db, app, staged.list, profile_id)?;
    join(db, ambient, grant, staged, &profile)
}

/// Makes a profile from a record's name and e-mail, and a customer's address and description, and links it: the green plus. `profile_id` is the app's ID for it;
/// without one Rollcall makes one.
///
/// # Errors
/// [`Error::RecordLinked`] where the record has a profile, [`Error::ProfileExists`] where the app has one of that ID; as
/// [`link`].
pub fn create_profile(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Link>,
    staged: &Staged,
    profile_id: Option<&str>,
) -> Result<(Profile, Link)> {
    let profile_id =
        profile_id.map_or_else(|| new_id("usr", ambient.now(), ambient.entropy.bytes()), Into::into);
    let app = app(grant, staged)?;
    free(db, app, staged)?;
    if profiles::find(db, &app.id, staged.list, &profile_id)?.is_some() {
        return Err(Error::ProfileExists { list: staged.list, profile_id });
    }
    let profile = profile_of(ambient, app, staged, profile_id);
    profiles::insert(db, &profile, grant.actor())?;
    let linked = join(db, ambient, grant, staged, &profile)?;
    Ok((profile, linked.link))
}

/// Takes the app's link of a record apart. `None` where there was none.
pub fn unlink(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Link>,
    staged: &Staged,
) -> Result<Option<Link>> {
    let app = app(grant, staged)?;
    let Some(link) = links::of_record(db, &app.id, &staged.id)? else { return Ok(None) };
    let there = links::delete(db, &link, staged, grant.actor(), ambient.now())?;
    Ok(there.then_some(link))
}

/// Undoes a link or an unlink of the app: a change of this record.
///
/// # Errors
/// [`Error::Undone`] where the sides have moved on since.
pub fn undo(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Link>,
    change: &Change,
    staged: &Staged,
) -> Result<Option<Link>> {
    let app = app(grant, staged)?;
    let profile_id = match (&change.app_id, &change.profile_id) {
        (Some(whose), Some(profile_id)) if *whose == app.id => profile_id,
        _ => return Err(Error::NotUndoable),
    };
    let linked = links::of_record(db, &app.id, &staged.id)?;
    match (change.kind, linked) {
        // The link that this change made, and no later one of the same two.
        (ChangeKind::Linked, Some(link)) if link.profile_id == *profile_id && link.linked_at == change.at => {
            links::delete(db, &link, staged, grant.actor(), ambient.now())?;
            Ok(None)
        }
        (ChangeKind::Linked, _) => Err(Error::Undone("that link is no longer there")),
        // It was undone already.
        (ChangeKind::Unlinked, Some(link)) if link.profile_id == *profile_id => Ok(Some(link)),
        (ChangeKind::Unlinked, _) if changes::link_changed_since(db, change)? => {
            Err(Error::Undone("the record was linked, or unlinked, again since"))
        }
        (ChangeKind::Unlinked, _) => {
            let profile = profile(db, app, change.list, profile_id)?;
            join(db, ambient, grant, staged, &profile).map(|linked| Some(linked.link))
        }
        _ => Err(Error::NotUndoable),
    }
}

/// The app of the grant, where the grant is for the record's company.
fn app<'g>(grant: &'g Grant<action::Link>, staged: &Staged) -> Result<&'g ActingApp> {
    grant.covers(&staged.company_id, staged.list.as_str())?;
    Ok(grant.app()?)
}

fn profile(db: &mut Db, app: &ActingApp, list: List, profile_id: &str) -> Result<Profile> {
    let profile = profiles::find(db, &app.id, list, profile_id)?;
    profile.ok_or_else(|| Error::NoProfile { list, profile_id: profile_id.to_owned() })
}

/// Makes the link where both sides are free.
fn join(
    db: &mut WriteDb,
    ambient: &Ambient,
    grant: &Grant<action::Link>,
    staged: &Staged,
    profile: &Profile,
) -> Result<Linked> {
    if profile.company_id != staged.company_id {
        return Err(Error::OtherCompany { list: staged.list, profile_id: profile.profile_id.clone() });
    }
    if let Some(link) = links::of_record(db, &profile.app_id, &staged.id)?
        && link.profile_key == profile.key
    {
        return Ok(Linked { link, created: false });
    }
    free(db, grant.app()?, staged)?;
    if let Some(link) = links::of_profile(db, &profile.key, &staged.connection_id)? {
        return Err(Error::ProfileLinked {
            list: staged.list,
            record_id: link.record_id,
            profile_id: profile.profile_id.clone(),
        });
    }
    let now = ambient.now();
    let id = LinkId::new(now, ambient.entropy.bytes());
    links::insert(db, &id, profile, staged, grant.actor(), now)?;
    let link = links::of_record(db, &profile.app_id, &staged.id)?.ok_or(store::Error::Stale("link"))?;
    Ok(Linked { link, created: true })
}

/// # Errors
/// [`Error::RecordLinked`] with the profile that the record is linked to.
fn free(db: &mut Db, app: &ActingApp, staged: &Staged) -> Result<()> {
    match links::of_record(db, &app.id, &staged.id)? {
        None => Ok(()),
        Some(link) => Err(Error::RecordLinked {
            list: staged.list,
            record_id: staged.id.clone(),
            profile_id: link.profile_id,
        }),
    }
}

fn profile_of(ambient: &Ambient, app: &ActingApp, staged: &Staged, profile_id: String) -> Profile {
    let now = ambient.now();
    let name = staged.record.display_name();
    Profile {
        key: ProfileKey::new(now, ambient.entropy.bytes()),
        app_id: app.id.clone(),
        list: staged.list,
        profile_id,
        company_id: staged.company_id.clone(),
        sort_name: crate::domain::fold::fold(&name),
        name,
        email: staged.record.email.clone(),
        details: staged.record.details(),
        created_at: now,
        updated_at: now,
    }
}
