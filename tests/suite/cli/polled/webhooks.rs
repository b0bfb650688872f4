//! Paycom's webhooks, on their whole way.

use std::time::Duration;

use rollcall::{
    domain::secret::Secret,
    simulators::paycom::{NewHire, PaycomEvent, PaycomWebhook},
};

use super::{Api, HERE, Machine, Served, id, paycom};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_paycom_tells_by_webhook_is_staged_at_once() {
    let paycom = paycom("pay-webhooks").await;
    let machine = Machine::new();
    machine.json(&["company", "add", "Acme"]);
    let made = paycom.connect(&machine, &paycom.base_url, HERE);
    let pay = id(&made);
    let served = Served::start(&machine, &[]);
    let api = Api::new(&machine, &served);
    api.until_state(&pay, "ok").await;

    let path = made["webhook_url"].as_str().unwrap().split_once("/webhooks/").unwrap().1;
    let url = format!("{}/webhooks/{path}", served.url);
    let webhook = |secret: &str| PaycomWebhook {
        tries: 1,
        retry_after: Duration::ZERO,
        duplicate: true,
        ..PaycomWebhook::new(&url, "Secret-Key", Secret::new(secret))
    };
    paycom.world.set_webhook(Some(webhook("wrong")));
    let refused = paycom.world.send(PaycomEvent::verify_url("000000")).await.unwrap();
    assert_eq!(refused.answers, [Some(401)]);

    paycom.world.set_webhook(Some(webhook(made["webhook_secret"].as_str().unwrap())));
    assert!(paycom.world.send(PaycomEvent::verify_url("839274")).await.unwrap().taken);
    // The code is there when its message was dealt with, as everything else.
    let code = || machine.json(&["connection", "show", &pay])["webhook"]["verification_code"].take();
    let sent = std::time::Instant::now();
    while code() != "839274" {
        assert!(sent.elapsed() < super::PATIENCE, "{}", code());
    }

    let polled = paycom.world.requests().len();
    let hired = paycom.world.hire(NewHire {
        first_name: "Robin".into(),
        last_name: "Newhire".into(),
        work_email: Some("robin@example.com".into()),
        title: None,
    });
    let deliveries = paycom.world.deliver().await;
    assert!(!deliveries.is_empty() && deliveries.iter().all(|it| it.taken), "{deliveries:?}");
    let found = api
        .until(&format!("/v1/employees?connection={pay}&q=newhire"), |page| page["data"][0].is_object())
        .await;
    let record = &found["data"][0];
    assert_eq!((&record["external_id"], &record["email"]), (&hired.into(), &"robin@example.com".into()));
    // One record was fetched, no list was read.
    let asked = paycom.world.requests().split_off(polled);
    assert!(asked.iter().all(|request| request.target.contains("/employee/")), "{asked:#?}");
    assert_eq!(paycom.world.violations(), Vec::<String>::new());
}
