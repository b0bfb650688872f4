//! Runs that go wrong: nobody is ever taken for gone by mistake.

use super::*;

const FIVE: &[&str] = &["A1", "A2", "B1", "B2", "C1"];

/// The page that the fault is about.
fn is_page(path: &str, query: &BTreeMap<String, String>, page: &str) -> bool {
    path == "employeedirectory" && query.get("page").map_or("1", String::as_str) == page
}

/// A page of the five as Paycom would have sent it, with one of its headers replaced or taken away.
fn altered(number: usize, header: &'static str, value: Option<&str>, keep: &[&str]) -> Reply {
    let query = BTreeMap::from([("requestid".into(), "r2".into()), ("page".into(), number.to_string())]);
    let all: Vec<String> = FIVE.iter().map(|code| (*code).to_owned()).collect();
    let (status, mut headers, mut body) = page("employeedirectory", &all, &query, row);
    headers.retain(|(name, _)| *name != header);
    headers.extend(value.map(|value| (header, value.to_owned())));
    if !keep.is_empty() {
        body = good(Value::from(keep.iter().map(|code| row(code)).collect::<Vec<_>>())).2;
    }
    (status, headers, body)
}

/// A full run whose pages are altered by the fault: who was staged, and what it makes of the absent.
async fn with(
    fault: impl Fn(&str, &BTreeMap<String, String>) -> Option<Reply> + Send + Sync + 'static,
) -> (usize, Gone, String) {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(fault);
    let (records, _, end) = run(&paycom.source(small_pages()), full()).await.unwrap();
    (records.len(), end.gone.clone(), warning(&end).to_owned())
}

#[tokio::test]
async fn a_list_that_does_not_hold_what_paycom_counted_marks_nobody_absent() {
    let doubt = |count: usize| (count, Gone::Unknown, "count_mismatch".to_owned());
    // The second page is the first again; a page lacks somebody; the total is wrong; it changes on the way.
    let again =
        with(|path, query| is_page(path, query, "2").then(|| altered(2, "", None, &["A1", "A2"]))).await;
    assert_eq!(again, doubt(3));
    let shrunk = with(|path, query| is_page(path, query, "2").then(|| altered(2, "", None, &["B1"]))).await;
    assert_eq!(shrunk, doubt(4));
    let more = with(|path, query| {
        let page = query.get("page").map_or(1, |page| page.parse().unwrap());
        (path == "employeedirectory").then(|| altered(page, "X-Total-Count", Some("9"), &[]))
    });
    assert_eq!(more.await, doubt(5));
    let changing =
        with(|path, query| is_page(path, query, "3").then(|| altered(3, "X-Total-Count", Some("4"), &[])));
    assert_eq!(changing.await, doubt(5));
    // The list ends too early: the first page says that it is the last.
    let early = with(|path, query| {
        is_page(path, query, "1").then(|| {
            let (_, headers, body) = altered(1, "Link", None, &[]);
            (200, headers, body)
        })
    });
    assert_eq!(early.await, doubt(2));
}

#[tokio::test]
async fn repeated_rows_are_no_matter_when_the_sum_is_right() {
    let overlap = with(|path, query| {
        is_page(path, query, "2").then(|| altered(2, "", None, &["A2", "B1", "B2", "B2"]))
    });
    assert_eq!(overlap.await, (5, Gone::NotSeen, String::new()));
}

#[tokio::test]
async fn a_list_that_is_not_counted_counts_only_if_nothing_is_odd() {
    let uncounted = |rows: &'static [&'static str]| {
        with(move |path, query| {
            let page = query.get("page").map_or(1, |page| page.parse().unwrap());
            let keep: &[&str] = if page == 2 { rows } else { &[] };
            (path == "employeedirectory").then(|| altered(page, "X-Total-Count", None, keep))
        })
    };
    assert_eq!(uncounted(&[]).await, (5, Gone::NotSeen, String::new()));
    assert_eq!(uncounted(&["A2", "B1", "B2"]).await, (5, Gone::Unknown, "count_mismatch".into()));
    assert_eq!(uncounted(&["B1"]).await, (4, Gone::Unknown, "count_mismatch".into()));
    let empty = with(|path, _| (path == "employeedirectory").then(|| good(json!(null)))).await;
    assert_eq!(empty, (0, Gone::Unknown, "count_mismatch".into()));
    let counted = with(|path, _| {
        let (status, _, body) = good(json!([]));
        (path == "employeedirectory").then(|| (status, vec![("X-Total-Count", "0".into())], body))
    });
    assert_eq!(counted.await, (0, Gone::NotSeen, String::new()));
}

#[tokio::test]
async fn without_a_next_link_pages_are_counted_up() {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(|path, query| {
        let page = query.get("page").map_or(1, |page| page.parse().unwrap());
        let link = "<employeedirectory?requestid=r2&page=1>; rel=\"first\"";
        (path == "employeedirectory").then(|| altered(page, "Link", Some(link), &[]))
    });
    let (records, _, end) = run(&paycom.source(small_pages()), full()).await.unwrap();
    assert_eq!((records.len(), end.gone), (5, Gone::NotSeen));
    assert_eq!(paycom.asked()[1], "employeedirectory?requestid=r2&pagesize=2&page=2");
}

#[tokio::test]
async fn a_link_to_another_host_is_not_followed() {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(|path, query| {
        is_page(path, query, "1")
            .then(|| altered(1, "Link", Some("<http://127.0.0.1:1/x?page=2>; rel=\"next\""), &[]))
    });
    let (cause, said) = cause(run(&paycom.source(small_pages()), full()).await);
    assert_eq!(cause, Cause::Server);
    assert!(said.contains("127.0.0.1"), "{said}");
}

#[tokio::test]
async fn a_snapshot_that_is_gone_is_begun_anew_a_few_times() {
    let failures = Arc::new(AtomicUsize::new(0));
    let expired = |most: usize, failures: Arc<AtomicUsize>| {
        move |path: &str, query: &BTreeMap<String, String>| {
            (is_page(path, query, "3") && failures.fetch_add(1, Ordering::SeqCst) < most)
                .then(|| failed(400, "Unknown requestid"))
        }
    };
    assert_eq!(with(expired(3, failures)).await, (5, Gone::NotSeen, String::new()));
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(expired(99, Arc::new(AtomicUsize::new(0))));
    let (cause, said) = cause(run(&paycom.source(small_pages()), full()).await);
    assert_eq!(cause, Cause::Server);
    assert!(said.contains("status 400") && !said.contains("Unknown"), "{said}");
    assert_eq!(paycom.asked().len(), 12, "four times three pages");
}

#[tokio::test]
async fn pages_that_never_end_are_given_up() {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(|path, _| (path == "employeedirectory").then(|| altered(1, "", None, &[])));
    let (_, said) = cause(run(&paycom.source(small_pages()), full()).await);
    assert!(said.contains("do not come to an end"), "{said}");
    assert!(paycom.asked().len() < 10);
}

#[tokio::test]
async fn a_row_whose_code_is_none_keeps_everybody() {
    for code in ["", "A/9", "../x"] {
        let odd =
            with(move |path, query| is_page(path, query, "3").then(|| altered(3, "", None, &["C1", code])));
        assert_eq!(odd.await, (5, Gone::Unknown, "code_not_understood".into()), "{code}");
    }
}

#[tokio::test]
async fn somebody_who_came_back_is_one_person_and_the_count_of_rows_a_whole_list() {
    // Two rows of B1, and as many in all as Paycom counts.
    let twice = |second: &'static str, same_page: bool| {
        move |path: &str, query: &BTreeMap<String, String>| {
            let page: usize = query.get("page").map_or(1, |page| page.parse().unwrap());
            let (status, headers, _) =
                (path == "employeedirectory").then(|| altered(page, "X-Total-Count", Some("6"), &[]))?;
            let former = json!({"eecode": "B1", "eename": "B1, PAT", "eestatus": second});
            let rows = match (page, same_page) {
                (1, _) => vec![row("A1"), row("A2")],
                (2, true) => vec![former, row("B1"), row("B2")],
                (2, false) => vec![row("B1"), row("B2")],
                (_, true) => vec![row("C1")],
                (_, false) => vec![row("C1"), former],
            };
            Some((status, headers, good(json!(rows)).2))
        }
    };
    assert_eq!(with(twice("T", true)).await, (5, Gone::NotSeen, String::new()));
    assert_eq!(with(twice("T", false)).await, (5, Gone::NotSeen, String::new()));
    assert_eq!(with(twice("A", true)).await, (5, Gone::NotSeen, String::new()));
    // The same row on another page may stand where somebody else should.
    assert_eq!(with(twice("A", false)).await, (5, Gone::Unknown, "count_mismatch".into()));
}

#[tokio::test]
async fn a_list_that_fails_in_a_good_status_ends_the_run_without_paycoms_words() {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(move |path, _| (path == "employeedirectory").then(|| failed(200, "Nightly maintenance")));
    let (cause, said) = cause(run(&paycom.source(small_pages()), full()).await);
    assert_eq!(cause, Cause::Server);
    assert!(said.contains("says that the request failed") && !said.contains("Nightly"), "{said}");
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(|_, _| Some((200, vec![], "{}".into())));
    let (empty, _) = super::cause(run(&paycom.source(small_pages()), full()).await);
    assert_eq!(empty, Cause::Server, "not an empty list");
}

/// 413 for some endpoints.
fn not_enabled(
    endpoints: &'static [&'static str],
) -> impl Fn(&str, &BTreeMap<String, String>) -> Option<Reply> {
    move |path, _| endpoints.contains(&path).then(|| failed(413, ""))
}

#[tokio::test]
async fn an_endpoint_that_is_not_enabled_is_named_or_done_without() {
    assert_eq!(with(not_enabled(&["employeedirectory"])).await, (5, Gone::NotSeen, String::new()));
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(not_enabled(&["employeedirectory", "employeeid"]));
    let (why, said) = cause(run(&paycom.source(Settings::default()), full()).await);
    assert!(why == Cause::Permission && said.contains("tick `employeedirectory` or `employeeid`"), "{said}");
    let only = Settings { details: false, ..Settings::default() };
    let (why, said) = cause(run(&paycom.source(only), full()).await);
    assert!(why == Cause::Permission && said.contains("tick `employeedirectory`"), "{said}");
}

#[tokio::test]
async fn a_delta_without_its_endpoint_reads_everybody_and_says_what_to_tick() {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(not_enabled(&["employeeids/employeechanges"]));
    let (records, _, end) = run(&paycom.source(small_pages()), delta()).await.unwrap();
    assert_eq!(
        (records.len(), end.gone.clone(), warning(&end)),
        (5, Gone::Named(vec![]), "endpoint_not_enabled")
    );
    assert!(end.warning.unwrap().remedy.contains("`employeeids/employeechanges`"));
}

#[tokio::test]
async fn changes_that_may_be_lacking_are_asked_for_again() {
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(|path, query| {
        (path == "employeeids/employeechanges").then(|| {
            let (status, mut headers, body) = page(path, &["A1".into()], query, row);
            headers.retain(|(name, _)| *name != "X-Total-Count");
            headers.push(("X-Total-Count", "2".into()));
            (status, headers, body)
        })
    });
    let (records, _, end) = run(&paycom.source(small_pages()), delta()).await.unwrap();
    assert_eq!((codes(&records), end.high_water.as_deref()), (vec!["A1"], Some("2026-03-01T11:30:00Z")));
    assert_eq!(end.gone, Gone::Unknown, "it does not look as if all had been read");
}

#[tokio::test]
async fn a_test_of_a_connection_tells_what_is_wrong() {
    for (status, endpoint, said, expected) in [
        (401, "employeeid", "", Cause::Credentials),
        (401, "employeeid", "Your IP is not authorized", Cause::AddressNotAllowed),
        (404, "employeeid", "", Cause::NotFound),
        (413, "employeeids/employeechanges", "", Cause::Permission),
        (413, "employee/A1", "", Cause::Permission),
        (429, "employeeid", "", Cause::RateLimit),
        (500, "employeeid", "", Cause::Server),
        (200, "employeeid", "Down", Cause::Server),
    ] {
        let paycom = Paycom::start(FIVE).await;
        paycom.fault(move |path, _| (path == endpoint).then(|| failed(status, said)));
        let (found, _) = cause(Box::new(paycom.source(Settings::default())).probe().await);
        assert_eq!(found, expected, "{status} {endpoint}");
        assert!(paycom.asked().len() <= 3, "each is asked once");
    }
    let paycom = Paycom::start(FIVE).await;
    paycom.fault(not_enabled(&["employeeid"]));
    assert!(
        Box::new(paycom.source(Settings::default())).probe().await.unwrap().contains("employeedirectory")
    );
    let secrets = BTreeMap::from([("sid".to_owned(), Secret::new("s1"))]);
    let outbound = Outbound::new(Timeouts::default()).unwrap();
    let none = PaycomSource::new(Settings::default(), &secrets, None, &outbound, Arc::new(Open));
    let (found, said) = cause(none);
    assert!(found == Cause::Credentials && said.contains("`token`"), "{said}");
}
