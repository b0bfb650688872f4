//! What is staged against what the company file has.

use rollcall::{
    domain::{details::Address, email::email, number::number, words::List},
    simulators::quickbooks_desktop::{CompanyFile, List as InFile, ListEntry},
    store::records::Staged,
};

use super::Desk;

impl Desk {
    /// What is staged and present must be what the company file has.
    pub async fn assert_equals(&self, file: &CompanyFile) {
        let mut expected: Vec<String> = file.employees().chain(file.customers()).map(entry).collect();
        let mut present = self.present().await;
        expected.sort();
        present.sort();
        assert_eq!(present, expected);
    }

    /// A line for each staged record that is present.
    pub async fn present(&self) -> Vec<String> {
        let mut all = self.staged(List::Employee).await;
        all.extend(self.staged(List::Customer).await);
        all.iter().filter(|record| record.absent_at.is_none()).map(staged).collect()
    }

    /// How many staged records are marked absent.
    pub async fn absent(&self) -> usize {
        let mut all = self.staged(List::Employee).await;
        all.extend(self.staged(List::Customer).await);
        all.iter().filter(|record| record.absent_at.is_some()).count()
    }

    /// The staged record with this ID of the source.
    pub async fn find(&self, list: List, external_id: &str) -> Staged {
        let staged = self.staged(list).await;
        staged.into_iter().find(|staged| staged.record.external_id == external_id).unwrap()
    }
}

fn entry(entry: ListEntry) -> String {
    let list = match entry.list {
        InFile::Employee => List::Employee,
        InFile::Customer => List::Customer,
    };
    let address = entry.bill_address.map(|address| Address {
        // The first is the customer's name.
        lines: address.lines.into_iter().skip(1).collect(),
        city: Some(address.city),
        region: Some(address.state),
        postal_code: Some(address.postal_code),
        country: address.country,
    });
    format!(
        "{}|{}|{}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{}|{:?}|{:?}|{:?}|{:?}",
        entry.list_id,
        entry.name.trim(),
        entry.sublevel,
        entry.first_name,
        entry.middle_name,
        entry.last_name,
        entry.company_name,
        entry.email.as_deref().and_then(email),
        entry.phone,
        entry.job_title,
        entry.parent_list_id,
        entry.active,
        entry.number.and_then(|text| number(list, text)),
        entry.department,
        address,
        entry.job_desc
    )
}

fn staged(staged: &Staged) -> String {
    let record = &staged.record;
    format!(
        "{}|{}|{}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{:?}|{}|{:?}|{:?}|{:?}|{:?}",
        record.external_id,
        record.name,
        record.sublevel,
        record.first_name,
        record.middle_name,
        record.last_name,
        record.company_name,
        record.email,
        record.phone,
        record.job_title,
        record.parent_external_id,
        record.active,
        record.number,
        record.department,
        record.address,
        record.description
    )
}
