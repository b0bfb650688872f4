//! Calls and settings that cannot be understood, and readers that go away.

use std::{io::Read, process::Stdio};

use super::Machine;

#[test]
fn an_unknown_kind_is_refused_with_those_that_are_known() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let unknown = machine.run(&["connection", "add", "quickbook", "--company", "Acme"]);
    assert_eq!(unknown.code, 2);
    for kind in ["quickbooks_desktop", "paycom", "push"] {
        assert!(unknown.stderr.contains(kind), "{}", unknown.stderr);
    }
    // Not offered here what is refused there.
    for known in rollcall::domain::words::Kind::ALL {
        let offered = unknown.stderr.contains(&format!(" {known}"));
        assert_eq!(offered, rollcall::connectors::spec(*known).is_some(), "{known}: {}", unknown.stderr);
    }
}

#[test]
fn the_id_of_something_else_is_called_by_its_name() {
    let machine = Machine::new();
    let id = machine.acme()["id"].as_str().unwrap().to_owned();
    for (call, what) in [
        (["run", "show", &id], "run"),
        (["app", "remove", &id], "app"),
        (["webhook", "replay", &id], "message"),
        (["company", "remove", &id], "company"),
    ] {
        let problem = machine.problem(&call, &format!("{what}_not_found"));
        let remedy = problem["remedy"].as_str().unwrap();
        assert!(remedy.contains("That looks like the ID of a connection."), "{call:?}: {problem}");
    }
}

#[test]
fn a_call_that_is_not_understood_ends_with_2() {
    let machine = Machine::new();
    for call in
        [&["frobnicate"] as &[&str], &["company"], &["app", "add", "A"], &["connection", "set", "con_1"]]
    {
        let ended = machine.run(call);
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{call:?}: {}", ended.stderr);
        let ended = machine.run(&[call, &["--json"]].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (2, ""), "{call:?}: {}", ended.stderr);
        assert_eq!(ended.problem()["code"], "usage", "{call:?}");
    }
    assert!(std::fs::read_dir(machine.folder.path()).unwrap().next().is_none(), "no database was made");
}

#[test]
fn all_settings_that_cannot_be_used_are_named_at_once() {
    let machine = Machine::new();
    let mut command = machine.command(&["serve", "--listen", "nowhere", "--json"]);
    command
        .env("ROLLCALL_HEADER_TIMEOUT", "0")
        .env("ROLLCALL_LISTEN", "127.0.0.1:0")
        .env("ROLLCALL_LISTNE", "x");
    let ended = machine.end(command.env("ROLLCALL_DATABASE_URL", "mysql://u:hunter2@h/d"));
    assert_eq!(ended.code, 2);
    let problem = ended.problem();
    let detail = problem["detail"].as_str().unwrap();
    for name in [
        "ROLLCALL_LISTEN: it has no port",
        "ROLLCALL_HEADER_TIMEOUT",
        "ROLLCALL_DATABASE_URL",
        "ROLLCALL_LISTNE",
    ] {
        assert!(detail.contains(name), "{name} in {detail}");
    }
    assert!(!detail.contains("hunter2"));
}

#[test]
fn a_flag_lies_over_the_environment() {
    let machine = Machine::new();
    let mut command = machine.command(&["company", "add", "Acme", "--database-url", "sqlite:flag.db"]);
    assert_eq!(machine.end(command.env("ROLLCALL_DATABASE_URL", "sqlite:environment.db")).code, 0);
    assert!(machine.path("flag.db").exists() && !machine.path("environment.db").exists());
    let file = machine.file("url", "sqlite:flag.db\n");
    assert_eq!(machine.json(&["company", "list", "--database-url-file", &file])[0]["name"], "Acme");
}

#[test]
fn a_database_that_cannot_be_opened_is_said_without_its_password() {
    let machine = Machine::new();
    let url = "postgres://u:hunter2@127.0.0.1:1/none";
    let ended = machine.run(&["company", "list", "--json", "--database-url", url]);
    assert_eq!((ended.code, ended.problem()["code"].as_str()), (1, Some("database_unreachable")));
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    let people = machine.run(&["company", "list", "--database-url", url]).stderr;
    assert!(people.lines().count() == 2 && !people.contains('\u{fffd}'), "{people}");
    let doctor = machine.run(&["doctor", "--database-url", url]);
    let told = !doctor.stdout.contains("rollcall doctor") && doctor.stdout.contains("that the server runs");
    assert!(doctor.code == 1 && told && !doctor.stdout.contains("hunter2"), "{}", doctor.stdout);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let machine = Machine::new();
    let mut child =
        machine.command(&["openapi"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut start = [0; 1];
    stdout.read_exact(&mut start).unwrap();
    drop(stdout);
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), b"".as_slice()));
}

#[test]
fn a_shell_is_told_the_commands() {
    let machine = Machine::new();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = machine.run(&["completions", shell]);
        assert!(script.code == 0 && script.stdout.contains("connection"), "{shell}: {}", script.stderr);
    }
}

#[test]
fn the_api_is_described_without_a_database() {
    let machine = Machine::new();
    let ended = machine.run(&["openapi"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert!(document["paths"]["/v1/employees/{id}/link"]["put"].is_object());
    assert!(std::fs::read_dir(machine.folder.path()).unwrap().next().is_none());
}

/// An example that is copied out of a page is what it was.
#[test]
fn no_page_of_the_manual_parts_a_word_at_the_end_of_a_line() {
    let machine = Machine::new();
    let page = machine.run(&["man", "connection", "add"]).stdout;
    assert!(page.starts_with(".nh\n"), "{page}");
    let folder = machine.path("pages");
    assert_eq!(machine.run(&["man", "--to", folder.to_str().unwrap()]).code, 0);
    let pages: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|page| std::fs::read_to_string(page.unwrap().path()).unwrap())
        .collect();
    assert!(pages.len() > 10 && pages.iter().all(|page| page.starts_with(".nh\n")));
}

#[test]
fn a_setup_file_is_xml_or_with_json_a_document_that_holds_it() {
    let machine = Machine::new();
    let id = machine.acme()["id"].as_str().unwrap().to_owned();
    let file = machine.run(&["qwc", &id]).stdout;
    assert!(file.starts_with("<?xml"), "{file}");
    let told = machine.json(&["qwc", &id]);
    assert_eq!((&told["qwc"], &told["file_name"]), (&file.into(), &"acme.qwc".into()));
}

#[test]
fn a_failed_test_has_one_cause_in_text_and_in_json() {
    let machine = Machine::new();
    let id = machine.acme()["id"].as_str().unwrap().to_owned();
    let mut test = machine.command(&["connection", "test", &id, "--json"]);
    let cause = machine.end(&mut test).json()["cause"].as_str().unwrap().to_owned();
    let text = machine.run(&["connection", "test", &id]).stdout;
    assert!(text.starts_with(&format!("{cause}: ")), "{cause} {text}");
}
