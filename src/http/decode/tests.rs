//! What is said of bodies and queries, and that nothing of them is repeated.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{InvalidParameter, body, parameters, query};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Full,
    Delta,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it is read counts")]
struct Inner {
    name: String,
    at: Option<chrono::DateTime<chrono::Utc>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it is read counts")]
struct Draft {
    name: String,
    mode: Option<Word>,
    #[serde(default)]
    secrets: BTreeMap<String, String>,
    #[serde(default)]
    rows: Vec<Inner>,
    limit: Option<u16>,
    on: Option<bool>,
}

fn error(value: &Value) -> String {
    body::<Draft>(value).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_not_repeated() {
    for (value, said) in [
        (json!({"name": "x", "secrets": "hunter2"}), "`secrets` must be an object, not a text."),
        (json!({"name": "x", "secrets": {"sid": 424_242}}), "`secrets.sid` must be a text, not a number."),
        (json!({"name": "x", "secrets": {"hunter2": 1}}), "`secrets.…` must be a text, not a number."),
        (json!({"name": ["hunter2"]}), "`name` must be a text, not an array."),
        (json!({}), "`name` is missing."),
        (json!({"name": "x", "mode": "hunter2"}), "`mode` must be one of: full, delta."),
        (json!({"name": "x", "mode": {"full": 1}}), "`mode` must be a text, not an object."),
        (
            json!({"name": "x", "rows": [{"name": "y"}, {"name": 5}]}),
            "`rows[1].name` must be a text, not a number.",
        ),
        (
            json!({"name": "x", "rows": [{"name": "y", "at": "hunter2"}]}),
            "`rows[0].at` is not as it should be.",
        ),
        (json!({"name": "x", "rows": [["y", null]]}), "`rows[0]` must be an object, not an array."),
        (
            json!({"name": "x", "limit": 99_999}),
            "`limit` must be a whole number, not negative, and not too large.",
        ),
        (json!(["x", "full"]), "It must be an object, not an array."),
        (json!("hunter2"), "It must be an object, not a text."),
        (json!(null), "It must be an object, not null."),
    ] {
        assert_eq!(error(&value), said, "{value}");
    }
    let unknown = error(&json!({"name": "x", "secret": "hunter2"}));
    assert!(unknown.starts_with("It has no member `secret`; known: name, mode, secrets"), "{unknown}");
    assert!(!error(&json!({"name": "x", "hunter2!": 1})).contains("hunter2"));
}

#[test]
fn what_is_right_is_read() {
    let right = json!({
        "name": "x", "mode": "delta", "secrets": {"sid": "s"}, "limit": 5, "on": true,
        "rows": [{"name": "y", "at": "2026-01-02T03:04:05Z"}],
    });
    let draft: Draft = body(&right).unwrap();
    assert!(matches!(draft.mode, Some(Word::Delta)) && draft.rows[0].at.is_some());
    let draft: Draft = query("name=a%20b&limit=7&on=true&mode=full").unwrap();
    assert_eq!((draft.name.as_str(), draft.limit, draft.on), ("a b", Some(7), Some(true)));
}

#[test]
fn a_query_is_told_as_well() {
    for (text, said) in [
        ("name=x&limit=hunter2", "`limit` must be a whole number, not negative, and not too large."),
        ("name=x&on=hunter2", "`on` must be true or false."),
        ("name=x&mode=hunter2", "`mode` must be one of: full, delta."),
        ("", "`name` is missing."),
    ] {
        assert_eq!(query::<Draft>(text).unwrap_err().to_string(), said, "{text}");
    }
}

#[test]
fn a_query_has_known_parameters_each_once() {
    let known = ["limit".to_owned(), "q".to_owned()];
    assert_eq!(parameters("", &known), Ok(()));
    assert_eq!(parameters("q=a&limit=5", &known), Ok(()));
    for (text, said) in [
        ("limt=5", "It has no parameter `limt`; known: limit, q."),
        ("hunter2=1&q=a", "It has no parameter of this name; known: limit, q."),
    ] {
        let Err(InvalidParameter::Unknown(error)) = parameters(text, &known) else { panic!("{text}") };
        assert_eq!(error.to_string(), said);
    }
    for text in ["q=a&q=b", "q=a&limit=1&q=a", "q&%71"] {
        let Err(InvalidParameter::Repeated(error)) = parameters(text, &known) else { panic!("{text}") };
        assert_eq!(error.to_string(), "`q` stands there twice.");
    }
    assert!(matches!(parameters("q=a", &[]), Err(InvalidParameter::Unknown(_))));
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!("CANARY")),
        Just(json!(424_242)),
        Just(json!(42.4242)),
        Just(json!(null)),
        Just(json!(true)),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let name =
            prop::sample::select(vec!["name", "mode", "secrets", "rows", "limit", "on", "at", "CANARY"]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((name, inner), 0..5).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn no_value_is_ever_repeated(value in values()) {
        if let Err(error) = body::<Draft>(&value) {
            let said = error.to_string();
            prop_assert!(!said.contains("CANARY") && !said.contains("42"), "{}", said);
        }
    }
}
