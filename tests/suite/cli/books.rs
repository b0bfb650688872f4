//! Off the books: what takes something away asks first, and a company leaves with an export.

use rollcall::{
    domain::{
        event::{Event, Message},
        words::List,
    },
    store::{self, companies},
    sync::{self, inbox},
};
use serde_json::{Value, json};

use super::{Ended, Machine, links::staged};
use crate::support::{SECRET_KEY, TestApp, TestDatabase, people};

/// The lines of an export.
fn lines(machine: &Machine, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(machine.path(name)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn a_company_is_taken_off_the_books_with_an_export_that_holds_no_secret() {
    let machine = Machine::new();
    staged(&machine, 3).await;
    let push = machine.json(&["connection", "add", "push", "--company", "Acme", "--name", "Payroll"]);
    let secret = push["webhook_secret"].as_str().unwrap();
    machine.json(&["profile", "add", "u-1", "Ana Ng"]);
    machine.json(&["company", "add", "Birch"]);
    let employee = machine.json(&["record", "list", "employee"])[0]["id"].clone();
    machine.json(&["link", "add", employee.as_str().unwrap(), "u-1"]);

    let would = machine.json(&["company", "remove", "acme", "--dry-run"]);
    let counts = [&would["employees"], &would["links"], &would["profiles"], &would["removed"]];
    assert_eq!(counts, [&json!(3), &json!(1), &json!(1), &json!(false)]);
    assert_eq!(would["connections"].as_array().unwrap().len(), 2);
    machine.problem(&["company", "remove", "Acme"], "confirmation_needed");
    machine.file("taken.jsonl", "mine");
    let remove = ["company", "remove", "Acme", "--yes", "--export"];
    machine.problem(&[&remove[..], &["taken.jsonl"]].concat(), "export_exists");
    assert_eq!(machine.json(&["record", "list", "employee"]).as_array().unwrap().len(), 3);

    let gone = machine.json(&[&remove[..], &["kept.jsonl"]].concat());
    assert_eq!((&gone["removed"], &gone["export"]), (&json!(true), &json!("kept.jsonl")));
    assert_eq!(std::fs::read_to_string(machine.path("taken.jsonl")).unwrap(), "mine");
    let kept = lines(&machine, "kept.jsonl");
    let of = |kind: &str| kept.iter().filter(|line| line["type"] == kind).count();
    let counts = ["company", "connection", "employee", "run", "app", "profile", "link"].map(of);
    assert_eq!(counts, [1, 2, 3, 1, 1, 1, 1], "{kept:?}");
    assert!(!std::fs::read_to_string(machine.path("kept.jsonl")).unwrap().contains(secret));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(machine.path("kept.jsonl")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(machine.json(&["company", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(machine.json(&["connection", "list"]), json!([]));
    assert_eq!(machine.json(&["link", "list"]), json!([]));
}

#[tokio::test]
async fn whatever_takes_something_away_needs_a_yes_where_there_is_no_terminal() {
    let machine = Machine::new();
    staged(&machine, 1).await;
    machine.json(&["profile", "add", "u-1", "Ana Ng"]);
    let token = machine.json(&["app", "token", "add", "Timesheets"])["id"].as_str().unwrap().to_owned();
    for call in [
        &["profile", "remove", "u-1"] as &[&str],
        &["app", "token", "revoke", "Timesheets", &token],
        &["connection", "remove", "QuickBooks Desktop"],
        &["company", "remove", "Acme"],
    ] {
        let problem = machine.problem(call, "confirmation_needed");
        assert!(problem["remedy"].as_str().unwrap().contains("--yes"), "{problem}");
        let people = machine.run(&[call, &["--dry-run"]].concat());
        assert!(people.code == 0 && people.stdout.ends_with("Nothing was changed.\n"), "{}", people.stdout);
    }
    let tokens = machine.json(&["app", "token", "list", "Timesheets"]);
    assert!(tokens.as_array().unwrap().iter().all(|token| token["revoked_at"].is_null()), "{tokens}");
    assert_eq!(machine.json(&["profile", "list"]).as_array().unwrap().len(), 1);
}

fn ping(message_id: &str) -> Message {
    Message { message_id: message_id.into(), name: "ping".into(), told_at: None, event: Ok(Event::Nothing) }
}

/// The command, run by somebody else on the database of a gateway that serves meanwhile.
fn remove(machine: &Machine, database: &TestDatabase, more: &[&str]) -> Ended {
    let arguments = [&["company", "remove", "Acme", "--yes", "--json"], more].concat();
    let mut command = machine.command(&arguments);
    machine.end(command.env("ROLLCALL_DATABASE_URL", &database.url).env("ROLLCALL_SECRET_KEY", SECRET_KEY))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_while_a_company_goes_is_in_its_export_and_the_rest_is_refused() {
    TestDatabase::each(async |database| {
        let (machine, app) = (Machine::new(), TestApp::start(database).await);
        app.stage(List::Employee, people(3)).await;
        let inbox = inbox::Inbox::start(app.gateway.store.clone(), app.gateway.ambient.clone());
        // Told, and not staged yet.
        inbox.accept(&app.connection.id, ping("before")).await.unwrap();
        let put = async |n: usize| {
            app.send("PUT", &format!("/v1/profiles/employee/w-{n}"), json!({ "name": "W" }))
                .await
                .status
                .as_u16()
        };
        let writes = async {
            let mut taken = Vec::new();
            for n in 0.. {
                match put(n).await {
                    201 => taken.push(format!("w-{n}")),
                    _ => break,
                }
            }
            taken
        };
        let removes = tokio::task::spawn_blocking({
            let database = TestDatabase::of_own_server(database.url.clone());
            move || (remove(&machine, &database, &["--export", "kept.jsonl"]), machine)
        });
        let (taken, removed) = tokio::join!(writes, removes);
        let (ended, machine) = removed.unwrap();
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let kept = lines(&machine, "kept.jsonl");
        assert!(kept.iter().any(|line| line["data"]["message_id"] == "before"), "{kept:?}");
        let kept = kept.iter().filter(|line| line["type"] == "profile");
        let kept: Vec<&str> = kept.map(|line| line["data"]["profile_id"].as_str().unwrap()).collect();
        assert!(taken.iter().all(|id| kept.contains(&id.as_str())), "{taken:?} {kept:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_that_was_broken_off_goes_on_and_nothing_of_the_company_stays() {
    TestDatabase::each(async |database| {
        let (machine, app) = (Machine::new(), TestApp::start(database).await);
        let store = app.gateway.store.clone();
        app.stage(List::Employee, people(3)).await;
        let profile = "/v1/profiles/employee/u-1";
        app.send("PUT", profile, json!({ "name": "Ana" })).await.is(201);
        let id = app.connection.id.clone();
        let (company, told, now) = (app.company.id.clone(), id.clone(), app.gateway.ambient.now());
        let inbox = inbox::Inbox::start(store.clone(), app.gateway.ambient.clone());
        // Broken off after it was closed, in the midst of the export.
        store.write(move |db| companies::close(db, &company, now)).await.unwrap();
        machine.file("kept.jsonl.partial", "{\"type\":\"comp");
        app.send("PUT", profile, json!({ "name": "Bo" })).await.problem(409, "company_closing");
        app.send("PUT", "/v1/profiles/employee/u-2", json!({ "name": "Bo" }))
            .await
            .problem(409, "company_closing");
        let path = format!("/v1/connections/{id}");
        app.admin("PATCH", &path, json!({ "paused": false })).await.problem(409, "company_closing");
        assert!(inbox.accept(&told, ping("after")).await.is_err());
        // What takes something away, or asks for something, is refused as well.
        for (method, path) in [
            ("DELETE", profile.to_owned()),
            ("DELETE", format!("{path}?confirm=true")),
            ("POST", format!("{path}/poll")),
            ("POST", format!("{path}/password")),
        ] {
            app.admin(method, &path, None).await.problem(409, "company_closing");
        }
        let shown = app.admin("GET", &format!("/v1/companies/{}", app.company.id), None).await;
        assert_eq!(shown.is(200)["closing_at"].as_str().unwrap().parse(), Ok(now));

        // Another file of that name is in the way; then broken off once more, when some is gone already.
        machine.file("kept.jsonl", "mine");
        let taken = remove(&machine, database, &["--export", "kept.jsonl"]);
        assert_eq!(taken.problem()["code"], "export_exists");
        std::fs::remove_file(machine.path("kept.jsonl")).unwrap();
        let company = app.company.id.clone();
        let begin = move |db: &mut _| {
            companies::begin_deletion(db, &company, now)?;
            sync::remove::mark(db, &id, now)
        };
        store.write(begin).await.unwrap();
        // What is left is not the whole: no export is made of it, and nothing is taken back.
        for (more, code) in
            [(&["--export", "kept.jsonl"][..], "export_too_late"), (&["--cancel"], "deletion_begun")]
        {
            assert_eq!(remove(&machine, database, more).problem()["code"], code);
        }
        assert!(!machine.path("kept.jsonl").exists());
        // The one of before stands.
        let end = json!({ "company_id": app.company.id, "closing_at": now, "lines": 0 });
        machine.file("whole.jsonl", &format!("{}\n", json!({ "type": "end", "data": end })));
        let ended = remove(&machine, database, &["--export", "whole.jsonl"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);

        let company = app.company.id.clone();
        let feeds = store.read(store::prune::feeds).await.unwrap();
        assert!(!feeds.contains(&company), "{feeds:?}");
        assert_eq!(app.admin("GET", "/v1/companies", None).await.is(200)["data"], json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_whole_is_kept_when_the_removal_goes_on() {
    TestDatabase::each(async |database| {
        let (machine, app) = (Machine::new(), TestApp::start(database).await);
        let store = app.gateway.store.clone();
        app.stage(List::Employee, people(3)).await;
        let (company, now) = (app.company.id.clone(), app.gateway.ambient.now());
        let closing_at = store.write(move |db| companies::close(db, &company, now)).await.unwrap();
        // Broken off when the export had its name.
        let end = json!({ "company_id": app.company.id, "closing_at": closing_at, "lines": 0 });
        let whole = format!("{}\n", json!({ "type": "end", "data": end }));
        machine.file("whole.jsonl", &whole);
        let ended = remove(&machine, database, &["--export", "whole.jsonl"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(std::fs::read_to_string(machine.path("whole.jsonl")).unwrap(), whole);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_of_which_nothing_is_gone_can_be_cancelled_and_all_goes_on_as_before() {
    TestDatabase::each(async |database| {
        let (machine, app) = (Machine::new(), TestApp::start(database).await);
        app.stage(List::Employee, people(3)).await;
        let store = app.gateway.store.clone();
        let paused = json!({ "kind": "push", "company": "Acme", "name": "Paused" });
        let paused = app.admin("POST", "/v1/connections", paused).await.is(201)["id"].clone();
        let path = |id: &str| format!("/v1/connections/{id}");
        let (paused, running) = (paused.as_str().unwrap().to_owned(), app.connection.id.clone());
        app.admin("PATCH", &path(&paused), json!({ "paused": true })).await.is(200);
        let is_paused = async |id: &str| app.get(&path(id)).await.is(200)["paused"] == true;
        let (company, now) = (app.company.id.clone(), app.gateway.ambient.now());
        let shut = [running.clone(), paused.as_str().into()];
        let close = move |db: &mut _| {
            companies::close(db, &company, now)?;
            shut.iter().try_for_each(|id| sync::remove::shut(db, id, now))
        };
        store.write(close).await.unwrap();
        assert!(is_paused(&paused).await && is_paused(&running).await);

        let ended = remove(&machine, database, &["--cancel"]);
        assert_eq!(
            (ended.code, &ended.json()["closing_at"]),
            (0, &serde_json::Value::Null),
            "{}",
            ended.stderr
        );
        assert!(is_paused(&paused).await && !is_paused(&running).await);
        app.send("PUT", "/v1/profiles/employee/u-1", json!({ "name": "Ana" })).await.is(201);
        app.send("POST", &format!("{}/poll", path(&running)), None).await.is(202);
        // Once more is no error.
        assert_eq!(remove(&machine, database, &["--cancel"]).code, 0);
    })
    .await;
}
