//! Records: employees and customers as the source tells them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    details::{Address, Details},
    fold::fold,
    words::List,
};

/// What is staged of a person or a customer. There is no field for what Rollcall must not hold (promise 7).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// The source's own ID, opaque (QuickBooks: `ListID`).
    pub external_id: String,
    /// What people know it by: an account, a staff number, a short code. See [`super::number`].
    pub number: Option<String>,
    /// How the source shows it in its list.
    pub name: String,
    /// The name with its parents, `Parent:Job`, where the list is a tree.
    pub full_name: Option<String>,
    pub first_name: Option<String>,
    pub middle_name: Option<String>,
    pub last_name: Option<String>,
    /// The business a customer record stands for.
    pub company_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub job_title: Option<String>,
    pub department: Option<String>,
    /// The external ID of the record that this one belongs to: a job's customer.
    pub parent_external_id: Option<String>,
    /// How deep below a top-level record: 0 for a customer, 1 and more for its jobs.
    pub sublevel: i32,
    pub active: bool,
    pub hired_on: Option<NaiveDate>,
    pub released_on: Option<NaiveDate>,
    /// The last day of somebody who is still there: who leaves on Friday.
    pub releases_on: Option<NaiveDate>,
    /// Where a customer is. An employee's is never held.
    pub address: Option<Address>,
    /// What a customer or its job is about.
    pub description: Option<String>,
    /// When the source made it, in the source's own words.
    pub source_created_at: Option<String>,
    /// When the source last changed anything of it, staged here or not.
    pub source_modified_at: Option<String>,
}

/// Characters.
const LONGEST_SORT_NAME: usize = 200;

/// The first 16 bytes of the BLAKE3 hash of the content.
pub type ContentHash = [u8; 16];

impl Record {
    /// Equal for equal content. `source_modified_at` is left out: a change of something that is not staged does not
    /// count.
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = blake3::Hasher::new();
        let mut field = |text: Option<&str>| match text {
            // The length before each text keeps ("ab", "c") and ("a", "bc") apart; absent differs from empty.
            Some(text) => {
                hasher.update(&(text.len() as u64 + 1).to_le_bytes()).update(text.as_bytes());
            }
            None => {
                hasher.update(&0u64.to_le_bytes());
            }
        };
        field(Some(&self.external_id));
        field(Some(&self.name));
        for text in [
            &self.full_name,
            &self.first_name,
            &self.middle_name,
            &self.last_name,
            &self.company_name,
            &self.email,
            &self.phone,
            &self.job_title,
            &self.parent_external_id,
            &self.source_created_at,
        ] {
            field(text.as_deref());
        }
        for date in [self.hired_on, self.released_on] {
            field(date.map(|date| date.to_string()).as_deref());
        }
        // These members are newer than the hashes that are stored: a record without them keeps its hash.
        if let Some(date) = self.releases_on {
            field(Some(&date.to_string()));
        }
        let texts =
            [("number", &self.number), ("department", &self.department), ("description", &self.description)];
        for (name, text) in texts {
            if text.is_some() {
                field(Some(name));
                field(text.as_deref());
            }
        }
        if let Some(Address { lines, city, region, postal_code, country }) = &self.address {
            field(Some("address"));
            field(Some(&lines.len().to_string()));
            for line in lines {
                field(Some(line));
            }
            for part in [city, region, postal_code, country] {
                field(part.as_deref());
            }
        }
        hasher.update(&self.sublevel.to_le_bytes()).update(&[u8::from(self.active)]);
        let mut hash = ContentHash::default();
        hasher.finalize_xof().fill(&mut hash);
        hash
    }

    /// The key by which lists are sorted: the folded full name, or the beginning of a long one, because it is a key of
    /// indexes.
    pub fn sort_name(&self) -> String {
        fold(self.full_name.as_deref().unwrap_or(&self.name)).chars().take(LONGEST_SORT_NAME).collect()
    }

    /// The text that a search looks through: names, e-mail, number and external ID, folded, one on each line.
    pub fn search_text(&self) -> String {
        let person =
            [&self.first_name, &self.middle_name, &self.last_name].map(|part| part.as_deref().unwrap_or(""));
        let parts = [
            self.full_name.as_deref().unwrap_or(&self.name),
            &person.join(" "),
            self.company_name.as_deref().unwrap_or(""),
            self.email.as_deref().unwrap_or(""),
            // Some sources show the ID as the name.
            self.number.as_deref().filter(|number| *number != self.external_id).unwrap_or(""),
            &self.external_id,
        ];
        let folded: Vec<String> =
            parts.iter().map(|part| fold(part)).filter(|part| !part.is_empty()).collect();
        folded.join("\n")
    }

    /// The details that only a customer has.
    pub fn details(&self) -> Details {
        Details { address: self.address.clone(), description: self.description.clone() }
    }

    /// The name of a record to which its source gives none: the name of a business or a person, or the ID.
    pub fn own_name(&self, list: List) -> String {
        let business = self.company_name.clone().filter(|_| list == List::Customer);
        let person: Vec<&str> =
            [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        let person = Some(person.join(" ")).filter(|person| !person.is_empty());
        business.or(person).or_else(|| self.full_name.clone()).unwrap_or_else(|| self.external_id.clone())
    }

    /// The depth in the list, by the full name: 0 without a parent, else at least 1.
    pub fn depth(&self) -> i32 {
        if self.parent_external_id.is_none() {
            return 0;
        }
        let colons = self.full_name.as_deref().unwrap_or_default().matches(':').count();
        i32::try_from(colons).unwrap_or(i32::MAX).max(1)
    }

    /// The name of the person, else the name in the list: the name of a profile that is made from this record.
    pub fn display_name(&self) -> String {
        let person: Vec<&str> =
            [&self.first_name, &self.last_name].into_iter().flatten().map(String::as_str).collect();
        if person.is_empty() { self.name.clone() } else { person.join(" ") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn each_member_makes_another_content() {
        let address = |address: Address| Record { address: Some(address), ..Record::default() };
        let lines = |lines: &[&str]| Address {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            ..Address::default()
        };
        let contents = [
            Record::default(),
            Record { number: some("x"), ..Record::default() },
            Record { department: some("x"), ..Record::default() },
            Record { description: some("x"), ..Record::default() },
            Record { number: some("x"), department: some("x"), ..Record::default() },
            address(Address { city: some("x"), ..Address::default() }),
            address(Address { region: some("x"), ..Address::default() }),
            address(Address { postal_code: some("x"), ..Address::default() }),
            address(Address { country: some("x"), ..Address::default() }),
            address(lines(&["x"])),
            address(lines(&["x", ""])),
            address(lines(&["x", "y"])),
            address(lines(&["y", "x"])),
            address(lines(&["xy"])),
        ];
        let hashes: std::collections::BTreeSet<ContentHash> =
            contents.iter().map(Record::content_hash).collect();
        assert_eq!(hashes.len(), contents.len());
    }

    /// Records that were staged before the newer members existed must not look changed.
    #[test]
    fn what_has_none_of_the_younger_members_keeps_its_hash() {
        let record =
            Record { external_id: "7".into(), name: "Ana".into(), active: true, ..Record::default() };
        assert_eq!(record.content_hash(), HASH_BEFORE);
    }

    const HASH_BEFORE: ContentHash =
        [253, 32, 171, 137, 93, 100, 125, 78, 143, 211, 21, 236, 23, 41, 72, 170];

    #[test]
    fn a_number_is_searched_for_once() {
        let text = |number: &str| {
            Record { external_id: "A1".into(), number: some(number), ..Record::default() }.search_text()
        };
        assert_eq!((text("A1").as_str(), text("B-7").as_str()), ("a1", "b-7\na1"));
    }
}
