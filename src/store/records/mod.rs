//! Records: the staged employees and customers, in one table with two views.

mod absence;
mod family;
mod linked_names;
mod page;
mod read;
pub mod search;
mod stage;

pub use absence::{
    Present, clear_absences, count_present, held_absences, is_held, mark_absent, name_absences, present,
};
pub use family::children;
pub use page::{Filter, Linked, Order, Position, page};
pub use read::{beginning, find, find_all, get, names, of_absences, versions};
pub use stage::{Known, Place, Texts, Write, known, upsert};

use chrono::{DateTime, NaiveDate, Utc};

use crate::domain::{
    details::Details,
    ids::{CompanyId, ConnectionId, RecordId},
    record::Record,
    words::List,
};

use super::{
    details,
    dsl::*,
    schema::records,
    values::{MaybeTime, Time, loaded_as},
};

/// IDs of one lookup.
const LOOKUP: usize = 500;

/// A record as it is staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staged {
    pub id: RecordId,
    pub company_id: CompanyId,
    pub connection_id: ConnectionId,
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

/// The columns that hold a field of a [`Record`] under its own name. What is read, inserted and overwritten is made from
/// this list: a new column stands here, in the [`Record`] and in a migration.
macro_rules! record_columns {
    ($made:ident!) => {
        $made! {
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
            number: Option<String>,
            department: Option<String>,
        }
    };
}
use record_columns;

macro_rules! row {
    ($($column:ident: $type:ty),+ $(,)?) => {
        #[derive(Queryable, Selectable)]
        #[diesel(table_name = records)]
        #[doc(hidden)]
        pub struct Row {
            id: RecordId,
            company_id: CompanyId,
            connection_id: ConnectionId,
            list: List,
            external_id: String,
            version: i32,
            sort_name: String,
            $($column: $type,)+
            #[diesel(deserialize_as = details::Column)]
            details: Details,
            #[diesel(deserialize_as = MaybeTime)]
            absent_at: Option<DateTime<Utc>>,
            #[diesel(deserialize_as = Time)]
            created_at: DateTime<Utc>,
            #[diesel(deserialize_as = Time)]
            updated_at: DateTime<Utc>,
        }

        impl From<Row> for Staged {
            fn from(row: Row) -> Self {
                let Details { address, description } = row.details;
                let external_id = row.external_id;
                Self {
                    id: row.id,
                    company_id: row.company_id,
                    connection_id: row.connection_id,
                    list: row.list,
                    version: row.version,
                    record: Record { external_id, $($column: row.$column,)+ address, description },
                    absent_at: row.absent_at,
                    created_at: row.created_at,
                    updated_at: row.updated_at,
                    sort_name: row.sort_name,
                }
            }
        }
    };
}
record_columns!(row!);
loaded_as!(Row => Staged);
