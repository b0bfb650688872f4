//! What a message may say. Its sender is a developer who can correct it, so whatever is not as documented is refused
//! with the row, the member and what was expected. Members that are not listed here are passed over and never kept:
//! a social security number that somebody sends along gets no further than the parser (promise 7).

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::{
    details::{self, Address},
    email::email,
    event::Event,
    number::number,
    patch::{Field, Patch},
    record::Record,
    time::is_usable,
    words::List,
};

pub use super::members::MOST_ROWS;
use super::members::{Body, Member, Row};

/// The longest text of a member, in characters.
const LONGEST: usize = 1_000;
const LONGEST_ID: usize = 200;

/// The types of messages that are known.
const KNOWN: &str = "employees.upserted, employees.removed, employees.replaced, customers.upserted, \
                     customers.removed, customers.replaced";

#[derive(Clone, Copy)]
enum Verb {
    Upserted,
    Removed,
    Replaced,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Its type.
    pub name: String,
    /// When it was so, where it says that.
    pub told_at: Option<DateTime<Utc>>,
    pub event: Event,
}

/// A message's type and its meaning.
///
/// # Errors
/// What is wrong with it, for the developer of the sender.
pub fn event(body: &[u8]) -> Result<Meaning, String> {
    let body: Body = serde_json::from_slice(body).map_err(|error| {
        format!("the body is not a JSON object (line {}, column {})", error.line(), error.column())
    })?;
    body.each_once()?;
    let Some(Member::Text(name)) = body.get("type") else {
        return Err(format!("`type` must be one of: {KNOWN}"));
    };
    let (list, verb) = kind(name).ok_or_else(|| format!("this `type` is not known; known: {KNOWN}"))?;
    let told_at = body.text("timestamp", LONGEST)?.as_deref().map(time).transpose()?;
    let partial = body.truth("partial")?.unwrap_or(false);
    if partial && !matches!(verb, Verb::Upserted) {
        return Err("`partial` is only for messages that end in `.upserted`".into());
    }
    let rows = body.rows.as_ref().ok_or("`data` must be an array")?;
    if rows.len() > MOST_ROWS {
        return Err(format!("`data` must not have more than {MOST_ROWS} rows: send several messages"));
    }
    let event = match verb {
        Verb::Upserted if partial => Event::Merged { list, patches: patches(list, rows)? },
        Verb::Upserted => Event::Upserted { list, records: records(list, rows)? },
        Verb::Removed => Event::Removed { list, external_ids: external_ids(rows)? },
        Verb::Replaced => Event::Replaced {
            list,
            list_id: list_id(&body)?,
            page: page(&body)?,
            last: body.truth("last")?.unwrap_or(false),
            records: records(list, rows)?,
        },
    };
    Ok(Meaning { name: name.clone(), told_at, event })
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let time = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    let time = time.ok().filter(is_usable);
    time.ok_or_else(|| "`timestamp` must be a time like 2026-03-01T12:00:00Z, or be left out".into())
}

fn page(body: &Body) -> Result<u32, String> {
    let page = match body.get("page") {
        Some(Member::Number(page)) => page.parse().ok().filter(|page| *page >= 1),
        _ => None,
    };
    page.ok_or_else(|| {
        "`page` must be a whole number: 1 for the first message of a list, then 2, 3, …".into()
    })
}

fn list_id(body: &Body) -> Result<Option<String>, String> {
    match body.get("list_id") {
        None | Some(Member::Null) => Ok(None),
        Some(id) => external_id(id).map(Some).map_err(|why| why.replace("`external_id`", "`list_id`")),
    }
}

fn kind(name: &str) -> Option<(List, Verb)> {
    let (list, verb) = name.split_once('.')?;
    let list = List::ALL.iter().copied().find(|known| known.plural() == list)?;
    let verb = match verb {
        "upserted" => Verb::Upserted,
        "removed" => Verb::Removed,
        "replaced" => Verb::Replaced,
        _ => return None,
    };
    Some((list, verb))
}

/// Each row numbered from 1, for messages.
fn numbered<T>(rows: &[Row], read: impl Fn(&Row) -> Result<T, String>) -> Result<Vec<T>, String> {
    let once = |row: &Row| match row {
        Row::Object(members) => members.each_once(),
        Row::Bare(_) => Ok(()),
    };
    let row =
        |(index, row)| once(row).and_then(|()| read(row)).map_err(|why| format!("row {}: {why}", index + 1));
    rows.iter().enumerate().map(row).collect()
}

fn records(list: List, rows: &[Row]) -> Result<Vec<Record>, String> {
    let records = numbered(rows, |row| record(list, row))?;
    each_once(records.iter().map(|record| record.external_id.as_str()))?;
    Ok(records)
}

fn patches(list: List, rows: &[Row]) -> Result<Vec<Patch>, String> {
    let patches = numbered(rows, |row| patch(list, row))?;
    each_once(patches.iter().map(|patch| patch.record.external_id.as_str()))?;
    Ok(patches)
}

fn each_once<'a>(external_ids: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut first = BTreeMap::new();
    for (index, external_id) in external_ids.enumerate() {
        if let Some(before) = first.insert(external_id, index) {
            let (one, other) = (before + 1, index + 1);
            return Err(format!("rows {one} and {other} have the same `external_id`: send each record once"));
        }
    }
    Ok(())
}

/// IDs as objects with an `external_id`, or bare; one that is named twice counts once.
fn external_ids(rows: &[Row]) -> Result<Vec<String>, String> {
    let mut seen = BTreeSet::new();
    let ids = numbered(rows, |row| match row {
        Row::Bare(id) => external_id(id),
        Row::Object(members) => external_id(members.get("external_id").unwrap_or(&Member::Null)),
    })?;
    Ok(ids.into_iter().filter(|id| seen.insert(id.clone())).collect())
}

fn external_id(id: &Member) -> Result<String, String> {
    let id = match id {
        Member::Text(id) | Member::Number(id) => id,
        Member::Null => return Err("`external_id` is missing".into()),
        other => return Err(format!("`external_id` must be a text or a whole number, not {}", other.what())),
    };
    if id.trim().is_empty() || id.chars().count() > LONGEST_ID || id.contains(char::is_control) {
        return Err(format!(
            "`external_id` must have 1 to {LONGEST_ID} characters and no control characters"
        ));
    }
    Ok(id.clone())
}

fn record(list: List, row: &Row) -> Result<Record, String> {
    let Row::Object(row) = row else {
        return Err("it must be an object with `external_id`".into());
    };
    let text = |name: &str| row.text(name, LONGEST);
    let external_id = external_id(row.get("external_id").unwrap_or(&Member::Null))?;
    let parent = row.get("parent_external_id").filter(|parent| !matches!(parent, Member::Null));
    let parent = parent
        .map(self::external_id)
        .transpose()
        .map_err(|why| why.replace("`external_id`", "`parent_external_id`"))?;
    let mut record = Record {
        full_name: text("full_name")?,
        first_name: text("first_name")?,
        middle_name: text("middle_name")?,
        last_name: text("last_name")?,
        company_name: text("company_name")?,
        email: text("email")?.as_deref().and_then(email),
        phone: text("phone")?,
        job_title: text("job_title")?,
        number: shown_number(row)?.and_then(|text| number(list, text)),
        department: text("department")?,
        parent_external_id: parent,
        active: row.truth("active")?.unwrap_or(true),
        hired_on: date(row, "hired_on")?,
        released_on: date(row, "released_on")?,
        releases_on: date(row, "releases_on")?,
        ..Record::default()
    };
    // Where employees live is passed over like anything else that is not documented.
    if list == List::Customer {
        record.address = address(row)?;
        record.description = description(row)?;
    }
    record.external_id = external_id;
    record.sublevel = record.depth();
    record.name = text("name")?.unwrap_or_else(|| record.own_name(list));
    Ok(record)
}

/// A row that gives some members only: those that it has, be they `null`.
fn patch(list: List, row: &Row) -> Result<Patch, String> {
    let mut record = record(list, row)?;
    let Row::Object(members) = row else { return Ok(Patch { record, given: Vec::new() }) };
    if members.text("name", LONGEST)?.is_none() {
        record.name = String::new();
    }
    let given = |(name, field): &&(&str, Field)| match members.get(name) {
        _ if list == List::Employee && matches!(field, Field::Address | Field::Description) => false,
        None => *field == Field::Address && members.address.is_some(),
        // Nobody is neither active nor inactive.
        Some(Member::Null) => *name != "active",
        Some(_) => true,
    };
    Ok(Patch { record, given: FIELDS.iter().filter(given).map(|(_, field)| *field).collect() })
}

/// The members that a message may give of a record.
const FIELDS: &[(&str, Field)] = &[
    ("name", Field::Name),
    ("full_name", Field::FullName),
    ("first_name", Field::FirstName),
    ("middle_name", Field::MiddleName),
    ("last_name", Field::LastName),
    ("company_name", Field::CompanyName),
    ("email", Field::Email),
    ("phone", Field::Phone),
    ("job_title", Field::JobTitle),
    ("parent_external_id", Field::ParentExternalId),
    ("active", Field::Active),
    ("hired_on", Field::HiredOn),
    ("released_on", Field::ReleasedOn),
    ("number", Field::Number),
    ("department", Field::Department),
    ("releases_on", Field::ReleasesOn),
    ("address", Field::Address),
    ("description", Field::Description),
];

/// The names of the members that a message may give of a record.
#[cfg(test)]
pub(super) fn members() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(name, _)| *name)
}

/// A number may be a text or, in digits, a number.
fn shown_number(row: &Body) -> Result<Option<String>, String> {
    match row.get("number") {
        Some(Member::Number(digits)) => Ok(Some(digits.clone())),
        _ => row.text("number", LONGEST_ID),
    }
}

fn description(row: &Body) -> Result<Option<String>, String> {
    match row.get("description") {
        Some(Member::Text(text)) => details::description(text).map_err(|wrong| wrong.to_string()),
        // Anything else is refused as any text that is none.
        _ => row.text("description", LONGEST),
    }
}

fn address(row: &Body) -> Result<Option<Address>, String> {
    let place = match row.address.as_deref() {
        None | Some(Row::Bare(Member::Null)) => return Ok(None),
        Some(Row::Object(place)) => place,
        Some(Row::Bare(other)) => return Err(format!("`address` must be an object, not {}", other.what())),
    };
    let part = |name: &str| {
        let of_address = |why: String| why.replace(&format!("`{name}`"), &format!("`address.{name}`"));
        place.text(name, LONGEST).map_err(of_address)
    };
    let line = |line: &Member| match line {
        Member::Text(line) => Ok(line.clone()),
        other => Err(format!("`address.lines` must hold texts only, not {}", other.what())),
    };
    let lines = match place.get("lines") {
        None | Some(Member::Null) => Vec::new(),
        Some(Member::Array(lines)) => lines.iter().map(line).collect::<Result<_, _>>()?,
        Some(other) => {
            return Err(format!("`address.lines` must be an array of texts, not {}", other.what()));
        }
    };
    let (city, region) = (part("city")?, part("region")?);
    let (postal_code, country) = (part("postal_code")?, part("country")?);
    let address = Address { lines, city, region, postal_code, country };
    address.checked().map_err(|wrong| wrong.to_string())
}

fn date(row: &Body, name: &str) -> Result<Option<NaiveDate>, String> {
    let Some(text) = row.text(name, LONGEST)? else { return Ok(None) };
    let date = NaiveDate::from_str(&text).ok().filter(|date| date.to_string() == text && is_usable(date));
    date.map(Some).ok_or_else(|| format!("`{name}` must be a date like 2026-03-01"))
}

impl Body {
    /// A text without white space around it; `None` for nothing, `null` or an empty one.
    fn text(&self, name: &str, longest: usize) -> Result<Option<String>, String> {
        let text = match self.get(name) {
            None | Some(Member::Null) => return Ok(None),
            Some(Member::Text(text)) => text.trim(),
            Some(other) => return Err(format!("`{name}` must be a text, not {}", other.what())),
        };
        if text.chars().count() > longest || text.contains(char::is_control) {
            return Err(format!("`{name}` must have at most {longest} characters and no control characters"));
        }
        Ok((!text.is_empty()).then(|| text.to_owned()))
    }

    fn truth(&self, name: &str) -> Result<Option<bool>, String> {
        match self.get(name) {
            None | Some(Member::Null) => Ok(None),
            Some(Member::Truth(truth)) => Ok(Some(*truth)),
            Some(other) => Err(format!("`{name}` must be true or false, not {}", other.what())),
        }
    }
}

#[cfg(test)]
mod tests;
