//! qbXML records to staged records: their words to ours.

use chrono::{DateTime, NaiveDate};

use crate::{
    codec::{
        mojibake::repaired,
        qbxml::{CUSTOMER, DELETED, EMPLOYEE, Ret},
    },
    domain::{
        details::{Address, MOST_LINES},
        email::email,
        fold::fold,
        record::Record,
        time::is_usable,
        words::List,
    },
};

use super::times::local_part;

/// Why a record could not be staged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    #[error("a {0} has no ListID, so it cannot be told apart from the others")]
    NoListId(String),
    /// Only this record is not staged: the others of its list are.
    #[error("a {0} has a ListID of more than 255 characters")]
    LongListId(String),
}

/// The longest ListID that is staged, in characters; QuickBooks' own have 36 at most (qbXML's IDTYPE).
const LONGEST_ID: usize = 255;

fn is_long(id: &str) -> bool {
    id.chars().count() > LONGEST_ID
}

/// An employee or customer, with the time at which QuickBooks last changed it.
///
/// # Errors
/// A record without its ID: the list cannot be whole then. One whose ID is too long.
pub fn record(list: List, ret: Ret) -> Result<Record, MapError> {
    let names = match list {
        List::Employee => EMPLOYEE,
        List::Customer => CUSTOMER,
    };
    // A field that is missing keeps its default; QuickBooks shows everybody as active unless it says otherwise.
    let mut record = Record { active: true, ..Record::default() };
    let mut address = Address::default();
    let element = ret.element;
    for (index, value) in ret.values {
        let Some(text) = clean(value) else { continue };
        match names.get(index).copied().unwrap_or_default() {
            "ListID" => record.external_id = text,
            "TimeCreated" => record.source_created_at = time(text),
            "TimeModified" => record.source_modified_at = time(text),
            "Name" => record.name = text,
            "FullName" => record.full_name = Some(text),
            "IsActive" => record.active = !matches!(text.to_ascii_lowercase().as_str(), "false" | "0"),
            "ParentRef/ListID" => record.parent_external_id = Some(text).filter(|id| !is_long(id)),
            "Sublevel" => record.sublevel = text.parse().unwrap_or(0),
            "CompanyName" => record.company_name = Some(text),
            "FirstName" => record.first_name = Some(text),
            "MiddleName" => record.middle_name = Some(text),
            "LastName" => record.last_name = Some(text),
            "JobTitle" => record.job_title = Some(text),
            "Department" => record.department = Some(text),
            "AccountNumber" if list == List::Employee => record.number = staff_number(text),
            "AccountNumber" => record.number = Some(text),
            "JobDesc" => record.description = Some(text),
            "Phone" => record.phone = Some(text),
            "Email" => record.email = email(&text),
            "HiredDate" => record.hired_on = date(&text),
            "ReleasedDate" => record.released_on = date(&text),
            name => part_of_address(&mut address, name, text),
        }
    }
    record.address = without_names(address, &record).unless_empty();
    if record.external_id.is_empty() {
        return Err(MapError::NoListId(element));
    }
    if is_long(&record.external_id) {
        return Err(MapError::LongListId(element));
    }
    Ok(record)
}

/// Digits from which on a number may be a bank account's or a social security number.
const MANY_DIGITS: usize = 8;

/// An employee's number. People keep in that field whatever else they need, also what must not be held (promise 7): what
/// has so many digits is left out.
fn staff_number(text: String) -> Option<String> {
    (text.chars().filter(char::is_ascii_digit).count() < MANY_DIGITS).then_some(text)
}

/// Takes in a part of a customer's address: the one that bills go to, for most have no other.
fn part_of_address(address: &mut Address, name: &str, text: String) {
    match name.strip_prefix("BillAddress/") {
        Some("City") => address.city = Some(text),
        Some("State") => address.region = Some(text),
        Some("PostalCode") => address.postal_code = Some(text),
        Some("Country") => address.country = Some(text),
        // The lines come in their order.
        Some(_) if address.lines.len() < MOST_LINES => address.lines.push(text),
        _ => {}
    }
}

/// The address without the customer's own names above it: QuickBooks begins it with what an envelope begins with.
fn without_names(mut address: Address, record: &Record) -> Address {
    if address.lines.is_empty() {
        return address;
    }
    let person: Vec<&str> =
        [&record.first_name, &record.last_name].into_iter().flatten().map(String::as_str).collect();
    let own = [record.name.as_str(), record.company_name.as_deref().unwrap_or_default(), &person.join(" ")]
        .map(fold);
    let names = address.lines.iter().take_while(|line| own.contains(&fold(line))).count();
    address.lines.drain(..names);
    address
}

/// What a deletion says: the ID and when it was.
pub fn deleted(ret: Ret) -> Result<(String, Option<String>), MapError> {
    let mut list_id = None;
    let mut at = None;
    for (index, value) in ret.values {
        match DELETED.get(index).copied() {
            Some("ListID") => list_id = clean(value),
            Some("TimeDeleted") => at = clean(value),
            _ => {}
        }
    }
    match list_id {
        None => Err(MapError::NoListId(ret.element)),
        Some(id) if is_long(&id) => Err(MapError::LongListId(ret.element)),
        Some(id) => Ok((id, at)),
    }
}

/// Without control characters, which no name has, and without white space around it; `None` for nothing.
fn clean(value: String) -> Option<String> {
    let value = repaired(value);
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return None;
    }
    Some(if trimmed.len() == value.len() { value } else { trimmed.to_owned() })
}

/// A time as QuickBooks writes it, with its offset or without; what is none is not kept, for it may be anything.
fn time(text: String) -> Option<String> {
    let offset = text.strip_prefix(local_part(&text)?)?;
    let whole = offset.is_empty() || DateTime::parse_from_rfc3339(&text).is_ok();
    whole.then_some(text)
}

fn date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(is_usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employee(field: &str, value: &str) -> Record {
        let at = |name| EMPLOYEE.iter().position(|known| *known == name).unwrap();
        let values = vec![(at("ListID"), "80000001-1".to_owned()), (at(field), value.to_owned())];
        record(List::Employee, Ret { element: "EmployeeRet".into(), values }).unwrap()
    }

    #[test]
    fn an_id_is_bounded_and_a_parent_whose_id_is_not_is_left_out() {
        let long = "8".repeat(256);
        let longest = long.get(1..).unwrap();
        assert_eq!(employee("ListID", longest).external_id, longest);
        let at = EMPLOYEE.iter().position(|known| *known == "ListID").unwrap();
        let ret = Ret { element: "EmployeeRet".into(), values: vec![(at, long.clone())] };
        assert_eq!(record(List::Employee, ret), Err(MapError::LongListId("EmployeeRet".into())));
        let at = |name| CUSTOMER.iter().position(|known| *known == name).unwrap();
        let values = vec![(at("ListID"), "80000001-1".to_owned()), (at("ParentRef/ListID"), long)];
        let job = record(List::Customer, Ret { element: "CustomerRet".into(), values }).unwrap();
        assert_eq!(job.parent_external_id, None);
    }

    fn customer(fields: &[(&str, &str)]) -> Record {
        let at = |name: &str| CUSTOMER.iter().position(|known| *known == name).unwrap();
        let values = fields.iter().map(|(name, value)| (at(name), (*value).to_owned())).collect();
        record(List::Customer, Ret { element: "CustomerRet".into(), values }).unwrap()
    }

    #[test]
    fn a_customers_address_begins_below_its_own_names() {
        let some = |text: &str| Some(text.to_owned());
        let whole = customer(&[
            ("ListID", "80000001-1"),
            ("Name", "Imagined Builders"),
            ("CompanyName", "Imagined Builders, Inc."),
            ("FirstName", "Ada"),
            ("LastName", "Sample"),
            ("BillAddress/Addr1", "IMAGINED BUILDERS, INC."),
            ("BillAddress/Addr2", " Ada  Sample"),
            ("BillAddress/Addr3", "1 Invented Road"),
            ("BillAddress/Addr4", "Ada Sample"),
            ("BillAddress/City", "San Tomás"),
            ("BillAddress/State", "CA"),
            ("BillAddress/PostalCode", "94432"),
            ("BillAddress/Country", "USA"),
            ("AccountNumber", "000-00-0001"),
            ("JobDesc", "Two floors"),
        ]);
        let address = Address {
            lines: vec!["1 Invented Road".into(), "Ada Sample".into()],
            city: some("San Tomás"),
            region: some("CA"),
            postal_code: some("94432"),
            country: some("USA"),
        };
        assert_eq!((whole.address, whole.description), (Some(address), some("Two floors")));
        assert_eq!(whole.number, some("000-00-0001"), "a business's own number for a customer");
        let named = customer(&[("ListID", "80000001-1"), ("Name", "Ann"), ("BillAddress/Addr1", "Ann")]);
        assert_eq!(named.address, None, "a name alone is no address");
    }

    #[test]
    fn an_employees_number_is_staged_unless_it_may_be_a_social_security_number_or_a_bank_account() {
        assert_eq!(employee("AccountNumber", " 1042 ").number.as_deref(), Some("1042"));
        for held_elsewhere in ["000-00-0001", "000000001", "SSN 000 00 0001", "0000 1234", "XX00 0000 1234"] {
            assert_eq!(employee("AccountNumber", held_elsewhere).number, None, "{held_elsewhere}");
        }
        assert_eq!(employee("Department", "Field").department.as_deref(), Some("Field"));
        assert!(!EMPLOYEE.iter().any(|name| name.contains("Address") || name.contains("Notes")));
    }

    #[test]
    fn an_apostrophe_of_windows_is_kept() {
        for sent in ["O\u{92}Neil", "O\u{19}Neil"] {
            assert_eq!(employee("Name", sent).name, "O’Neil");
        }
    }

    #[test]
    fn what_is_no_time_is_not_kept() {
        let modified = |value| employee("TimeModified", value).source_modified_at;
        for time in ["2026-03-01T10:00:00-05:00", "2026-03-01T10:00:00Z", "2026-03-01T10:00:00"] {
            assert_eq!(modified(time).as_deref(), Some(time));
        }
        for none in ["SSN987654320", "2026-03-01T10:00:00 987-65-4320", "2026-02-30T10:00:00", "é"] {
            assert_eq!(modified(none), None, "{none}");
        }
    }

    #[test]
    fn of_several_addresses_the_first_is_the_e_mail() {
        let email = |value| employee("Email", value).email;
        assert_eq!(email("a@x.com; b@y.com").as_deref(), Some("a@x.com"));
        assert_eq!((email("N/A"), email("none@")), (None, None));
    }
}
