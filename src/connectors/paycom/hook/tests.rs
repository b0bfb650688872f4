use chrono::DateTime;
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const CHANGES: &str = include_str!("../../../../fixtures/paycom/webhook_employee_changes.json");
const VERIFY: &str = include_str!("../../../../fixtures/paycom/webhook_verify_url.json");

fn try_receive(
    settings: &Settings,
    secret: &str,
    header: (&str, &str),
    body: &[u8],
) -> Result<Message, Refused> {
    let name: http::HeaderName = header.0.parse().unwrap();
    let headers = HeaderMap::from_iter([(name, header.1.parse().unwrap())]);
    let secrets = BTreeMap::from([("webhook_secret".to_owned(), Secret::new(secret))]);
    receive(settings, &secrets, Delivery { headers: &headers, body, now: DateTime::UNIX_EPOCH })
}

fn message(body: &[u8]) -> Message {
    try_receive(&Settings::default(), "rcw_right", ("Secret-Key", "rcw_right"), body).unwrap()
}

fn event(body: Value) -> Result<Event, String> {
    message(body.to_string().as_bytes()).event
}

fn changed(code: &str) -> Result<Event, String> {
    Ok(Event::Changed { list: List::Employee, external_id: code.into() })
}

#[test]
fn only_the_right_secret_in_the_right_header_is_taken() {
    let settings = Settings::default();
    let own = Settings { webhook_header: "X-Acme".into(), ..Settings::default() };
    for (settings, secret, header) in [
        (&settings, "rcw_right", ("Secret-Key", "rcw_wrong")),
        (&settings, "rcw_right", ("Secret-Key", "rcw_righ")),
        (&settings, "rcw_right", ("Secret-Key", "")),
        (&settings, "", ("Secret-Key", "")),
        (&settings, "rcw_right", ("Secret", "rcw_right")),
        (&own, "rcw_right", ("Secret-Key", "rcw_right")),
    ] {
        let refused = try_receive(settings, secret, header, CHANGES.as_bytes());
        assert_eq!(refused, Err(Refused::Signature), "{header:?}");
    }
    assert!(try_receive(&own, "rcw_right", ("x-acme", "rcw_right"), CHANGES.as_bytes()).is_ok());
    let no_secret = receive(
        &settings,
        &BTreeMap::new(),
        Delivery { headers: &HeaderMap::new(), body: b"{}", now: DateTime::UNIX_EPOCH },
    );
    assert_eq!(no_secret, Err(Refused::Signature));
}

#[test]
fn a_change_names_its_employee_and_a_verification_its_code() {
    let message = message(CHANGES.as_bytes());
    assert_eq!((message.message_id.as_str(), message.name.as_str()), ("synthetic-0001", "Employee Changes"));
    assert_eq!(message.event, changed("Z9Q4"));
    let verify = super::tests::message(VERIFY.as_bytes());
    assert_eq!(verify.event, Ok(Event::VerificationCode { code: "440917".into() }));
    let number = json!({"Event_Name": "Verify URL", "Data": {"Verification_Code": 440_917}});
    assert_eq!(event(number), Ok(Event::VerificationCode { code: "440917".into() }));
    assert!(event(json!({"Event_Name": "Verify URL", "Data": []})).is_err());
}

#[test]
fn the_employee_is_found_wherever_it_stands() {
    for (body, expected) in [
        (json!({"Event_Name": "Employee Created", "Object_Identifier": 1207}), changed("1207")),
        (json!({"EVENT_NAME": "employee added", "OBJECT_IDENTIFIER": "A1"}), changed("A1")),
        (
            json!({"Event_Name": "Employee Changes", "EndpointUrl": "api/v1.1/employee/A2/change/9"}),
            changed("A2"),
        ),
        (
            json!({"Event_Name": "Employee Changes", "EndpointUrl": "https://evil.example/employee/A2?x"}),
            changed("A2"),
        ),
        (
            json!({"Event_Name": "Employee Changes", "Object_Identifier": "../x", "Data": {"Employee_ID": "A3"}}),
            changed("A3"),
        ),
        (
            json!({"Event_Name": "Employee Changes", "EndpointUrl": "api/v1/employee/..%2Fx"}),
            Ok(Event::SomethingChanged),
        ),
        (json!({"Event_Name": "Employee Changes", "Object_Identifier": null}), Ok(Event::SomethingChanged)),
        (
            json!({"Event_Name": "Employee Changes", "Object_Identifier": "Null", "Data": "x"}),
            Ok(Event::SomethingChanged),
        ),
        (
            json!({"Event_Name": "New Hire Self Onboarding Completed", "Object_Identifier": 75070, "Data": {"Employee_ID": "A4"}}),
            changed("A4"),
        ),
        (
            json!({"Event_Name": "Something New", "Object": "Employee", "Object_Identifier": "A5"}),
            changed("A5"),
        ),
        (json!({"Event_Name": "Something New", "EndpointUrl": "api/v1/employee/A6"}), changed("A6")),
    ] {
        assert_eq!(event(body.clone()), expected, "{body}");
    }
}

#[test]
fn what_is_not_staged_is_nothing_to_do() {
    for body in [
        json!({"Event_Name": "Ping", "Object_Identifier": null, "EndpointUrl": ""}),
        json!({"Event_Name": "Subscribed", "Data": {"Event_URL": 15, "Subscribed_Event": "new_hire_created"}}),
        json!({"Event_Name": "UnSubscribed"}),
        json!({"Event_Name": "New Hire Created", "Object_Identifier": 75067, "EndpointUrl": "api/v1/newhire/75067"}),
        json!({"Event_Name": "New Hire Deleted", "Object_Identifier": 75067}),
        json!({"Event_Name": "New Hire Self Onboarding Completed", "Data": {"Employee_ID": "Null"}}),
        json!({"Event_Name": "Employee Photo Added", "Object_Identifier": "A1", "EndpointUrl": "api/v1/employee/A1/photo"}),
        json!({"Event_Name": "Job Posted", "Object": "Job", "Object_Identifier": "A1"}),
    ] {
        assert_eq!(event(body.clone()), Ok(Event::Nothing), "{body}");
    }
}

#[test]
fn without_details_only_the_directory_can_tell_what_changed() {
    let settings = Settings { details: false, ..Settings::default() };
    let message = try_receive(&settings, "s", ("Secret-Key", "s"), CHANGES.as_bytes()).unwrap();
    assert_eq!(message.event, Ok(Event::SomethingChanged));
}

#[test]
fn what_cannot_be_read_is_kept_for_a_person_without_its_contents() {
    for body in ["", "[]", "{\"Event_Name\": \"Ping\", \"ssn\": \"900-00-1\"", "\"900-00-1\"", "{}"] {
        let message = message(body.as_bytes());
        let why = message.event.unwrap_err();
        assert!(!why.contains("900"), "{why}");
        assert_eq!(message.message_id, blake3::hash(body.as_bytes()).to_hex().to_string());
    }
    let odd_id = json!({"Event_ID": "a b", "Event_Name": "Ping"}).to_string();
    assert_eq!(message(odd_id.as_bytes()).message_id, blake3::hash(odd_id.as_bytes()).to_hex().to_string());
    assert_eq!(message(br#"{"Event_ID": 77, "Event_Name": "Ping"}"#).message_id, "77");
}

proptest! {
    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:a-z0-9]{0,80}") {
        let _ = (message(&bytes), message(text.as_bytes()));
    }
}
