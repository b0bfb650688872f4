//! Keyset pages: each ends with a cursor for the next one.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeOwned, Unexpected, Visitor},
};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{ids::CompanyId, time::is_usable},
    store::{self, Page, PageLimit},
};

use super::{Refusal, Result, interface::Wording};

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageBody<T> {
    pub data: Vec<T>,
    /// What to send as `cursor` to get the next page; null at the end.
    pub next_cursor: Option<String>,
}

/// Which page of a list that has no filters.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The number of rows, and the key after which the page begins.
    pub fn read<A: DeserializeOwned>(&self) -> Result<(PageLimit, Option<A>)> {
        read(self.limit, self.cursor.as_deref())
    }
}

/// Reads `limit` and `cursor`.
///
/// # Errors
/// 422 `invalid_limit`, `bad_cursor`.
pub fn read<A: DeserializeOwned>(limit: Option<i64>, cursor: Option<&str>) -> Result<(PageLimit, Option<A>)> {
    let limit = match limit {
        None => PageLimit::DEFAULT,
        Some(rows) => u16::try_from(rows).ok().and_then(PageLimit::new).ok_or_else(|| {
            Refusal::unacceptable(
                "invalid_limit",
                format!("A page cannot have {rows} rows."),
                format!("Ask for 1 to {} rows.", PageLimit::MAX),
            )
        })?,
    };
    let after = match cursor {
        None | Some("") => None,
        Some(cursor) => Some(decode(cursor).ok_or_else(bad_cursor)?),
    };
    Ok((limit, after))
}

fn decode<A: DeserializeOwned>(cursor: &str) -> Option<A> {
    let json = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    // No text of the database contains NUL, so none of our cursors does, and PostgreSQL would fail on it.
    if json.windows(6).any(|escape| escape == br"\u0000") {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// The longest text to search for, in characters: longer than any name, and within what a pattern of SQLite may be.
const LONGEST_SEARCH: usize = 200;

/// The text of `q`.
///
/// # Errors
/// 422 `invalid_q`.
pub fn search(q: Option<String>) -> Result<Option<String>> {
    if q.as_ref().is_some_and(|q| q.chars().count() > LONGEST_SEARCH) {
        return Err(Refusal::unacceptable(
            "invalid_q",
            Wording::by(|interface| {
                format!("{} has more than {LONGEST_SEARCH} characters.", interface.parameter("q"))
            }),
            "Search for a part of the name, the e-mail or the ID.",
        ));
    }
    Ok(q)
}

/// Reads a time, or says what one looks like: the words of the library would not help.
pub fn read_time<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<DateTime<Utc>>, D::Error> {
    deserializer.deserialize_option(Time)
}

struct Time;

impl<'de> Visitor<'de> for Time {
    type Value = Option<DateTime<Utc>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as 2026-01-31T12:00:00Z")
    }

    fn visit_none<E: de::Error>(self) -> std::result::Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Self::Value, E> {
        text.parse().map(Some).map_err(|_| E::invalid_value(Unexpected::Str(""), &self))
    }
}

/// The time of the parameter `name`.
///
/// # Errors
/// 422 `invalid_{name}`.
pub fn time(name: &str, time: Option<DateTime<Utc>>) -> Result<Option<DateTime<Utc>>> {
    if time.as_ref().is_some_and(|time| !is_usable(time)) {
        return Err(Refusal::unacceptable(
            &format!("invalid_{name}"),
            format!("`{name}` is not a time of the years 1 to 9999."),
            "Send a time like 2026-03-01T12:00:00Z.",
        ));
    }
    Ok(time)
}

/// The refusal of a cursor that does not belong to this list.
pub fn bad_cursor() -> Refusal {
    Refusal::unacceptable(
        "bad_cursor",
        "The cursor is none that this list has given out.",
        "Send `next_cursor` of the page before as it is, with the same filters, or begin without one.",
    )
}

impl<T> PageBody<T> {
    /// `next` is the key where the next page begins, if there is one.
    pub fn new<A: Serialize>(data: Vec<T>, next: Option<&A>) -> Result<Self> {
        let next = next.map(serde_json::to_vec).transpose().map_err(Refusal::internal)?;
        Ok(Self { data, next_cursor: next.map(|json| URL_SAFE_NO_PAD.encode(json)) })
    }

    /// Of a page that is sorted by `key`.
    pub fn of<R, A: Serialize>(page: Page<R>, key: impl Fn(&R) -> A) -> Result<Self>
    where
        T: From<R>,
    {
        let next = page.rows.last().filter(|_| page.more).map(key);
        Self::new(page.rows.into_iter().map(T::from).collect(), next.as_ref())
    }
}

/// A position in a list that goes company by company: the company, and the key in its list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Keyset<A> {
    pub company: CompanyId,
    pub after: A,
}

/// Fills a page from the lists of several companies, one after the other, in the order of their IDs.
pub fn walk<T, A>(
    mut companies: Vec<CompanyId>,
    from: Option<&Keyset<A>>,
    limit: PageLimit,
    mut read: impl FnMut(&CompanyId, Option<&A>, PageLimit) -> store::Result<Page<T>>,
) -> store::Result<Page<T>> {
    companies.sort_unstable();
    let mut rows = Vec::new();
    for company in companies.iter().filter(|company| from.is_none_or(|from| **company >= from.company)) {
        let room = u16::try_from(limit.rows() - rows.len()).ok().and_then(PageLimit::new);
        let Some(room) = room else { return Ok(Page { rows, more: true }) };
        let after = from.filter(|from| from.company == *company).map(|from| &from.after);
        let page = read(company, after, room)?;
        rows.extend(page.rows);
        if page.more {
            return Ok(Page { rows, more: true });
        }
    }
    Ok(Page { rows, more: false })
}
