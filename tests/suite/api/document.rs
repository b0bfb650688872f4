//! The OpenAPI document and the routes are one thing.

use std::{collections::BTreeSet, fs, path::Path};

use reqwest::Method;
use rollcall::http::router::openapi;
use serde_json::{Map, Value};

use crate::support::{TestApp, TestDatabase};

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

fn operations(document: &Value) -> Vec<(String, &'static str, &Map<String, Value>)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            if let Some(operation) = item.get(method) {
                all.push((path.clone(), method, operation.as_object().unwrap()));
            }
        }
    }
    all
}

#[tokio::test]
async fn every_operation_of_the_document_is_answered() {
    let database = TestDatabase::sqlite();
    let app = TestApp::start(&database).await;
    let document = serde_json::to_value(openapi()).unwrap();
    let all = operations(&document);
    assert!(all.len() > 45, "{}", all.len());
    for (path, method, _) in &all {
        let filled = path.replace("{list}", "employee").replace("{position}", "1").replace(['{', '}'], "");
        let method: Method = method.to_uppercase().parse().unwrap();
        let answer = app.call(method.clone(), &filled, None, None).await;
        if is_sign_in(path, &method) {
            // Who calls is not known yet: only what is sent counts.
            answer.problem(415, "not_json");
        } else if path.starts_with("/v1/") {
            answer.problem(401, "unauthorized");
            // And with a token it is the handler that answers.
            let answer = app.call(method.clone(), &filled, Some(&app.token), None).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            assert!(!answer.text.contains("no_such_route"), "{method} {path}");
        } else {
            answer.is(200);
        }
    }
    // What the document does not name is not there.
    let named: BTreeSet<&str> = all.iter().map(|(path, ..)| path.as_str()).collect();
    for path in ["/v1/employees", "/v1/customers/{id}/link", "/v1/connections/{id}/qwc", "/metrics"] {
        assert!(named.contains(path), "{path} in {named:?}");
    }
    app.get("/v1/nothing").await.problem(404, "no_such_route");
    app.send("DELETE", "/v1/employees", None).await.problem(405, "method_not_allowed");
}

/// The one operation of the API that nobody guards.
fn is_sign_in(path: &str, method: &Method) -> bool {
    path == "/v1/session" && method == Method::POST
}

/// The document is made by `routes!`: a route registered in another way would be missing in it.
#[test]
fn no_route_is_registered_past_the_document() {
    let http = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut files = vec![http.join("api"), http.join("operations"), http.join("router.rs")];
    let mut read = 0;
    while let Some(path) = files.pop() {
        // A page for people, which is made of the document.
        if path.ends_with("docs") {
            continue;
        }
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        read += 1;
        let text = fs::read_to_string(&path).unwrap();
        for other in [".route(", ".route_service(", ".nest_service(", ".fallback("] {
            assert!(!text.contains(other), "{} has {other}", path.display());
        }
    }
    assert!(read > 20, "{read}");
}

#[test]
fn every_operation_is_described() {
    let document = serde_json::to_value(openapi()).unwrap();
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let what = format!("{method} {path}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{what}: the ID is taken");
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{what}");
        assert!(operation["tags"].as_array().unwrap().iter().all(|tag| tags.contains(&tag)), "{what}");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2')), "{what}");
        let parameters = operation.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let in_path = parameters.iter().filter(|parameter| parameter["in"] == "path").count();
        assert_eq!(in_path, path.matches('{').count(), "{what}: {parameters:?}");
        if path.starts_with("/v1/") {
            // What is shown in JSON has a tag.
            let tagged = method == "get" && !path.ends_with("/qwc");
            assert_eq!(answers.contains_key("304"), tagged, "{what}");
            assert_eq!(
                answers.get("200").is_some_and(|it| it["headers"].get("ETag").is_some()),
                tagged,
                "{what}"
            );
            for status in ["401", "403", "404", "422", "503"] {
                let schema = &answers[status]["content"]["application/problem+json"]["schema"];
                assert_eq!(schema["$ref"], "#/components/schemas/Problem", "{what}: {status}");
            }
            assert_eq!(answers.contains_key("415"), operation.contains_key("requestBody"), "{what}");
            assert_eq!(answers.contains_key("409"), method != "get" || path.ends_with("/qwc"), "{what}");
        }
    }
    assert_eq!(document["security"], serde_json::json!([{ "token": [] }, { "session": [] }]));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = serde_json::to_value(openapi()).unwrap();
    let text = document.to_string();
    let references: BTreeSet<&str> =
        text.split("\"$ref\":\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(references.len() > 20);
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    let record = &document["components"]["schemas"]["Record"].to_string();
    for name in ["external_id", "absent_since", "link"] {
        assert!(
            record.contains(name) || document["components"]["schemas"]["Content"].to_string().contains(name)
        );
    }
    let list = &document["components"]["schemas"]["Link"]["properties"]["list"]["$ref"];
    assert_eq!(*list, "#/components/schemas/List");
    let words = &document["components"]["schemas"]["List"]["enum"];
    assert_eq!(*words, serde_json::json!(["employee", "customer"]));
}

#[test]
fn each_operation_that_a_remedy_names_is_a_route() {
    let document = serde_json::to_value(openapi()).unwrap();
    for operation in rollcall::service::interface::Operation::ALL {
        let (api, _) = operation.names();
        let (method, path) = api.split_once(' ').unwrap();
        assert!(document["paths"][path][method.to_lowercase()].is_object(), "{api}");
    }
}
