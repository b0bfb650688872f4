//! Bodies and queries, read into types. What is wrong is said with its place and with what was expected, never with
//! what was sent: it may be a secret, and libraries quote it.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `reader` | JSON as serde reads it; a query is read as an object of texts |
//! | `wrong` | what is wrong, in words |

mod reader;
#[cfg(test)]
mod tests;
mod wrong;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use reader::Reader;
pub(super) use wrong::Wrong;

/// Reads a body.
///
/// # Errors
/// What is wrong with it.
pub(super) fn body<T: DeserializeOwned>(body: &Value) -> Result<T, Wrong> {
    T::deserialize(Reader::of_body(body))
}

/// What is wrong with the names of a query.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    Unknown(Wrong),
    Repeated(Wrong),
}

/// Whether a query has known parameters alone, each once.
///
/// # Errors
/// The first one that has not.
pub(super) fn parameters(query: &str, known: &[String]) -> Result<(), Misfit> {
    let mut seen: Vec<&String> = Vec::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        let Some(parameter) = known.iter().find(|known| **known == name) else {
            return Err(Misfit::Unknown(Wrong::unknown_parameter(&name, known)));
        };
        if seen.contains(&parameter) {
            return Err(Misfit::Repeated(Wrong::repeated(parameter)));
        }
        seen.push(parameter);
    }
    Ok(())
}

/// Reads a query string, in which each name stands once: see [`parameters`].
///
/// # Errors
/// What is wrong with it.
pub(super) fn query<T: DeserializeOwned>(query: &str) -> Result<T, Wrong> {
    let pairs = url::form_urlencoded::parse(query.as_bytes());
    let pairs: Map<_, _> = pairs.map(|(name, value)| (name.into_owned(), value.into())).collect();
    T::deserialize(Reader::of_query(&Value::Object(pairs)))
}
