//! Records as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{record, words::List},
    http::api::schema,
    store::{links, records::Staged},
};

/// A staged employee or customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Record {
    #[schema(example = "emp_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    id: String,
    #[schema(schema_with = schema::lists)]
    list: List,
    company_id: String,
    connection_id: String,
    #[serde(flatten)]
    content: Content,
    /// Whether the source's list no longer has it. Its link stays.
    absent: bool,
    absent_since: Option<DateTime<Utc>>,
    /// Counts its contents, from 1.
    version: i32,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    /// The link of the token's app.
    link: Option<RecordLink>,
}

/// What the source says of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct Content {
    /// The source's own ID (QuickBooks: `ListID`).
    external_id: String,
    /// How the source shows it in its list.
    name: String,
    /// The name with its parents, `Parent:Job`, where the list is a tree.
    full_name: Option<String>,
    first_name: Option<String>,
    middle_name: Option<String>,
    last_name: Option<String>,
    /// The business that a customer stands for.
    company_name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    job_title: Option<String>,
    /// A job's customer.
    parent_external_id: Option<String>,
    /// 0 for a customer, 1 and more for its jobs.
    sublevel: i32,
    active: bool,
    hired_on: Option<NaiveDate>,
    released_on: Option<NaiveDate>,
    /// The last day of somebody who is still there.
    releases_on: Option<NaiveDate>,
    /// In the source's own words.
    source_created_at: Option<String>,
    /// In the source's own words.
    source_modified_at: Option<String>,
}

/// A link as seen from the record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordLink {
    /// The app's ID.
    profile_id: String,
    linked_at: DateTime<Utc>,
    linked_by: String,
}

impl Record {
    pub(super) fn new(link: Option<links::Link>, staged: Staged) -> Self {
        Self {
            id: staged.id,
            list: staged.list,
            company_id: staged.company_id,
            connection_id: staged.connection_id,
            content: staged.record.into(),
            absent: staged.absent_at.is_some(),
            absent_since: staged.absent_at,
            version: staged.version,
            created_at: staged.created_at,
            updated_at: staged.updated_at,
            link: link.map(|link| RecordLink {
                profile_id: link.profile_id,
                linked_at: link.linked_at,
                linked_by: link.linked_by,
            }),
        }
    }
}

impl From<record::Record> for Content {
    fn from(record: record::Record) -> Self {
        Self {
            external_id: record.external_id,
            name: record.name,
            full_name: record.full_name,
            first_name: record.first_name,
            middle_name: record.middle_name,
            last_name: record.last_name,
            company_name: record.company_name,
            email: record.email,
            phone: record.phone,
            job_title: record.job_title,
            parent_external_id: record.parent_external_id,
            sublevel: record.sublevel,
            active: record.active,
            hired_on: record.hired_on,
            released_on: record.released_on,
            releases_on: record.releases_on,
            source_created_at: record.source_created_at,
            source_modified_at: record.source_modified_at,
        }
    }
}
