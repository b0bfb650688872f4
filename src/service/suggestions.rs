//! Which profiles may belong to the records of a connection. It proposes and explains; a person decides (promise 12).

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    clock::Ambient,
    domain::{
        access::{ActingApp, Attempt, action},
        ids::RecordId,
        matching::{Entry, Level, Matcher, Pair, Standing},
        words::List,
    },
    store::{
        Db, PageLimit, WriteDb,
        connections::Connection,
        links, profiles,
        records::{self, Filter, Linked, Order, Position, Staged},
    },
    sync::link,
};

use super::{
    Refusal, Result, find,
    interface::Interface,
    page::{self, PageBody},
    profiles::Profile,
    records::Record,
    schema,
};

/// A pair that may belong together.
#[derive(Debug, Serialize, ToSchema)]
pub struct Suggestion {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee: Option<Record>,
    /// In the place of `employee` where customers are matched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Record>,
    pub profile: Profile,
    /// From 0 to 1.
    pub confidence: f64,
    #[schema(schema_with = schema::match_levels)]
    pub level: Level,
    /// What speaks for it, then what keeps it from being certain.
    pub reasons: Vec<String>,
}

/// Which suggestions are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SuggestionsQuery {
    /// The connection whose records are matched, by ID or name.
    pub connection: String,
    /// An app's ID or name: whoever may act for several says so.
    pub app: Option<String>,
    /// Only this level.
    #[param(schema_with = schema::match_levels)]
    pub level: Option<Level>,
    /// Records of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// The suggestions for a page of the unlinked active records of a connection, in the order of their names.
///
/// # Errors
/// `connection_not_found`, `app_needed`; `bad_cursor` and what [`page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    query: &SuggestionsQuery,
) -> Result<PageBody<Suggestion>> {
    let (limit, after) = page::read::<(String, RecordId)>(query.limit, query.cursor.as_deref())?;
    let connection = find::connection(db, attempt, &query.connection)?;
    let grant = attempt.at(&connection.company_id, "connection")?;
    let app = grant.app()?.clone();
    let mut matcher = matcher(db, &app, &connection, list)?;
    let filter = Filter {
        connection_id: Some(connection.id.clone()),
        linked: Some(Linked { linked: false, app_id: Some(app.id.clone()) }),
        active: Some(true),
        absent: Some(false),
        ..Filter::default()
    };
    let after = after.map(|(name, id)| Position::Name(name, id));
    let page = records::page(db, &connection.company_id, list, &filter, Order::Name, after.as_ref(), limit)?;
    let next = page.rows.last().filter(|_| page.more).map(|it| (it.sort_name.clone(), it.id.clone()));
    let mut found: Vec<Pair> = page.rows.iter().flat_map(|it| matcher.of_record(&it.id)).collect();
    found.retain(|pair| query.level.is_none_or(|level| pair.level == level));
    PageBody::new(shown(db, &app, list, found)?, next.as_ref())
}

/// The best profiles for one record.
///
/// # Errors
/// `{list}_not_found`, `app_needed`.
pub fn of_record(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    id: &str,
) -> Result<Vec<Suggestion>> {
    let (grant, staged) = find::record(db, attempt, list, id)?;
    let app = grant.app()?.clone();
    let connection = find::connection(db, attempt, &staged.connection_id)?;
    let found = matcher(db, &app, &connection, list)?.of_record(&staged.id);
    shown(db, &app, list, found)
}

/// The best records of a connection for one profile.
///
/// # Errors
/// `connection_not_found`, `app_needed`.
pub fn of_profile(
    db: &mut Db,
    attempt: &Attempt<action::Read>,
    list: List,
    connection: &str,
    profile_id: &str,
) -> Result<Vec<Suggestion>> {
    let connection = find::connection(db, attempt, connection)?;
    let app = attempt.at(&connection.company_id, "connection")?.app()?.clone();
    let found = matcher(db, &app, &connection, list)?.of_profile(profile_id);
    shown(db, &app, list, found)
}

/// A pair to link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub record_id: String,
    pub profile_id: String,
}

/// What accepting has done.
#[derive(Debug, Serialize, ToSchema)]
pub struct Acceptance {
    /// How many were linked.
    pub linked: u64,
    pub refused: Vec<RefusedPair>,
}

/// A pair that could not be linked.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusedPair {
    pub record_id: String,
    pub profile_id: String,
    pub code: String,
    pub detail: String,
}

/// Links the pairs of a level as they are now, each as a person would.
///
/// # Errors
/// `connection_not_found`, `app_needed`.
pub fn accept_level(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    connection: &str,
    level: Level,
) -> Result<Acceptance> {
    let connection = find::connection(db, attempt, connection)?;
    let app = attempt.at(&connection.company_id, "connection")?.app()?.clone();
    let best = matcher(db, &app, &connection, list)?.best(level);
    let pairs: Vec<Accepted> =
        best.into_iter().map(|(record_id, profile_id)| Accepted { record_id, profile_id }).collect();
    accept(db, ambient, attempt, list, &connection, &pairs)
}

/// Links pairs. Whether both sides are still free is looked at here, in the transaction that links them; those that are
/// not are named.
///
/// # Errors
/// `app_needed`; the database's.
pub fn accept(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    connection: &Connection,
    pairs: &[Accepted],
) -> Result<Acceptance> {
    let mut done = Acceptance { linked: 0, refused: Vec::new() };
    for pair in pairs {
        match accept_one(db, ambient, attempt, list, connection, pair) {
            Ok(created) => done.linked += u64::from(created),
            // Another call came in between: all is tried once more, and then it is named.
            Err(refusal) if refusal.raced || refusal.class == super::Class::Internal => return Err(refusal),
            Err(refusal) => {
                let problem = refusal.problem(Interface::Api);
                done.refused.push(RefusedPair {
                    record_id: pair.record_id.clone(),
                    profile_id: pair.profile_id.clone(),
                    code: problem.code,
                    detail: problem.detail,
                });
            }
        }
    }
    Ok(done)
}

fn accept_one(
    db: &mut WriteDb,
    ambient: &Ambient,
    attempt: &Attempt<action::Link>,
    list: List,
    connection: &Connection,
    pair: &Accepted,
) -> Result<bool> {
    let (grant, staged) = find::record(db, attempt, list, &pair.record_id)?;
    if staged.connection_id != connection.id {
        return Err(Refusal::not_there(list.as_str()));
    }
    Ok(link::link(db, ambient, &grant, &staged, &pair.profile_id)?.created)
}

/// Both sides of a connection as they are now.
fn matcher(db: &mut Db, app: &ActingApp, connection: &Connection, list: List) -> Result<Matcher> {
    let filter = Filter { connection_id: Some(connection.id.clone()), ..Filter::default() };
    let mut staged: Vec<Staged> = Vec::new();
    loop {
        let after = staged.last().map(|it| Position::of(it, Order::Name));
        let page = records::page(
            db,
            &connection.company_id,
            list,
            &filter,
            Order::Name,
            after.as_ref(),
            PageLimit::SCAN,
        )?;
        staged.extend(page.rows);
        if !page.more {
            break;
        }
    }
    let mut owned: Vec<profiles::Profile> = Vec::new();
    let filter =
        profiles::Filter { company_id: Some(connection.company_id.clone()), ..profiles::Filter::default() };
    loop {
        let after = owned.last().map(|it| (it.sort_name.clone(), it.key.clone()));
        let page = profiles::page(db, &app.id, list, &filter, after, PageLimit::SCAN)?;
        owned.extend(page.rows);
        if !page.more {
            break;
        }
    }
    let (mut linked_records, mut linked_profiles) =
        (std::collections::HashSet::new(), std::collections::HashSet::new());
    let mut after: Option<String> = None;
    loop {
        let page = links::page(
            db,
            &connection.company_id,
            Some(&app.id),
            Some(list),
            after.as_deref(),
            PageLimit::SCAN,
        )?;
        after = page.rows.last().map(|it| it.id.to_string());
        for link in page.rows.into_iter().filter(|link| link.connection_id == connection.id) {
            linked_records.insert(link.record_id);
            linked_profiles.insert(link.profile_key);
        }
        if !page.more {
            break;
        }
    }
    let records = staged.into_iter().map(|it| {
        let standing = match linked_records.contains(&it.id) {
            true => Standing::Linked,
            false if !it.record.active || it.absent_at.is_some() => Standing::Aside,
            false => Standing::Free,
        };
        of_staged(it, standing)
    });
    let profiles = owned.into_iter().map(|it| Entry {
        standing: if linked_profiles.contains(&it.key) { Standing::Linked } else { Standing::Free },
        id: it.profile_id,
        name: it.name,
        email: it.email,
        ..Entry::default()
    });
    Ok(Matcher::new(list, records.collect(), profiles.collect()))
}

fn of_staged(it: Staged, standing: Standing) -> Entry {
    let record = it.record;
    Entry {
        id: it.id.into(),
        name: record.name,
        full_name: record.full_name,
        first_name: record.first_name,
        middle_name: record.middle_name,
        last_name: record.last_name,
        company_name: record.company_name,
        email: record.email,
        standing,
    }
}

fn shown(db: &mut Db, app: &ActingApp, list: List, found: Vec<Pair>) -> Result<Vec<Suggestion>> {
    let mut suggestions = Vec::with_capacity(found.len());
    for pair in found {
        let staged = records::get(db, list, &pair.record_id.as_str().into())?;
        let Some(profile) = profiles::find(db, &app.id, list, &pair.profile_id)? else { continue };
        let Some(record) = Record::all(db, vec![staged], Vec::new())?.pop() else { continue };
        let (employee, customer) = match list {
            List::Employee => (Some(record), None),
            List::Customer => (None, Some(record)),
        };
        suggestions.push(Suggestion {
            employee,
            customer,
            profile: Profile::one(db, profile)?,
            confidence: pair.confidence,
            level: pair.level,
            reasons: pair.reasons,
        });
    }
    Ok(suggestions)
}
