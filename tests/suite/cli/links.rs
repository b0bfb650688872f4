//! Records, links and profiles: the API's use cases on the command line.

use rollcall::{
    clock::Ambient,
    domain::{
        hold::Gone,
        ids::MessageId,
        problem::Problem,
        words::{List, Mode},
    },
    store::{Store, connections, inbox},
    sync::{ingest, reconcile, run},
};
use serde_json::json;

use super::Machine;
use crate::support::people;

/// Acme, its app Timesheets, and these many employees.
pub(super) async fn staged(machine: &Machine, count: usize) {
    let connection = machine.acme()["id"].as_str().unwrap().to_owned();
    machine.json(&["app", "add", "Timesheets", "--company", "Acme"]);
    let store = Store::open(&format!("sqlite:{}", machine.path("rollcall.db").display())).unwrap();
    let ambient = Ambient::system();
    let stage = store.write(move |db| {
        let connection = connections::get(db, &connection.into())?;
        let run = run::start(db, &ambient, &connection, List::Employee, Mode::Full)?;
        ingest::batch(db, &ambient, &run, &people(count), None)?;
        reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now())
    });
    stage.await.unwrap();
}

#[tokio::test]
async fn links_are_made_and_undone_by_the_names_that_people_know() {
    let machine = Machine::new();
    staged(&machine, 3).await;
    let all = machine.json(&["record", "list", "employee", "--connection", "acme/quickbooks desktop"]);
    assert_eq!(all.as_array().unwrap().len(), 3);
    assert_eq!(machine.json(&["record", "list", "employee", "--limit", "2"]).as_array().unwrap().len(), 2);
    let id = all[0]["id"].as_str().unwrap();
    assert_eq!(machine.json(&["record", "show", id])["name"], all[0]["name"]);
    let beginning = &id[..id.len() - 1];
    assert_eq!(machine.json(&["record", "show", beginning])["id"], *id);

    let made = machine.json(&["profile", "add", "u-1", "Ana Ng", "--email", "ana@example.com"]);
    assert_eq!((&made["profile_id"], &made["links"]), (&json!("u-1"), &json!([])));
    machine.problem(&["profile", "add", "u-1", "Another"], "profile_exists");
    let set = machine.json(&["profile", "set", "u-1", "--name", "Ana Nguyen", "--app", "timesheets"]);
    assert_eq!((&set["name"], &set["email"]), (&json!("Ana Nguyen"), &json!("ana@example.com")));

    let link = machine.json(&["link", "add", id, "u-1"]);
    assert_eq!((&link["record_id"], &link["linked_by"]), (&json!(id), &json!("command line")));
    // The same once more is no error, as by the API.
    assert_eq!(machine.json(&["link", "add", id, "u-1"])["id"], link["id"]);
    let listed = machine.run(&["record", "list", "employee"]).stdout;
    let head: Vec<&str> = listed.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(head, ["NAME", "ID", "COMPANY", "E-MAIL", "PARENT", "ACTIVE", "PROFILE"]);
    assert!(listed.lines().skip(1).all(|row| row.contains("  Acme  ")), "{listed}");
    let shown = machine.run(&["record", "show", id]).stdout;
    assert!(shown.contains("Acme/QuickBooks Desktop"), "{shown}");
    let other = all[1]["id"].as_str().unwrap();
    machine.problem(&["link", "add", other, "u-1"], "profile_linked");
    machine.problem(&["profile", "remove", "u-1", "--yes"], "profile_linked");
    let unlinked = machine.json(&["record", "list", "employee", "--linked", "false", "--app", "Timesheets"]);
    assert_eq!(unlinked.as_array().unwrap().len(), 2);

    machine.problem(&["link", "remove", id], "confirmation_needed");
    let would = machine.json(&["link", "remove", id, "--dry-run"]);
    assert_eq!(would["id"], link["id"]);
    machine.json(&["link", "remove", id, "--yes"]);
    let history = machine.json(&["link", "history", id]);
    let seq = history["changes"][0]["position"].to_string();
    assert_eq!(history["changes"][0]["kind"], "unlinked");
    assert_eq!(machine.json(&["link", "undo", &seq])["link"]["profile_id"], "u-1");
    assert_eq!(machine.json(&["link", "list", "--company", "acme"]).as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_customers_profile_has_an_address_and_a_description_that_can_be_set_and_taken_away() {
    let machine = Machine::new();
    staged(&machine, 1).await;
    let of = ["--list", "customer"];
    let call = |words: &[&'static str]| machine.json(&[words, &of].concat());
    let added = call(&[
        "profile",
        "add",
        "k-1",
        "Quayside",
        "--description",
        "Two berths",
        "--address-line",
        "12 Quay Street",
        "--address-line",
        "Dock 3",
        "--city",
        "Harbour",
        "--region",
        "NS",
        "--postal-code",
        "B3H 0A1",
        "--country",
        "CA",
    ]);
    assert_eq!(added["address"]["lines"], json!(["12 Quay Street", "Dock 3"]));
    let shown = machine.run(&["profile", "set", "k-1", "--name", "Quay", "--list", "customer"]).stdout;
    assert!(
        shown.contains("12 Quay Street, Dock 3, Harbour, NS, B3H 0A1, CA") && shown.contains("Two berths"),
        "{shown}"
    );
    let moved = call(&["profile", "set", "k-1", "--city", "Elsewhere"]);
    assert_eq!((&moved["address"]["city"], &moved["address"]["lines"]), (&json!("Elsewhere"), &json!([])));
    let gone = call(&["profile", "set", "k-1", "--address-line", "", "--description", ""]);
    assert_eq!((&gone["address"], &gone["description"]), (&json!(null), &json!(null)));
    machine.problem(&["profile", "add", "u-9", "Ana", "--city", "Harbour"], "invalid_address");
}

#[tokio::test]
async fn what_could_mean_several_is_asked_for_and_what_is_near_is_named() {
    let machine = Machine::new();
    staged(&machine, 1).await;
    machine.json(&["app", "add", "Payroll", "--company", "Acme"]);
    let several = machine.problem(&["profile", "list"], "app_needed");
    assert!(several["remedy"].as_str().unwrap().contains("`--app`"), "{several}");
    assert_eq!(machine.json(&["profile", "list", "--app", "PAYROLL"]), json!([]));
    let near = machine.problem(&["record", "list", "employee", "--company", "Acne"], "company_not_found");
    assert!(near["remedy"].as_str().unwrap().contains("Did you mean `Acme`?"), "{near}");
    machine.problem(&["record", "show", "emp_00"], "employee_not_found");
    machine.problem(&["record", "show", "Ana"], "record_not_found");
}

#[tokio::test]
async fn a_message_is_replayed_by_the_id_that_its_sender_knows() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let made = machine.json(&["connection", "add", "push", "--company", "Acme"]);
    let connection_id = made["id"].as_str().unwrap().to_owned();
    let store = Store::open(&format!("sqlite:{}", machine.path("rollcall.db").display())).unwrap();
    let ambient = Ambient::system();
    let tell = store.write(move |db| {
        let now = ambient.now();
        let id = MessageId::new(now, ambient.entropy.bytes());
        let message = inbox::NewMessage {
            id: id.clone(),
            connection_id: connection_id.into(),
            message_id: "evt-4711".into(),
            event: "employees.upserted".into(),
            body: None,
            received_at: now,
            problem: None,
            told_at: None,
            content_hash: [0; 16],
            sealed: None,
        };
        inbox::insert(db, &[message])?;
        inbox::dead(db, &id, &Problem::new("x", "It failed.", "Look."), now)?;
        Ok::<_, rollcall::store::Error>(id)
    });
    let id = tell.await.unwrap();
    let listed = machine.run(&["webhook", "list", "push", "--state", "dead"]).stdout;
    assert!(listed.contains(id.as_str()) && listed.contains("evt-4711"), "{listed}");
    machine.problem(&["webhook", "replay", "evt-47"], "message_not_found");
    assert_eq!(machine.json(&["webhook", "replay", "evt-4711"])["replayed"], 1);
    machine.problem(&["webhook", "replay", &id[..id.len() - 1]], "message_not_dead");
    assert_eq!(machine.json(&["webhook", "replay", "--all-dead", "acme/push"])["replayed"], 0);
}

#[test]
fn a_token_has_a_name_scopes_and_an_end() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    machine.json(&["app", "add", "Sync", "--company", "Acme", "--scope", "read", "--scope", "manage"]);
    let call =
        ["app", "token", "add", "Sync", "--name", "export", "--scope", "read", "--expires-in-days", "90"];
    let made = machine.json(&call);
    assert_eq!((&made["name"], &made["scopes"]), (&json!("export"), &json!(["read"])));
    let tokens = machine.json(&["app", "token", "list", "Sync"]);
    assert_eq!(tokens[0]["scopes"], json!(["read", "manage"]));
    assert_eq!(tokens[1]["expires_at"], made["expires_at"]);
    assert!(tokens[0]["expires_at"].is_null() && tokens[1]["last_used_at"].is_null(), "{tokens}");
    let beyond = machine.problem(&["app", "token", "add", "Sync", "--scope", "link"], "invalid_scopes");
    assert!(beyond["remedy"].as_str().unwrap().contains("`rollcall app set APP`"), "{beyond}");
    let set = machine.json(&["app", "set", "Sync", "--scope", "link", "--scope", "read"]);
    assert_eq!((&set["scopes"], set["companies"].as_array().unwrap().len()), (&json!(["read", "link"]), 1));
    machine.json(&["app", "token", "add", "Sync", "--scope", "link"]);
    // What the app has lost, none of its tokens has any more.
    assert_eq!(machine.json(&["app", "token", "list", "Sync"])[0]["scopes"], json!(["read"]));
}
