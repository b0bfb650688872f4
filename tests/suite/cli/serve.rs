//! A gateway in its own process, and a simulated QuickBooks Desktop in another.

use serde_json::Value;

use super::{Machine, Served, signal};

#[tokio::test]
async fn it_serves_until_it_is_asked_to_stop() {
    let machine = Machine::new();
    let ready = machine.path("ready").display().to_string();
    let served = Served::start(&machine, &["--ready-file", &ready]);
    assert_eq!(std::fs::read_to_string(&ready).unwrap(), format!("{}\n", served.url));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for path in ["/healthz", "/readyz", "/openapi.json", "/qbwc?wsdl"] {
        let answer = client.get(format!("{}{path}", served.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    // The address that others use has the port that was bound.
    let wsdl = client.get(format!("{}/qbwc?wsdl", served.url)).send().await.unwrap().text().await.unwrap();
    assert!(wsdl.contains(&format!("http://localhost:{}/qbwc", served.port())), "{wsdl}");
    drop(client);
    // Its workers are told of while it runs, and no longer.
    let workers = || machine.json(&["worker", "list"]).as_array().unwrap().len();
    while workers() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((served.terminate(), workers()), (Some(0), 0));
}

#[test]
fn a_port_that_is_taken_and_a_bad_certificate_are_told() {
    let machine = Machine::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    machine.problem(&["serve", "--listen", &listen], "cannot_listen");
    for (listen, why, remedy) in [
        (listen.as_str(), "listens there already", "Stop it"),
        ("192.0.2.7:8080", "no address of this computer", "0.0.0.0"),
        ("rollcall.invalid:8080", "\"rollcall.invalid\" has no address", "name an address"),
    ] {
        for flags in
            [&["--listen", listen] as &[&str], &["--listen", "127.0.0.1:0", "--metrics-listen", listen]]
        {
            let problem = machine.problem(&[&["serve", "--log", "off"], flags].concat(), "cannot_listen");
            let told = (problem["detail"].as_str().unwrap(), problem["remedy"].as_str().unwrap());
            assert!(told.0.contains(why) && told.1.contains(remedy), "{problem}");
            let setting = if flags.len() == 2 { "ROLLCALL_LISTEN" } else { "ROLLCALL_METRICS_LISTEN" };
            assert!(told.1.contains(setting), "{problem}");
        }
    }
    let key = machine.file("key.pem", "nonsense");
    let tls = ["serve", "--listen", "127.0.0.1:0", "--log", "off", "--tls-cert", &key, "--tls-key", &key];
    machine.problem(&tls, "bad_certificate");
    // Nobody is told that it listens before it can.
    let ready = machine.path("ready").display().to_string();
    let ended = machine.run(&[&tls as &[&str], &["--ready-file", &ready]].concat());
    assert!(!ended.stderr.contains("listening"), "{}", ended.stderr);
    assert!(!machine.path("ready").exists());
}

#[tokio::test]
async fn figures_are_told_on_an_address_of_their_own_where_they_have_one() {
    let machine = Machine::new();
    let served = Served::start(&machine, &["--metrics-listen", "127.0.0.1:0"]);
    let own = served.figures.clone().expect("which port was taken is told");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = async |url: String| client.get(url).send().await.unwrap().status().as_u16();
    assert_eq!(status(format!("{}/metrics", served.url)).await, 404);
    assert_eq!(status(format!("http://{own}/metrics")).await, 200);
    assert_eq!(status(format!("http://{own}/v1/companies")).await, 404);
    drop(client);
    assert_eq!(served.terminate(), Some(0));
}

#[test]
fn ctrl_c_ends_it_as_well() {
    let machine = Machine::new();
    let mut served = Served::start(&machine, &[]);
    signal("INT", &served.child);
    assert_eq!(served.child.wait().unwrap().code(), Some(0));
}

#[test]
fn quickbooks_sends_its_lists_and_a_mass_absence_waits_for_a_person() {
    let machine = Machine::new();
    let made = machine.acme();
    let id = made["id"].as_str().unwrap();
    let served = Served::start(&machine, &[]);
    let public_url = format!("http://localhost:{}", served.port());
    let qwc = machine.run(&["qwc", id, "--public-url", &public_url]).stdout;
    let qwc = machine.file("acme.qwc", &qwc);
    let password = machine.file("password", made["password"].as_str().unwrap());
    let simulate = |more: &[&str]| -> Value {
        let call = ["simulate", "quickbooks-desktop", "--qwc", &qwc, "--password-file", &password];
        machine.json(&[&call as &[&str], &["--employees", "30", "--customers", "12"], more].concat())
    };

    let report = simulate(&[]);
    assert_eq!((&report["ok"], &report["sessions"][0]["outcome"]), (&true.into(), &"completed".into()));
    assert_eq!(report["sessions"][0]["employees"], 30);
    assert_eq!(machine.json(&["connection", "test", id])["ok"], true);
    assert!(machine.json(&["connection", "show", id])["desktop"]["company_name"].is_string());

    // An empty list is too good to be true: it is held, and rejected here.
    machine.json(&["connection", "poll", id, "--full"]);
    let report = simulate(&["--fault", "empty-list:1"]);
    assert_eq!(report["sessions"][0]["struck"], serde_json::json!(["empty-list"]));
    let runs = machine.json(&["connection", "runs", id]);
    let held = runs.as_array().unwrap().iter().find(|run| run["state"] == "held").expect("a held run");
    let run = held["id"].as_str().unwrap();
    let shown = machine.json(&["run", "show", run]);
    assert_eq!(shown["problem"]["code"], "mass_absence");
    assert!(!shown["absences"].as_array().unwrap().is_empty());
    let doctor = machine.run(&["doctor"]).stdout;
    assert!(doctor.contains(&format!("rollcall run show {run}")), "{doctor}");
    let decided = machine.json(&["run", "reject", run, "--yes"]);
    assert_eq!(decided["decision"]["decision"], "rejected");
    machine.problem(&["run", "approve", run], "run_not_held");

    // A wrong password is a failure of the session.
    let call = ["simulate", "quickbooks-desktop", "--qwc", &qwc, "--password", "wrong", "--json"];
    let refused = machine.run(&call);
    assert_eq!((refused.code, &refused.json()["sessions"][0]["outcome"]), (1, &"invalid_password".into()));
    assert_eq!(served.terminate(), Some(0));
}
