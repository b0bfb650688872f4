//! Rows to records, from the golden files.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::*;
use crate::connectors::connectwise::{
    map::{self, Wanted},
    wire::{Company, Contact, Member},
};
use crate::domain::details::Address;

const MEMBERS: &str = include_str!("../../../../fixtures/connectwise/members.json");
const COMPANIES: &str = include_str!("../../../../fixtures/connectwise/companies.json");
const ADDRESSES: &str = include_str!("../../../../fixtures/connectwise/addresses.json");
const CONTACTS: &str = include_str!("../../../../fixtures/connectwise/contacts.json");

fn members() -> Vec<Member> {
    serde_json::from_str(MEMBERS).unwrap()
}

fn companies() -> Vec<Company> {
    serde_json::from_str(COMPANIES).unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn members_become_employees() {
    let today = "2026-03-06".parse().unwrap();
    let records: Vec<Record> =
        members().into_iter().map(|row| map::member(row.id.unwrap(), row, today)).collect();
    let first = Record {
        external_id: "101".into(),
        number: members()[0].identifier.clone(),
        name: "Wren, Ada".into(),
        first_name: some("Ada"),
        middle_name: some("M"),
        last_name: some("Wren"),
        email: some("ada@mobile.example"),
        phone: some("555-0101"),
        job_title: some("Engineer"),
        active: true,
        hired_on: Some("2019-04-01".parse().unwrap()),
        source_modified_at: some("2026-02-03T04:05:06Z"),
        ..Record::default()
    };
    assert_eq!(records[0], first);
    let second = &records[1];
    assert_eq!((second.name.as_str(), second.active, second.hired_on), ("Hale", false, None));
    assert_eq!(second.released_on, Some("2025-12-31".parse().unwrap()));
    assert_eq!((&second.email, &second.phone), (&some("hale@example.com"), &some("555-0102")));
    assert_eq!((records[2].name.as_str(), records[2].active), ("robot", true));
    assert_eq!((&records[3].job_title, records[3].hired_on, records[3].active), (&None, None, false));
}

#[test]
fn companies_and_contacts_become_customers() {
    let records: Vec<Record> =
        companies().into_iter().map(|row| map::company(row.id.unwrap(), row)).collect();
    assert_eq!((records[0].name.as_str(), records[0].active), ("Birch & Sons", true));
    assert_eq!((&records[0].company_name, &records[0].phone), (&some("Birch & Sons"), &some("555-0201")));
    assert_eq!(records[0].parent_external_id, None, "nobody is their own parent");
    assert_eq!((records[1].active, &records[1].parent_external_id), (false, &some("201")));
    let contacts: Vec<Contact> = serde_json::from_str(CONTACTS).unwrap();
    let contacts: Vec<Record> = contacts.into_iter().map(|row| map::contact(row.id.unwrap(), row)).collect();
    let first = &contacts[0];
    assert_eq!((first.external_id.as_str(), first.name.as_str()), ("contact-301", "Finn Grove"));
    assert_eq!((&first.email, &first.phone), (&some("default@example.com"), &some("555-0301")));
    assert_eq!((&first.parent_external_id, first.sublevel), (&some("201"), 1));
    assert_eq!((contacts[1].name.as_str(), contacts[1].active, contacts[1].sublevel), ("Ida", false, 0));
}

#[test]
fn companies_have_addresses_and_the_codes_that_people_know() {
    let companies: Vec<Company> = serde_json::from_str(ADDRESSES).unwrap();
    let records: Vec<Record> = companies.into_iter().map(|row| map::company(row.id.unwrap(), row)).collect();
    let whole = Address {
        lines: vec!["4 Quarry Lane".into(), "Unit 9".into()],
        city: some("Portmouth"),
        region: some("ME"),
        postal_code: some("04999"),
        country: some("United States"),
    };
    assert_eq!((&records[0].number, &records[0].address), (&some("Juniper"), &Some(whole)));
    assert_eq!((&records[1].number, &records[1].address), (&None, &None), "nothing in it is no address");
    let part =
        Address { lines: vec!["Only the second".into()], postal_code: some("K1A 0B1"), ..Address::default() };
    assert_eq!(records[2].address, Some(part));
    assert!(ADDRESSES.contains("SENSITIVE") && !format!("{records:?}").contains("SENSITIVE"));
}

#[test]
fn a_member_has_a_department_and_no_address() {
    let row = json!({
        "id": 1, "identifier": "AWren", "defaultDepartment": {"id": 3, "identifier": "HD", "name": "Help Desk"},
        "addressLine1": "SENSITIVE", "city": "SENSITIVE", "homeAddress": {"lines": ["SENSITIVE"]},
    });
    let record = map::member(1, serde_json::from_value(row).unwrap(), NaiveDate::MIN);
    assert_eq!((&record.number, &record.department), (&some("AWren"), &some("Help Desk")));
    assert_eq!(record.address, None);
    assert!(!format!("{record:?}").contains("SENSITIVE"));
}

#[test]
fn who_leaves_soon_is_still_there() {
    let row = json!({"id": 1, "inactiveDate": "2026-03-06T00:00:00Z"});
    let on = |today: &str, inactive: bool| {
        let mut row = row.clone();
        row["inactiveFlag"] = json!(inactive);
        let record = map::member(1, serde_json::from_value(row).unwrap(), today.parse().unwrap());
        (record.active, record.releases_on.is_some(), record.released_on.is_some())
    };
    assert_eq!(on("2026-03-05", false), (true, true, false));
    assert_eq!(on("2026-03-06", false), (true, true, false));
    assert_eq!(on("2026-03-07", false), (true, false, false));
    assert_eq!(on("2026-03-05", true), (false, false, true));
}

#[test]
fn of_several_addresses_the_first_is_the_e_mail() {
    let member = |row| map::member(1, serde_json::from_value(row).unwrap(), NaiveDate::MIN).email;
    let contact = |value: &str| {
        let items = json!([{"value": value, "communicationType": "Email"}]);
        map::contact(1, serde_json::from_value(json!({"communicationItems": items})).unwrap()).email
    };
    assert_eq!(member(json!({"primaryEmail": "a@x.com; b@y.com"})), some("a@x.com"));
    assert_eq!(
        member(json!({"primaryEmail": "none@", "officeEmail": "N/A", "homeEmail": "c@z.com"})),
        some("c@z.com")
    );
    assert_eq!((contact("a@x.com; b@y.com"), contact("N/A")), (some("a@x.com"), None));
}

#[test]
fn what_must_not_be_held_is_in_no_record() {
    for (text, count) in [(MEMBERS, 4), (COMPANIES, 4), (CONTACTS, 2)] {
        assert!(text.contains("SENSITIVE"));
        let rows: Vec<Value> = serde_json::from_str(text).unwrap();
        assert_eq!(rows.len(), count);
    }
    let contacts: Vec<Contact> = serde_json::from_str(CONTACTS).unwrap();
    let all = format!("{:?} {:?} {contacts:?}", members(), companies());
    assert!(!all.contains("SENSITIVE") && !all.contains("99.5"), "{all}");
}

#[test]
fn filters_take_names_and_numbers() {
    let wanted = |change: fn(&mut Settings)| {
        let mut settings = settings("https://na.myconnectwise.net");
        change(&mut settings);
        let wanted = Wanted::new(&settings);
        let members =
            members().iter().filter(|row| wanted.member(row)).filter_map(|row| row.id).collect::<Vec<_>>();
        let companies =
            companies().iter().filter(|row| wanted.company(row)).filter_map(|row| row.id).collect::<Vec<_>>();
        (members, companies)
    };
    assert_eq!(wanted(|_| {}), (vec![101, 102, 103, 104], vec![201, 202, 203]));
    assert_eq!(wanted(|s| s.license_classes = "f, X".into()).0, [101, 104]);
    assert_eq!(wanted(|s| s.company_types = "client".into()).1, [201, 202]);
    assert_eq!(wanted(|s| s.company_types = "4, partner".into()).1, [201, 203]);
    assert_eq!(wanted(|s| s.company_statuses = "Active".into()).1, [201, 203]);
    assert_eq!(wanted(|s| s.company_statuses = "2".into()).1, [202]);
}
