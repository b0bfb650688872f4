//! JSON, read only as far as it is wanted: the members with known names, by what they are. The text of any other never
//! leaves the parser, and what is wrong with a value is said without it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::domain::details::MOST_LINES;

/// The most rows of one message: what a database takes in one short transaction.
pub const MOST_ROWS: usize = 5_000;

/// The names that a message and its rows may have; all others are passed over.
const WANTED: &[&str] = &[
    "type",
    "timestamp",
    "data",
    "page",
    "last",
    "list_id",
    "partial",
    "external_id",
    "name",
    "first_name",
    "middle_name",
    "last_name",
    "full_name",
    "company_name",
    "email",
    "phone",
    "number",
    "job_title",
    "department",
    "description",
    "parent_external_id",
    "active",
    "hired_on",
    "released_on",
    "releases_on",
    "address",
];

/// The names that an address may have in it.
const PLACE: &[&str] = &["lines", "city", "region", "postal_code", "country"];

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Member {
    Null,
    Text(String),
    /// A whole number, in digits.
    Number(String),
    Truth(bool),
    Fraction,
    /// No more of it is kept than it takes to see that there is too much.
    Array(Vec<Member>),
    Object,
}

impl Member {
    /// What it is, for people.
    pub(super) fn what(&self) -> &'static str {
        match self {
            Member::Null => "null",
            Member::Text(_) => "a text",
            Member::Number(_) => "a number",
            Member::Truth(_) => "true or false",
            Member::Fraction => "a number with a fraction",
            Member::Array(_) => "an array",
            Member::Object => "an object",
        }
    }
}

/// An object: the message itself, or a row of it.
#[derive(Debug, Default)]
pub(super) struct Body {
    members: Vec<(&'static str, Member)>,
    /// `data`, where it is an array.
    pub rows: Option<Vec<Row>>,
    /// `address`, where it stands there: an object with the members of [`PLACE`], or anything else.
    pub address: Option<Box<Row>>,
    /// A wanted name that stands there twice.
    pub doubled: Option<&'static str>,
}

impl Body {
    pub(super) fn get(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|(known, _)| *known == name).map(|(_, member)| member)
    }

    /// # Errors
    /// A name that stands there twice: of two, one reader takes the first and another one the last.
    pub(super) fn each_once(&self) -> Result<(), String> {
        let place = self.address.as_deref().and_then(|place| match place {
            Row::Object(place) => place.doubled,
            Row::Bare(_) => None,
        });
        match (self.doubled, place) {
            (Some(name), _) => Err(format!("`{name}` stands there twice")),
            (None, Some(name)) => Err(format!("`address.{name}` stands there twice")),
            (None, None) => Ok(()),
        }
    }
}

/// An element of `data`.
#[derive(Debug)]
pub(super) enum Row {
    Object(Body),
    /// Anything else: an ID, where one is enough.
    Bare(Member),
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(BodyVisitor { wanted: WANTED })
    }
}

/// Reads an object, and of it only what is wanted.
struct BodyVisitor {
    wanted: &'static [&'static str],
}

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
        let (mut body, mut read) = (Body::default(), 0);
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            let at = self.wanted.iter().position(|wanted| **wanted == key);
            let wanted = at.and_then(|at| self.wanted.get(at));
            // There are fewer names than bits.
            let bit = at.and_then(|at| 1u64.checked_shl(u32::try_from(at).ok()?)).unwrap_or(0);
            if read & bit != 0 {
                body.doubled = wanted.copied();
            }
            read |= bit;
            match wanted {
                Some(&"data") => body.rows = map.next_value::<Rows>()?.0,
                Some(&"address") => {
                    body.address = Some(Box::new(map.next_value_seed(MemberVisitor { wanted: PLACE })?));
                }
                Some(name) => body.members.push((name, map.next_value()?)),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(body)
    }
}

/// `data`; `None` where it is not an array. No more rows are kept than it takes to see that there are too many.
struct Rows(Option<Vec<Row>>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowsVisitor;
        impl<'de> Visitor<'de> for RowsVisitor {
            type Value = Rows;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Rows, A::Error> {
                let mut rows = Vec::new();
                while rows.len() <= MOST_ROWS {
                    let Some(row) = seq.next_element()? else { return Ok(Rows(Some(rows))) };
                    rows.push(row);
                }
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Rows(Some(rows)))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rows, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Rows(None))
            }
            fn visit_unit<E: Error>(self) -> Result<Rows, E> {
                Ok(Rows(None))
            }
            fn visit_bool<E: Error>(self, _: bool) -> Result<Rows, E> {
                Ok(Rows(None))
            }
            fn visit_u64<E: Error>(self, _: u64) -> Result<Rows, E> {
                Ok(Rows(None))
            }
            fn visit_i64<E: Error>(self, _: i64) -> Result<Rows, E> {
                Ok(Rows(None))
            }
            fn visit_f64<E: Error>(self, _: f64) -> Result<Rows, E> {
                Ok(Rows(None))
            }
            fn visit_str<E: Error>(self, _: &str) -> Result<Rows, E> {
                Ok(Rows(None))
            }
        }
        deserializer.deserialize_any(RowsVisitor)
    }
}

impl<'de> Deserialize<'de> for Member {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MemberVisitor { wanted: &[] }.deserialize(deserializer).map(|row| match row {
            Row::Bare(member) => member,
            Row::Object(_) => Member::Object,
        })
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        MemberVisitor { wanted: WANTED }.deserialize(deserializer)
    }
}

/// Reads any value as a row, so that one visitor serves all.
struct MemberVisitor {
    /// The members of an object that are kept.
    wanted: &'static [&'static str],
}

impl<'de> DeserializeSeed<'de> for MemberVisitor {
    type Value = Row;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Row, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Row;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Row, A::Error> {
        BodyVisitor { wanted: self.wanted }.visit_map(map).map(Row::Object)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
        let mut few = Vec::new();
        while few.len() <= MOST_LINES {
            let Some(member) = seq.next_element()? else { return Ok(Row::Bare(Member::Array(few))) };
            few.push(member);
        }
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row::Bare(Member::Array(few)))
    }
    fn visit_unit<E: Error>(self) -> Result<Row, E> {
        Ok(Row::Bare(Member::Null))
    }
    fn visit_bool<E: Error>(self, truth: bool) -> Result<Row, E> {
        Ok(Row::Bare(Member::Truth(truth)))
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Row, E> {
        Ok(Row::Bare(Member::Number(number.to_string())))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Row, E> {
        Ok(Row::Bare(Member::Number(number.to_string())))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Row, E> {
        Ok(Row::Bare(Member::Fraction))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Row, E> {
        Ok(Row::Bare(Member::Text(text.to_owned())))
    }
}
