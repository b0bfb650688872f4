//! Backups by the shipped binary: made while a gateway serves, put back while none does.

use std::fs;

use serde_json::json;

use super::{Machine, Served};
use crate::support::TestDatabase;

fn names(machine: &Machine) -> Vec<String> {
    let companies = machine.json(&["company", "list"]);
    companies.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap().to_owned()).collect()
}

#[cfg(unix)]
fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).unwrap().mode() & 0o777
}

fn left_behind(machine: &Machine) -> Vec<String> {
    let entries = fs::read_dir(machine.path(".")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".rollcall")).collect()
}

#[test]
fn a_backup_is_made_while_a_gateway_serves_and_put_back_while_none_does() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    machine.json(&["connection", "add", "push", "--company", "Acme"]);
    let mut served = Served::start(&machine, &[]);
    let made = machine.json(&["backup", "backup.db"]);
    assert_eq!((&made["file"], &made["verified"]), (&json!("backup.db"), &json!(true)));
    assert_eq!(made["bytes"].as_u64().unwrap(), fs::metadata(machine.path("backup.db")).unwrap().len());
    assert!(made["key_file"].as_str().unwrap().ends_with("rollcall.db.key"), "{made}");
    #[cfg(unix)]
    assert_eq!(mode(&machine.path("backup.db")), 0o600);
    machine.problem(&["backup", "backup.db"], "file_exists");
    machine.json(&["backup", "backup.db", "--force"]);
    let told = machine.run(&["backup", "other.db"]).stdout;
    assert!(told.contains("rollcall.db.key"), "{told}");
    machine.problem(&["backup", "no/such/folder.db"], "file_failed");

    machine.json(&["company", "add", "Mistake"]);
    machine.problem(&["restore", "backup.db"], "database_in_use");
    machine.problem(&["restore", "backup.db", "--force"], "database_in_use");
    served.stop_and_read_log();
    machine.problem(&["restore", "backup.db"], "file_exists");
    assert_eq!(names(&machine), ["Acme", "Mistake"]);
    let restored = machine.json(&["restore", "backup.db", "--force"]);
    assert_eq!(restored["new_epoch"], true);
    assert_eq!(names(&machine), ["Acme"]);
    #[cfg(unix)]
    assert_eq!(mode(&machine.path("rollcall.db")), 0o600);
    let audit = machine.json(&["audit", "list", "--action", "restored"]);
    assert_eq!(audit[0]["actor_kind"], "command_line");
    assert_eq!(machine.json(&["audit", "verify"])["whole"], true);
    assert_eq!(machine.run(&["doctor", "--json"]).stdout.matches("damaged").count(), 0);
    assert_eq!(left_behind(&machine), Vec::<String>::new());
}

#[test]
fn a_backup_is_restored_on_a_new_machine_with_its_key_and_not_without() {
    let (machine, other) = (Machine::new(), Machine::new());
    machine.json(&["company", "add", "Acme"]);
    machine.json(&["backup", "backup.db"]);
    fs::copy(machine.path("backup.db"), other.path("backup.db")).unwrap();
    let problem = other.problem(&["restore", "backup.db"], "audit_unavailable");
    assert!(problem["detail"].as_str().unwrap().contains("key file"), "{problem}");
    assert!(!other.path("rollcall.db").exists() && left_behind(&other).is_empty());
    fs::copy(machine.path("rollcall.db.key"), other.path("rollcall.db.key")).unwrap();
    other.json(&["restore", "backup.db"]);
    assert_eq!(names(&other), ["Acme"]);
    assert_eq!(other.json(&["audit", "verify"])["whole"], true);
}

#[test]
fn what_is_no_backup_or_is_damaged_is_not_put_in_the_place_of_a_database() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    machine.json(&["backup", "backup.db"]);
    let mut bytes = fs::read(machine.path("backup.db")).unwrap();
    let end = bytes.len();
    bytes[end - 4096..].fill(0xA5);
    fs::write(machine.path("damaged.db"), bytes).unwrap();
    machine.problem(&["restore", "damaged.db", "--force"], "backup_damaged");
    fs::write(machine.path("text.db"), "Once upon a time there was a file that was none of SQLite's.")
        .unwrap();
    machine.problem(&["restore", "text.db", "--force"], "backup_damaged");
    fs::write(machine.path("empty.db"), "").unwrap();
    machine.problem(&["restore", "empty.db", "--force"], "no_backup");
    machine.problem(&["restore", "nowhere.db", "--force"], "file_failed");
    assert_eq!((names(&machine), left_behind(&machine)), (vec!["Acme".to_owned()], Vec::new()));
}

#[test]
fn postgresql_is_backed_up_by_its_own_tools() {
    let Some(database) = TestDatabase::postgres() else { return };
    database.open();
    let machine = Machine::new();
    let problem = machine.problem(&["backup", "b.db", "--database-url", &database.url], "backup_by_server");
    assert!(problem["remedy"].as_str().unwrap().contains("pg_dump"), "{problem}");
    let problem = machine.problem(&["restore", "b.db", "--database-url", &database.url], "restore_by_server");
    let remedy = problem["remedy"].as_str().unwrap();
    assert!(remedy.contains("pg_restore") && remedy.contains("rollcall migrate --new-epoch"), "{problem}");
}

#[test]
fn the_audit_is_verified_against_what_a_gateway_has_written_elsewhere() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let file = machine.path("checkpoints.jsonl").display().to_string();
    let mut served = Served::start_with_log(&machine, "info", &["--audit-checkpoint-file", &file]);
    machine.json(&["company", "add", "Birch"]);
    let log = served.stop_and_read_log();
    assert!(log.contains("checkpoint of the audit"), "{log}");
    let whole = machine.json(&["audit", "verify", "--against", &file]);
    let chains = whole["chains"].as_array().unwrap();
    assert_eq!((&whole["whole"], chains.len()), (&json!(true), 3));
    assert!(chains.iter().all(|it| it["not_anchored"] == 0), "{whole}");
    machine.json(&["company", "rename", "Birch", "Cedar"]);
    let after = machine.json(&["audit", "verify", "--against", &file]);
    assert!(after["chains"].as_array().unwrap().iter().any(|it| it["not_anchored"] == 1), "{after}");
    let text = machine.run(&["audit", "verify"]).stdout;
    assert!(text.contains("Nothing is anchored"), "{text}");

    // A copy from before is put in the place of the database by hand.
    let lines = machine.run(&["audit", "export"]).stdout;
    assert_eq!(lines.lines().count(), 6, "{lines}");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("\"seq\":1,", "\"seq\":9,")).unwrap();
    let ended = machine.run(&["audit", "verify", "--against", &file, "--json"]);
    assert_eq!(ended.code, 1);
    assert_eq!(ended.json()["whole"], false);
    machine.problem(&["audit", "verify", "--against", "nowhere"], "system");
    machine.file("no.jsonl", "not a checkpoint\n");
    machine.problem(&["audit", "verify", "--against", "no.jsonl"], "bad_checkpoints");
}
