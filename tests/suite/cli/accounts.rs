//! Accounts, by the calls that others script against.

use std::{io::Write, process::Stdio};

use serde_json::{Value, json};

use super::{Machine, Served};

const PASSWORD: &str = "correct horse battery staple";

impl Machine {
    /// The answer of a call that must succeed, with `--json`, and a password on standard input.
    pub(super) fn with_password(&self, arguments: &[&str], password: &str) -> Value {
        let arguments = [arguments, &["--password-stdin", "--json"]].concat();
        let mut command = self.command(&arguments);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
        let ended = child.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice(&ended.stdout).unwrap()
    }
}

#[tokio::test]
async fn an_account_that_the_command_line_made_signs_in() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let add = ["account", "add", "ops@example.com", "--role", "account-admin", "--name", "Ana Ng"];
    let ops = machine.with_password(&add, PASSWORD);
    assert!(ops["id"].as_str().unwrap().starts_with("acc_"), "{ops}");
    assert_eq!((&ops["email"], &ops["name"]), (&json!("ops@example.com"), &json!("Ana Ng")));
    let add = ["account", "add", "bo@example.com", "--role", "user", "--company", "Acme"];
    let bo = machine.with_password(&add, PASSWORD);
    machine.problem(&["account", "add", "BO@example.com"], "email_taken");
    machine.problem(&["account", "add", "bo"], "invalid_email");

    let served = Served::start(&machine, &[]);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sign_in = async |password: &str| {
        let body = json!({ "email": "bo@example.com", "password": password });
        client.post(format!("{}/v1/session", served.url)).json(&body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(sign_in(PASSWORD).await, 200);
    let sessions = machine.json(&["account", "sessions", "bo@example.com"]);
    assert_eq!(sessions.as_array().unwrap().len(), 1);
    assert_eq!(machine.json(&["account", "sessions", "bo@example.com", "--end-all"])["ended"], 1);

    machine.json(&["company", "add", "Birch", "--user", "bo@example.com"]);
    let shown = machine.json(&["account", "show", "bo@example.com"]);
    assert_eq!(shown["companies"].as_array().unwrap().len(), 2);
    let set = machine.json(&["account", "set", "bo@example.com", "--company", "Birch", "--name", "Bo Lee"]);
    assert_eq!((set["companies"].as_array().unwrap().len(), &set["name"]), (1, &json!("Bo Lee")));
    let other = "seven walruses by the sea";
    machine.with_password(&["account", "set", "bo@example.com"], other);
    assert_eq!((sign_in(PASSWORD).await, sign_in(other).await), (401, 200));

    let link = machine.json(&["account", "reset-link", "bo@example.com"]);
    assert!(link["url"].as_str().unwrap().contains("/reset/"), "{link}");
    machine.problem(&["account", "disable", "ops@example.com", "--yes"], "last_admin");
    machine.problem(&["account", "disable", "bo@example.com"], "confirmation_needed");
    assert_eq!(machine.json(&["account", "disable", "bo@example.com", "--yes"])["active"], false);
    assert_eq!(sign_in(other).await, 401);
    machine.problem(&["account", "reset-link", "bo@example.com"], "account_disabled");
    let id = bo["id"].as_str().unwrap();
    assert_eq!(machine.json(&["account", "enable", id])["active"], true);
    assert_eq!(sign_in(other).await, 200);
    assert_eq!(machine.json(&["account", "list"]).as_array().unwrap().len(), 2);
}

#[test]
fn a_gateway_without_accounts_prints_a_link_that_makes_the_first_one() {
    let machine = Machine::new();
    let mut served = Served::start(&machine, &[]);
    let link = format!("http://localhost:{}/setup/", served.port());
    let told = served.stop_and_read_log();
    assert!(told.contains(&link), "{told}");
    machine.json(&["account", "add", "ops@example.com", "--role", "account-admin"]);
    let mut served = Served::start(&machine, &[]);
    let told = served.stop_and_read_log();
    assert!(!told.contains("/setup/"), "{told}");
}
