//! What is pasted into a wrong place is not repeated: whatever the command, the argument or the variable.

use super::Machine;

/// Like a secret, and like nothing that is known.
const CANARY: &str = "skCANARYlive51H8";

fn assert_silent(machine: &Machine, call: &[&str]) {
    for json in [&[] as &[&str], &["--json"]] {
        let ended = machine.run(&[call, json].concat());
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(ended.code != 0 && !told.contains("CANARY"), "{call:?}: {told}");
    }
}

#[test]
fn no_command_repeats_what_it_does_not_take() {
    let machine = Machine::new();
    machine.acme();
    machine.json(&["app", "add", "Timesheets", "--company", "Acme"]);
    let long = format!("--{CANARY}");
    let url = format!("https://{CANARY}:x");
    for call in [
        &[CANARY] as &[&str],
        &[&long],
        &["company", CANARY],
        &["company", "add", "Acme", CANARY],
        &["company", "remove", CANARY],
        &["company", "rename", CANARY, "x"],
        &["app", "set", CANARY, "--name", "x"],
        &["app", "remove", CANARY],
        &["app", "add", "x", "--company", CANARY],
        &["app", "add", "x", "--company", "Acme", "--scope", CANARY],
        &["app", "token", "list", CANARY],
        &["app", "token", "revoke", "Timesheets", CANARY],
        &["app", "token", "add", "Timesheets", "--expires-in-days", CANARY],
        &["connection", "add", CANARY, "--company", "Acme"],
        &["connection", "add", "push", "--company", CANARY],
        &["connection", "list", "--kind", CANARY],
        &["connection", "list", "--state", CANARY],
        &["connection", "show", CANARY],
        &["connection", "poll", CANARY],
        &["connection", "test", CANARY],
        &["connection", "secret", "QuickBooks Desktop", CANARY],
        &["connection", "runs", "QuickBooks Desktop", "--limit", CANARY],
        &["connection", "remove", CANARY, "--yes"],
        &["qwc", CANARY],
        &["qwc", "QuickBooks Desktop", "--public-url", &url],
        &["record", "list", CANARY],
        &["record", "list", "employee", "--linked", CANARY],
        &["record", "list", "employee", "--changed-since", CANARY],
        &["record", "list", "employee", "--connection", CANARY],
        &["record", "show", CANARY],
        &["link", "add", CANARY, "u-1"],
        &["link", "undo", CANARY],
        &["link", "list", "--app", CANARY],
        &["profile", "list", "--app", CANARY],
        &["profile", "remove", CANARY, "--yes"],
        &["run", "list", "--state", CANARY],
        &["run", "show", CANARY],
        &["run", "approve", CANARY],
        &["webhook", "list", CANARY],
        &["webhook", "replay", CANARY],
        &["migrate", "--database-url", CANARY],
        &["completions", CANARY],
        &["man", CANARY],
    ] {
        assert_silent(&machine, call);
    }
}

#[test]
fn no_setting_is_repeated() {
    let machine = Machine::new();
    for setting in rollcall::config::SETTINGS {
        let mut command = machine.command(&["serve", "--listen", "127.0.0.1:0", "--json"]);
        // Whatever it says of this one, it cannot start with the next.
        command.env(setting.name, CANARY).env("ROLLCALL_HEADER_TIMEOUT", "0");
        let ended = machine.end(&mut command);
        let told = format!("{}{}", ended.stdout, ended.stderr);
        assert!(ended.code == 2 && !told.contains("CANARY"), "{}: {told}", setting.name);
    }
    // Parts of a URL in the wrong places.
    for url in
        ["postgres://user:CANARY", "postgres://u:p@CANARY@127.0.0.1:1/d", "postgres://u@127.0.0.1:CANARY/d"]
    {
        let ended = machine.run(&["company", "list", "--database-url", url]);
        assert!(ended.code != 0 && !ended.stderr.contains("CANARY"), "{url}: {}", ended.stderr);
    }
}
