//! What the doctor says of connections that are polled, and where all is well.

use rollcall::simulators::vendor::{Fault, Faults, PlannedFault};

use super::{Api, HERE, Machine, Served, TOKEN, connectwise, id, paycom};
use crate::cli::doctor_faults::bench::{self, Bench, Finding, Provider};

/// What is said of the connection.
fn of_connection(bench: &Bench) -> Finding {
    let mut all: Vec<_> =
        bench.findings().into_iter().filter(|it| it.check.starts_with("connection ")).collect();
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_where_all_is_well() {
    let paycom = paycom("pay-well").await;
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let pay = id(&paycom.connect(&machine, &paycom.base_url, HERE));
    let served = Served::start(&machine, &[]);
    Api::new(&machine, &served).until_state(&pay, "ok").await;
    let mut bench = Bench::of(machine);
    bench.listen = format!("127.0.0.1:{}", served.port());
    let port = bench::smtp(&["250 mail.example"]);
    bench.mail("127.0.0.1", port, "none");
    bench.provider(Provider::Well);
    let findings = tokio::task::block_in_place(|| bench.findings());
    let wrong: Vec<_> = findings.iter().filter(|finding| finding.status != "ok").collect();
    // That QuickBooks, if there is one, runs on this computer is the one thing to look at.
    assert_eq!(wrong.len(), 1, "{wrong:#?}");
    assert!(wrong[0].check == "public address" && wrong[0].remedy.starts_with("Nothing, if"), "{wrong:#?}");
    for check in [
        "settings",
        "disk",
        "database",
        "clock",
        "secret key",
        "port",
        "public address from outside",
        "mail",
        "sign-in with",
        "connection ",
        "workers of",
    ] {
        assert!(findings.iter().any(|it| it.check.starts_with(check)), "{check}: {findings:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_rejects_the_credentials_is_told_until_it_takes_them() {
    let paycom = paycom("pay-told").await;
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let pay = id(&paycom.connect(&machine, &paycom.base_url, HERE));
    let served = Served::start(&machine, &[]);
    let api = Api::new(&machine, &served);
    api.until_state(&pay, "ok").await;
    let bench = Bench::of(machine);
    let found = of_connection(&bench);
    assert_eq!(found.status, "ok", "{found:?}");
    let give = |token: &str| {
        let file = bench.machine.file("token", token);
        bench.machine.json(&["connection", "set", &pay, "--secret", &format!("token=@{file}")])
    };
    give("hunter2");
    api.until_state(&pay, "credentials_rejected").await;
    let found = of_connection(&bench);
    assert!(found.status == "fail" && found.remedy.contains("`token`"), "{found:?}");
    give(TOKEN);
    api.until_state(&pay, "ok").await;
    let found = of_connection(&bench);
    assert_eq!(found.status, "ok", "{found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_told_with_where_to_give_it() {
    let connectwise = connectwise("cw-told").await;
    let lacking = PlannedFault::from(Fault::Forbidden).times(10_000).on("system/members");
    connectwise.world.set_faults(Faults::new([lacking]));
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let psa = id(&connectwise.connect(&machine, &connectwise.base_url, HERE));
    let served = Served::start(&machine, &[]);
    Api::new(&machine, &served).until_state(&psa, "permission_missing").await;
    let found = of_connection(&Bench::of(machine));
    assert!(found.status == "fail" && found.remedy.contains("Security Roles"), "{found:?}");
}
