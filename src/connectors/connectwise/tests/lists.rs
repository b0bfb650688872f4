//! Whole lists, changes, single records, the test of a connection and callbacks.

use serde_json::{Value, json};

use super::{
    vendor::{Asked, Reply, Vendor, company_info, json as reply, page, page_of},
    *,
};
use crate::{connectors::source::Fetched, domain::hold::Gone};

const GONE: &str = r#"{"code": "ConnectWiseApi", "message": "The endpoint does not exist."}"#;

/// Members with these IDs, in pages as they are asked for.
fn members(ids: std::ops::RangeInclusive<u64>, asked: &Asked) -> Reply {
    if asked.path().ends_with("/count") {
        return reply(200, json!({ "count": ids.count() }));
    }
    let (after, size) = (asked.number("pageId"), asked.number("pageSize"));
    let rows = ids.filter(|id| *id > after).take(size as usize);
    page(&rows.map(|id| json!({ "id": id, "identifier": format!("m{id}") })).collect())
}

fn small(url: &str) -> Settings {
    pages_of(2, settings(url))
}

#[tokio::test]
async fn a_whole_list_is_read_forward_with_what_the_vendor_wants() {
    let vendor = Vendor::start(|asked| match asked.path() {
        "/login/companyinfo/Acme" => company_info("v2026_1/"),
        _ => members(1..=5, asked),
    })
    .await;
    let source = source(small(&vendor.url), None);
    let (records, end) = read(&source, ask(List::Employee, None)).await.unwrap();
    assert_eq!(ids(&records), ["1", "2", "3", "4", "5"]);
    assert_eq!((end.gone, end.warning), (Gone::NotSeen, None));
    assert_eq!(end.high_water.as_deref(), Some("2026-03-01T11:59:30Z"));
    assert_eq!(source.memory().as_deref(), Some(r#"{"codebase":"v2026_1/"}"#));

    let log = vendor.log.lock().unwrap();
    assert!(!log[0].head.contains("authorization"), "the tenant is looked up by anybody");
    let first = &log[1];
    assert_eq!(first.url.path(), "/v2026_1/apis/3.0/system/members");
    // base64 of Acme+public:private
    assert!(first.head.contains("authorization: Basic QWNtZStwdWJsaWM6cHJpdmF0ZQ=="), "{}", first.head);
    for header in [
        "clientid: client",
        "accept: application/vnd.connectwise.com+json; version=2024.1",
        "pagination-type: forward-only",
    ] {
        assert!(first.head.contains(header), "{header}");
    }
    let fields = first.query("fields").unwrap();
    assert!(fields.contains("licenseClass") && !fields.contains("password"));
    assert_eq!(first.query("conditions"), None);
    assert_eq!(first.query("orderBy"), None);
}

#[tokio::test]
async fn a_reader_goes_on_where_another_stopped() {
    let vendor = Vendor::start(|asked| members(1..=5, asked)).await;
    let memory = Some(r#"{"codebase":"v1/"}"#);
    let first = source(small(&vendor.url), memory);
    let Step::Part { progress, .. } = first.read(ask(List::Employee, None)).next().await.unwrap() else {
        panic!("a part")
    };
    let second = source(small(&vendor.url), memory);
    let (rest, end) = read(&second, Ask { progress, ..ask(List::Employee, None) }).await.unwrap();
    assert_eq!(ids(&rest), ["3", "4", "5"]);
    assert_eq!(end.gone, Gone::NotSeen);
    assert_eq!(end.high_water.as_deref(), Some("2026-03-01T11:59:30Z"));
    let other = Ask { progress: Some("nonsense".into()), ..ask(List::Employee, None) };
    assert_eq!(read(&second, other).await.unwrap().0.len(), 5, "what is not understood begins anew");
}

#[tokio::test]
async fn rows_that_did_not_arrive_mark_nobody_absent() {
    let vendor = Vendor::start(|asked| match asked.path() {
        "system/members/count" => reply(200, r#"{"count": 6}"#),
        _ => members(1..=5, asked),
    })
    .await;
    let source = source(small(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
    let (records, end) = read(&source, ask(List::Employee, None)).await.unwrap();
    assert_eq!((records.len(), end.gone), (5, Gone::Unknown));
    assert_eq!(end.warning.unwrap().code, "count_mismatch");
}

#[tokio::test]
async fn a_text_that_cannot_be_read_costs_that_text_and_a_row_without_an_id_itself() {
    let vendor = Vendor::start(|asked| match (asked.path().ends_with("/count"), asked.number_or("pageId", 0)) {
        (true, _) => reply(200, "\u{feff}{\"count\": 3}"),
        (_, 0) => page_of(
            "\u{feff}[{\"id\": 1, \"firstName\": \"half \\ud83d\", \"lastName\": \"Lee\"}, {\"id\": \"\\ud83d\"}, {\"id\": 3}]",
        ),
        _ => page(&json!([])),
    })
    .await;
    let source = source(small(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
    let (records, end) = read(&source, ask(List::Employee, None)).await.unwrap();
    assert_eq!(ids(&records), ["1", "3"]);
    assert_eq!((records[0].name.as_str(), records[0].first_name.as_deref()), ("Lee", None));
    assert_eq!((end.gone, end.warning.unwrap().code.as_str()), (Gone::Unknown, "id_missing"));
}

#[tokio::test]
async fn a_list_that_cannot_be_counted_is_read_and_marks_nobody_absent() {
    for status in [403, 404, 500] {
        let vendor = Vendor::start(move |asked| match asked.path() {
            "/login/companyinfo/Acme" => company_info("v1/"),
            "system/members/count" => reply(status, "{}"),
            _ => members(1..=5, asked),
        })
        .await;
        let source = source(small(&vendor.url), None);
        let (records, end) = read(&source, ask(List::Employee, None)).await.unwrap();
        assert_eq!((records.len(), end.gone), (5, Gone::Unknown), "{status}");
        assert_eq!(end.warning.unwrap().code, "not_counted");
    }
}

#[tokio::test]
async fn contacts_are_read_although_companies_are_not() {
    let vendor = Vendor::start(|asked| match asked.path() {
        "company/contacts" if asked.number("pageId") == 0 => page(&json!([{"id": 9, "firstName": "Ann"}])),
        "company/contacts" => page(&json!([])),
        "company/contacts/count" => reply(200, r#"{"count": 1}"#),
        _ => reply(500, "{}"),
    })
    .await;
    let settings = Settings { contacts: true, ..settings(&vendor.url) };
    let source = source(settings, Some(r#"{"codebase":"v1/"}"#));
    let mut reading = source.read(ask(List::Customer, None));
    let Step::Part { records, progress } = reading.next().await.unwrap() else { panic!("a part") };
    assert_eq!(ids(&records), ["contact-9"]);
    assert_eq!(cause(reading.next().await).0, Cause::Server);
    // Whoever goes on after a crash knows that companies are lacking.
    let (_, end) = read(&source, Ask { progress, ..ask(List::Customer, None) }).await.unwrap();
    assert_eq!(end.gone, Gone::Unknown);
}

#[tokio::test]
async fn what_is_no_matter_of_the_page_is_not_asked_for_in_smaller_ones() {
    let vendor = Vendor::start(|_| reply(500, "{}")).await;
    let source = source(settings(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
    assert_eq!(cause(read(&source, ask(List::Employee, None)).await).0, Cause::Server);
    assert_eq!(vendor.paths().len(), 6, "a page and a count, three times each");
}

#[tokio::test]
async fn a_list_that_repeats_itself_is_no_list() {
    for rows in [json!([{"id": 1}, {"id": 1}]), json!([{"id": 2}, {"id": 1}]), json!([{"name": "x"}])] {
        let vendor = Vendor::start(move |_| page(&rows)).await;
        let source = source(small(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
        assert_eq!(cause(read(&source, ask(List::Employee, None)).await).0, Cause::Server);
    }
    let vendor = Vendor::start(|_| page(&json!([{"id": 1}, {"id": 2}]))).await;
    let source = source(small(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
    let (cause, text) = cause(read(&source, ask(List::Employee, None)).await);
    assert_eq!(cause, Cause::Server);
    assert!(text.contains("repeats itself"), "{text}");
}

#[tokio::test]
async fn a_delta_names_who_is_no_longer_wanted() {
    let vendor = Vendor::start(|asked| {
        let rows = json!([
            { "id": 1, "name": "Kept", "types": [{ "id": 1, "name": "Client" }] },
            { "id": 2, "name": "Deleted", "types": [{ "id": 1, "name": "Client" }], "deletedFlag": true },
            { "id": 3, "name": "Other", "types": [{ "id": 2, "name": "Vendor" }] },
        ]);
        if asked.number("pageId") == 0 { page(&rows) } else { page(&json!([])) }
    })
    .await;
    let settings = Settings { company_types: "Client".into(), ..settings(&vendor.url) };
    let source = source(settings, Some(r#"{"codebase":"v1/"}"#));
    let (records, end) = read(&source, ask(List::Customer, Some("2026-03-01T10:00:00Z"))).await.unwrap();
    assert_eq!(ids(&records), ["1"]);
    assert_eq!(end.gone, Gone::Named(vec!["2".into(), "3".into()]));
    let log = vendor.log.lock().unwrap();
    assert_eq!(log[0].query("conditions").as_deref(), Some("lastUpdated > [2026-03-01T09:50:00Z]"));
    assert!(log[0].url.query().unwrap().contains("lastUpdated%20%3E%20%5B2026-03-01T09%3A50%3A00Z%5D"));
}

#[tokio::test]
async fn contacts_follow_companies_where_they_are_wanted() {
    let vendor = Vendor::start(|asked| match asked.path() {
        path if path.ends_with("/count") => reply(200, r#"{"count": 1}"#),
        "company/companies" if asked.number("pageId") == 0 => page(&json!([{"id": 9, "name": "Nine"}])),
        "company/contacts" if asked.number("pageId") == 0 => page(&json!([{"id": 9, "firstName": "Ann"}])),
        _ => page(&json!([])),
    })
    .await;
    let settings = Settings { contacts: true, ..settings(&vendor.url) };
    let source = source(settings, Some(r#"{"codebase":"v1/"}"#));
    let (records, end) = read(&source, ask(List::Customer, None)).await.unwrap();
    assert_eq!(ids(&records), ["9", "contact-9"]);
    assert_eq!(end.gone, Gone::NotSeen);
}

#[tokio::test]
async fn a_codebase_that_moved_is_found_again() {
    for moved in
        [reply(404, GONE), (302, "Location: https://evil.example/\r\n".into(), String::new()), reply(200, "")]
    {
        let vendor = Vendor::start(move |asked| match asked.url.path() {
            "/login/companyinfo/Acme" => company_info("v2"),
            path if path.starts_with("/v2/") => members(1..=1, asked),
            _ => moved.clone(),
        })
        .await;
        let source = source(small(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
        assert_eq!(read(&source, ask(List::Employee, None)).await.unwrap().0.len(), 1);
        assert_eq!(source.memory().as_deref(), Some(r#"{"codebase":"v2/"}"#));
    }
    // Looked up once, not for ever.
    let vendor = Vendor::start(|asked| match asked.url.path() {
        "/login/companyinfo/Acme" => company_info("../../etc"),
        _ => reply(404, GONE),
    })
    .await;
    let source = source(small(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
    assert_eq!(cause(read(&source, ask(List::Employee, None)).await).0, Cause::Version);
    assert_eq!(vendor.paths().len(), 2);
}

#[tokio::test]
async fn each_refusal_says_what_to_do() {
    let coded = r#"{"code": "Security", "message": "no such right"}"#;
    for (status, body, expected, word) in [
        (401, coded, Cause::Credentials, "private key"),
        (403, coded, Cause::Permission, "Security Roles"),
        (404, GONE, Cause::NotFound, "company ID"),
        (400, r#"{"errors": [{"message": "bad condition"}]}"#, Cause::Server, "status 400"),
        (400, "<html>", Cause::Server, "status 400"),
        (400, r#"{"message": "Incorrect public/private key"}"#, Cause::Credentials, "private key"),
        (403, "<!DOCTYPE html><title>Just a moment...</title>", Cause::Server, "firewall"),
        (403, "error code: 1020", Cause::Server, "firewall"),
        (403, "", Cause::Permission, "Security Roles"),
        (415, "", Cause::Version, "`api_version`"),
    ] {
        let vendor = Vendor::start(move |asked| match asked.path() {
            "/login/companyinfo/Acme" => company_info("v1"),
            _ => reply(status, body),
        })
        .await;
        let source = source(small(&vendor.url), None);
        let (cause, text) = cause(read(&source, ask(List::Employee, None)).await);
        assert_eq!(cause, expected, "{status}");
        assert!(text.contains(word), "{text}");
        assert!(!text.contains("QWNtZ") && !text.contains("private:"), "{text}");
        assert!(!text.contains("bad condition") && !text.contains("no such right"), "{text}");
    }
    for nobody in [reply(200, "null"), reply(404, "")] {
        let vendor = Vendor::start(move |_| nobody.clone()).await;
        let (cause, text) = cause(source(small(&vendor.url), None).look().await);
        assert_eq!(cause, Cause::NotFound);
        assert!(text.contains("`company_id`"), "{text}");
    }
}

#[tokio::test]
async fn a_page_that_the_vendor_fails_at_is_asked_for_in_halves() {
    let vendor =
        Vendor::start(|asked| match asked.query("pageSize").map(|size| size.parse::<u64>().unwrap()) {
            Some(size) if size > 60 => reply(500, "{}"),
            _ => members(1..=70, asked),
        })
        .await;
    let settings = pages_of(200, settings(&vendor.url));
    let source = source(settings, Some(r#"{"codebase":"v1/"}"#));
    assert_eq!(read(&source, ask(List::Employee, None)).await.unwrap().0.len(), 70);
    let sizes: Vec<_> =
        vendor.log.lock().unwrap().iter().filter_map(|asked| asked.query("pageSize")).collect();
    assert_eq!(sizes, ["200", "200", "200", "100", "100", "100", "50", "50", "50"]);
}

#[tokio::test]
async fn one_record_is_fetched_by_its_id() {
    let vendor = Vendor::start(|asked| match asked.path() {
        "system/members/5" => reply(200, r#"{"id": 5, "identifier": "five", "licenseClass": "F"}"#),
        "system/members/6" => reply(200, r#"{"id": 6, "licenseClass": "A"}"#),
        "system/members/7" => reply(404, r#"{"code": "NotFound", "message": "Member 7 not found"}"#),
        "system/members/8" => reply(200, r#"{"id": 9}"#),
        "/login/companyinfo/Acme" => company_info("v1"),
        _ => reply(404, GONE),
    })
    .await;
    let settings = Settings { license_classes: "F".into(), ..settings(&vendor.url) };
    let source = source(settings, Some(r#"{"codebase":"v1/"}"#));
    let Fetched::Record(record) = source.fetch_one(List::Employee, "5").await.unwrap() else {
        panic!("a record")
    };
    assert_eq!(record.name, "five");
    for id in ["6", "7", "8", "99"] {
        assert!(matches!(source.fetch_one(List::Employee, id).await, Ok(Fetched::Missing)), "{id}");
    }
    let before = vendor.paths().len();
    for (list, id) in [
        (List::Employee, "contact-5"),
        (List::Customer, "contact-5"),
        (List::Employee, "../companies/5"),
        (List::Employee, "-5"),
        (List::Employee, ""),
    ] {
        assert!(matches!(source.fetch_one(list, id).await, Ok(Fetched::Missing)), "{id}");
    }
    assert_eq!(vendor.paths().len(), before, "what is no ID is not asked for");
}

#[tokio::test]
async fn a_test_of_the_connection_finds_the_right_that_is_missing() {
    let vendor = Vendor::start(|asked| match asked.path() {
        "/login/companyinfo/Acme" => company_info("v2026_1/"),
        "system/info" => reply(403, "{}"),
        "system/members/count" => reply(200, r#"{"count": 3}"#),
        _ => members(1..=1, asked),
    })
    .await;
    let said = source(settings(&vendor.url), None).hurried().look().await.unwrap();
    assert_eq!(said, "ConnectWise v2026.1 answered, in the vendor's cloud, with codebase v2026_1.");
    let vendor = Vendor::start(|asked| match asked.path() {
        "/login/companyinfo/Acme" => company_info("v2026_1/"),
        "system/info" => reply(200, r#"{"version": "v2026.1.1"}"#),
        "company/companies" => reply(403, "{}"),
        _ => members(1..=1, asked),
    })
    .await;
    let (cause, text) = cause(source(settings(&vendor.url), None).hurried().look().await);
    assert_eq!(cause, Cause::Permission);
    assert!(text.contains("the list of companies"), "{text}");
    assert_eq!(vendor.paths().len(), 4);
}

#[tokio::test]
async fn a_test_asks_side_by_side_for_a_person_waits() {
    // Nobody is answered before all four have asked.
    let vendor = Vendor::start_together(4, |asked| match asked.path() {
        "/login/companyinfo/Acme" => company_info("v2026_1/"),
        "system/info" => reply(200, "{}"),
        _ => members(1..=1, asked),
    })
    .await;
    let settings = Settings { contacts: true, ..settings(&vendor.url) };
    source(settings, None).hurried().look().await.unwrap();
}

#[tokio::test]
async fn callbacks_are_registered_once_and_again_when_switched_off() {
    let url = "https://gateway.example/webhooks/con_1?recordId=";
    let kept = Arc::new(Mutex::new(vec![
        json!({ "id": 1, "type": "company", "url": url, "inactiveFlag": true }),
        json!({ "id": 2, "type": "company", "url": "https://other.example/", "inactiveFlag": false }),
    ]));
    let state = kept.clone();
    let vendor = Vendor::start(move |asked| {
        let mut kept = state.lock().unwrap();
        match (asked.method.as_str(), asked.path().strip_prefix("system/callbacks/")) {
            ("GET", None) => {
                let after = asked.number("pageId");
                page(&kept.iter().filter(|row| row["id"].as_u64().unwrap() > after).cloned().collect())
            }
            ("POST", None) => {
                let mut row: Value = serde_json::from_str(&asked.body).unwrap();
                assert_eq!((&row["level"], &row["objectId"]), (&json!("owner"), &json!(1)));
                row["id"] = json!(kept.iter().filter_map(|row| row["id"].as_u64()).max().unwrap() + 1);
                kept.push(row.clone());
                reply(201, row)
            }
            ("DELETE", Some(id)) => {
                kept.retain(|row| row["id"] != id.parse::<u64>().unwrap());
                reply(204, "")
            }
            _ => reply(405, ""),
        }
    })
    .await;
    let source = source(settings(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
    let done = source.register_callbacks("https://gateway.example/webhooks/con_1").await.unwrap();
    assert_eq!(
        (done.added, done.renewed, done.present),
        (vec!["member".into()], vec!["company".into()], vec![])
    );
    let done = source.register_callbacks(url).await.unwrap();
    assert_eq!(done.present, ["member", "company"]);
    assert_eq!(kept.lock().unwrap().len(), 3);
    assert_eq!(source.withdraw_callbacks(url).await.unwrap(), 2);
    assert_eq!(kept.lock().unwrap()[0]["id"], 2, "another's is left alone");

    let vendor = Vendor::start(|asked| match asked.method.as_str() {
        "GET" => page(&json!([])),
        _ => reply(400, r#"{"code": "InvalidObject", "errors": [{"code": "ObjectExists"}]}"#),
    })
    .await;
    let source = super::source(settings(&vendor.url), Some(r#"{"codebase":"v1/"}"#));
    assert_eq!(source.register_callbacks(url).await.unwrap().added.len(), 2);
}
