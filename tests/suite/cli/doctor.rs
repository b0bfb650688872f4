//! What the doctor finds.

use serde_json::Value;

use super::{Ended, Machine, Served};

/// The statuses of a check, and everything that was said of it.
fn of(report: &Value, check: &str) -> (Vec<String>, String) {
    let findings: Vec<&Value> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["check"].as_str().unwrap().starts_with(check))
        .collect();
    let text = |finding: &&Value| format!("{} {}", finding["detail"], finding["remedy"]);
    let statuses = findings.iter().map(|finding| finding["status"].as_str().unwrap().to_owned()).collect();
    (statuses, findings.iter().map(text).collect())
}

fn doctor(machine: &Machine, arguments: &[&str]) -> Ended {
    machine.run(&[&["doctor", "--json", "--listen", "127.0.0.1:0"], arguments].concat())
}

#[test]
fn a_fresh_machine_is_no_failure_and_nothing_is_made() {
    let machine = Machine::new();
    let ended = doctor(&machine, &[]);
    assert_eq!(ended.code, 0, "{}", ended.stdout);
    let report = ended.json();
    assert_eq!(report["ok"], true);
    assert_eq!(of(&report, "database").0, ["warn"]);
    assert!(std::fs::read_dir(machine.folder.path()).unwrap().next().is_none());
}

#[test]
fn everything_that_is_wrong_is_told_with_a_remedy() {
    let machine = Machine::new();
    let id = machine.acme()["id"].as_str().unwrap().to_owned();
    let key = machine.file("key.pem", "nonsense");
    let ended =
        doctor(&machine, &["--public-url", "http://192.0.2.7", "--tls-cert", &key, "--tls-key", &key]);
    assert_eq!(ended.code, 1);
    let report = ended.json();
    assert_eq!(report["ok"], false);
    assert_eq!(of(&report, "settings").0, ["ok"]);
    assert_eq!(of(&report, "database").0, ["ok"]);
    assert_eq!(of(&report, "public address").0, ["fail"]);
    assert!(of(&report, "public address").1.contains("QBWC1001"));
    assert_eq!(of(&report, "certificate").0, ["fail"]);
    assert_eq!(of(&report, "port").0, ["ok"]);
    let (statuses, text) = of(&report, "connection ");
    assert_eq!(statuses, ["warn"]);
    assert!(text.contains(&format!("rollcall qwc {id}")), "{text}");
    for finding in report["checks"].as_array().unwrap() {
        assert_eq!(finding["status"] == "ok", finding["remedy"].is_null(), "{finding}");
    }
}

#[test]
fn mistakes_in_the_settings_are_all_told() {
    let machine = Machine::new();
    let ended = doctor(&machine, &["--header-timeout", "x", "--max-connections", "0"]);
    assert_eq!(ended.code, 1);
    assert_eq!(of(&ended.json(), "settings").0, ["fail", "fail"]);
}

#[test]
fn a_port_is_free_or_a_gateways_or_somebody_elses() {
    let machine = Machine::new();
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = other.local_addr().unwrap().to_string();
    // Nobody answers there: it accepts and closes, until the tests end.
    std::thread::spawn(move || other.incoming().for_each(drop));
    let report = machine.run(&["doctor", "--json", "--listen", &listen]).json();
    assert_eq!(of(&report, "port").0, ["fail"]);
    let listen_here = ["doctor", "--live", "--listen", &listen];
    assert_eq!(machine.run(&listen_here).code, 1);

    let served = Served::start(&machine, &[]);
    let listen = format!("127.0.0.1:{}", served.port());
    let report = machine.run(&["doctor", "--json", "--listen", &listen]).json();
    assert_eq!(of(&report, "port").0, ["ok"]);
    assert!(of(&report, "port").1.contains("A gateway answers"));
    // As a container calls it: with what the environment sets.
    let mut command = machine.command(&["doctor", "--live"]);
    assert_eq!(machine.end(command.env("ROLLCALL_LISTEN", &listen)).code, 0);
}
