//! The view of a record.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{ids::RecordId, record, words::List},
    service::{
        actor_names::ActorNames,
        schema::{self, Address},
    },
    store::{self, Db, links, records::Staged},
};

/// A staged employee or customer.
#[derive(Debug, Serialize, ToSchema)]
pub struct Record {
    #[schema(example = "emp_0192f0c4a1b27c3e8d5f6a7b8c9d0e1f")]
    pub id: String,
    #[schema(schema_with = schema::lists)]
    pub list: List,
    pub company_id: String,
    pub connection_id: String,
    #[serde(flatten)]
    pub content: Content,
    /// Whether the source's list no longer has it. Its link stays.
    pub absent: bool,
    pub absent_since: Option<DateTime<Utc>>,
    /// Counts its contents, from 1.
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// The link of the app for which it is asked.
    pub link: Option<RecordLink>,
}

/// What the source says of a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct Content {
    /// The source's own ID (QuickBooks: `ListID`).
    pub external_id: String,
    /// What people know it by: an account, a staff number, a short code.
    pub number: Option<String>,
    /// How the source shows it in its list.
    pub name: String,
    /// The name with its parents, `Parent:Job`, where the list is a tree.
    pub full_name: Option<String>,
    pub first_name: Option<String>,
    pub middle_name: Option<String>,
    pub last_name: Option<String>,
    /// The business that a customer stands for.
    pub company_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub job_title: Option<String>,
    pub department: Option<String>,
    /// A job's customer.
    pub parent_external_id: Option<String>,
    /// 0 for a customer, 1 and more for its jobs.
    pub sublevel: i32,
    pub active: bool,
    pub hired_on: Option<NaiveDate>,
    pub released_on: Option<NaiveDate>,
    /// The last day of somebody who is still there.
    pub releases_on: Option<NaiveDate>,
    /// Where a customer is; always null for an employee.
    pub address: Option<Address>,
    /// What a customer or its job is about; always null for an employee.
    pub description: Option<String>,
    /// In the source's own words.
    pub source_created_at: Option<String>,
    /// In the source's own words.
    pub source_modified_at: Option<String>,
}

/// A link as seen from the record.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecordLink {
    /// The app's ID.
    pub profile_id: String,
    pub linked_at: DateTime<Utc>,
    pub linked_by: String,
}

impl Record {
    /// Adds their links to records.
    pub(super) fn all(db: &mut Db, rows: Vec<Staged>, links: Vec<links::Link>) -> store::Result<Vec<Self>> {
        let names =
            ActorNames::read(db, links.iter().map(|link| (&link.linked_by, Some(link.app_id.as_str()))))?;
        let mut links: HashMap<RecordId, RecordLink> =
            links.into_iter().map(|link| (link.record_id.clone(), RecordLink::new(link, &names))).collect();
        Ok(rows.into_iter().map(|staged| Self::new(links.remove(&staged.id), staged)).collect())
    }

    fn new(link: Option<RecordLink>, staged: Staged) -> Self {
        Self {
            id: staged.id.into(),
            list: staged.list,
            company_id: staged.company_id.into(),
            connection_id: staged.connection_id.into(),
            content: staged.record.into(),
            absent: staged.absent_at.is_some(),
            absent_since: staged.absent_at,
            version: staged.version,
            created_at: staged.created_at,
            updated_at: staged.updated_at,
            link,
        }
    }
}

impl RecordLink {
    fn new(link: links::Link, names: &ActorNames) -> Self {
        Self {
            linked_by: names.text(&link.linked_by, Some(&link.app_id)),
            profile_id: link.profile_id,
            linked_at: link.linked_at,
        }
    }
}

impl From<record::Record> for Content {
    fn from(record: record::Record) -> Self {
        Self {
            external_id: record.external_id,
            number: record.number,
            name: record.name,
            full_name: record.full_name,
            first_name: record.first_name,
            middle_name: record.middle_name,
            last_name: record.last_name,
            company_name: record.company_name,
            email: record.email,
            phone: record.phone,
            job_title: record.job_title,
            department: record.department,
            parent_external_id: record.parent_external_id,
            sublevel: record.sublevel,
            active: record.active,
            hired_on: record.hired_on,
            released_on: record.released_on,
            releases_on: record.releases_on,
            address: record.address.map(Address::from),
            description: record.description,
            source_created_at: record.source_created_at,
            source_modified_at: record.source_modified_at,
        }
    }
}
