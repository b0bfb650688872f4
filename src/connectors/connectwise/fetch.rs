//! One record by its ID.

use crate::{
    connectors::source::{Failure, Fetched},
    domain::words::List,
};

use super::{
    ConnectwiseSource,
    client::Call,
    list::{Row, Stage},
    wire::{Company, Contact, Member, digits},
};

impl ConnectwiseSource {
    /// What is not there and what is not wanted are the same: only the whole list tells who is gone.
    pub(super) async fn fetch_one(&self, list: List, external_id: &str) -> Result<Fetched, Failure> {
        let Some((stage, id)) = self.place(list, external_id) else { return Ok(Fetched::Missing) };
        let path = format!("{}/{id}", stage.path());
        let query = [("fields", stage.fields())];
        let call = Call::new(&path, &query, stage.what());
        let row: Option<Row> = match stage {
            Stage::Members => {
                let found = self.client.get::<Member>(call).await?;
                found.and_then(|(row, _)| self.member(row))
            }
            Stage::Companies => {
                let found = self.client.get::<Company>(call).await?;
                found.and_then(|(row, _)| self.company(row))
            }
            Stage::Contacts => {
                let found = self.client.get::<Contact>(call).await?;
                found.and_then(|(row, _)| self.contact(row))
            }
        };
        Ok(match row {
            // An answer about somebody else is no answer.
            Some((found, Ok(record))) if found == id => Fetched::Record(Box::new(record)),
            _ => Fetched::Missing,
        })
    }

    /// Which list of the vendor's an external ID is of; `None` for what is no ID of ours.
    fn place(&self, list: List, external_id: &str) -> Option<(Stage, u64)> {
        let (stage, number) = match (list, external_id.strip_prefix("contact-")) {
            (List::Employee, None) => (Stage::Members, external_id),
            (List::Customer, None) => (Stage::Companies, external_id),
            (List::Customer, Some(number)) if self.settings.contacts => (Stage::Contacts, number),
            _ => return None,
        };
        digits(number).map(|id| (stage, id))
    }
}
