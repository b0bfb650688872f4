//! JSON, read only as far as it is wanted: the members with known names, by what they are. The text of any other never
//! leaves the parser, and what is wrong with a value is said without it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

/// The most rows of one message: what a database takes in one short transaction.
pub(super) const MOST_ROWS: usize = 5_000;

/// The names that a message and its rows may have; all others are passed over.
const WANTED: &[&str] = &[
    "type",
    "timestamp",
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
    "job_title",
    "parent_external_id",
    "active",
    "hired_on",
    "released_on",
];

/// One value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Member {
    Null,
    Text(String),
    /// A whole number, in digits.
    Number(String),
    Truth(bool),
    Fraction,
    Array,
    Object,
}

impl Member {
    /// What it is, for people.
    pub fn what(&self) -> &'static str {
        match self {
            Member::Null => "null",
            Member::Text(_) => "a text",
            Member::Number(_) => "a number",
            Member::Truth(_) => "true or false",
            Member::Fraction => "a number with a fraction",
            Member::Array => "an array",
            Member::Object => "an object",
        }
    }
}

/// An object: the message itself, or a row of it.
#[derive(Debug, Default)]
pub struct Body {
    members: Vec<(&'static str, Member)>,
    /// `data`, where it is an array.
    pub rows: Option<Vec<Row>>,
}

impl Body {
    /// Of a name that stands there twice, the last, as most readers of JSON have it.
    pub fn get(&self, name: &str) -> Option<&Member> {
        self.members.iter().rev().find(|(known, _)| *known == name).map(|(_, member)| member)
    }
}

/// An element of `data`.
#[derive(Debug)]
pub enum Row {
    Object(Body),
    /// Anything else: an ID, where one is enough.
    Bare(Member),
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BodyVisitor;
        impl<'de> Visitor<'de> for BodyVisitor {
            type Value = Body;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Body, A::Error> {
                let mut body = Body::default();
                while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
                    if key == "data" {
                        body.rows = map.next_value::<Rows>()?.0;
                    } else if let Some(name) = WANTED.iter().find(|wanted| **wanted == key) {
                        body.members.push((name, map.next_value()?));
                    } else {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(body)
            }
        }
        deserializer.deserialize_map(BodyVisitor)
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
        deserializer.deserialize_any(MemberVisitor).map(|row| match row {
            Row::Bare(member) => member,
            Row::Object(_) => Member::Object,
        })
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberVisitor)
    }
}

/// Reads any value as a row, so that one visitor serves both.
struct MemberVisitor;

impl<'de> Visitor<'de> for MemberVisitor {
    type Value = Row;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Row, A::Error> {
        Body::deserialize(MapAccessDeserializer::new(map)).map(Row::Object)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Row, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row::Bare(Member::Array))
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
