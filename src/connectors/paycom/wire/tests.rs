use proptest::prelude::*;
use serde_json::json;

use super::*;

fn rows(body: &serde_json::Value) -> Result<Vec<Row>, WireError> {
    answer::<Row>(body.to_string().as_bytes()).map(|answer| answer.rows)
}

#[test]
fn data_is_rows_one_row_or_nothing() {
    for (data, count) in [
        (json!([{"eecode": "A1"}, {"employee_code": "A2"}]), 2),
        (json!({"employee_code": "A1"}), 1),
        (json!([]), 0),
        (json!(null), 0),
    ] {
        assert_eq!(rows(&json!({"result": true, "data": data})).unwrap().len(), count, "{data}");
    }
    assert_eq!(rows(&json!({"result": "true"})).unwrap().len(), 0);
    let both =
        json!({"result": 1, "data": {"eecode": "A1", "employee_code": "A1", "firstname": {"odd": [1]}}});
    assert_eq!(rows(&both).unwrap()[0].code(), Some("A1"));
}

#[test]
fn a_failure_in_a_good_status_is_a_failure_and_its_words_are_kept_apart() {
    for (errors, said) in [
        (json!(["Bad date", "Bad code"]), "Bad date; Bad code"),
        (json!([{"message": "Bad date", "value": "123-45-6789"}]), "Bad date"),
        (json!({"error": "Bad date"}), "Bad date"),
        (json!("Bad\ndate"), "Bad date"),
        (json!([]), ""),
        (json!(null), ""),
    ] {
        let body = json!({"result": false, "data": [], "errors": errors});
        let failed = rows(&body).unwrap_err();
        assert_eq!(failed, WireError::Failed, "{errors}");
        assert!(!failed.to_string().contains("Bad"), "{failed}");
        assert_eq!(complaint(body.to_string().as_bytes()), said);
    }
    assert_eq!(rows(&json!({"result": null})).unwrap_err(), WireError::NoResult);
    assert_eq!(rows(&json!({})).unwrap_err(), WireError::NoResult);
    let long = json!({"errors": ["ö".repeat(5000)]});
    assert!(complaint(long.to_string().as_bytes()).len() < 310);
    assert_eq!(complaint(b"<html>"), "");
}

#[test]
fn what_cannot_be_read_is_never_quoted() {
    for body in [
        r#"{"result": true, "data": ["123-45-6789"]}"#,
        r#"{"result": true, "data": "123-45-6789"}"#,
        r#"{"result": true, "data": [{"ssn": "123-45-6789""#,
        r#"{"result": true, "data": [{"ssn": "123-45-6789",, }]}"#,
        "<html>123-45-6789</html>",
        "",
    ] {
        let said = answer::<Row>(body.as_bytes()).unwrap_err().to_string();
        assert!(!said.contains("123"), "{said}");
        assert!(said.contains("line"), "{said}");
    }
}

#[test]
fn a_complaint_beside_good_rows_is_kept() {
    let body =
        json!({"result": true, "data": [{"eecode": "A1"}], "errors": ["Partial result"], "errorCount": 1});
    let answer = answer::<Row>(body.to_string().as_bytes()).unwrap();
    assert!(answer.complained);
}

#[test]
fn only_a_strict_code_goes_into_an_address() {
    for good in ["A001", "a-b_C", "7", &"x".repeat(32)] {
        assert!(is_code(good), "{good}");
    }
    for bad in ["", " A1", "A/1", "../x", "A.1", "A%2F", "Ä1", "A 1", "A?b", &"x".repeat(33)] {
        assert!(!is_code(bad), "{bad}");
    }
}

#[test]
fn a_status_that_says_so_ends_an_employment_and_no_other() {
    let today = "2026-03-06".parse().unwrap();
    let ended = |status: serde_json::Value| {
        let row = &rows(&json!({"result": true, "data": [{"eestatus": status}]})).unwrap()[0];
        let detail = &rows(&json!({"result": true, "data": [{"employee_status": status}]})).unwrap()[0];
        assert_eq!(row.has_ended(today), detail.has_ended(today));
        row.has_ended(today)
    };
    for over in ["T", " t ", "Terminated", "TERMINATED", "inactive", "Inactive"] {
        assert!(ended(json!(over)), "{over}");
    }
    for not in
        [json!("A"), json!("L"), json!("X"), json!("TBD"), json!(""), json!(null), json!(0), json!(["T"])]
    {
        assert!(!ended(not.clone()), "{not}");
    }
}

#[test]
fn a_telephone_at_home_is_left_out() {
    let phone = |kind: serde_json::Value| {
        let row = json!({"primary_phone": 5_550_142, "primary_phone_type": kind});
        let row = &rows(&json!({"result": true, "data": [row]})).unwrap()[0];
        row.phone().map(str::to_owned)
    };
    for private in ["Home", "HOME", "h", "Personal", "private"] {
        assert_eq!(phone(json!(private)), None, "{private}");
    }
    for other in [json!("M"), json!("Work"), json!("Cell"), json!(null), json!(7)] {
        assert_eq!(phone(other.clone()).as_deref(), Some("5550142"), "{other}");
    }
}

proptest! {
    /// Whether a number comes as a number or in quotes makes no difference.
    #[test]
    fn numbers_and_texts_read_alike(code in 0u64..=u64::MAX, phone in any::<u32>(), truth in any::<bool>()) {
        let plain = json!({"result": truth, "data": [{"eecode": code, "primary_phone": phone}]});
        let quoted = json!({"result": truth.to_string(), "data":
            [{"employee_code": code.to_string(), "primary_phone": phone.to_string()}]});
        match (rows(&plain), rows(&quoted)) {
            (Ok(plain), Ok(quoted)) => {
                prop_assert!(truth);
                prop_assert_eq!(plain[0].code(), quoted[0].code());
                prop_assert_eq!(plain[0].phone(), quoted[0].phone());
            }
            (plain, quoted) => prop_assert_eq!(plain.unwrap_err(), quoted.unwrap_err()),
        }
    }

    #[test]
    fn no_bytes_break_it(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[\\[\\]{}\",:a-z0-9]{0,80}") {
        let _ = (answer::<Row>(&bytes), answer::<Row>(text.as_bytes()), complaint(&bytes));
    }
}
