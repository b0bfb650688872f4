//! The lists of a tenant: where each is, what is asked of it, and one page of it.

use chrono::NaiveDate;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::{connectors::source::Failure, domain::record::Record};

use super::{
    ConnectwiseSource,
    client::Call,
    map, refusals,
    wire::{COMPANY_FIELDS, CONTACT_FIELDS, Company, Contact, Count, MEMBER_FIELDS, Member},
};

pub(super) const PAGINATION_TYPE: HeaderName = HeaderName::from_static("pagination-type");

/// What is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Stage {
    Members,
    Companies,
    Contacts,
}

impl Stage {
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Members => "system/members",
            Self::Companies => "company/companies",
            Self::Contacts => "company/contacts",
        }
    }

    pub(super) fn what(self) -> &'static str {
        match self {
            Self::Members => "the list of members (System, Member Maintenance)",
            Self::Companies => "the list of companies (Companies, Company Maintenance)",
            Self::Contacts => "the list of contacts (Companies, Contacts)",
        }
    }

    pub(super) fn fields(self) -> &'static str {
        match self {
            Self::Members => MEMBER_FIELDS,
            Self::Companies => COMPANY_FIELDS,
            Self::Contacts => CONTACT_FIELDS,
        }
    }
}

/// One row: its ID, and its record where it is wanted, else the external ID of what is not.
pub(super) type Row = (u64, Result<Record, String>);

/// One page of a list.
pub(super) struct Page {
    pub rows: Vec<Row>,
    /// Rows that cannot be told apart from others.
    pub without_id: u64,
    pub headers: HeaderMap,
}

impl Page {
    fn new(rows: impl Iterator<Item = Option<Row>>, headers: HeaderMap) -> Self {
        let (mut kept, mut without_id) = (Vec::new(), 0);
        for row in rows {
            match row {
                Some(row) => kept.push(row),
                None => without_id += 1,
            }
        }
        Self { rows: kept, without_id, headers }
    }
}

impl ConnectwiseSource {
    /// One page of a list, mapped.
    pub(super) async fn rows(&self, stage: Stage, query: &[(&str, &str)]) -> Result<Page, Failure> {
        let mut call = Call::new(stage.path(), query, stage.what());
        call.headers.insert(PAGINATION_TYPE, HeaderValue::from_static("forward-only"));
        let gone = || refusals::not_found(stage.what());
        Ok(match stage {
            Stage::Members => {
                let (page, headers) = self.client.get::<Vec<Member>>(call).await?.ok_or_else(gone)?;
                Page::new(page.into_iter().map(|row| self.member(row)), headers)
            }
            Stage::Companies => {
                let (page, headers) = self.client.get::<Vec<Company>>(call).await?.ok_or_else(gone)?;
                Page::new(page.into_iter().map(|row| self.company(row)), headers)
            }
            Stage::Contacts => {
                let (page, headers) = self.client.get::<Vec<Contact>>(call).await?.ok_or_else(gone)?;
                Page::new(page.into_iter().map(|row| self.contact(row)), headers)
            }
        })
    }

    /// The day by UTC: the vendor's dates are by it.
    fn today(&self) -> NaiveDate {
        self.client.origin().limiter().now().date_naive()
    }

    pub(super) fn member(&self, row: Member) -> Option<Row> {
        let id = row.id?;
        Some((
            id,
            if self.wanted.member(&row) {
                Ok(map::member(id, row, self.today()))
            } else {
                Err(id.to_string())
            },
        ))
    }

    pub(super) fn company(&self, row: Company) -> Option<Row> {
        let id = row.id?;
        Some((id, if self.wanted.company(&row) { Ok(map::company(id, row)) } else { Err(id.to_string()) }))
    }

    pub(super) fn contact(&self, row: Contact) -> Option<Row> {
        let id = row.id?;
        Some((id, Ok(map::contact(id, row))))
    }

    /// How many rows a list has.
    pub(super) async fn count(&self, stage: Stage) -> Result<u64, Failure> {
        let path = format!("{}/count", stage.path());
        let counted = self.client.get::<Count>(Call::new(&path, &[], stage.what())).await?;
        counted.map(|(count, _)| count.count).ok_or_else(|| refusals::not_found(stage.what()))
    }
}
