//! The one command of a newcomer.

use std::{
    io::{BufRead, BufReader},
    process::Stdio,
};

use super::{Machine, polled::Api, signal};

#[test]
fn one_round_links_and_unlinks_somebody_and_leaves_nothing_behind() {
    let machine = Machine::new();
    let told =
        machine.end(machine.command(&["demo", "--once", "--json"]).env("TMPDIR", machine.folder.path()));
    assert_eq!(told.code, 0, "{}", told.stderr);
    let told = told.json();
    assert_eq!((&told["employees"], &told["customers"]), (&40.into(), &60.into()));
    // All three were read; API members of ConnectWise are no employees.
    let sources = told["sources"].as_array().unwrap();
    let counted: Vec<(&str, u64, u64)> = sources
        .iter()
        .map(|it| {
            let count = |name: &str| it[name].as_u64().unwrap();
            (it["kind"].as_str().unwrap(), count("employees"), count("customers"))
        })
        .collect();
    assert_eq!(counted[..2], [("quickbooks_desktop", 40, 60), ("paycom", 40, 0)]);
    assert!(counted[2].0 == "connectwise" && counted[2].1 > 30 && counted[2].2 > 30, "{counted:?}");
    assert_eq!(sources[0]["connection_id"], told["connection_id"]);
    assert_eq!(told["unlinked"], true);
    assert_eq!(told["history"], serde_json::json!(["unlinked", "linked", "created"]));
    assert!(std::fs::read_dir(machine.folder.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn it_goes_on_until_ctrl_c_and_changes_arrive_from_every_source() {
    let machine = Machine::new();
    let temporary = machine.path("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = machine.command(&["demo", "--every", "1", "--json"]);
    command.env("TMPDIR", &temporary).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut told = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut told).unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let text = |name: &str| told[name].as_str().unwrap();
    assert!(text("app_token").starts_with("rct_"));

    // Two more rounds after the first reading.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut rounds = |end: &str| -> String {
        let rounds: Vec<String> = lines.by_ref().filter(|line| line.contains(end)).take(2).collect();
        assert_eq!(rounds.len(), 2, "{rounds:?}");
        rounds.concat()
    };
    let polled = rounds("ConnectWise: polled");
    assert!(polled.contains("1 new") || polled.contains("1 changed"), "{polled}");
    let api = Api::with(text("url"), text("app_token"));
    let pay = told["sources"][1]["connection_id"].as_str().unwrap();
    // The simulated Paycom changes an address first: nothing but its webhook tells.
    let path = format!("/v1/employees?connection={pay}&q=changed.1@example.com");
    api.until(&path, |page| page["data"][0].is_object()).await;
    // The command line knows it as well.
    let list = machine.end(
        machine.command(&["connection", "list", "--json"]).env("ROLLCALL_DATABASE_URL", text("database_url")),
    );
    assert_eq!(list.json().as_array().unwrap().len(), 3);

    signal("INT", &child);
    // It still has something to say, perhaps.
    lines.for_each(drop);
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(std::fs::read_dir(&temporary).unwrap().next().is_none());
}
