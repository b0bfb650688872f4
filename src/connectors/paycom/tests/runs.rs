//! Runs that go well.

use chrono::{DateTime, Utc};

use super::*;

const FIVE: &[&str] = &["A1", "A2", "B-1", "B_2", "C3"];

#[tokio::test]
async fn a_full_run_reads_every_page_and_then_everybody() {
    let paycom = Paycom::start(FIVE).await;
    let (records, progress, end) = run(&paycom.source(small_pages()), full()).await.unwrap();
    assert_eq!(codes(&records), FIVE);
    assert_eq!(records[0].email.as_deref(), Some("A1@x.example"));
    assert_eq!((end.gone.clone(), warning(&end)), (Gone::NotSeen, ""));
    assert_eq!(end.high_water.as_deref(), Some("2026-03-01T11:59:58Z"), "Paycom's clock, not ours");
    let asked = paycom.asked();
    assert_eq!(
        asked[..3],
        [
            "employeedirectory?pagesize=2",
            "employeedirectory?requestid=r2&page=2",
            "employeedirectory?requestid=r2&page=3"
        ]
    );
    assert_eq!(asked.len(), 3 + FIVE.len());
    assert!(!serde_json::to_string(&records).unwrap().contains("900-00"));
    let progress: Value = serde_json::from_str(progress[0].as_deref().unwrap()).unwrap();
    assert_eq!((&progress["started"], &progress["after"]), (&json!("2026-03-01T11:59:58Z"), &json!("C3")));
}

#[tokio::test]
async fn without_details_the_directory_is_enough() {
    let paycom = Paycom::start(FIVE).await;
    let source = paycom.source(Settings { details: false, ..small_pages() });
    let (records, _, end) = run(&source, full()).await.unwrap();
    assert_eq!((codes(&records).as_slice(), end.gone), (FIVE, Gone::NotSeen));
    assert_eq!((records[0].name.as_str(), records[0].email.as_deref()), ("A1, PAT", None));
    assert_eq!(paycom.asked().len(), 3);
    let (records, _, end) = run(&source, delta()).await.unwrap();
    assert_eq!((codes(&records).as_slice(), end.gone), (FIVE, Gone::Named(vec![])));
    assert!(matches!(source.fetch(List::Employee, "A1").await, Ok(Fetched::Missing)));
}

#[tokio::test]
async fn details_are_asked_for_a_few_at_once_and_stay_in_order() {
    let many: Vec<String> = (0..230).map(|number| format!("E{number:03}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let paycom = Paycom::start(&many).await;
    let source = paycom.source(Settings { concurrency: 3, ..Settings::default() });
    let (records, progress, end) = run(&source, full()).await.unwrap();
    assert_eq!((codes(&records), end.gone), (many, Gone::NotSeen));
    assert!(progress.len() >= 3, "{}", progress.len());
    let busiest = paycom.busiest.load(Ordering::SeqCst);
    assert!((2..=3).contains(&busiest), "{busiest}");
}

#[tokio::test]
async fn a_run_goes_on_where_it_broke_off_unless_the_list_changed_there() {
    let many: Vec<String> = (0..150).map(|number| format!("E{number:03}")).collect();
    let paycom = Paycom::start(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let source = paycom.source(Settings::default());
    let Ok(Step::Part { records, progress }) = source.read(full()).next().await else { panic!() };
    assert_eq!(records.len(), 100);
    paycom.asked();
    paycom.people.lock().unwrap().insert("E999".into());
    let resumed = Ask { progress: progress.clone(), ..full() };
    let (records, _, end) = run(&source, resumed.clone()).await.unwrap();
    assert_eq!((records.len(), records[0].external_id.as_str()), (51, "E100"));
    assert_eq!((end.gone, end.high_water.as_deref()), (Gone::NotSeen, Some("2026-03-01T11:59:58Z")));
    // Somebody who was not in the list before stands where it was read already: skipped, they would be taken for gone.
    paycom.people.lock().unwrap().insert("E0005".into());
    let (records, _, end) = run(&source, resumed).await.unwrap();
    assert_eq!((records.len(), end.gone), (152, Gone::NotSeen));
    for nonsense in ["", "{}", "17"] {
        let ask = Ask { progress: Some(nonsense.into()), ..full() };
        assert_eq!(run(&source, ask).await.unwrap().0.len(), 152, "{nonsense}");
    }
}

#[tokio::test]
async fn a_resumed_run_remembers_who_was_missing() {
    let many: Vec<String> = (0..150).map(|number| format!("E{number:03}")).collect();
    let paycom = Paycom::start(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let source = paycom.source(Settings::default());
    paycom.fault(|path, _| (path == "employee/E007").then(|| failed(404, "")));
    let Ok(Step::Part { progress, .. }) = source.read(full()).next().await else { panic!() };
    let (_, _, end) = run(&source, Ask { progress, ..full() }).await.unwrap();
    assert_eq!((end.gone.clone(), warning(&end)), (Gone::Unjudged, "details_missing"));
}

#[tokio::test]
async fn a_delta_reads_who_changed_since_with_an_overlap() {
    let paycom = Paycom::start(FIVE).await;
    let source = paycom.source(small_pages());
    let (records, progress, end) = run(&source, delta()).await.unwrap();
    assert_eq!(codes(&records), ["A1", "A2"]);
    assert_eq!((end.gone, end.high_water.as_deref()), (Gone::Named(vec![]), Some("2026-03-01T11:59:58Z")));
    assert_eq!(progress, [None]);
    let from = "2026-03-01T11:20:00Z".parse::<DateTime<Utc>>().unwrap().timestamp();
    let to = "2026-03-02T12:00:00Z".parse::<DateTime<Utc>>().unwrap().timestamp();
    let asked = paycom.asked();
    assert_eq!(asked[0], format!("employeeids/employeechanges?pagesize=2&startdate={from}&enddate={to}"));
    // Who changed and is gone is left to the next full run.
    paycom.people.lock().unwrap().remove("A1");
    let (records, _, end) = run(&source, delta()).await.unwrap();
    assert_eq!((codes(&records), warning(&end)), (vec!["A2"], ""));
    for since in [None, Some("yesterday".to_owned())] {
        let (records, _, end) = run(&source, Ask { since, ..delta() }).await.unwrap();
        assert_eq!((records.len(), end.gone), (4, Gone::Named(vec![])));
    }
}

#[tokio::test]
async fn one_employee_is_fetched_by_code() {
    let paycom = Paycom::start(FIVE).await;
    let source = paycom.source(Settings::default());
    let Ok(Fetched::Record(record)) = source.fetch(List::Employee, "B-1").await else { panic!() };
    assert_eq!(record.email.as_deref(), Some("B-1@x.example"));
    assert!(matches!(source.fetch(List::Employee, "Z9").await, Ok(Fetched::Missing)));
    paycom.asked();
    for odd in ["../employeeid", "", "A/1", "A?x"] {
        assert!(matches!(source.fetch(List::Employee, odd).await, Ok(Fetched::Missing)), "{odd}");
    }
    assert_eq!(paycom.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_good_connection_says_so_in_three_requests() {
    let paycom = Paycom::start(FIVE).await;
    let said = Box::new(paycom.source(Settings::default())).probe().await.unwrap();
    assert!(said.contains("5 employees"), "{said}");
    let mut asked = paycom.asked();
    assert_eq!(asked.pop().as_deref(), Some("employee/A1?"));
    asked.sort();
    assert_eq!(asked[0], "employeeid?pagesize=1");
    assert!(asked[1].starts_with("employeeids/employeechanges?pagesize=1&startdate="), "{asked:?}");
    assert_eq!(asked.len(), 2);
}
