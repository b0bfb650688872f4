//! `rollcall connection test` tells apart what may be wrong, each with what to do, in under five seconds.

use std::time::{Duration, Instant};

use rollcall::simulators::vendor::Fault;
use serde_json::Value;

use super::{HERE, Machine, always, connectwise, id, listen, paycom};

fn company() -> Machine {
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    machine
}

/// The test of a connection that does not work ends with exit code 1 and says why; what it says is given back.
fn told(machine: &Machine, made: &Value, cause: &str) -> String {
    let started = Instant::now();
    let ended = machine.run(&["connection", "test", &id(made), "--json"]);
    let took = started.elapsed();
    assert_eq!(ended.code, 1, "{cause}: {}{}", ended.stdout, ended.stderr);
    let told = ended.json();
    assert_eq!((&told["ok"], &told["cause"]), (&false.into(), &cause.into()), "{told}");
    assert!(took < Duration::from_secs(5), "{cause} took {took:?}");
    let text = |name: &str| told[name].as_str().unwrap().to_owned();
    let (detail, remedy) = (text("detail"), text("remedy"));
    assert!(!detail.is_empty() && !remedy.is_empty() && !told.to_string().contains("hunter"), "{told}");
    format!("{detail} {remedy}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_on_the_way_is_told() {
    let (paycom, connectwise) = (paycom("pay-way").await, connectwise("cw-way").await);
    let machine = company();
    // Taken and given back: nothing listens there.
    let (nobody, nobody_url) = listen().await;
    drop(nobody);
    let plain = paycom.base_url.replace("http://", "https://");
    let cases: [(&str, &str, &[&str], &str); 5] = [
        ("dns", "https://nothing.invalid", &[], "nothing.invalid"),
        ("tcp", &nobody_url, HERE, "nothing listens"),
        ("tls", &plain, HERE, "does not speak TLS"),
        ("address_not_allowed", &plain, &[], "allow_private_address"),
        ("address_not_allowed", &paycom.base_url, &[], "allow_private_address"),
    ];
    for (cause, base_url, more, says) in cases {
        for made in [paycom.connect(&machine, base_url, more), connectwise.connect(&machine, base_url, more)]
        {
            let said = told(&machine, &made, cause);
            assert!(said.contains(says), "{cause}: {said}");
        }
    }
    assert!(paycom.world.requests().is_empty() && connectwise.world.requests().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_paycom_refuses_is_told() {
    let paycom = paycom("pay-refused").await;
    let machine = company();
    let wrong = paycom.connect(&machine, &paycom.base_url, &[HERE, &["--secret", "token=hunter2"]].concat());
    assert!(told(&machine, &wrong, "credentials").contains("`token`"));
    let made = paycom.connect(&machine, &paycom.base_url, HERE);
    // The last one closes the rate for everybody who uses the credential.
    for (fault, cause, says) in [
        (Fault::NotEnabled, "permission", "API Setup: tick `employee"),
        (Fault::ServerError, "server", "500"),
        (Fault::Slow, "timeout", "did not begin to answer"),
        (Fault::RateLimited, "rate_limit", "30 seconds"),
    ] {
        paycom.world.set_faults(always(fault));
        let said = told(&machine, &made, cause);
        assert!(said.contains(says), "{cause}: {said}");
    }
    let asked = paycom.world.requests().len();
    told(&machine, &made, "rate_limit");
    assert_eq!(paycom.world.requests().len(), asked, "the source asked to wait");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_connectwise_refuses_is_told() {
    let connectwise = connectwise("cw-refused").await;
    let machine = company();
    let connect =
        |more: &[&str]| connectwise.connect(&machine, &connectwise.base_url, &[HERE, more].concat());
    let wrong = connect(&["--secret", "private_key=hunter2"]);
    assert!(told(&machine, &wrong, "credentials").contains("private key"));
    let stranger = connect(&["--set", "company_id=nobody"]);
    assert!(told(&machine, &stranger, "not_found").contains("`nobody`"));
    let made = connect(&[]);
    for (fault, cause, says) in [
        (Fault::Forbidden, "permission", "Security Roles"),
        (Fault::ServerError, "server", "500"),
        (Fault::Slow, "timeout", "did not begin to answer"),
        (Fault::RateLimited, "rate_limit", "30 seconds"),
    ] {
        connectwise.world.set_faults(always(fault));
        let said = told(&machine, &made, cause);
        assert!(said.contains(says), "{cause}: {said}");
    }
}
