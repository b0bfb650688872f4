//! The registry of kinds, and what is made from it.

use std::fmt::Write;

use rollcall::connectors::{
    spec::{Setting, Value},
    specs,
};
use serde_json::json;

use crate::support::TestApp;

/// What a setting takes, in the manual's words.
fn takes(setting: &Setting) -> String {
    match setting.value {
        Value::Number { least, most: u32::MAX, .. } => format!("{least} or more"),
        Value::Number { least, most, .. } => format!("{least} to {most}"),
        Value::Switch { .. } => "true or false".into(),
        Value::Word { known, .. } => known.join(", "),
        Value::Required => "a text, needed".into(),
        Value::Text { .. } => "a text".into(),
        Value::Window => "hours".into(),
    }
}

/// The tables of the manual, made from the registry.
fn tables() -> String {
    let mut tables = String::new();
    for spec in specs() {
        let secrets: Vec<String> =
            spec.secrets.iter().map(|secret| format!("`{}` ({})", secret.name, secret.meaning)).collect();
        let secrets = if secrets.is_empty() { "none".into() } else { secrets.join(", ") };
        write!(tables, "`{}`; secrets: {secrets}", spec.kind).unwrap();
        if spec.settings.is_empty() {
            tables.push_str("; no settings\n");
            continue;
        }
        tables.push_str("\n\n| setting | takes | default | meaning |\n| --- | --- | --- | --- |\n");
        for setting in spec.settings {
            let default = match setting.value.default() {
                serde_json::Value::String(text) if text.is_empty() => String::new(),
                serde_json::Value::String(text) => format!("`{text}`"),
                other => format!("`{other}`"),
            };
            let (takes, meaning) = (takes(setting), setting.meaning.replace('|', "\\|"));
            writeln!(tables, "| `{}` | {takes} | {default} | {meaning} |", setting.name).unwrap();
        }
        tables.push('\n');
    }
    tables
}

#[test]
fn the_readme_lists_every_setting_and_secret_of_every_kind() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let (_, rest) = readme.split_once("<!-- kinds -->\n").unwrap();
    let (listed, _) = rest.split_once("<!-- /kinds -->").unwrap();
    assert!(listed == tables(), "README must have between its marks:\n{}", tables());
}

#[test]
fn the_description_of_the_api_names_every_setting() {
    let document = serde_json::to_value(rollcall::http::router::openapi()).unwrap();
    for body in ["ConnectionDraft", "ConnectionPatch"] {
        let settings = &document["components"]["schemas"][body]["properties"]["settings"];
        let told = settings["description"].as_str().unwrap();
        for spec in specs().filter(|spec| !spec.settings.is_empty()) {
            assert!(told.contains(spec.kind.as_str()), "{told}");
            for setting in spec.settings {
                assert!(told.contains(&format!("`{}`", setting.name)), "{}: {told}", setting.name);
            }
        }
    }
}

/// What somebody pastes into the wrong place: a key, or the address of one.
const PASTED: [&str; 4] =
    ["sk-CANARY-51H8", "https://u:CANARY@host.example", "09:00-10:00 CANARY", "CANARY x/y?z"];

#[tokio::test]
async fn what_is_pasted_into_a_wrong_place_does_not_come_back_by_the_api() {
    TestApp::each(async |app| {
        for (number, spec) in specs().enumerate() {
            let secrets: serde_json::Map<_, _> = spec
                .secrets
                .iter()
                .filter(|secret| secret.generated.is_none())
                .map(|secret| (secret.name.to_owned(), "x".into()))
                .collect();
            let draft = |settings: serde_json::Value, secrets: serde_json::Value| {
                json!({ "kind": spec.kind, "company": app.company.id, "name": format!("Kind {number}"),
                    "settings": settings, "secrets": secrets })
            };
            let mut refused = 0;
            let mut told = async |body: serde_json::Value, must: bool| {
                let answer = app.admin("POST", "/v1/connections", body.clone()).await;
                if answer.status.is_success() {
                    // A text that this setting takes: it is shown as what it is.
                    assert!(!must, "{body}");
                    let id = answer.is(201)["id"].as_str().unwrap().to_owned();
                    app.admin("DELETE", &format!("/v1/connections/{id}"), None).await.is(204);
                    return;
                }
                refused += 1;
                assert!(!answer.text.contains("CANARY"), "{body}: {}", answer.text);
            };
            for pasted in PASTED {
                for setting in spec.settings {
                    told(draft(json!({ setting.name: pasted }), secrets.clone().into()), false).await;
                    told(draft(json!({ setting.name: [pasted] }), secrets.clone().into()), true).await;
                }
                told(draft(json!({ pasted: "x" }), secrets.clone().into()), true).await;
                told(draft(json!({ pasted: ["x"] }), secrets.clone().into()), true).await;
                told(draft(json!({}), json!({ pasted: "x" })), true).await;
                for secret in spec.secrets {
                    told(draft(json!({}), json!({ secret.name: format!("{pasted}\u{1}") })), true).await;
                    told(draft(json!({}), json!({ secret.name: { pasted: pasted } })), true).await;
                }
            }
            assert!(refused > 8, "{}", spec.kind);
        }
    })
    .await;
}
