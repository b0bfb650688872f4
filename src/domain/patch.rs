//! Partial records: the members that a message gave; the others stay as they are.

use serde::{Deserialize, Serialize};

use super::{record::Record, words::List};

/// A member of a record that a message may give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Name,
    FullName,
    FirstName,
    MiddleName,
    LastName,
    CompanyName,
    Email,
    Phone,
    JobTitle,
    ParentExternalId,
    Active,
    HiredOn,
    ReleasedOn,
    Number,
    Department,
    ReleasesOn,
    Address,
    Description,
}

/// Some members of a record, as a message gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// The values of the members that are given; the other members are meaningless. The name is empty if it was not
    /// given.
    pub record: Record,
    pub given: Vec<Field>,
}

impl Patch {
    /// The record with these members changed: `before` is what was staged, or `None` if the record is new.
    pub fn onto(&self, list: List, before: Option<&Record>) -> Record {
        let mut record = before.map_or_else(|| self.record.clone(), |before| self.merged(list, before));
        if record.name.is_empty() {
            record.name = record.own_name(list);
        }
        record.sublevel = record.depth();
        record
    }

    fn merged(&self, list: List, before: &Record) -> Record {
        let mut record = before.clone();
        if before.name == before.own_name(list) {
            // The name was derived from the other members, and may have changed with them.
            record.name = String::new();
        }
        let told = &self.record;
        for field in &self.given {
            match field {
                Field::Name => record.name.clone_from(&told.name),
                Field::FullName => record.full_name.clone_from(&told.full_name),
                Field::FirstName => record.first_name.clone_from(&told.first_name),
                Field::MiddleName => record.middle_name.clone_from(&told.middle_name),
                Field::LastName => record.last_name.clone_from(&told.last_name),
                Field::CompanyName => record.company_name.clone_from(&told.company_name),
                Field::Email => record.email.clone_from(&told.email),
                Field::Phone => record.phone.clone_from(&told.phone),
                Field::JobTitle => record.job_title.clone_from(&told.job_title),
                Field::ParentExternalId => record.parent_external_id.clone_from(&told.parent_external_id),
                Field::Active => record.active = told.active,
                Field::HiredOn => record.hired_on = told.hired_on,
                Field::ReleasedOn => record.released_on = told.released_on,
                Field::Number => record.number.clone_from(&told.number),
                Field::Department => record.department.clone_from(&told.department),
                Field::ReleasesOn => record.releases_on = told.releases_on,
                Field::Address => record.address.clone_from(&told.address),
                Field::Description => record.description.clone_from(&told.description),
            }
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zoe() -> Record {
        let some = |text: &str| Some(text.to_owned());
        Record {
            external_id: "7".into(),
            name: "Zoë Ng".into(),
            first_name: some("Zoë"),
            last_name: some("Ng"),
            email: some("zoe@quay.example"),
            active: true,
            ..Record::default()
        }
    }

    fn patch(record: Record, given: &[Field]) -> Patch {
        Patch { record: Record { external_id: "7".into(), ..record }, given: given.to_vec() }
    }

    #[test]
    fn what_is_not_given_stays_and_what_is_given_as_nothing_goes() {
        let told =
            patch(Record { phone: Some("1".into()), ..Record::default() }, &[Field::Phone, Field::Email]);
        let merged = told.onto(List::Employee, Some(&zoe()));
        assert_eq!(merged, Record { phone: Some("1".into()), email: None, ..zoe() });
    }

    #[test]
    fn a_name_that_was_made_from_others_follows_them_and_one_that_was_given_stays() {
        let told = patch(Record { last_name: Some("Ruiz".into()), ..Record::default() }, &[Field::LastName]);
        assert_eq!(told.onto(List::Employee, Some(&zoe())).name, "Zoë Ruiz");
        let named = Record { name: "Z. Ng".into(), ..zoe() };
        assert_eq!(told.onto(List::Employee, Some(&named)).name, "Z. Ng");
        assert_eq!(
            patch(Record::default(), &[Field::Name]).onto(List::Employee, Some(&named)).name,
            "Zoë Ng"
        );
    }

    #[test]
    fn one_that_was_not_known_is_what_is_given() {
        let told = patch(Record { active: true, ..Record::default() }, &[]);
        assert_eq!(told.onto(List::Customer, None).name, "7");
    }
}
