//! Bodies and queries, read into types. What is wrong is said with its place and with what was expected, never with
//! what was sent: it may be a secret, and libraries quote it.

use std::fmt::{self, Display};

use serde::{
    Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Expected, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{BorrowedStrDeserializer, MapDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;

/// What is wrong, for people: where and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Members and indexes, from the outside in; empty for the whole.
    place: String,
    what: String,
}

impl Wrong {
    fn new(what: impl Into<String>) -> Self {
        Self { place: String::new(), what: what.into() }
    }

    fn within(mut self, outer: &str) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{outer}{dot}{}", self.place);
        self
    }
}

impl Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => write!(f, "It {}.", self.what),
            place => write!(f, "`{place}` {}.", self.what),
        }
    }
}

impl std::error::Error for Wrong {}

impl de::Error for Wrong {
    /// Whatever the words are, they may quote: chrono's and those of others are not ours.
    fn custom<T: Display>(_: T) -> Self {
        Self::new("is not as it should be")
    }
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {}, not {}", in_words(expected), kind(found)))
    }
    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {}", in_words(expected)))
    }
    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new(format!("must be {}", in_words(expected)))
    }
    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("must be one of: {}", expected.join(", ")))
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        let known = match expected {
            [] => "it has none".to_owned(),
            known => format!("known: {}", known.join(", ")),
        };
        Self::new(format!("has no member {}; {known}", named(field)))
    }
    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing").within(field)
    }
    fn duplicate_field(field: &'static str) -> Self {
        Self::new("stands there twice").within(field)
    }
}

/// The name of a member, if it looks like one; whatever else somebody sends as a name is not repeated.
fn named(name: &str) -> String {
    let plain = (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if plain { format!("`{name}`") } else { "of this name".into() }
}

fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "a number",
        Unexpected::Float(_) => "a number with a fraction",
        Unexpected::Str(_) | Unexpected::Char(_) => "a text",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "an array",
        Unexpected::Map => "an object",
        _ => "something else",
    }
}

/// serde's words for what Rust's types expect, as JSON has them.
fn in_words(expected: &dyn Expected) -> String {
    match expected.to_string().as_str() {
        "a string" | "a borrowed string" | "string or map" => "a text".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "an array".into(),
        "a map" => "an object".into(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, not negative, and not too large".into(),
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number, and not too large".into(),
        "f32" | "f64" => "a number".into(),
        words if words.starts_with("struct ") => "an object".into(),
        words => words.into(),
    }
}

/// Reads a body.
///
/// # Errors
/// What is wrong with it.
pub(super) fn body<T: DeserializeOwned>(body: &Value) -> Result<T, Wrong> {
    T::deserialize(Json(body))
}

/// Reads a query string. Of a name that stands there twice, the last counts.
///
/// # Errors
/// What is wrong with it.
pub(super) fn query<T: DeserializeOwned>(query: &str) -> Result<T, Wrong> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        pairs.retain(|(known, _)| *known != name);
        pairs.push((name.into_owned(), value.into_owned()));
    }
    let members = pairs.iter().map(|(name, value)| (name.as_str(), Part { name, value }));
    T::deserialize(MapDeserializer::new(members))
}

#[derive(Clone, Copy)]
struct Json<'a>(&'a Value);

impl<'a> Json<'a> {
    fn found(self) -> Unexpected<'a> {
        match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(truth) => Unexpected::Bool(*truth),
            Value::Number(_) => Unexpected::Unsigned(0),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

impl<'de> Deserializer<'de> for Json<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(truth) => visitor.visit_bool(*truth),
            Value::Number(number) => match (number.as_u64(), number.as_i64()) {
                (Some(number), _) => visitor.visit_u64(number),
                (None, Some(number)) => visitor.visit_i64(number),
                (None, None) => visitor.visit_f64(number.as_f64().unwrap_or_default()),
            },
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Array(items) => visitor.visit_seq(Items(items.iter().enumerate())),
            Value::Object(members) => visitor.visit_map(Members { rest: members.iter(), next: None }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    /// An object: serde would take an array for one, its items for the members in their order.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(de::Error::invalid_type(self.found(), &"an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(StrDeserializer::new(word)),
            _ => Err(de::Error::invalid_type(self.found(), &"a text")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

struct Members<'de> {
    rest: serde_json::map::Iter<'de>,
    next: Option<(&'de str, &'de Value)>,
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = Wrong;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Wrong> {
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        self.next = Some((name, value));
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Wrong> {
        let (name, value) = self.next.take().unwrap_or(("", &Value::Null));
        seed.deserialize(Json(value)).map_err(|wrong| wrong.within(&place(name)))
    }
}

/// A member's name in a place.
fn place(name: &str) -> String {
    named(name).strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or("…").to_owned()
}

struct Items<'de>(std::iter::Enumerate<std::slice::Iter<'de, Value>>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = Wrong;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Wrong> {
        let Some((index, value)) = self.0.next() else { return Ok(None) };
        seed.deserialize(Json(value)).map(Some).map_err(|wrong| wrong.within(&format!("[{index}]")))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// A value of a query string: a text, which a number or a truth value is read from.
struct Part<'a> {
    name: &'a str,
    value: &'a str,
}

impl Part<'_> {
    fn parsed<T: std::str::FromStr>(&self, expected: &str) -> Result<T, Wrong> {
        let wrong = |_| de::Error::invalid_value(Unexpected::Str(self.value), &expected);
        self.value.parse().map_err(wrong).map_err(|wrong: Wrong| wrong.within(&place(self.name)))
    }
}

impl<'de> de::IntoDeserializer<'de, Wrong> for Part<'de> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

/// Numbers and truth values are parsed as what the type wants.
macro_rules! parsed {
    ($($method:ident $visit:ident $expected:literal),+ $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let parsed = self.parsed($expected)?;
            visitor.$visit(parsed).map_err(|wrong: Wrong| wrong.within(&place(self.name)))
        })+
    };
}

impl<'de> Deserializer<'de> for Part<'de> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_borrowed_str(self.value).map_err(|wrong: Wrong| wrong.within(&place(self.name)))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let word = StrDeserializer::new(self.value);
        visitor.visit_enum(word).map_err(|wrong: Wrong| wrong.within(&place(self.name)))
    }

    parsed! {
        deserialize_bool visit_bool "a boolean", deserialize_u8 visit_u8 "u8", deserialize_u16 visit_u16 "u16",
        deserialize_u32 visit_u32 "u32", deserialize_u64 visit_u64 "u64", deserialize_i8 visit_i8 "i8",
        deserialize_i16 visit_i16 "i16", deserialize_i32 visit_i32 "i32", deserialize_i64 visit_i64 "i64",
    }

    forward_to_deserialize_any! {
        i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Full,
        Delta,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read counts")]
    struct Inner {
        name: String,
        at: Option<chrono::DateTime<chrono::Utc>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only whether it is read counts")]
    struct Draft {
        name: String,
        mode: Option<Word>,
        #[serde(default)]
        secrets: BTreeMap<String, String>,
        #[serde(default)]
        rows: Vec<Inner>,
        limit: Option<u16>,
        on: Option<bool>,
    }

    fn wrong(value: &Value) -> String {
        body::<Draft>(value).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place_and_not_repeated() {
        for (value, said) in [
            (json!({"name": "x", "secrets": "hunter2"}), "`secrets` must be an object, not a text."),
            (
                json!({"name": "x", "secrets": {"sid": 424_242}}),
                "`secrets.sid` must be a text, not a number.",
            ),
            (json!({"name": "x", "secrets": {"hunter2": 1}}), "`secrets.…` must be a text, not a number."),
            (json!({"name": ["hunter2"]}), "`name` must be a text, not an array."),
            (json!({}), "`name` is missing."),
            (json!({"name": "x", "mode": "hunter2"}), "`mode` must be one of: full, delta."),
            (json!({"name": "x", "mode": {"full": 1}}), "`mode` must be a text, not an object."),
            (
                json!({"name": "x", "rows": [{"name": "y"}, {"name": 5}]}),
                "`rows[1].name` must be a text, not a number.",
            ),
            (
                json!({"name": "x", "rows": [{"name": "y", "at": "hunter2"}]}),
                "`rows[0].at` is not as it should be.",
            ),
            (json!({"name": "x", "rows": [["y", null]]}), "`rows[0]` must be an object, not an array."),
            (
                json!({"name": "x", "limit": 99_999}),
                "`limit` must be a whole number, not negative, and not too large.",
            ),
            (json!(["x", "full"]), "It must be an object, not an array."),
            (json!("hunter2"), "It must be an object, not a text."),
            (json!(null), "It must be an object, not null."),
        ] {
            assert_eq!(wrong(&value), said, "{value}");
        }
        let unknown = wrong(&json!({"name": "x", "secret": "hunter2"}));
        assert!(unknown.starts_with("It has no member `secret`; known: name, mode, secrets"), "{unknown}");
        assert!(!wrong(&json!({"name": "x", "hunter2!": 1})).contains("hunter2"));
    }

    #[test]
    fn what_is_right_is_read() {
        let right = json!({
            "name": "x", "mode": "delta", "secrets": {"sid": "s"}, "limit": 5, "on": true,
            "rows": [{"name": "y", "at": "2026-01-02T03:04:05Z"}],
        });
        let draft: Draft = body(&right).unwrap();
        assert!(matches!(draft.mode, Some(Word::Delta)) && draft.rows[0].at.is_some());
        let draft: Draft = query("name=a%20b&limit=5&on=true&mode=full&limit=7").unwrap();
        assert_eq!((draft.name.as_str(), draft.limit, draft.on), ("a b", Some(7), Some(true)));
    }

    #[test]
    fn a_query_is_told_as_well() {
        for (text, said) in [
            ("name=x&limit=hunter2", "`limit` must be a whole number, not negative, and not too large."),
            ("name=x&on=hunter2", "`on` must be true or false."),
            ("name=x&mode=hunter2", "`mode` must be one of: full, delta."),
            ("", "`name` is missing."),
        ] {
            assert_eq!(query::<Draft>(text).unwrap_err().to_string(), said, "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(json!("CANARY")),
            Just(json!(424_242)),
            Just(json!(42.4242)),
            Just(json!(null)),
            Just(json!(true)),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            let name =
                prop::sample::select(vec!["name", "mode", "secrets", "rows", "limit", "on", "at", "CANARY"]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                prop::collection::vec((name, inner), 0..5).prop_map(|members| members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_is_ever_repeated(value in values()) {
            if let Err(wrong) = body::<Draft>(&value) {
                let said = wrong.to_string();
                prop_assert!(!said.contains("CANARY") && !said.contains("42"), "{}", said);
            }
        }
    }
}
