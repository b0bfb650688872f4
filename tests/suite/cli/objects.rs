//! Companies, apps, connections, runs: the calls that others script against.

use serde_json::json;

use super::Machine;

#[test]
fn the_first_calls_on_a_fresh_machine_just_work() {
    let machine = Machine::new();
    let first = machine.run(&["company", "add", "Acme", "--json"]);
    assert_eq!(first.code, 0);
    assert_eq!(first.stderr, "made a new database: sqlite:rollcall.db\n");
    let company = first.json();
    assert!(company["id"].as_str().unwrap().starts_with("com_"));
    assert_eq!(company["name"], "Acme");

    let connection = machine.json(&["connection", "add", "quickbooks_desktop", "--company", "Acme"]);
    let id = connection["id"].as_str().unwrap();
    assert!(id.starts_with("con_"));
    assert_eq!(connection["company_id"], company["id"]);
    assert_eq!(connection["kind"], "quickbooks_desktop");
    assert_eq!(connection["name"], "QuickBooks Desktop");
    assert!(connection["username"].as_str().unwrap().starts_with("acme-"));
    assert_eq!(connection["password"].as_str().unwrap().len(), 22);
    assert_eq!(connection["qwc_url"], format!("http://localhost:8080/v1/connections/{id}/qwc"));

    let app = machine.json(&["app", "add", "Timesheets", "--company", "Acme"]);
    assert!(app["id"].as_str().unwrap().starts_with("app_"));
    assert!(app["token"].as_str().unwrap().starts_with("rct_"));
    assert_eq!(app["companies"], serde_json::json!([company["id"]]));
    let admin = machine.json(&["app", "add", "Operations", "--admin"]);
    // A token of it would do everything, whatever it is said to be for.
    machine.problem(&["app", "token", "add", "Operations", "--scope", "read"], "may_all");
    assert!(admin["token"].as_str().unwrap().starts_with("rca_"));

    let tested = machine.run(&["connection", "test", id, "--json"]);
    assert_eq!(tested.code, 1);
    let tested = tested.json();
    assert_eq!((tested["ok"].as_bool(), tested["cause"].as_str()), (Some(false), Some("timeout")));
    assert!(tested["remedy"].as_str().unwrap().contains("rollcall qwc"));
}

#[test]
fn names_may_hold_anything_that_people_write() {
    let machine = Machine::new();
    let name = "O'Brien & \"Söhne\" <株式会社>; DROP TABLE companies --";
    let company = machine.json(&["company", "add", name]);
    assert_eq!(company["name"], name);
    assert_eq!(machine.json(&["company", "list"])[0]["name"], name);
    let connection =
        machine.json(&["connection", "add", "quickbooks_desktop", "--company", name, "--name", "Bücher %s"]);
    assert_eq!(connection["name"], "Bücher %s");
    let renamed = machine.json(&["company", "rename", name, "  Łęcka  "]);
    assert_eq!((renamed["name"].as_str(), &renamed["id"]), (Some("Łęcka"), &company["id"]));
    machine.problem(&["company", "add", "a\nb"], "invalid_name");
    machine.problem(&["company", "add", ""], "invalid_name");
}

#[test]
fn what_is_there_already_is_refused_with_a_remedy() {
    let machine = Machine::new();
    machine.acme();
    let problem = machine.problem(&["company", "add", " Acme "], "already_exists");
    assert!(problem["remedy"].as_str().unwrap().contains("the one that is there"), "{problem}");
    machine.problem(&["connection", "add", "quickbooks_desktop", "--company", "Acme"], "already_exists");
    machine.json(&["connection", "add", "quickbooks_desktop", "--company", "Acme", "--name", "Second"]);
    machine.json(&["app", "add", "A", "--company", "Acme"]);
    machine.problem(&["app", "add", "A", "--admin"], "already_exists");
    assert_eq!(machine.json(&["company", "list"]).as_array().unwrap().len(), 1);

    let people = machine.run(&["company", "add", "Acme"]);
    assert_eq!((people.code, people.stdout.as_str()), (1, ""));
    let lines: Vec<&str> = people.stderr.lines().collect();
    assert!(lines.len() == 2 && lines[0].starts_with("error: ") && lines[1].starts_with("do: "), "{lines:?}");
}

#[test]
fn what_is_not_there_is_named_with_the_way_to_those_that_are() {
    let machine = Machine::new();
    machine.run(&["migrate"]);
    for (call, what, remedy) in [
        (["company", "remove", "Nobody"], "company", "rollcall company list"),
        (["app", "remove", "Nobody"], "app", "rollcall app list"),
        (["connection", "show", "Nobody"], "connection", "rollcall connection list"),
        (["run", "approve", "Nobody"], "run", "rollcall run list"),
        (["webhook", "replay", "Nobody"], "message", "rollcall webhook list"),
        (["qwc", "Nobody", "--log=warn"], "connection", "rollcall connection list"),
    ] {
        let problem = machine.problem(&call, &format!("{what}_not_found"));
        // What was typed is not repeated: it may be a secret.
        assert_eq!(problem["detail"], format!("There is no such {what}."));
        assert!(problem["remedy"].as_str().unwrap().contains(remedy), "{problem}");
    }
}

#[test]
fn a_connection_is_changed_paused_polled_and_removed() {
    let machine = Machine::new();
    let id = machine.acme()["id"].as_str().unwrap().to_owned();
    let set = ["connection", "set", &id, "--set", "run_every_minutes=30", "--pause", "--name", "Main file"];
    let changed = machine.json(&set);
    assert_eq!(changed["settings"]["run_every_minutes"], 30);
    assert_eq!((changed["paused"].as_bool(), changed["name"].as_str()), (Some(true), Some("Main file")));
    let back = machine.json(&["connection", "set", &id, "--resume", "--set", "run_every_minutes="]);
    assert_eq!(
        (back["paused"].as_bool(), back["settings"]["run_every_minutes"].as_i64()),
        (Some(false), Some(15))
    );
    let problem = machine.problem(&["connection", "set", &id, "--set", "speed=9"], "invalid_settings");
    assert!(problem["detail"].as_str().unwrap().contains("known: app_name"), "{problem}");

    assert_eq!(machine.json(&["connection", "runs", &id]), serde_json::json!([]));
    let polled = machine.json(&["connection", "poll", &id, "--full"]);
    assert_eq!(polled["runs"].as_array().unwrap().len(), 2);
    assert_eq!((&polled["runs"][0]["mode"], &polled["runs"][0]["state"]), (&"full".into(), &"queued".into()));
    let runs = machine.json(&["connection", "runs", &id]);
    assert_eq!(runs.as_array().unwrap().len(), 2, "asking twice does not double them");
    let run = runs[0]["id"].as_str().unwrap();
    assert_eq!(machine.json(&["run", "show", run])["state"], "queued");
    assert_eq!(machine.json(&["run", "list", "--state", "queued", "--connection", &id]), runs);
    assert_eq!(machine.json(&["run", "list", "--state", "held"]), json!([]));
    let quiet = machine.run(&["app", "add", "Quiet", "--company", "Acme", "--quiet"]);
    assert!(quiet.code == 0 && quiet.stderr.is_empty() && quiet.stdout.contains("rct_"), "{}", quiet.stderr);
    machine.problem(&["app", "remove", "Quiet"], "confirmation_needed");
    assert_eq!(machine.json(&["app", "remove", "Quiet", "--dry-run"])["name"], "Quiet");
    machine.json(&["app", "remove", "Quiet", "--yes"]);
    // The one app sees another company; that hides nothing from whoever names no app.
    machine.json(&["company", "add", "Birch"]);
    machine.json(&["app", "add", "A", "--company", "Birch"]);
    assert_eq!(machine.json(&["run", "list", "--company", "acme"]), runs);
    assert_eq!(machine.json(&["company", "list"]).as_array().unwrap().len(), 2);
    machine.json(&["app", "remove", "A", "--yes"]);
    machine.json(&["company", "remove", "Birch", "--yes", "--no-export"]);
    machine.problem(&["run", "approve", run], "run_not_held");

    machine.json(&["connection", "remove", &id, "--yes"]);
    machine.json(&["company", "remove", "Acme", "--yes", "--no-export"]);
    assert_eq!(machine.json(&["connection", "list"]), serde_json::json!([]));
    assert_eq!(machine.json(&["company", "list"]), serde_json::json!([]));
}

#[test]
fn a_new_computer_gets_a_qwc_file_with_new_ids() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let made = machine.json(&["connection", "add", "quickbooks_desktop", "--company", "Acme"]);
    let id = made["id"].as_str().unwrap();
    let ids = |file: &str| {
        let between = |tag: &str| {
            let (_, rest) = file.split_once(&format!("<{tag}>")).unwrap();
            rest.split_once('<').unwrap().0.to_owned()
        };
        [between("OwnerID"), between("FileID")]
    };
    let first = ids(&machine.run(&["qwc", id]).stdout);
    let second = ids(&machine.run(&["qwc", id, "--new-ids"]).stdout);
    assert!(first[0] != second[0] && first[1] != second[1]);
    assert_eq!(ids(&machine.run(&["qwc", id]).stdout), second, "they are kept");
    machine.problem(&["connection", "set", id, "--same-company-file"], "nothing_in_doubt");
    let refused =
        machine.problem(&["connection", "set", id, "--set", "company_file=none"], "invalid_settings");
    assert!(refused["detail"].as_str().unwrap().contains("full Windows path"), "{refused}");
}

#[test]
fn the_qwc_file_goes_to_standard_output_and_its_address_is_checked() {
    let machine = Machine::new();
    let made = machine.acme();
    let id = made["id"].as_str().unwrap();
    let file = machine.run(&["qwc", id, "--public-url", "https://roll.example.com"]);
    assert_eq!((file.code, file.stderr.as_str()), (0, ""));
    assert!(file.stdout.starts_with("<?xml"));
    assert!(file.stdout.contains("<AppURL>https://roll.example.com/qbwc</AppURL>"), "{}", file.stdout);
    assert!(file.stdout.contains(made["username"].as_str().unwrap()));
    assert!(!file.stdout.contains(made["password"].as_str().unwrap()));
    let local = machine.run(&["qwc", id]);
    assert!(local.code == 0 && local.stderr.contains("--public-url"), "{}", local.stderr);
    for refused in ["https://192.0.2.1", "http://roll.example.com"] {
        machine.problem(&["qwc", id, "--public-url", refused], "no_qwc_file");
    }
}

#[test]
fn many_first_calls_at_once_make_one_database() {
    let machine = Machine::new();
    std::thread::scope(|scope| {
        for number in 0..6 {
            let machine = &machine;
            scope.spawn(move || machine.json(&["company", "add", &format!("Company {number}")]));
        }
    });
    assert_eq!(machine.json(&["company", "list"]).as_array().unwrap().len(), 6);
}

#[test]
fn people_get_aligned_tables_and_what_to_do_next() {
    let machine = Machine::new();
    machine.problem(&["company", "list"], "no_database");
    machine.run(&["migrate"]);
    let empty = machine.run(&["company", "list"]);
    assert_eq!(empty.stdout, "There are no companies: `rollcall company add NAME` adds one.\n");
    machine.json(&["company", "add", "Łęcka"]);
    let made = machine.run(&["connection", "add", "quickbooks_desktop", "--company", "Łęcka"]);
    assert!(made.stdout.contains("password  "), "{}", made.stdout);
    assert!(made.stderr.contains("rollcall qwc con_"), "{}", made.stderr);
    let table = machine.run(&["connection", "list"]).stdout;
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("NAME                ID"), "{table}");
    assert!(lines[1].starts_with("QuickBooks Desktop  con_") && lines[1].contains("waiting"), "{table}");
    assert!(lines[1].contains("  Łęcka  "), "{table}");
    machine.json(&["app", "add", "Timesheets", "--company", "Łęcka"]);
    let table = machine.run(&["app", "list"]).stdout;
    assert!(table.contains("  Łęcka  "), "{table}");
}

#[test]
fn callbacks_are_refused_where_the_source_could_not_send_them() {
    let machine = Machine::new();
    let desktop = machine.acme();
    machine.problem(&["connection", "subscribe", desktop["id"].as_str().unwrap()], "no_callbacks");
    let keys = ["--secret", "public_key=a", "--secret", "private_key=b"];
    let cloud = ["--set", "base_url=na.myconnectwise.net", "--set", "company_id=a", "--set", "client_id=c"];
    let add = ["connection", "add", "connectwise", "--company", "Acme"];
    let added = machine.json(&[&add[..], &keys, &cloud].concat());
    let id = added["id"].as_str().unwrap();
    let problem = machine.problem(&["connection", "subscribe", id], "address_not_reachable");
    assert!(problem["remedy"].as_str().unwrap().contains("ROLLCALL_PUBLIC_URL"), "{problem}");
    machine.problem(&["connection", "unsubscribe", "con_1"], "connection_not_found");
}

#[test]
fn a_connection_is_removed_only_after_it_was_said_how_much_goes() {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let made = machine.json(&["connection", "add", "push", "--company", "acme", "--name", "Payroll"]);
    let id = made["id"].as_str().unwrap().to_owned();
    let would = machine.json(&["connection", "remove", "ACME/payroll", "--dry-run"]);
    assert_eq!((&would["id"], &would["links"], &would["removed"]), (&json!(id), &json!(0), &json!(false)));
    let problem = machine.problem(&["connection", "remove", &id], "confirmation_needed");
    assert!(problem["remedy"].as_str().unwrap().contains("--yes"), "{problem}");
    assert_eq!(machine.json(&["connection", "show", &id[..id.len() - 1]])["id"], json!(id));
    assert_eq!(machine.json(&["connection", "remove", "Payroll", "--yes"])["removed"], true);
    let problem = machine.problem(&["connection", "show", &id], "connection_not_found");
    assert!(problem["remedy"].as_str().unwrap().contains("connection list"), "{problem}");
}

#[test]
fn an_apps_companies_are_set_as_a_whole_and_names_are_found_whatever_their_case() {
    let machine = Machine::new();
    for company in ["Acme", "Birch"] {
        machine.json(&["company", "add", company]);
    }
    let made = machine.json(&["app", "add", "Timesheets", "--company", "ACME"]);
    let set = ["app", "set", "timesheets", "--company", "Acme", "--company", "birch", "--name", "Time"];
    let set = machine.json(&set);
    assert_eq!((&set["id"], &set["name"]), (&made["id"], &json!("Time")));
    assert_eq!(set["companies"].as_array().unwrap().len(), 2);
    let set = machine.json(&["app", "set", "Time", "--company", "Birch"]);
    assert_eq!(set["companies"].as_array().unwrap().len(), 1);
    let problem = machine.problem(&["app", "set", "Tine", "--name", "X"], "app_not_found");
    assert!(problem["remedy"].as_str().unwrap().contains("Did you mean `Time`?"), "{problem}");
    machine.problem(&["company", "add", "aCME"], "already_exists");
}
