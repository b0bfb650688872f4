//! Every command that writes leaves a row in the audit: a new one fails here until it is called here, or said to read only.

use std::collections::{BTreeMap, BTreeSet};

use rollcall::{
    clock::Ambient,
    domain::{
        hold::Gone,
        ids::MessageId,
        problem::Problem,
        words::{Kind, List, Mode},
    },
    store::{Store, connections, inbox, runs::Run},
    sync::{ingest, reconcile, run},
};
use serde_json::Value;

use super::Machine;
use crate::{
    polling::vendor::Vendor,
    support::{TestClock, people},
};

/// Commands that change nothing in a database, or nothing but what is in one already.
const READING: &[&str] = &[
    "serve",
    "demo",
    "doctor",
    "openapi",
    "completions",
    "man",
    "backup",
    "company list",
    "app list",
    "app token list",
    "connection list",
    "connection show",
    "connection runs",
    "connection test",
    "qwc",
    "key show",
    "record list",
    "record show",
    "link list",
    "link history",
    "profile list",
    "run list",
    "run show",
    "webhook list",
    "worker list",
    "audit list",
    "audit verify",
    "account quicklink list",
    "account credentials test",
    "account list",
    "account show",
    "audit export",
    "simulate connectwise",
    "simulate paycom",
    "simulate quickbooks-desktop",
];

/// All commands, as the help has them.
fn commands(machine: &Machine, path: &[&str], found: &mut BTreeSet<String>) {
    let help = machine.run(&[path, &["--help"]].concat()).stdout;
    let listed = help.split_once("\nCommands:\n").map(|(_, rest)| rest);
    let Some(listed) = listed else {
        found.insert(path.join(" "));
        return;
    };
    for line in listed.lines().take_while(|line| !line.trim().is_empty()) {
        // A long description goes on in the next line, which is further in.
        let Some(name) = line.strip_prefix("  ").and_then(|line| line.split(' ').next()) else { continue };
        if !name.is_empty() && name != "help" {
            commands(machine, &[path, &[name]].concat(), found);
        }
    }
}

fn store(machine: &Machine) -> Store {
    Store::open(&format!("sqlite:{}", machine.path("rollcall.db").display())).unwrap()
}

/// A whole list arrives.
async fn stage(machine: &Machine, connection: &str, count: usize) -> Run {
    let (ambient, connection) = (Ambient::system(), connection.to_owned());
    let store = store(machine);
    let staged = store.write(move |db| {
        let connection = connections::get(db, &connection.into())?;
        let run = run::start(db, &ambient, &connection, List::Employee, Mode::Full)?;
        ingest::batch(db, &ambient, &run, &people(count), None)?;
        reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now())
    });
    staged.await.unwrap()
}

async fn dead_message(machine: &Machine, connection_id: &str) -> String {
    let ambient = Ambient::system();
    let now = ambient.now();
    let id = MessageId::new(now, ambient.entropy.bytes());
    let message = inbox::NewMessage {
        id: id.clone(),
        connection_id: connection_id.into(),
        message_id: "m1".into(),
        event: "employees.upserted".into(),
        body: None,
        received_at: now,
        problem: None,
        told_at: None,
        content_hash: [0; 16],
        sealed: None,
    };
    let dead = id.clone();
    let store = store(machine);
    let kept = store.write(move |db| {
        inbox::insert(db, &[message])?;
        inbox::dead(db, &dead, &Problem::new("x", "x", "x"), now)
    });
    kept.await.unwrap();
    id.into()
}

/// Runs commands, and keeps which rows each has left.
struct Watched<'a> {
    machine: &'a Machine,
    seen: usize,
    left: BTreeMap<String, BTreeSet<String>>,
}

impl Watched<'_> {
    /// The rows that are new since the last look.
    fn fresh(&mut self) -> Vec<Value> {
        let all = self.machine.run(&["audit", "list", "--limit", "100000", "--json"]).json();
        let all = all.as_array().unwrap();
        // The newest are first.
        let fresh = all[..all.len() - self.seen].to_vec();
        self.seen = all.len();
        fresh
    }

    /// `command` is the part of `arguments` that names it.
    fn call(&mut self, command: &str, arguments: &[&str]) -> Value {
        self.fresh();
        let answer = self.machine.json(&[&command.split(' ').collect::<Vec<_>>(), arguments].concat());
        let fresh = self.fresh();
        let theirs = fresh.iter().filter(|row| row["actor_kind"] == "command_line");
        let actions = theirs.map(|row| row["action"].as_str().unwrap().to_owned()).collect();
        self.left.insert(command.to_owned(), actions);
        answer
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_command_that_writes_leaves_a_row() {
    let machine = Machine::new();
    let mut known = BTreeSet::new();
    commands(&machine, &[], &mut known);
    assert!(known.len() > 40, "{known:?}");
    machine.json(&["company", "add", "Before"]);
    let mut at = Watched { machine: &machine, seen: 0, left: BTreeMap::new() };
    let vendor = Vendor::start(Kind::Connectwise, 2, TestClock::new()).await;

    at.call("company add", &["Acme"]);
    at.call("company rename", &["Before", "After"]);
    at.call("company remove", &["After", "--yes"]);
    let desk = at.call("connection add", &["quickbooks_desktop", "--company", "Acme"]);
    let desk = text(&desk, "id");
    at.call("connection set", &[desk, "--set", "run_every_minutes=45"]);
    at.call("connection password", &[desk, "--yes"]);
    at.call("connection poll", &[desk]);
    let push = machine.json(&["connection", "add", "push", "--company", "Acme"]);
    at.call("connection secret", &[text(&push, "id"), "webhook_secret", "--yes"]);
    let message = dead_message(&machine, text(&push, "id")).await;
    at.call("webhook replay", &[&message]);
    at.call("connection remove", &[text(&push, "id"), "--yes"]);
    let mut given: Vec<String> = Vec::new();
    for (name, value) in vendor.settings() {
        given.extend(["--set".into(), format!("{name}={value}")]);
    }
    for (name, secret) in vendor.secrets() {
        given.extend(["--secret".into(), format!("{name}={}", secret.reveal())]);
    }
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let polled = machine
        .json(&[&["connection", "add", "connectwise", "--company", "Acme"], given.as_slice()].concat());
    at.call("connection subscribe", &[text(&polled, "id")]);
    at.call("connection unsubscribe", &[text(&polled, "id")]);

    at.call("app add", &["Timesheets", "--company", "Acme"]);
    at.call("app set", &["Timesheets", "--scope", "read", "--scope", "link"]);
    let token = at.call("app token add", &["Timesheets"]);
    at.call("app token revoke", &["Timesheets", text(&token, "id"), "--yes"]);
    machine.json(&["app", "add", "Gone", "--company", "Acme"]);
    at.call("app remove", &["Gone", "--yes"]);

    stage(&machine, desk, 30).await;
    at.call("profile add", &["u-1", "Ana Ng", "--app", "Timesheets"]);
    at.call("profile set", &["u-1", "--name", "Ana Nguyen", "--app", "Timesheets"]);
    let people = machine.json(&["record", "list", "employee", "--limit", "1", "--app", "Timesheets"]);
    let person = text(&people[0], "id");
    at.call("link add", &[person, "u-1", "--app", "Timesheets"]);
    at.call("link remove", &[person, "--app", "Timesheets", "--yes"]);
    let history = machine.json(&["link", "history", person]);
    at.call(
        "link undo",
        &[&history["changes"][0]["position"].to_string(), "--company", "Acme", "--app", "Timesheets"],
    );
    machine.json(&["profile", "add", "u-2", "Bo", "--app", "Timesheets"]);
    at.call("profile remove", &["u-2", "--app", "Timesheets", "--yes"]);
    let held = stage(&machine, desk, 5).await;
    at.call("run reject", &[&held.id, "--yes"]);
    let held = stage(&machine, desk, 5).await;
    at.call("run approve", &[&held.id, "--yes"]);
    at.call("account add", &["ana@example.com", "--role", "account-admin"]);
    at.call("account add", &["bo@example.com", "--company", "Acme"]);
    at.call("account set", &["bo@example.com", "--name", "Bo"]);
    at.call("account reset-link", &["bo@example.com"]);
    let link = at.call("account quicklink add", &["--account", "bo@example.com", "--company", "Acme"]);
    at.call("account quicklink revoke", &[text(&link, "id"), "--yes"]);
    let pair = ["--secret", "member_id=bo", "--secret", "password=hidden-horse"];
    at.call("account credentials set", &[&["bo@example.com", "connectwise"][..], &pair].concat());
    at.call("account credentials remove", &["bo@example.com", "connectwise", "--yes"]);
    // As its person would have set one in a browser.
    let database = rusqlite::Connection::open(machine.path("rollcall.db")).unwrap();
    database
        .execute("UPDATE accounts SET totp_sealed = zeroblob(40) WHERE email = 'bo@example.com'", [])
        .unwrap();
    drop(database);
    at.call("account reset-second-factor", &["bo@example.com", "--yes"]);
    at.call("account disable", &["bo@example.com", "--yes"]);
    at.call("account enable", &["bo@example.com"]);
    at.call("account sessions", &["bo@example.com", "--end-all"]);
    at.call("key rotate", &[]);
    at.call("migrate", &["--new-epoch"]);
    let backup = machine.path("backup.db").display().to_string();
    machine.json(&["backup", &backup]);
    at.call("restore", &[&backup, "--force"]);

    let silent: Vec<_> = at.left.iter().filter(|(_, actions)| actions.is_empty()).collect();
    assert!(silent.is_empty(), "no row: {silent:?}");
    for (command, action) in [
        ("company add", "company_added"),
        ("connection set", "connection_changed"),
        ("link undo", "linked"),
        ("run approve", "hold_approved"),
        ("key rotate", "key_rotated"),
        ("restore", "restored"),
    ] {
        assert!(at.left[command].contains(action), "{command}: {:?}", at.left[command]);
    }
    let called: BTreeSet<String> = at.left.into_keys().collect();
    let reading = READING.iter().map(|command| (*command).to_owned());
    let unknown: Vec<_> = known.difference(&called.into_iter().chain(reading).collect()).cloned().collect();
    assert_eq!(unknown, Vec::<String>::new(), "commands that are neither called here nor said to read only");
}
