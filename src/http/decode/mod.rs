//! Decodes bodies and queries into types. An error names the place and what was expected, never what was sent: that may
//! be a secret, and the errors of libraries quote it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `deserializer` | a serde deserializer over JSON values, and over a query as an object of texts |
//! | `error` | the error, in words |
//! | `unique` | JSON in which no object has a member twice |

mod deserializer;
mod error;
#[cfg(test)]
mod tests;
mod unique;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use deserializer::ValueDeserializer;
pub(super) use error::DecodeError;
pub(super) use unique::UniqueJson;

/// Decodes a body.
///
/// # Errors
/// What is wrong with the body.
pub(super) fn body<T: DeserializeOwned>(body: &Value) -> Result<T, DecodeError> {
    T::deserialize(ValueDeserializer::of_body(body))
}

/// A parameter of a query that is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InvalidParameter {
    Unknown(DecodeError),
    Repeated(DecodeError),
}

/// Checks that a query has only known parameters, each at most once.
///
/// # Errors
/// The first parameter that is unknown or repeated.
pub(super) fn parameters(query: &str, known: &[String]) -> Result<(), InvalidParameter> {
    let mut seen: Vec<&String> = Vec::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        let Some(parameter) = known.iter().find(|known| **known == name) else {
            return Err(InvalidParameter::Unknown(DecodeError::unknown_parameter(&name, known)));
        };
        if seen.contains(&parameter) {
            return Err(InvalidParameter::Repeated(DecodeError::repeated(parameter)));
        }
        seen.push(parameter);
    }
    Ok(())
}

/// Decodes a query string in which each name stands once: see [`parameters`].
///
/// # Errors
/// What is wrong with the query.
pub(super) fn query<T: DeserializeOwned>(query: &str) -> Result<T, DecodeError> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let pairs: Map<_, _> = pairs.map(|(name, value)| (name.into_owned(), value.into())).collect();
    T::deserialize(ValueDeserializer::of_query(&Value::Object(pairs)))
}
