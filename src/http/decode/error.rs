//! The error of a body or a query that cannot be decoded: where, and what was expected.

use std::{
    borrow::Borrow,
    fmt::{self, Display},
};

use serde::de::{self, Expected, Unexpected};

/// What is wrong, in words for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::http) struct DecodeError {
    /// The path to the value: members and indexes, from the outside in; empty for the whole.
    place: String,
    what: String,
}

impl DecodeError {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self { place: String::new(), what: what.into() }
    }

    pub(super) fn unknown_parameter(name: &str, known: &[String]) -> Self {
        Self::new(format!("has no parameter {}; {}", named(name), listed(known)))
    }

    pub(super) fn repeated(name: &str) -> Self {
        Self::new("stands there twice").within(name)
    }

    pub(super) fn within(mut self, outer: &str) -> Self {
        let dot = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{outer}{dot}{}", self.place);
        self
    }
}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => write!(f, "It {}.", self.what),
            place => write!(f, "`{place}` {}.", self.what),
        }
    }
}

impl std::error::Error for DecodeError {}

impl de::Error for DecodeError {
    /// The message is dropped, because it may quote the value: it comes from chrono or other libraries.
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
        Self::new(format!("has no member {}; {}", named(field), listed(expected)))
    }
    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing").within(field)
    }
    fn duplicate_field(field: &'static str) -> Self {
        Self::repeated(field)
    }
}

fn listed<T: Borrow<str>>(known: &[T]) -> String {
    match known {
        [] => "it has none".into(),
        known => format!("known: {}", known.join(", ")),
    }
}

/// The name of a member, if it looks like one; anything else that somebody sends as a name is not repeated.
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

/// What serde says that Rust's types expect, in the words of JSON.
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

/// A member's name as a part of a path.
pub(super) fn place(name: &str) -> String {
    named(name).strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or("…").to_owned()
}
