//! What only customers have, as one column of JSON: `NULL` where there is nothing of it. The tables refuse it for employees.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    sql_types::{Nullable, Text},
};

use crate::domain::details::Details;

use super::{Error, Result};

pub(super) fn to_column(details: &Details) -> Result<Option<String>> {
    if details.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(details).map(Some).map_err(corrupt)
}

/// The column as a row holds it: `#[diesel(deserialize_as = details::Column)]`.
#[derive(Debug, FromSqlRow)]
pub struct Column(Details);

impl<DB: Backend> FromSql<Nullable<Text>, DB> for Column
where
    String: FromSql<Text, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(serde_json::from_str(&String::from_sql(bytes)?).map(Self).map_err(corrupt)?)
    }

    fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        bytes.map_or_else(|| Ok(Self(Details::default())), Self::from_sql)
    }
}

impl From<Column> for Details {
    fn from(column: Column) -> Self {
        column.0
    }
}

/// Says where, and not what: serde's words may quote somebody's address.
fn corrupt(error: serde_json::Error) -> Error {
    let why =
        format!("it is not the JSON that is written (line {}, column {})", error.line(), error.column());
    Error::Corrupt { what: "details of a customer", why }
}
