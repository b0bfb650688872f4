//! From the credentials to everybody in the lists.

use std::collections::BTreeSet;

use super::{Api, HERE, Machine, Served, assert_hidden, connectwise, id, paycom};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_connected_and_tested_is_polled_and_everybody_is_staged() {
    let (paycom, connectwise) = (paycom("pay-staged").await, connectwise("cw-staged").await);
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let pay = id(&paycom.connect(&machine, &paycom.base_url, HERE));
    let psa = id(&connectwise.connect(&machine, &connectwise.base_url, HERE));
    let mut told = String::new();
    for connection in [&pay, &psa] {
        let tested = machine.json(&["connection", "test", connection]);
        assert!(tested["ok"] == true && tested["cause"].is_null(), "{tested}");
        let shown = machine.json(&["connection", "show", connection]);
        assert_eq!(shown["status"]["state"], "waiting");
        told.push_str(&format!("{tested}{shown}"));
    }

    let mut served = Served::start_with_log(&machine, "debug", &[]);
    let api = Api::new(&machine, &served);
    for (connection, lists) in [(&pay, 1), (&psa, 2)] {
        assert_eq!(api.poll(connection, "complete").await.len(), lists);
        let shown = api.until_state(connection, "ok").await;
        assert!(shown["status"]["next_attempt_at"].is_string(), "{shown}");
        told.push_str(&shown.to_string());
    }
    let everybody: BTreeSet<String> = paycom.world.truth().into_iter().map(|it| it.eecode).collect();
    assert_eq!(api.staged("employees", &pay).await, everybody);
    let truth = connectwise.world.truth();
    let members = truth.members.iter().filter(|it| it.license_class != 'A').map(|it| it.id.to_string());
    assert_eq!(api.staged("employees", &psa).await, members.collect());
    let companies = truth.companies.iter().filter(|it| !it.deleted).map(|it| it.id.to_string());
    assert_eq!(api.staged("customers", &psa).await, companies.collect());

    for call in [&["list"] as &[&str], &["show", &pay], &["runs", &psa], &["test", &psa]] {
        let ended = machine.run(&[&["connection"], call].concat());
        assert_eq!(ended.code, 0, "{call:?}: {}", ended.stderr);
        told.push_str(&ended.stdout);
        told.push_str(&ended.stderr);
    }
    // While it runs: what stands in the write-ahead log counts as well.
    assert_hidden(&machine, &told);
    let log = served.stop_and_read_log();
    assert!(!log.is_empty());
    assert_hidden(&machine, &log);
    assert_eq!(paycom.world.violations(), Vec::<String>::new());
    assert_eq!(connectwise.world.violations(), Vec::<String>::new());
}
