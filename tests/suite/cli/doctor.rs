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

/// A certificate for `name` from so many days ago to so many from now, and its key, in the machine's folder.
fn certificate(machine: &Machine, name: &str, from: i64, until: i64) -> [String; 2] {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    let day = |days: i64| {
        let date = chrono::Utc::now().date_naive() + chrono::TimeDelta::days(days);
        use chrono::Datelike;
        rcgen::date_time_ymd(
            date.year(),
            u8::try_from(date.month()).unwrap(),
            u8::try_from(date.day()).unwrap(),
        )
    };
    (params.not_before, params.not_after) = (day(from), day(until));
    let issued = params.self_signed(&key).unwrap();
    [machine.file("cert.pem", &issued.pem()), machine.file("key.pem", &key.serialize_pem())]
}

#[test]
fn a_certificate_that_clients_refuse_or_will_soon_is_told() {
    let machine = Machine::new();
    for (name, from, until, status, words) in [
        ("localhost", -10, 300, "ok", "valid until"),
        ("other.example", -10, 300, "fail", "other names than localhost"),
        ("localhost", -300, -10, "fail", "expired on"),
        ("localhost", -300, 10, "warn", "expires on"),
        ("localhost", 10, 300, "fail", "not valid before"),
    ] {
        let [cert, key] = certificate(&machine, name, from, until);
        let tls = ["--public-url", "https://localhost", "--tls-cert", &cert, "--tls-key", &key];
        let report = doctor(&machine, &tls).json();
        let found =
            report["checks"].as_array().unwrap().iter().find(|it| it["check"] == "certificate").unwrap();
        assert_eq!(found["status"], status, "{found}");
        assert!(found["detail"].as_str().unwrap().contains(words), "{found}");
    }
}

#[cfg(unix)]
#[test]
fn files_that_others_can_read_are_told() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    machine.acme();
    let open = |path: &std::path::Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644)).unwrap();
    };
    let [cert, key] = certificate(&machine, "localhost", -10, 300);
    let database = std::fs::read_dir(machine.folder.path()).unwrap().map(|it| it.unwrap().path());
    let database: Vec<_> = database.filter(|path| path.extension().is_some_and(|end| end == "db")).collect();
    assert_eq!(database.len(), 1);
    open(&database[0]);
    open(key.as_ref());
    let report =
        doctor(&machine, &["--public-url", "https://localhost", "--tls-cert", &cert, "--tls-key", &key])
            .json();
    // SQLite makes the files beside it as open as it is.
    let (statuses, _) = of(&report, "database files");
    assert!(!statuses.is_empty() && statuses.iter().all(|status| status == "warn"), "{statuses:?}");
    assert!(of(&report, "database files").1.contains("chmod 600"));
    assert_eq!(of(&report, "certificate's key").0, ["warn"]);
}

#[test]
fn a_name_that_nobody_finds_and_a_log_that_tells_nothing_are_told() {
    let machine = Machine::new();
    let report = doctor(&machine, &["--public-url", "https://rollcall.invalid"]).json();
    assert_eq!(of(&report, "public address").0, ["fail"]);
    for filter in ["inof", "info,rollcall", "rollcall=dbug", "info,rollcall::sync=verbose"] {
        let report = doctor(&machine, &["--log", filter]).json();
        assert_eq!(of(&report, "settings").0, ["fail"], "{filter}");
        assert!(of(&report, "settings").1.contains("ROLLCALL_LOG"), "{filter}");
    }
    for filter in ["info", "WARN", "off", "info,rollcall::sync=debug,hyper=off"] {
        assert_eq!(of(&doctor(&machine, &["--log", filter]).json(), "settings").0, ["ok"], "{filter}");
    }
}

#[test]
fn many_connections_are_told_in_few_lines_what_is_wrong_first() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let mut ids: Vec<String> = Vec::new();
    for number in 0..12 {
        let name = format!("Payroll {number}");
        let made = machine.json(&["connection", "add", "push", "--company", "Acme", "--name", &name]);
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    let text = machine.run(&["doctor", "--listen", "127.0.0.1:0"]).stdout;
    let first = text.lines().next().unwrap();
    assert!(first.contains("0 failed") && first.contains("to look at"), "{text}");
    // Those that wait for something are named; all of them say what for.
    for id in &ids {
        assert!(text.contains(id), "{text}");
    }
    let report = machine.run(&["doctor", "--json", "--listen", "127.0.0.1:0"]).json();
    let details = of(&report, "connection ");
    assert_eq!(details.0.len(), 12);
    assert!(details.1.contains("waiting: "), "{details:?}");
}
