//! Profiles as the API shows and takes them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    domain::{name::clean, words::List},
    http::{
        api::{
            companies,
            schema::{self, Text, check_short},
        },
        problem::ApiError,
    },
    store::{self, Db, links, profiles},
    sync::{profile, scope::Scope},
};

/// An app's own user or customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Profile {
    #[schema(schema_with = schema::lists)]
    list: List,
    /// The app's ID.
    profile_id: String,
    company_id: String,
    name: String,
    email: Option<String>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// At most one a connection.
    links: Vec<ProfileLink>,
}

/// A link as seen from the profile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProfileLink {
    record_id: String,
    connection_id: String,
    linked_at: DateTime<Utc>,
    linked_by: String,
}

impl Profile {
    pub fn new(links: Vec<ProfileLink>, profile: profiles::Profile) -> Self {
        Self {
            list: profile.list,
            profile_id: profile.profile_id,
            company_id: profile.company_id,
            name: profile.name,
            email: profile.email,
            created_at: profile.created_at,
            updated_at: profile.updated_at,
            links,
        }
    }
}

impl From<links::Link> for ProfileLink {
    fn from(link: links::Link) -> Self {
        Self {
            record_id: link.record_id,
            connection_id: link.connection_id,
            linked_at: link.linked_at,
            linked_by: link.linked_by,
        }
    }
}

/// Adds their links to profiles, with one query.
pub(super) fn with_links(db: &mut Db, rows: Vec<profiles::Profile>) -> store::Result<Vec<Profile>> {
    let keys: Vec<&str> = rows.iter().map(|profile| profile.key.as_str()).collect();
    let mut links: HashMap<String, Vec<ProfileLink>> = HashMap::new();
    for link in links::of_profiles(db, &keys)? {
        links.entry(link.profile_key.clone()).or_default().push(link.into());
    }
    let own = |profile: &profiles::Profile| links.get(&profile.key).cloned().unwrap_or_default();
    Ok(rows.into_iter().map(|profile| Profile::new(own(&profile), profile)).collect())
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileDraft {
    #[schema(schema_with = schema::name)]
    pub(super) name: Text,
    pub(super) email: Option<Text>,
    /// The company's ID or name; may be left out where the app sees only one, or the profile is there already.
    pub(super) company: Option<Text>,
}

/// # Errors
/// 422 where the app's ID is none.
pub fn check_profile_id(profile_id: &str) -> Result<(), ApiError> {
    check_short(profile_id, "profile_id", 200)
}

/// A draft that was checked, its company found.
pub(super) fn draft(
    db: &mut Db,
    scope: &Scope,
    (list, profile_id): (List, String),
    body: &ProfileDraft,
) -> Result<profile::Draft, ApiError> {
    check_profile_id(&profile_id)?;
    let email = body.email.clone().filter(|email| !email.0.is_empty());
    Ok(profile::Draft {
        list,
        profile_id,
        company_id: match &body.company {
            Some(company) => Some(companies::named(db, scope, &company.0)?.id),
            None => None,
        },
        // Counted as it was sent: whoever checks a form sees the same.
        name: Text(clean(&body.name.clone().short("name", 200)?)).short("name", 200)?,
        email: email.map(|email| email.short("email", 320)).transpose()?,
    })
}
