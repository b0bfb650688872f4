//! Records: the staged employees and customers, in one table with two views.

mod absence;
mod family;
mod page;
mod read;
pub mod search;
mod stage;

pub use absence::{
    Present, clear_absences, count_present, held_absences, is_held, mark_absent, name_absences, present,
};
pub use family::children;
pub use page::{Filter, Linked, Order, Position, page};
pub use read::{beginning, find, find_all, get, of_absences, versions};
pub use stage::{Known, Place, Write, known, upsert};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};

use crate::domain::{details::Details, record::Record, words::List};

use super::{
    Error, Result, details,
    dsl::*,
    schema::records,
    values::{utc, word},
};

/// A record as it is staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    pub id: String,
    pub company_id: String,
    pub connection_id: String,
    pub list: List,
    pub version: i32,
    pub record: Record,
    /// Since when the source's list no longer has it.
    pub absent_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// What the list is sorted by.
    pub sort_name: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = records)]
struct Row {
    id: String,
    company_id: String,
    connection_id: String,
    list: String,
    external_id: String,
    version: i32,
    sort_name: String,
    name: String,
    full_name: Option<String>,
    first_name: Option<String>,
    middle_name: Option<String>,
    last_name: Option<String>,
    company_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    job_title: Option<String>,
    parent_external_id: Option<String>,
    sublevel: i32,
    active: bool,
    hired_on: Option<NaiveDate>,
    released_on: Option<NaiveDate>,
    releases_on: Option<NaiveDate>,
    source_created_at: Option<String>,
    source_modified_at: Option<String>,
    absent_at: Option<NaiveDateTime>,
    created_at: NaiveDateTime,
    updated_at: NaiveDateTime,
    number: Option<String>,
    department: Option<String>,
    details: Option<String>,
}

impl TryFrom<Row> for Staged {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        let Details { address, description } = details::from_column(row.details.as_deref())?;
        Ok(Staged {
            list: word("list", &row.list)?,
            id: row.id,
            company_id: row.company_id,
            connection_id: row.connection_id,
            version: row.version,
            sort_name: row.sort_name,
            absent_at: row.absent_at.map(utc),
            created_at: utc(row.created_at),
            updated_at: utc(row.updated_at),
            record: Record {
                external_id: row.external_id,
                number: row.number,
                name: row.name,
                full_name: row.full_name,
                first_name: row.first_name,
                middle_name: row.middle_name,
                last_name: row.last_name,
                company_name: row.company_name,
                email: row.email,
                phone: row.phone,
                job_title: row.job_title,
                department: row.department,
                parent_external_id: row.parent_external_id,
                sublevel: row.sublevel,
                active: row.active,
                hired_on: row.hired_on,
                released_on: row.released_on,
                releases_on: row.releases_on,
                address,
                description,
                source_created_at: row.source_created_at,
                source_modified_at: row.source_modified_at,
            },
        })
    }
}
