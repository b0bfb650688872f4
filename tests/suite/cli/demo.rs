//! The one command of a newcomer.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use super::{Machine, signal};

#[test]
fn one_round_links_and_unlinks_somebody_and_leaves_nothing_behind() {
    let machine = Machine::new();
    let told =
        machine.end(machine.command(&["demo", "--once", "--json"]).env("TMPDIR", machine.folder.path()));
    assert_eq!(told.code, 0, "{}", told.stderr);
    let told = told.json();
    assert_eq!((&told["employees"], &told["customers"]), (&40.into(), &60.into()));
    assert_eq!(told["unlinked"], true);
    assert_eq!(told["history"], serde_json::json!(["unlinked", "linked", "created"]));
    assert!(std::fs::read_dir(machine.folder.path()).unwrap().next().is_none());
}

#[test]
fn it_goes_on_until_ctrl_c() {
    let machine = Machine::new();
    let mut command = machine.command(&["demo", "--every", "1", "--json"]);
    command.env("TMPDIR", machine.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Two more sessions after the first one.
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let rounds: Vec<String> = lines.filter(|line| line.contains("completed")).take(2).collect();
    signal("INT", &child);
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(rounds.len(), 2);
    let told: serde_json::Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert!(told["app_token"].as_str().unwrap().starts_with("rct_"));
    assert!(std::fs::read_dir(machine.folder.path()).unwrap().next().is_none());
}
