//! Schemas and parameters that the descriptions of all resources share.

use std::{collections::BTreeMap, fmt::Write};

use serde::{Deserialize, Deserializer, de};
use utoipa::{
    IntoParams, IntoResponses, ToSchema,
    openapi::{
        ArrayBuilder, Content, ObjectBuilder, OneOfBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
        Type,
    },
};

use crate::{
    domain::{secret::Secret, words::Kind},
    http::problem::MEDIA_TYPE,
};

pub use crate::service::schema::*;

/// A text without the character NUL, which no database holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(pattern = r"^[^\u0000]*$")]
pub struct Text(pub String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.contains('\0') {
            let found = de::Unexpected::Other("a text with NUL");
            return Err(de::Error::invalid_value(found, &"a text without the character NUL"));
        }
        Ok(Self(text))
    }
}

/// A secret as it is sent. Its `Debug` does not repeat it, nor do errors of any body.
#[derive(Debug, Clone, ToSchema)]
#[schema(value_type = String, format = Password)]
pub struct SecretText(pub Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

/// What [`crate::service::input::short`] takes, as a schema.
fn short_text(most: usize) -> ObjectBuilder {
    // No control characters, and something that is seen: see `domain::name::clean`.
    let pattern = concat!(
        r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5",
        r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb]",
        r"[^\u0000-\u001f\u007f-\u009f]*$",
    );
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(most))
        .pattern(Some(pattern))
}

/// A name: see [`crate::service::input::short`].
pub fn name() -> RefOr<Schema> {
    RefOr::T(short_text(200).into())
}

/// An e-mail that may be left out, or be null.
pub fn email_or_none() -> RefOr<Schema> {
    or_none(email())
}

/// A name that may be left out, or be null.
pub fn name_or_none() -> RefOr<Schema> {
    or_none(name())
}

/// One e-mail address.
pub fn email() -> RefOr<Schema> {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(5)).max_length(Some(254));
    RefOr::T(
        text.pattern(Some(r"^[a-zA-Z0-9]([a-zA-Z0-9.+_-]*[a-zA-Z0-9])?@[a-zA-Z0-9]+(\.[a-zA-Z0-9]+)+$"))
            .build()
            .into(),
    )
}

/// The ID of a profile, which is the app's own.
pub fn profile_id() -> RefOr<Schema> {
    RefOr::T(short_text(200).description(Some("The app's own ID.")).into())
}

/// An error: RFC 9457 with a code for programs and a remedy for people.
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes what `http::problem` writes")]
pub struct ProblemBody {
    #[schema(rename = "type", example = "about:blank")]
    kind: String,
    title: String,
    status: u16,
    /// Stable, in snake_case.
    #[schema(example = "record_linked")]
    code: String,
    /// What happened.
    detail: String,
    /// What to do.
    remedy: String,
    /// Finds the request in the gateway's log.
    request_id: String,
    /// The other party of a conflict.
    #[schema(required = false, value_type = Option<Object>)]
    conflict: Option<()>,
}

/// How every route refuses.
#[derive(Debug, Clone, Copy)]
pub struct Refusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[
            ("400", "The address or the cursor is not understood"),
            ("401", "There is no token, or it is not valid"),
            ("403", "The token may not do this"),
            ("404", "There is no such thing, or the token may not see it"),
            ("422", "A value is understood, but not acceptable"),
            ("503", "The gateway or its database does not answer in time"),
        ])
    }
}

/// How a route refuses that depends on how things stand.
#[derive(Debug, Clone, Copy)]
pub struct Conflicts;

impl IntoResponses for Conflicts {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("409", "Not as things stand; `conflict` names the other party, where there is one")])
    }
}

/// How a route refuses a body.
#[derive(Debug, Clone, Copy)]
pub struct BadBodies;

impl IntoResponses for BadBodies {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("413", "The body is too large"), ("415", "The body is not declared as JSON")])
    }
}

/// How a route refuses who tries too often.
#[derive(Debug, Clone, Copy)]
pub struct TooMany;

impl IntoResponses for TooMany {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[("429", "Too many tries failed; `Retry-After` says when the next one is looked at")])
    }
}

/// How a route refuses whose source did not do what was asked.
#[derive(Debug, Clone, Copy)]
pub struct SourceFailures;

impl IntoResponses for SourceFailures {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        problems(&[(
            "502",
            "The source refused or did not answer; `code` is the cause, as in the connectivity test",
        )])
    }
}

fn problems(all: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let problem = |what: &str| {
        let content = Content::new(Some(Ref::from_schema_name("Problem")));
        ResponseBuilder::new().description(what).content(MEDIA_TYPE, content).build()
    };
    all.iter().map(|(status, what)| ((*status).to_owned(), RefOr::T(problem(what)))).collect()
}

/// For which app: an admin may name another than its own.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AppQuery {
    /// An app's ID or name: an admin's token acts for that app.
    pub app: Option<String>,
}

/// Those of which a connection can be made.
pub fn kinds_here() -> RefOr<Schema> {
    words(&crate::connectors::specs().map(|spec| spec.kind).collect::<Vec<_>>())
}

/// The settings of all kinds: those that are left out stay, or are their defaults.
pub fn connection_settings() -> Schema {
    let mut told = String::from(
        "The settings of the kind; an empty text puts one back to its default, and what is left out stays as it is.",
    );
    for spec in crate::connectors::specs().filter(|spec| !spec.settings.is_empty()) {
        // Writing to a `String` cannot fail.
        let _ = write!(told, "\n\n{}:\n", spec.kind);
        for setting in spec.settings {
            let _ = write!(told, "\n- `{}`: {}", setting.name, setting.meaning);
            match setting.value.default().to_string().as_str() {
                "\"\"" => {}
                default => drop(write!(told, " (default: `{default}`)")),
            }
        }
    }
    let value = OneOfBuilder::new()
        .item(ObjectBuilder::new().schema_type(Type::Boolean))
        .item(ObjectBuilder::new().schema_type(Type::Integer))
        .item(ObjectBuilder::new().schema_type(Type::String));
    ObjectBuilder::new()
        .description(Some(told))
        .additional_properties(Some(Schema::from(value)))
        .build()
        .into()
}

/// Reads a kind; to a word that is none those are offered of which a connection can be made.
pub fn read_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    let word = String::deserialize(deserializer)?;
    word.parse().map_err(|_| de::Error::unknown_variant(&word, crate::connectors::registry::words()))
}

/// Some kinds of changes, in a query.
pub fn change_kind_list() -> RefOr<Schema> {
    let list = ArrayBuilder::new().items(change_kinds()).min_items(Some(1));
    RefOr::T(list.build().into())
}
