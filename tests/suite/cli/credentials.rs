//! The credentials of sources: given once, made where they can be, and never shown again.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{Machine, Served, bytes_below};

#[rustfmt::skip]
const CONNECTWISE: &[&str] = &[
    "connection", "add", "connectwise", "--company", "Acme",
    "--set", "base_url=https://api-na.myconnectwise.net", "--set", "company_id=acme", "--set", "client_id=0199",
];
const PAYCOM: &[&str] = &["connection", "add", "paycom", "--company", "Acme"];

fn machine() -> Machine {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    machine
}

#[test]
fn push_gets_a_secret_and_an_address() {
    let machine = machine();
    let made = machine.json(&["connection", "add", "push", "--company", "Acme"]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["webhook_url"], format!("http://localhost:8080/webhooks/{id}"));
    let key = made["webhook_secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    assert_eq!(STANDARD.decode(key).unwrap().len(), 32);
    let shown = machine.json(&["connection", "show", id]);
    assert_eq!(shown["secrets"], json!(["webhook_secret"]));
    assert_eq!(shown["webhook_url"], made["webhook_url"]);
    assert!(shown.get("webhook_secret").is_none());
    // A new one in its place.
    machine.problem(&["connection", "secret", id, "webhook_secret"], "confirmation_needed");
    let renewed = machine.json(&["connection", "secret", id, "webhook_secret", "--yes"]);
    assert_eq!(renewed["id"], id);
    assert!(renewed["webhook_secret"].as_str().unwrap().starts_with("whsec_"));
    assert_ne!(renewed["webhook_secret"], made["webhook_secret"]);
    machine.problem(&["connection", "secret", id, "token"], "invalid_secrets");
    let refused = ["connection", "set", id, "--secret", "webhook_secret=whsec_c2hvcnQ="];
    let problem = machine.problem(&refused, "invalid_secrets");
    assert!(problem["detail"].as_str().unwrap().contains("24 to 64 bytes"), "{problem}");
}

#[test]
fn paycom_gets_what_is_missing_and_nothing_is_shown_again() {
    let machine = machine();
    let file = machine.file("token.txt", "hunter-token\n");
    let token = format!("token=@{file}");
    let made = machine.json(&[PAYCOM, &["--secret", "sid=hunter-sid", "--secret", &token]].concat());
    std::fs::remove_file(file).unwrap();
    let id = made["id"].as_str().unwrap();
    let webhook = made["webhook_secret"].as_str().unwrap();
    assert!(webhook.starts_with("rcw_") && made["webhook_url"].as_str().unwrap().ends_with(id));
    assert_eq!(made["secrets"], json!(["sid", "token", "webhook_secret"]));
    for call in [
        &["connection", "show", id] as &[&str],
        &["connection", "list"],
        &["connection", "set", id, "--pause"],
        &["connection", "set", id, "--secret", "sid=hunter-sid"],
        &["key", "show"],
        &["key", "rotate"],
        &["doctor"],
    ] {
        for json in [&[] as &[&str], &["--json"]] {
            let ended = machine.run(&[call, json].concat());
            let all = format!("{}{}", ended.stdout, ended.stderr);
            assert!(!all.contains("hunter") && !all.contains(webhook), "{call:?}: {all}");
        }
    }
    let kept = bytes_below(machine.folder.path());
    for secret in ["hunter-sid", "hunter-token", webhook] {
        assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let machine = machine();
    let refused = |arguments: &[&str]| {
        let problem = machine.problem(arguments, "invalid_secrets");
        assert!(problem["remedy"].as_str().unwrap().contains("rollcall connection add --help"), "{problem}");
        problem
    };
    let problem = refused(CONNECTWISE);
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("`public_key` (the API member's public key) and `private_key`"), "{detail}");
    let unknown = refused(&[CONNECTWISE, &["--secret", "sid=hunter"]].concat());
    let detail = unknown["detail"].as_str().unwrap();
    assert!(
        detail.contains("takes no secret of that name; it takes `public_key`, `private_key`"),
        "{detail}"
    );
    let long = format!("private_key={}", "x".repeat(4097));
    for wrong in ["private_key=", "private_key=a\nb", &long] {
        let all = [CONNECTWISE, &["--secret", "public_key=hunter", "--secret", wrong]].concat();
        machine.problem(&all, "invalid_secrets");
    }
    let all = [CONNECTWISE, &["--secret", "public_key=hunter", "--secret", "private_key=hunter"]].concat();
    let made = machine.json(&all);
    assert!(made["webhook_url"].is_string() && made.get("webhook_secret").is_none());
    assert!(made.get("password").is_none());
    // Each kind tells what is to be done next.
    let told = machine.run(&[&all, &["--name", "Another"] as &[&str]].concat());
    assert!(told.stderr.contains("API Members") && !told.stderr.contains("hunter"), "{}", told.stderr);
}

#[test]
fn the_key_is_rotated_under_a_gateway_that_runs() {
    let machine = machine();
    let served = Served::start(&machine, &[]);
    assert!(machine.path("rollcall.db.key").is_file());
    machine.json(&["connection", "add", "push", "--company", "Acme"]);
    let before = machine.json(&["key", "show"]);
    assert_eq!(before["keys"][0]["secrets"], 1);
    let rotated = machine.json(&["key", "rotate"]);
    assert_eq!((&rotated["rotated"], &rotated["resealed"]), (&json!(true), &json!(1)));
    let after = machine.json(&["key", "show"]);
    assert_eq!(after["keys"].as_array().unwrap().len(), 1);
    assert_eq!(after["keys"][0]["id"], rotated["key"]);
    assert_ne!(after["keys"][0]["id"], before["keys"][0]["id"]);
    assert_eq!(served.terminate(), Some(0));
    let checks = machine.run(&["doctor", "--json"]).json();
    let check = checks["checks"].as_array().unwrap().iter().find(|it| it["check"] == "secret key").unwrap();
    assert_eq!(check["status"], "ok");
    std::fs::remove_file(machine.path("rollcall.db.key")).unwrap();
    machine.problem(&["serve", "--listen", "127.0.0.1:0"], "key_file_missing");
}

#[test]
fn what_is_pasted_into_a_wrong_place_is_not_repeated() {
    let machine = machine();
    for spec in rollcall::connectors::specs() {
        let kind = spec.kind.as_str();
        let given: Vec<String> = spec
            .secrets
            .iter()
            .filter(|secret| secret.generated.is_none())
            .map(|secret| format!("--secret={}=x", secret.name))
            .collect();
        let add = |wrong: &str, must_fail: bool| {
            let mut call = vec!["connection", "add", kind, "--company", "Acme"];
            call.extend(given.iter().map(String::as_str));
            call.extend([wrong, "--json"]);
            let ended = machine.run(&call);
            // What a setting takes is shown as what it is.
            if ended.code != 0 || must_fail {
                let told = format!("{}{}", ended.stdout, ended.stderr);
                assert!(ended.code != 0 && !told.contains("CANARY"), "{wrong}: {told}");
            }
        };
        for setting in spec.settings {
            add(&format!("--set={}=sk-CANARY x:y", setting.name), false);
        }
        for wrong in ["--set=sk-CANARY=x", "--set=sk-CANARY", "--secret=sk-CANARY=x", "--secret=sk-CANARY"] {
            add(wrong, true);
        }
        for secret in spec.secrets {
            add(&format!("--secret={}=sk-CANARY\nx", secret.name), true);
        }
        let twice = machine.run(&[
            "connection",
            "add",
            kind,
            "--company",
            "Acme",
            "--set=CANARY=1",
            "--set=CANARY=2",
        ]);
        assert!(twice.code != 0 && !twice.stderr.contains("CANARY"), "{}", twice.stderr);
    }
}
