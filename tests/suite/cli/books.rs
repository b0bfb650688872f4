//! Off the books: what takes something away asks first, and a company leaves with an export.

use serde_json::{Value, json};

use super::{Machine, links::staged};

/// The lines of an export.
fn lines(machine: &Machine, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(machine.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_company_is_taken_off_the_books_with_an_export_that_holds_no_secret() {
    let machine = Machine::new();
    staged(&machine, 3).await;
    let push = machine.json(&["connection", "add", "push", "--company", "Acme", "--name", "Payroll"]);
    let secret = push["webhook_secret"].as_str().unwrap();
    machine.json(&["profile", "add", "u-1", "Ana Ng"]);
    machine.json(&["company", "add", "Birch"]);
    let employee = machine.json(&["record", "list", "employee"])[0]["id"].clone();
    machine.json(&["link", "add", employee.as_str().unwrap(), "u-1"]);

    let would = machine.json(&["company", "remove", "acme", "--dry-run"]);
    let counts = [&would["employees"], &would["links"], &would["profiles"], &would["removed"]];
    assert_eq!(counts, [&json!(3), &json!(1), &json!(1), &json!(false)]);
    assert_eq!(would["connections"].as_array().unwrap().len(), 2);
    machine.problem(&["company", "remove", "Acme"], "confirmation_needed");
    machine.file("taken.jsonl", "mine");
    let remove = ["company", "remove", "Acme", "--yes", "--export"];
    machine.problem(&[&remove[..], &["taken.jsonl"]].concat(), "export_exists");
    assert_eq!(machine.json(&["record", "list", "employee"]).as_array().unwrap().len(), 3);

    let gone = machine.json(&[&remove[..], &["kept.jsonl"]].concat());
    assert_eq!((&gone["removed"], &gone["export"]), (&json!(true), &json!("kept.jsonl")));
    assert_eq!(std::fs::read_to_string(machine.path("taken.jsonl")).unwrap(), "mine");
    let kept = lines(&machine, "kept.jsonl");
    let of = |kind: &str| kept.iter().filter(|line| line["type"] == kind).count();
    let counts = ["company", "connection", "employee", "run", "app", "profile", "link"].map(of);
    assert_eq!(counts, [1, 2, 3, 1, 1, 1, 1], "{kept:?}");
    assert!(!std::fs::read_to_string(machine.path("kept.jsonl")).unwrap().contains(secret));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(machine.path("kept.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(machine.json(&["company", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(machine.json(&["connection", "list"]), json!([]));
    assert_eq!(machine.json(&["link", "list"]), json!([]));
}

#[tokio::test]
async fn whatever_takes_something_away_needs_a_yes_where_there_is_no_terminal() {
    let machine = Machine::new();
    staged(&machine, 1).await;
    machine.json(&["profile", "add", "u-1", "Ana Ng"]);
    let token = machine.json(&["app", "token", "add", "Timesheets"])["id"].as_str().unwrap().to_owned();
    for call in [
        &["profile", "remove", "u-1"] as &[&str],
        &["app", "token", "revoke", "Timesheets", &token],
        &["connection", "remove", "QuickBooks Desktop"],
        &["company", "remove", "Acme"],
    ] {
        let problem = machine.problem(call, "confirmation_needed");
        assert!(problem["remedy"].as_str().unwrap().contains("--yes"), "{problem}");
        let people = machine.run(&[call, &["--dry-run"]].concat());
        assert!(people.code == 0 && people.stdout.ends_with("Nothing was changed.\n"), "{}", people.stdout);
    }
    let tokens = machine.json(&["app", "token", "list", "Timesheets"]);
    assert!(tokens.as_array().unwrap().iter().all(|token| token["revoked_at"].is_null()), "{tokens}");
    assert_eq!(machine.json(&["profile", "list"]).as_array().unwrap().len(), 1);
}
