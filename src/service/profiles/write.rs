//! Writing profiles: one, or many at once, all or nothing.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    clock::Ambient,
    domain::{
        access::{Attempt, action},
        details::{self, Address, Details, DetailsError},
        ids::CompanyId,
        name::clean,
        words::List,
    },
    service::{Refusal, Result, find, input},
    store::WriteDb,
    sync::profile,
};

use super::Profile;

/// Profiles of one call.
pub const MOST: usize = 500;

/// A profile as an app writes it.
#[derive(Debug, Clone)]
pub struct Input {
    pub list: List,
    /// The app's ID.
    pub profile_id: String,
    pub name: String,
    /// None where it is empty as well.
    pub email: Option<String>,
    /// A customer's only.
    pub address: Option<Address>,
    /// A customer's only; none where it is empty as well.
    pub description: Option<String>,
    /// The company's ID or name; may be left out where the app sees only one, or the profile is there already.
    pub company: Option<String>,
}

/// What a batch has written.
#[derive(Debug, Serialize, ToSchema)]
pub struct Written {
    /// In the order of the request.
    pub data: Vec<Profile>,
    /// How many of them are new.
    pub created: usize,
}

/// Makes or changes a profile. The second half says whether it is new.
///
/// # Errors
/// `invalid_profile_id`, `invalid_name`, `invalid_email`, `invalid_address`, `invalid_description`; `company_not_found`,
/// `which_company`, `other_company`; `app_needed`.
pub fn put(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    input: &Input,
) -> Result<(Profile, bool)> {
    let (profile, new) = write(db, ambient, attempt, input)?;
    Ok((Profile::one(db, profile)?, new))
}

/// What is to be changed of a profile; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub name: Option<String>,
    /// An empty one takes it away.
    pub email: Option<String>,
    /// One without anything in it takes it away.
    pub address: Option<Address>,
    /// An empty one takes it away.
    pub description: Option<String>,
}

/// Changes a profile that is there.
///
/// # Errors
/// `profile_not_found`; as [`put`].
pub fn change(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    profile_id: &str,
    change: &Change,
) -> Result<Profile> {
    let (_, before) = super::found(db, attempt, list, profile_id)?;
    let input = Input {
        list,
        profile_id: before.profile_id,
        name: change.name.clone().unwrap_or(before.name),
        email: change.email.clone().or(before.email),
        address: change.address.clone().or(before.details.address),
        description: change.description.clone().or(before.details.description),
        company: None,
    };
    Ok(put(db, ambient, attempt, &input)?.0)
}

/// What is answered where a profile must be new and is not.
pub fn exists(list: List) -> Refusal {
    Refusal::conflict(
        "profile_exists",
        format!("The app has a profile of that ID among its {list}s already."),
        "Change that one, or choose another ID.",
    )
}

/// Makes or changes many.
///
/// # Errors
/// `too_many`; as [`put`], with the `index` of the one that was refused.
pub fn put_all(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    inputs: &[Input],
) -> Result<Written> {
    if inputs.is_empty() {
        attempt.throughout()?;
    }
    if inputs.len() > MOST {
        return Err(Refusal::unacceptable(
            "too_many",
            format!("The batch has {} profiles.", inputs.len()),
            "Send at most 500 at once.",
        ));
    }
    // In the order of their IDs, so that two batches wait for each other and never in a circle; the sort is stable,
    // so that of two for one profile the last one counts.
    let mut order: Vec<(usize, &Input)> = inputs.iter().enumerate().collect();
    order.sort_by(|(_, a), (_, b)| (a.list, &a.profile_id).cmp(&(b.list, &b.profile_id)));
    let mut written = Vec::with_capacity(order.len());
    let mut created = 0;
    for (index, input) in order {
        let (profile, new) =
            write(db, ambient, attempt, input).map_err(|refusal| refusal.with("index", index))?;
        created += usize::from(new);
        written.push((index, profile));
    }
    written.sort_by_key(|(index, _)| *index);
    let data = Profile::all(db, written.into_iter().map(|(_, profile)| profile).collect())?;
    Ok(Written { data, created })
}

fn write(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    input: &Input,
) -> Result<(crate::store::profiles::Profile, bool)> {
    let company = input.company.as_deref().map(|name| find::company(db, attempt, name)).transpose()?;
    let grant = attempt.throughout()?;
    let draft = checked(input, company.map(|company| company.id))?;
    Ok(profile::put(db, ambient, &grant, &draft)?)
}

fn checked(input: &Input, company_id: Option<CompanyId>) -> Result<profile::Draft> {
    input::profile_id(&input.profile_id)?;
    // Counted as it was sent: whoever checks a form sees the same.
    input::short(&input.name, "name", 200)?;
    let name = clean(&input.name);
    input::short(&name, "name", 200)?;
    let email = input.email.clone().filter(|email| !email.is_empty());
    if let Some(email) = &email {
        input::short(email, "email", 320)?;
    }
    let details = details(input)?;
    Ok(profile::Draft {
        list: input.list,
        profile_id: input.profile_id.clone(),
        company_id,
        name,
        email,
        details,
    })
}

fn details(input: &Input) -> Result<Details> {
    let address = input.address.clone().map_or(Ok(None), Address::checked).map_err(invalid_details)?;
    let description =
        input.description.as_deref().map_or(Ok(None), details::description).map_err(invalid_details)?;
    let details = Details { address, description };
    if input.list == List::Employee && !details.is_empty() {
        let code = if details.address.is_some() { "invalid_address" } else { "invalid_description" };
        return Err(Refusal::unacceptable(
            code,
            "Only a customer's profile has an address and a description: where employees live is not held.",
            "Leave both out, or write the profile to the list `customer`.",
        ));
    }
    Ok(details)
}

fn invalid_details(error: DetailsError) -> Refusal {
    let code = match error {
        DetailsError::Lines | DetailsError::Part(_) => "invalid_address",
        DetailsError::Description => "invalid_description",
    };
    Refusal::unacceptable(code, format!("{error}."), "Correct it and send it again.")
}
