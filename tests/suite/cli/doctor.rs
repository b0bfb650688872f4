//! What the doctor finds.

use chrono::{TimeDelta, Utc};
use rollcall::{
    domain::{problem::Problem, words::WorkerState},
    store::{
        Store, polls,
        workers::{self, Worker},
    },
};
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
    certificate_of(machine, &rcgen::KeyPair::generate().unwrap(), name, from, until)
}

fn certificate_of(machine: &Machine, key: &rcgen::KeyPair, name: &str, from: i64, until: i64) -> [String; 2] {
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
    let issued = params.self_signed(key).unwrap();
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

#[test]
fn old_windows_and_a_certificate_whose_key_is_rsa_are_told() {
    let machine = Machine::new();
    let rsa = rcgen::KeyPair::from_pem(include_str!("../../../fixtures/tls/rsa_key.pem")).unwrap();
    for (key, told) in [(rsa, true), (rcgen::KeyPair::generate().unwrap(), false)] {
        let [cert, key] = certificate_of(&machine, &key, "localhost", -10, 300);
        let tls = ["--public-url", "https://localhost", "--tls-cert", &cert, "--tls-key", &key];
        let report = doctor(&machine, &tls).json();
        let (statuses, text) = of(&report, "certificate");
        assert_eq!(statuses[0], "ok", "{text}");
        let says = text.contains("RSA") && text.contains("Windows 7") && text.contains("ECDSA (P-256)");
        assert_eq!(says, told, "{text}");
    }
}

#[test]
fn the_port_of_the_figures_is_looked_at_as_well() {
    let machine = Machine::new();
    let figures = |listen: &str, metrics: &str| {
        let report =
            machine.run(&["doctor", "--json", "--listen", listen, "--metrics-listen", metrics]).json();
        let (statuses, text) = of(&report, "figures");
        (statuses.join(" "), text)
    };
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = other.local_addr().unwrap().to_string();
    std::thread::spawn(move || other.incoming().for_each(drop));
    assert_eq!(figures("127.0.0.1:0", "127.0.0.1:0").0, "ok");
    let (status, text) = figures("127.0.0.1:0", &taken);
    assert!(status == "fail" && text.contains("ROLLCALL_METRICS_LISTEN"), "{text}");
    let (status, text) = figures("127.0.0.1:0", "192.0.2.7:9090");
    assert!(status == "fail" && text.contains("no address of this computer"), "{text}");
    // The same place in other words, which only the system knows.
    if std::net::TcpListener::bind("[::ffff:127.0.0.1]:0").is_ok() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (status, text) = figures(&format!("127.0.0.1:{free}"), &format!("[::ffff:127.0.0.1]:{free}"));
        assert!(status == "fail" && text.contains("where the gateway itself listens"), "{text}");
    }

    let served = Served::start(&machine, &["--metrics-listen", "127.0.0.1:0"]);
    let own = served.figures.clone().unwrap();
    let (status, text) = figures(&format!("127.0.0.1:{}", served.port()), &own);
    assert!(status == "ok" && text.contains("A gateway answers"), "{text}");
}

#[test]
fn what_is_not_there_is_told_from_what_cannot_be_looked_into() {
    let machine = Machine::new();
    let file = machine.file("file", "");
    let tell = |arguments: &[&str], check: &str| {
        let (statuses, text) = of(&doctor(&machine, arguments).json(), check);
        (statuses.first().cloned().unwrap_or_default(), text)
    };
    let database = |path: &str| tell(&["--database-url", &format!("sqlite:{path}")], "database");
    for (path, status, words) in [
        ("new.db", "warn", "is not there yet"),
        ("none/new.db", "fail", "its folder \\\"none\\\" is not there"),
        ("file/x/new.db", "fail", "cannot be looked into"),
    ] {
        let (found, text) = database(path);
        assert!(found == status && text.contains(words), "{path}: {found} {text}");
    }
    // In the same words by every command.
    let url = format!("sqlite:{file}/x/new.db");
    let problem = machine.problem(&["company", "list", "--database-url", &url], "database_unreachable");
    assert!(problem["detail"].as_str().unwrap().contains("cannot be looked into"), "{problem}");
    if cfg!(target_os = "linux") {
        // Nobody makes files there.
        let (found, text) = database("/proc/new.db");
        assert!(found == "fail" && text.contains("nothing can be written in its folder"), "{text}");
        let made = ["company", "add", "Acme", "--database-url", "sqlite:/proc/new.db"];
        let problem = machine.problem(&made, "database_unreachable");
        assert!(problem["remedy"].as_str().unwrap().contains("write in that folder"), "{problem}");
    }
    let hidden = format!("{file}/cert.pem");
    for (cert, words) in [("none.pem", "is not there"), (hidden.as_str(), "cannot be read")] {
        let (status, text) = tell(&["--tls-cert", cert, "--tls-key", "key.pem"], "certificate");
        assert!(status == "fail" && text.contains(words), "{cert}: {text}");
    }
    machine.acme();
    let mut command = machine.command(&["doctor", "--json", "--listen", "127.0.0.1:0"]);
    let report = machine.end(command.env("ROLLCALL_KEY_FILE", format!("{file}/key"))).json();
    let (statuses, text) = of(&report, "secret key");
    assert!(statuses == ["fail"] && text.contains("cannot be looked into"), "{text}");
}

#[test]
fn the_wrong_key_is_one_finding_that_names_what_it_does_not_open() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    for number in 0..7 {
        let name = format!("Payroll {number}");
        machine.json(&["connection", "add", "push", "--company", "Acme", "--name", &name]);
    }
    let other = Machine::new();
    other.json(&["company", "add", "Birch"]);
    other.json(&["connection", "add", "push", "--company", "Birch"]);
    // The permissions go along.
    std::fs::copy(other.path("rollcall.db.key"), machine.path("rollcall.db.key")).unwrap();
    let (statuses, text) = of(&doctor(&machine, &[]).json(), "secret key");
    assert_eq!(statuses, ["fail"], "{text}");
    assert!(text.contains("7 secrets of 7 connections cannot be opened"), "{text}");
    assert!(text.contains("Acme/Payroll 0") && text.contains("and 2 more"), "{text}");
    assert!(text.contains("Restore the key file"), "{text}");
}

#[test]
fn a_part_of_the_log_that_nobody_has_is_told_by_the_doctor_and_once_by_a_gateway() {
    let machine = Machine::new();
    let filters = ["rollcal=debug", "info,rollcall::snyc=debug", "warn,hypr=off"];
    for filter in filters {
        let (statuses, text) = of(&doctor(&machine, &["--log", filter]).json(), "settings");
        assert!(statuses == ["warn"] && text.contains("nothing in Rollcall is called"), "{filter}: {text}");
        let log = Served::start_with_log(&machine, filter, &[]).stop_and_read_log();
        assert_eq!(log.matches("nothing in Rollcall is called").count(), 1, "{filter}: {log}");
    }
}

/// A worker as a gateway reported it so many minutes ago.
pub(super) fn reported(gateway: &str, minutes: i64, problem: Option<Problem>) -> Worker {
    let at = Utc::now() - TimeDelta::minutes(minutes);
    Worker {
        gateway: gateway.into(),
        name: "poll".into(),
        state: if problem.is_some() { WorkerState::Failing } else { WorkerState::Idle },
        runs: 7,
        failures: 2,
        panics: 0,
        last_began_at: Some(at),
        last_ended_at: Some(at),
        last_result: None,
        next_at: None,
        trouble: problem.map(|problem| (at, problem)),
        reported_at: at,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_that_fail_and_gateways_that_went_away_are_told_with_what_to_do() {
    let machine = Machine::new();
    machine.acme();
    let store = Store::open(&format!("sqlite:{}", machine.path("rollcall.db").display())).unwrap();
    let failing = Problem::new("database_full", "Nothing is polled.", "Make room on the disk.");
    let rows =
        [reported("gw_bad", 0, Some(failing)), reported("gw_good", 0, None), reported("gw_mute", 5, None)];
    let long_ago = Utc::now() - TimeDelta::days(1);
    for row in rows {
        let write = move |db: &mut _| workers::report(db, &row.gateway.clone(), &[row], long_ago);
        store.write(write).await.unwrap();
    }
    let report = doctor(&machine, &[]).json();
    assert_eq!(report["ok"], false);
    let (statuses, text) = of(&report, "worker poll of gw_bad");
    assert_eq!(statuses, ["fail"]);
    assert!(text.contains("Nothing is polled.") && text.contains("Make room on the disk."), "{text}");
    assert_eq!(of(&report, "workers of gw_good").0, ["ok"]);
    let (statuses, text) = of(&report, "workers of gw_mute");
    assert_eq!(statuses, ["warn"]);
    assert!(text.contains("has not reported since") && text.contains("rollcall serve"), "{text}");
    let listed = machine.json(&["worker", "list"]);
    let text = |it: &Value, name: &str| it[name].as_str().unwrap().to_owned();
    let listed = listed.as_array().unwrap().iter().map(|it| [text(it, "gateway"), text(it, "state")]);
    let expected = [["gw_bad", "failing"], ["gw_good", "idle"], ["gw_mute", "idle"]];
    assert_eq!(listed.collect::<Vec<_>>(), expected);
    let table = machine.run(&["worker", "list"]).stdout;
    assert!(
        table.contains("poll of gw_bad fails since") && table.contains("do: Make room on the disk."),
        "{table}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_stands_as_polling_while_no_gateway_is_at_work_is_told() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let add =
        ["connection", "add", "paycom", "--company", "Acme", "--secret", "sid=s", "--secret", "token=t"];
    machine.json(&[&add[..], &["--set", "base_url=https://api.paycomonline.net"]].concat());
    let store = Store::open(&format!("sqlite:{}", machine.path("rollcall.db").display())).unwrap();
    // As a gateway leaves it that is killed a moment ago: its last report is fresh, and its file is nobody's.
    let now = Utc::now() + TimeDelta::seconds(1);
    let left = store.write(move |db| {
        let row = reported("gw_killed", 0, None);
        workers::report(db, "gw_killed", &[row], now - TimeDelta::days(1))?;
        polls::claim(db, "gw_killed", 9, now, now + TimeDelta::minutes(30))
    });
    assert_eq!(left.await.unwrap().len(), 1);
    machine.file("rollcall.db-gw_killed", "");
    let report = doctor(&machine, &[]).json();
    let (statuses, text) = of(&report, "workers of gw_killed");
    assert!(statuses == ["warn"] && text.contains("was killed"), "{text}");
    let (statuses, text) = of(&report, "connection ");
    assert!(statuses == ["warn"] && text.contains("no gateway is at work"), "{text}");
    assert!(text.contains("rollcall serve"), "{text}");
}
