//! A backup of a SQLite database that is put in its place.

use std::fs;

use super::{Machine, Served};

/// What SQLite keeps beside the file holds nothing any more: a copy in its place would else be written over.
fn nothing_is_left_beside(machine: &Machine) {
    let left = fs::metadata(machine.path("rollcall.db-wal")).map_or(0, |wal| wal.len());
    assert_eq!(left, 0, "a WAL of {left} bytes");
}

#[test]
fn a_backup_that_is_put_in_the_place_of_a_database_is_what_is_there_afterwards() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    nothing_is_left_beside(&machine);
    fs::copy(machine.path("rollcall.db"), machine.path("backup.db")).unwrap();

    let served = Served::start(&machine, &[]);
    machine.json(&["company", "add", "Mistake"]);
    assert_eq!(served.terminate(), Some(0));
    nothing_is_left_beside(&machine);

    fs::copy(machine.path("backup.db"), machine.path("rollcall.db")).unwrap();
    assert_eq!(machine.json(&["migrate", "--new-epoch"])["new_epoch"], true);
    let companies = machine.json(&["company", "list"]);
    let names: Vec<&str> =
        companies.as_array().unwrap().iter().map(|it| it["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Acme"]);
}

#[test]
fn a_database_that_is_damaged_is_told_before_it_is_used() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let path = machine.path("rollcall.db");
    let mut bytes = fs::read(&path).unwrap();
    // The header stays: it opens.
    let end = bytes.len();
    bytes[end - 4096..].fill(0xA5);
    fs::write(&path, bytes).unwrap();
    let problem = machine.problem(&["migrate", "--new-epoch"], "database_damaged");
    assert!(problem["remedy"].as_str().unwrap().contains("-wal"), "{problem}");
    let doctor = machine.run(&["doctor", "--json"]);
    assert!(doctor.code != 0 && doctor.stdout.contains("damaged"), "{}", doctor.stdout);
}
