//! Employees whom Paycom does not deliver: each stands for itself.

use super::*;

const FIVE: &[&str] = &["A1", "A2", "B1", "B2", "C1"];

/// Whatever can be wrong with one employee's details.
fn faults() -> Vec<Reply> {
    let html = || "<html><body>Just a moment</body></html>".to_owned();
    vec![
        failed(500, "Internal"),
        failed(403, "Not this one"),
        failed(409, ""),
        failed(404, ""),
        failed(200, "Nightly maintenance"),
        (200, vec![], html()),
        (403, vec![], html()),
        (502, vec![], html()),
        (302, vec![("location", "/sign-in".into())], String::new()),
        (200, vec![], String::new()),
        (200, vec![], "{\"result\": true, \"data\": [{\"employee_co".into()),
        good(json!([])),
        good(json!({})),
        good(json!([detail("A1")])),
        good(json!([detail("A1"), detail("C1")])),
    ]
}

#[tokio::test]
async fn one_employee_who_is_not_delivered_keeps_nobody_else_out_and_is_named_and_asked_for_again() {
    for (number, reply) in faults().into_iter().enumerate() {
        let paycom = Paycom::start(FIVE).await;
        paycom.fault(move |path, _| (path == "employee/B1").then(|| reply.clone()));
        let source = paycom.source(small_pages());
        let (records, _, end) = run(&source, full()).await.unwrap();
        assert_eq!(codes(&records), ["A1", "A2", "B2", "C1"], "fault {number}");
        assert_eq!((end.gone.clone(), warning(&end)), (Gone::Unjudged, "details_missing"), "fault {number}");
        assert_eq!(end.high_water.as_deref(), Some("2026-03-01T11:59:58Z"), "deltas go on");
        let said = end.warning.unwrap().detail;
        assert!(said.contains("B1") && !said.contains("B2") && !said.contains('<'), "{said}");
        // Another gateway, later: the change of nobody brings them in.
        paycom.fault(|_, _| None);
        let source = paycom.source_with(small_pages(), source.memory().as_deref());
        let (records, _, end) = run(&source, delta()).await.unwrap();
        assert_eq!((codes(&records), warning(&end)), (vec!["A1", "A2", "B1"], ""), "fault {number}");
        assert_eq!(source.memory(), None);
    }
}

#[tokio::test]
async fn who_is_delivered_at_the_second_time_is_not_lacking() {
    let paycom = Paycom::start(FIVE).await;
    let failures = AtomicUsize::new(0);
    // Each request is tried three times.
    paycom.fault(move |path, _| {
        (path == "employee/B1" && failures.fetch_add(1, Ordering::SeqCst) < 3).then(|| failed(500, ""))
    });
    let source = paycom.source(small_pages());
    let (records, _, end) = run(&source, full()).await.unwrap();
    assert_eq!((codes(&records), end.gone), (vec!["A1", "A2", "B2", "C1", "B1"], Gone::NotSeen));
    assert_eq!(source.memory(), None);
}

#[tokio::test]
async fn a_paycom_that_delivers_nobody_fails_and_is_not_asked_for_everybody() {
    let many: Vec<String> = (0..300).map(|number| format!("E{number:03}")).collect();
    for few in [3, 300] {
        let codes: Vec<&str> = many.iter().take(few).map(String::as_str).collect();
        let paycom = Paycom::start(&codes).await;
        paycom.fault(|path, _| path.starts_with("employee/").then(|| failed(403, "")));
        assert_eq!(cause(run(&paycom.source(Settings::default()), full()).await).0, Cause::Permission);
        assert!(paycom.asked().len() < 40);
    }
    // Who we are and what is enabled concerns all of them at once.
    for (status, expected) in [(401, Cause::Credentials), (413, Cause::Permission)] {
        let paycom = Paycom::start(FIVE).await;
        paycom.fault(move |path, _| (path == "employee/B1").then(|| failed(status, "")));
        assert_eq!(cause(run(&paycom.source(small_pages()), full()).await).0, expected);
    }
}

#[tokio::test]
async fn the_rows_own_code_is_the_id_and_not_the_spelling_that_was_asked_for() {
    let paycom = Paycom::start(&["0012", "b1"]).await;
    paycom.fault(|path, _| match path {
        "employee/0012" => Some(good(json!([{"employee_code": 12, "lastname": "LEE"}]))),
        "employee/b1" => Some(good(json!([detail("B1")]))),
        _ => None,
    });
    let source = paycom.source(Settings::default());
    let (records, _, end) = run(&source, full()).await.unwrap();
    assert_eq!(codes(&records), ["12", "B1"]);
    // Without its zeros a code may be somebody else's.
    assert_eq!(end.gone, Gone::Unjudged);
    let said = end.warning.unwrap().detail;
    assert!(said.contains("0012") && !said.contains("b1"), "{said}");
    for asked in ["b1", "0012"] {
        let Ok(Fetched::Record(record)) = source.fetch(List::Employee, asked).await else { panic!() };
        assert!(["B1", "12"].contains(&record.external_id.as_str()));
    }
}

#[tokio::test]
async fn what_has_come_is_staged_while_the_next_one_keeps_us_waiting() {
    let paycom = Paycom::start(FIVE).await;
    *paycom.hangs.lock().unwrap() = Some("employee/B1".into());
    let source = paycom.source(small_pages());
    let Ok(Step::Part { records, .. }) = source.read(full()).next().await else { panic!() };
    assert_eq!(codes(&records), ["A1", "A2"]);
}

#[tokio::test]
async fn what_had_come_before_a_failure_is_staged() {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(|path, _| (path == "employee/C1").then(|| failed(401, "")));
    let source = paycom.source(Settings { concurrency: 1, ..small_pages() });
    let mut reading = source.read(full());
    let Ok(Step::Part { records, .. }) = reading.next().await else { panic!() };
    assert_eq!(codes(&records), ["A1", "A2", "B1", "B2"]);
    assert_eq!(cause(reading.next().await).0, Cause::Credentials);
}
