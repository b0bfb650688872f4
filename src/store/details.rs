//! What only customers have, as one column of JSON: `NULL` where there is nothing of it. The tables refuse it for employees.

use crate::domain::details::Details;

use super::{Error, Result};

pub(super) fn to_column(details: &Details) -> Result<Option<String>> {
    if details.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(details).map(Some).map_err(corrupt)
}

pub(super) fn from_column(text: Option<&str>) -> Result<Details> {
    text.map_or_else(|| Ok(Details::default()), |text| serde_json::from_str(text).map_err(corrupt))
}

/// Says where, and not what: serde's words may quote somebody's address.
fn corrupt(error: serde_json::Error) -> Error {
    let why =
        format!("it is not the JSON that is written (line {}, column {})", error.line(), error.column());
    Error::Corrupt { what: "details of a customer", why }
}
