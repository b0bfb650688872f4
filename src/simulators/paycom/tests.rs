use std::{collections::BTreeSet, time::Duration};

use serde_json::Value;

use super::{NewHire, Paycom, PaycomEvent, PaycomOptions, PaycomWebhook};
use crate::{
    domain::secret::Secret,
    simulators::vendor::{
        Fault, Faults, ForeignOrigin, PlannedFault, ServerOptions,
        test_client::{Got, Hook, Served, TestClock, client, got},
    },
};

const API: &str = "/v4/rest/index.php/";

struct Desk {
    paycom: Paycom,
    served: Served,
    clock: TestClock,
}

impl Desk {
    async fn new(employees: u64) -> Self {
        Self::with(employees, |_| {}).await
    }

    async fn with(employees: u64, change: impl FnOnce(&mut PaycomOptions)) -> Self {
        let clock = TestClock::new();
        let server = ServerOptions::new(clock.clock());
        let mut options = PaycomOptions { server, ..PaycomOptions::new("sid", Secret::new("token")) };
        change(&mut options);
        let paycom = Paycom::new(1, employees, options);
        Self { served: Served::start(paycom.clone()).await, paycom, clock }
    }

    fn request(&self, path: &str) -> reqwest::RequestBuilder {
        client().get(format!("{}{API}{path}", self.served.url)).basic_auth("sid", Some("token"))
    }

    async fn get(&self, path: &str) -> Got {
        got(self.request(path)).await
    }

    /// All pages from here on: their codes and totals.
    async fn pages(&self, path: &str) -> (Vec<Vec<String>>, BTreeSet<String>) {
        let (mut pages, mut totals, mut next) = (Vec::new(), BTreeSet::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let page = self.get(&path).await;
            next = page.link("next");
            assert_eq!(page.status, if next.is_some() { 206 } else { 200 });
            totals.insert(page.header("x-total-count").unwrap().to_owned());
            pages.push(codes(&page.json()));
        }
        (pages, totals)
    }
}

fn codes(body: &Value) -> Vec<String> {
    assert_eq!(body["result"], true);
    let rows = body["data"].as_array().unwrap();
    rows.iter().map(|row| row["eecode"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_are_bound_to_a_snapshot_by_relative_links() {
    let desk = Desk::new(25).await;
    let first = desk.get("api/v1/employeedirectory?pagesize=10").await;
    assert_eq!((first.status, first.header("x-total-count")), (206, Some("25")));
    assert_eq!(first.header("x-max-page-size"), Some("500"));
    assert!(first.link("next").unwrap().starts_with("api/v1/employeedirectory?requestid="));
    assert!(first.link("prev").is_none() && first.link("last").unwrap().ends_with("&page=3"));
    let gone = desk.paycom.truth().pop().unwrap().eecode;
    assert!(desk.paycom.erase(&gone));
    let (rest, _) = desk.pages(&first.link("next").unwrap()).await;
    assert_eq!(rest.concat().len(), 15);
    assert!(rest.concat().contains(&gone), "the snapshot was taken before");
    let (all, totals) = desk.pages("api/v1/employeeid?pagesize=500").await;
    assert_eq!((all.concat().len(), totals.len()), (24, 1));
    assert!(desk.paycom.violations().is_empty());
}

#[tokio::test]
async fn a_cursor_expires_and_bad_parameters_are_refused() {
    let desk = Desk::new(5).await;
    let next = desk.get("api/v1/employeeid?pagesize=2").await.link("next").unwrap();
    desk.clock.advance(3601);
    for path in [
        next.as_str(),
        "api/v1/employeeid?requestid=x&page=2",
        "api/v1/employeeid?pagesize=501",
        "api/v1/employeeid?page=0",
        "api/v1/employeeids/employeechanges",
    ] {
        let refused = desk.get(path).await;
        assert_eq!(refused.status, 400, "{path}");
        assert_eq!(refused.json()["result"], false);
        assert_eq!(refused.json()["errorCount"], 1);
    }
}

#[tokio::test]
async fn the_detail_agrees_with_the_truth_and_names_facts_differently() {
    let desk = Desk::new(60).await;
    let truth = desk.paycom.truth();
    for one in &truth {
        let body = desk.get(&format!("api/v1/employee/{}", one.eecode)).await.json();
        let row = &body["data"][0];
        assert_eq!(row["employee_code"], one.eecode.as_str());
        assert_eq!(row["employee_status"], one.status.to_string());
        assert_eq!(row["work_email"], one.work_email.as_deref().unwrap_or(""));
        assert!(row["ssn"].as_str().unwrap().starts_with("SECRET-SSN-"));
        assert!(row["hire_date"].as_str().unwrap().len() >= 10);
    }
    let statuses: BTreeSet<char> = truth.iter().map(|one| one.status).collect();
    assert_eq!(statuses.into_iter().collect::<String>(), "ALQT");
    assert!(truth.iter().any(|one| one.work_email.is_none() && one.personal_email.is_some()));
    assert!(truth.iter().all(|one| one.last_name == one.last_name.to_uppercase()));
    let active = desk.pages("api/v1/employeedirectory?eestatus=A&pagesize=500").await.0.concat();
    assert_eq!(active.len(), truth.iter().filter(|one| one.status == 'A').count());
    let directory = desk.get("api/v1/employeedirectory").await.body.unwrap();
    assert!(!directory.contains('@') && directory.contains("SECRET-STREET-A001"));
    assert_eq!(desk.get("api/v1/employee/NOBODY").await.status, 404);
}

#[tokio::test]
async fn changes_are_told_for_a_window() {
    let desk = Desk::new(10).await;
    let truth = desk.paycom.truth();
    let code = |index: usize| truth[index].eecode.clone();
    desk.clock.advance(100);
    let start = desk.clock.now().timestamp();
    assert!(desk.paycom.rename(&code(1), "New", "Name") && desk.paycom.change_email(&code(1), None));
    let hired = desk.paycom.hire(NewHire { first_name: "Robin".into(), ..NewHire::default() });
    assert!(desk.paycom.terminate(&hired) && desk.paycom.rehire(&hired) && desk.paycom.erase(&code(3)));
    assert!(!desk.paycom.erase(&code(3)));
    let path = |from, to| format!("api/v1/employeeids/employeechanges?startdate={from}&enddate={to}");
    let body = desk.get(&path(start, start + 1)).await.json();
    let mut changed = codes(&body);
    changed.sort();
    let mut expected = vec![code(1), code(3), hired.clone()];
    expected.sort();
    assert_eq!(changed, expected);
    assert!(codes(&desk.get(&path(start + 1, start + 9)).await.json()).is_empty());
    let log = desk.get(&format!("api/v1.1/employee/{hired}/change?startdate={start}&enddate={start}")).await;
    assert_eq!(log.json()["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn faults_of_pages_change_what_is_listed() {
    for (fault, rows, totals) in [
        (Fault::RepeatedPage, 25, 1),
        (Fault::MissingPage, 15, 1),
        (Fault::ShrinkingPage, 20, 1),
        (Fault::WrongTotal, 25, 2),
    ] {
        let desk = Desk::new(25).await;
        desk.paycom.add_fault(PlannedFault::from(fault).after(u32::from(fault != Fault::RepeatedPage)));
        let (pages, told) = desk.pages("api/v1/employeeid?pagesize=10").await;
        assert_eq!(pages.concat().len(), rows, "{fault}");
        assert_eq!(told.len(), totals, "{fault}");
        assert_eq!(desk.paycom.applied().into_iter().collect::<Vec<_>>(), [(fault, 1)]);
        assert_eq!(pages.first() == pages.get(1), fault == Fault::RepeatedPage);
        let (clean, _) = desk.pages("api/v1/employeeid?pagesize=10").await;
        assert_eq!(clean.concat().len(), 25, "{fault}: only one listing suffers");
    }
}

#[tokio::test]
async fn faults_of_calls_have_their_form_on_the_wire() {
    let foreign = ForeignOrigin::new();
    let foreign_server = Served::start(foreign.clone()).await;
    let desk = Desk::with(5, |options| options.server.redirect_to = foreign_server.url.clone()).await;
    let mut seen = Vec::new();
    for fault in [
        Fault::Unauthorized,
        Fault::Forbidden,
        Fault::NotEnabled,
        Fault::RateLimited,
        Fault::ServerError,
        Fault::Redirect,
        Fault::ResultFalse,
    ] {
        desk.paycom.add_fault(fault);
        let answer = desk.get("api/v1/employeeid").await;
        match fault {
            Fault::Redirect => assert!(answer.header("location").unwrap().starts_with(&foreign_server.url)),
            Fault::RateLimited => assert_eq!(answer.header("retry-after"), Some("30")),
            _ => assert_eq!(answer.json()["result"], false),
        }
        seen.push(answer.status);
    }
    assert_eq!(seen, [401, 403, 413, 429, 500, 302, 200]);
    desk.paycom.add_fault(Fault::CutOff);
    let cut = desk.get("api/v1/employeeid").await;
    assert_eq!((cut.status, cut.body), (200, None));
    desk.paycom.add_fault(Fault::TruncatedJson);
    let truncated = desk.get("api/v1/employeeid").await.body.unwrap();
    assert!(serde_json::from_str::<Value>(&truncated).is_err());
    assert_eq!(desk.paycom.applied().values().sum::<u64>(), 9);
    assert_eq!(desk.paycom.requests().iter().filter(|request| request.fault.is_some()).count(), 9);

    assert!(foreign.requests().is_empty());
    got(client().get(&foreign_server.url).header("clientId", "x")).await;
    assert!(foreign.requests()[0].client_id && !foreign.requests()[0].authorization);
}

#[tokio::test]
async fn a_slow_answer_does_not_hold_up_the_end() {
    let desk = Desk::new(5).await;
    desk.paycom.add_fault(Fault::Slow);
    let late = desk.request("api/v1/employeeid").timeout(Duration::from_millis(100)).send().await;
    assert!(late.unwrap_err().is_timeout());
    let waiting = desk.request("api/v1/employeeid");
    desk.paycom.add_fault(Fault::Slow);
    let waiting = tokio::spawn(waiting.send());
    while desk.paycom.requests().len() < 2 {
        tokio::task::yield_now().await;
    }
    desk.served.stop().await;
    assert!(waiting.await.unwrap().is_err());
}

#[tokio::test]
async fn the_limit_and_what_nobody_should_ask_are_objected_to() {
    let desk = Desk::with(5, |options| options.server.requests_per_minute = 2).await;
    assert_eq!(desk.get("api/v1/employee/A001/sensitive").await.status, 200);
    assert_eq!(desk.get("api/v1/employeeid").await.status, 200);
    let refused = desk.get("api/v1/employeeid").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    desk.clock.advance(60);
    assert_eq!(desk.get("api/v1/nothing").await.status, 404);
    let url = format!("{}{API}api/v1/employeeid", desk.served.url);
    assert_eq!(got(client().get(&url)).await.status, 401);
    assert_eq!(got(client().get(&url).basic_auth("sid", Some("wrong"))).await.status, 401);
    assert_eq!(desk.paycom.violations().len(), 4, "{:?}", desk.paycom.violations());
    assert_eq!(desk.paycom.requests().iter().filter(|request| !request.signed_in).count(), 2);
}

#[tokio::test]
async fn webhooks_carry_the_secret_and_are_sent_until_they_are_taken() {
    let hook = Hook::new(&[500, 404, 200]);
    let served = Served::start(hook.clone()).await;
    let webhook = PaycomWebhook {
        retry_after: Duration::ZERO,
        duplicate: true,
        reorder: true,
        ..PaycomWebhook::new(format!("{}/hook", served.url), "Secret-Key", Secret::new("s3"))
    };
    let desk = Desk::with(5, |options| options.webhook = Some(webhook)).await;
    let delivery = desk.paycom.send(PaycomEvent::verify_url("318873")).await.unwrap();
    assert_eq!((delivery.taken, delivery.answers), (true, vec![Some(500), Some(404), Some(200)]));
    let first = &hook.bodies()[0];
    assert_eq!(first["Data"]["verification_code"], "318873");
    assert_eq!(first["Data"]["expires_on"]["timezone"], "America/Chicago");
    assert!(hook.bodies().iter().all(|body| body["Event_Id"] == first["Event_Id"]));
    assert!(hook.calls().iter().all(|call| call.header("secret-key") == Some("s3")));

    let code = desk.paycom.truth()[0].eecode.clone();
    desk.paycom.change_email(&code, Some("new@example.com"));
    desk.paycom.terminate(&code);
    assert_eq!(desk.paycom.deliver().await.len(), 4);
    let told: Vec<String> =
        hook.bodies().split_off(3).iter().map(|body| body["Resource_Field"].to_string()).collect();
    assert_eq!(
        told,
        ["\"Termination Date\"", "\"Termination Date\"", "\"Email Change\"", "\"Email Change\""]
    );
    assert!(desk.paycom.deliver().await.is_empty());
}

#[tokio::test]
async fn chance_strikes_many_calls_and_each_is_counted_once() {
    let faults = Faults::random(7, 200, &[Fault::ServerError, Fault::MissingPage, Fault::CutOff]);
    let desk = Desk::with(50, |options| options.server.faults = faults).await;
    for _ in 0..40 {
        desk.get("api/v1/employeeid?pagesize=10").await;
    }
    let suffered = desk.paycom.requests().iter().filter(|request| request.fault.is_some()).count();
    assert!(suffered > 5);
    assert_eq!(desk.paycom.applied().values().sum::<u64>(), suffered as u64);
}
