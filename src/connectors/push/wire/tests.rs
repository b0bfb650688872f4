use proptest::prelude::*;
use serde_json::json;

use super::*;

const UPSERTED: &str = include_str!("../../../../fixtures/push/employees_upserted.json");
const REPLACED: &str = include_str!("../../../../fixtures/push/customers_replaced.json");

const CUSTOMERS: &str = include_str!("../../../../fixtures/push/customers_upserted.json");
const ADDRESSES: &str = include_str!("../../../../fixtures/push/employees_with_addresses.json");

fn refused(body: serde_json::Value) -> String {
    event(body.to_string().as_bytes()).unwrap_err()
}

fn of_row(row: serde_json::Value) -> String {
    refused(json!({"type": "employees.upserted", "data": [{"external_id": "1"}, row]}))
}

#[test]
fn people_are_read_and_only_what_is_documented_is_kept() {
    let Meaning { name, told_at, event } = event(UPSERTED.as_bytes()).unwrap();
    assert_eq!(name, "employees.upserted");
    assert_eq!(told_at, "2026-03-01T12:00:00Z".parse().ok());
    let some = |text: &str| Some(text.to_owned());
    let noor = Record {
        external_id: "7".into(),
        name: "Noor Haddad".into(),
        first_name: some("Noor"),
        last_name: some("Haddad"),
        email: some("noor@quay.example"),
        phone: some("+1 555 0177"),
        job_title: some("Crane operator"),
        active: true,
        hired_on: NaiveDate::from_ymd_opt(2021, 4, 1),
        ..Record::default()
    };
    let kim = Record {
        external_id: "x/8".into(),
        name: "Ode, Kim".into(),
        released_on: NaiveDate::from_ymd_opt(2025, 12, 31),
        ..Record::default()
    };
    let nine = Record { external_id: "9".into(), name: "9".into(), active: true, ..Record::default() };
    assert_eq!(event, Event::Upserted { list: List::Employee, records: vec![noor, kim, nine] });
    let kept = serde_json::to_string(&event).unwrap();
    for secret in ["900-00", "1984", "73210", "SENSITIVE", "ssn", "salary"] {
        assert!(!kept.contains(secret), "{secret}");
    }
}

#[test]
fn a_customer_has_a_number_an_address_and_a_description() {
    let event = event(CUSTOMERS.as_bytes()).unwrap().event;
    let some = |text: &str| Some(text.to_owned());
    let mooring = Record {
        external_id: "c3".into(),
        number: some("4711"),
        name: "Mooring Co".into(),
        company_name: some("Mooring Co"),
        department: some("North"),
        active: true,
        address: Some(Address {
            lines: vec!["12 Quay Street".into(), "Dock 3".into()],
            city: some("Harbour"),
            region: some("NS"),
            postal_code: some("B3H 0A1"),
            country: some("CA"),
        }),
        description: some("Berths 4 to 9\nand the crane"),
        ..Record::default()
    };
    let four = Record {
        external_id: "c4".into(),
        number: some("A-9"),
        name: "c4".into(),
        active: true,
        ..Record::default()
    };
    let five = Record { external_id: "c5".into(), name: "c5".into(), active: true, ..Record::default() };
    assert!(!format!("{event:?}").contains("SENSITIVE"));
    assert_eq!(event, Event::Upserted { list: List::Customer, records: vec![mooring, four, five] });
}

#[test]
fn where_an_employee_lives_gets_no_further_than_the_parser() {
    let told = event(ADDRESSES.as_bytes()).unwrap().event;
    let partial = ADDRESSES.replacen('{', "{\"partial\": true, ", 1);
    let merged = event(partial.as_bytes()).unwrap().event;
    for event in [&told, &merged] {
        let kept = serde_json::to_string(event).unwrap();
        assert!(!kept.contains("SENSITIVE") && !kept.contains("900-00"), "{kept}");
    }
    let Event::Upserted { records, .. } = told else { panic!("{told:?}") };
    let shown = |record: &Record| (record.number.clone(), record.department.clone(), record.releases_on);
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(shown(&records[0]), (some("1042"), some("Cranes"), NaiveDate::from_ymd_opt(2026, 4, 30)));
    assert_eq!(shown(&records[1]), (None, None, None), "a social security number is no staff number");
    let Event::Merged { patches, .. } = merged else { panic!("{merged:?}") };
    let given = [Field::Name, Field::Number, Field::Department, Field::ReleasesOn];
    assert_eq!(patches[0].given, given);
}

#[test]
fn a_part_of_a_customer_may_give_its_address_or_take_it_away() {
    let given = |row: serde_json::Value| {
        let body = json!({"type": "customers.upserted", "partial": true, "data": [row]});
        let event = event(body.to_string().as_bytes()).unwrap().event;
        let Event::Merged { patches, .. } = event else { panic!("{event:?}") };
        (patches[0].given.clone(), patches[0].record.address.is_some())
    };
    assert_eq!(given(json!({"external_id": "7"})), (vec![], false));
    assert_eq!(given(json!({"external_id": "7", "address": null})), (vec![Field::Address], false));
    let both = json!({"external_id": "7", "address": {"city": "Harbour"}, "description": null});
    assert_eq!(given(both), (vec![Field::Address, Field::Description], true));
}

#[test]
fn what_is_wrong_with_an_address_is_named() {
    let of_address = |address: serde_json::Value| {
        let row = json!({"external_id": "1", "address": address});
        refused(json!({"type": "customers.upserted", "data": [row]}))
    };
    for (address, said) in [
        (json!("secret"), "row 1: `address` must be an object, not a text"),
        (json!({"lines": "secret"}), "row 1: `address.lines` must be an array of texts, not a text"),
        (json!({"lines": [["secret"]]}), "row 1: `address.lines` must hold texts only, not an array"),
        (json!({"lines": vec!["secret"; 11]}), "row 1: `address.lines` must not have more than 10 lines"),
        (json!({"lines": ["sec\u{7}ret"]}), "row 1: `address.lines` must have at most 200"),
        (json!({"city": {"secret": 1}}), "row 1: `address.city` must be a text, not an object"),
        (json!({"country": "secret".repeat(40)}), "row 1: `address.country` must have at most 200"),
    ] {
        let why = of_address(address.clone());
        assert!(why.starts_with(said) && !why.contains("secret"), "{address}: {why}");
    }
    let row = json!({"external_id": "1", "description": "secret\u{7}"});
    let why = refused(json!({"type": "customers.upserted", "data": [row]}));
    assert!(
        why.starts_with("row 1: `description` must have at most 4000") && !why.contains("secret"),
        "{why}"
    );
}

#[test]
fn a_page_of_the_whole_list_says_which_and_whether_it_is_the_last() {
    let event = event(REPLACED.as_bytes()).unwrap().event;
    let Event::Replaced { list: List::Customer, list_id: None, page: 2, last: true, records } = event else {
        panic!("{event:?}");
    };
    let seen: Vec<_> = records
        .iter()
        .map(|row| (row.name.as_str(), row.parent_external_id.as_deref(), row.sublevel))
        .collect();
    assert_eq!(seen, [("Quayside Ltd", None, 0), ("Pier 4", Some("c1"), 2)]);
}

#[test]
fn of_a_part_of_a_record_only_what_is_given_is_told() {
    let row =
        json!({"external_id": "7", "email": null, "last_name": "Ng", "active": null, "ssn": "900-00-0733"});
    let body = json!({"type": "employees.upserted", "partial": true, "data": [row]});
    let event = event(body.to_string().as_bytes()).unwrap().event;
    let record =
        Record { external_id: "7".into(), last_name: Some("Ng".into()), active: true, ..Record::default() };
    let patches = vec![Patch { record, given: vec![Field::LastName, Field::Email] }];
    assert_eq!(event, Event::Merged { list: List::Employee, patches });
}

#[test]
fn a_page_may_say_of_which_list_it_is() {
    for (given, read) in
        [(json!("2026-11-26"), Some("2026-11-26")), (json!(7), Some("7")), (json!(null), None)]
    {
        let body = json!({"type": "employees.replaced", "page": 1, "list_id": given, "data": []});
        let event = event(body.to_string().as_bytes()).unwrap().event;
        let Event::Replaced { list_id, .. } = event else { panic!("{event:?}") };
        assert_eq!(list_id.as_deref(), read);
    }
}

#[test]
fn whatever_is_wrong_is_named_with_its_row_and_member() {
    for (row, said) in [
        (json!({"name": "x"}), "row 2: `external_id` is missing"),
        (json!({"external_id": null}), "row 2: `external_id` is missing"),
        (
            json!({"external_id": 1.5}),
            "row 2: `external_id` must be a text or a whole number, not a number with",
        ),
        (
            json!({"external_id": {"a": 1}}),
            "row 2: `external_id` must be a text or a whole number, not an object",
        ),
        (json!({"external_id": " "}), "row 2: `external_id` must have 1 to 200"),
        (json!({"external_id": "a\u{0}"}), "row 2: `external_id` must have 1 to 200"),
        (json!({"external_id": "x".repeat(201)}), "row 2: `external_id` must have 1 to 200"),
        (json!({"external_id": "2", "email": 5}), "row 2: `email` must be a text, not a number"),
        (json!({"external_id": "2", "email": ["secret"]}), "row 2: `email` must be a text, not an array"),
        (json!({"external_id": "2", "name": "x".repeat(1001)}), "row 2: `name` must have at most 1000"),
        (json!({"external_id": "2", "active": "yes"}), "row 2: `active` must be true or false, not a text"),
        (json!({"external_id": "2", "hired_on": "03/01/2026"}), "row 2: `hired_on` must be a date like"),
        (json!({"external_id": "2", "hired_on": "0000-01-01"}), "row 2: `hired_on` must be a date like"),
        (json!({"external_id": "2", "released_on": "+10000-01-01"}), "row 2: `released_on` must be a date"),
        (json!({"external_id": "2", "released_on": "-0001-01-01"}), "row 2: `released_on` must be a date"),
        (json!({"external_id": "2", "hired_on": "2026-3-1"}), "row 2: `hired_on` must be a date like"),
        (json!({"external_id": "2", "parent_external_id": true}), "row 2: `parent_external_id` must be"),
        (json!({"external_id": 1}), "rows 1 and 2 have the same `external_id`"),
        (json!("2"), "row 2: it must be an object"),
    ] {
        let why = of_row(row.clone());
        assert!(why.starts_with(said), "{row}: {why}");
    }
}

#[test]
fn of_several_addresses_the_first_is_the_e_mail() {
    for (given, read) in [("a@x.com; b@y.com", Some("a@x.com")), ("N/A", None), ("none@", None)] {
        let data = json!({"type": "employees.upserted", "data": [{"external_id": "1", "email": given}]});
        let event = event(data.to_string().as_bytes()).unwrap().event;
        let Event::Upserted { records, .. } = event else { panic!("{event:?}") };
        assert_eq!(records[0].email.as_deref(), read, "{given}");
    }
}

#[test]
fn a_message_that_is_not_known_is_told_what_is() {
    for (body, said) in [
        (json!([]), "the body is not a JSON object"),
        (json!({"data": []}), "`type` must be one of: employees.upserted"),
        (
            json!({"type": "people.upserted", "data": []}),
            "this `type` is not known; known: employees.upserted",
        ),
        (json!({"type": "employees.deleted", "data": []}), "this `type` is not known"),
        (json!({"type": "employees.upserted"}), "`data` must be an array"),
        (json!({"type": "employees.upserted", "data": "secret"}), "`data` must be an array"),
        (json!({"type": "employees.upserted", "data": {"a": [1]}}), "`data` must be an array"),
        (json!({"type": "employees.upserted", "data": [], "timestamp": "today"}), "`timestamp` must be"),
        (
            json!({"type": "employees.upserted", "data": [], "timestamp": "0000-01-01T00:00:00Z"}),
            "`timestamp` must be",
        ),
        (json!({"type": "employees.removed", "data": [], "partial": true}), "`partial` is only for"),
        (json!({"type": "employees.upserted", "data": [], "partial": "secret"}), "`partial` must be true"),
        (json!({"type": "employees.replaced", "data": [], "page": 1, "list_id": {}}), "`list_id` must be"),
        (json!({"type": "employees.replaced", "data": [], "page": 1, "list_id": " "}), "`list_id` must have"),
        (json!({"type": "employees.replaced", "data": []}), "`page` must be a whole number"),
        (json!({"type": "employees.replaced", "data": [], "page": 0}), "`page` must be"),
        (json!({"type": "employees.replaced", "data": [], "page": "1"}), "`page` must be"),
        (
            json!({"type": "employees.replaced", "data": [], "page": 1, "last": "no"}),
            "`last` must be true or false",
        ),
        (json!({"type": "employees.removed", "data": [[]]}), "row 1: `external_id` must be"),
    ] {
        let why = refused(body.clone());
        assert!(why.starts_with(said), "{body}: {why}");
        assert!(!why.contains("secret"));
    }
}

#[test]
fn a_message_has_a_bounded_number_of_rows() {
    let rows = |count: usize| {
        let data: Vec<_> = (0..count).map(|id| json!({"external_id": id})).collect();
        event(json!({"data": data, "type": "employees.upserted"}).to_string().as_bytes())
    };
    assert!(rows(MOST_ROWS).is_ok());
    assert!(rows(MOST_ROWS + 1).unwrap_err().contains("5000 rows"));
    assert!(rows(3 * MOST_ROWS).unwrap_err().contains("5000 rows"));
}

proptest! {
    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:a-z0-9]{0,80}") {
        let _ = (event(&bytes), event(text.as_bytes()));
    }

    /// A number as an ID is the same as its digits in quotes.
    #[test]
    fn an_id_may_be_a_number(id in any::<u64>()) {
        let read = |id: serde_json::Value| {
            event(json!({"type": "employees.removed", "data": [id]}).to_string().as_bytes())
        };
        prop_assert_eq!(read(json!(id)), read(json!(id.to_string())));
    }
}

/// Of two, one reader takes the first and another one the last: whoever looks at a message on its way sees what we see.
#[test]
fn a_member_that_stands_there_twice_is_refused_and_named() {
    let refused = |body: &str| event(body.as_bytes()).unwrap_err();
    let told = refused(r#"{"type": "employees.removed", "data": [], "data": ["1"]}"#);
    assert_eq!(told, "`data` stands there twice");
    let row = |row: &str| refused(&format!(r#"{{"type": "customers.upserted", "data": [{row}]}}"#));
    let told = row(r#"{"external_id": "1", "email": "a@example.com", "email": null}"#);
    assert_eq!(told, "row 1: `email` stands there twice");
    let told = row(r#"{"external_id": "1", "address": {"city": "Ulm", "city": "Bonn"}}"#);
    assert_eq!(told, "row 1: `address.city` stands there twice");
}
