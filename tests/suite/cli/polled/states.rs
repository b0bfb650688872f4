//! What a person sees of a connection that its vendor does not let in any more, and how it goes on.

use rollcall::simulators::vendor::{Fault, Faults, PlannedFault};

use super::{Api, HERE, Machine, Served, TOKEN, always, connectwise, id, paycom};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rejected_credentials_are_left_alone_until_somebody_has_corrected_them() {
    let paycom = paycom("pay-rejected").await;
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let pay = id(&paycom.connect(&machine, &paycom.base_url, HERE));
    let served = Served::start(&machine, &[]);
    let api = Api::new(&machine, &served);
    api.until_state(&pay, "ok").await;

    // As if Paycom had made a new one.
    let give = |token: &str| {
        let file = machine.file("token", token);
        machine.json(&["connection", "set", &pay, "--secret", &format!("token=@{file}")])
    };
    give("hunter2");
    let status = api.until_state(&pay, "credentials_rejected").await["status"].take();
    assert!(status["remedy"].as_str().unwrap().contains("`token`"), "{status}");
    let next: chrono::DateTime<chrono::Utc> = status["next_attempt_at"].as_str().unwrap().parse().unwrap();
    assert!(next - chrono::Utc::now() > chrono::TimeDelta::hours(23), "{status}");
    // Nobody is gone for it.
    assert_eq!(api.staged("employees", &pay).await.len(), paycom.world.truth().len());

    // Who asks by hand is told at once.
    let run = api.poll(&pay, "failed").await.remove(0);
    assert_eq!(run["problem"]["code"], "credentials");

    give(TOKEN);
    api.until_state(&pay, "ok").await;
    assert_eq!(paycom.world.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_that_goes_well_ends_a_long_pause() {
    let paycom = paycom("pay-unlisted").await;
    // Paycom answers an address that is not in its list as it answers a wrong token.
    paycom.world.set_faults(always(Fault::Unauthorized));
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let pay = id(&paycom.connect(&machine, &paycom.base_url, HERE));
    let served = Served::start(&machine, &[]);
    let api = Api::new(&machine, &served);
    let status = api.until_state(&pay, "credentials_rejected").await["status"].take();
    assert!(status["remedy"].as_str().unwrap().contains("IP address"), "{status}");

    paycom.world.set_faults(Faults::none());
    assert_eq!(machine.json(&["connection", "test", &pay])["ok"], true);
    api.until_state(&pay, "ok").await;
    assert_eq!(paycom.world.violations(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_missing_is_named_and_the_other_list_is_read() {
    let connectwise = connectwise("cw-forbidden").await;
    let lacking = PlannedFault::from(Fault::Forbidden).times(10_000).on("system/members");
    connectwise.world.set_faults(Faults::new([lacking]));
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let psa = id(&connectwise.connect(&machine, &connectwise.base_url, HERE));
    let served = Served::start(&machine, &[]);
    let api = Api::new(&machine, &served);
    let status = api.until_state(&psa, "permission_missing").await["status"].take();
    assert!(status["remedy"].as_str().unwrap().contains("Security Roles"), "{status}");
    assert!(api.staged("employees", &psa).await.is_empty());
    assert!(!api.staged("customers", &psa).await.is_empty());

    connectwise.world.set_faults(Faults::none());
    api.poll(&psa, "complete").await;
    api.until_state(&psa, "ok").await;
    assert!(!api.staged("employees", &psa).await.is_empty());
    assert_eq!(connectwise.world.violations(), Vec::<String>::new());
}
