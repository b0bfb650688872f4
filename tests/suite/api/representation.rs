//! How answers are sent: tags by which they are asked for again, and compression.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::{
    Client, Method, Response,
    header::{HeaderMap, HeaderName, HeaderValue},
};
use rollcall::domain::words::List;
use serde_json::json;

use super::{ids, link, put_profile};
use crate::support::{TestApp, people};

/// An answer as it came, nothing of it decoded.
struct Raw {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Raw {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    fn tag(&self) -> &str {
        self.headers["etag"].to_str().unwrap()
    }

    fn unzipped(&self) -> Vec<u8> {
        assert_eq!(self.headers["content-encoding"], "gzip");
        let mut text = Vec::new();
        GzDecoder::new(&*self.body).read_to_end(&mut text).unwrap();
        text
    }
}

async fn ask(app: &TestApp, method: Method, path: &str, headers: &[(&'static str, &str)]) -> Raw {
    let headers = headers
        .iter()
        .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
        .collect();
    let client = Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}{path}", app.address);
    let token = if path.starts_with("/v1/apps") { &app.admin } else { &app.token };
    Raw::of(client.request(method, url).bearer_auth(token).headers(headers).send().await.unwrap()).await
}

async fn get(app: &TestApp, path: &str, headers: &[(&'static str, &str)]) -> Raw {
    ask(app, Method::GET, path, headers).await
}

#[tokio::test]
async fn who_has_an_answer_already_hears_so_by_the_status_alone() {
    TestApp::each(async |app| {
        let run = app.stage(List::Employee, people(3)).await;
        let id = &ids(app, "/v1/employees").await[0];
        put_profile(app, "u-1", "Ana").await.is(201);
        for path in [
            "/v1/employees".to_owned(),
            format!("/v1/employees/{id}"),
            format!("/v1/employees/{id}/history"),
            "/v1/profiles/employee".to_owned(),
            "/v1/profiles/employee/u-1".to_owned(),
            "/v1/links".to_owned(),
            format!("/v1/connections/{}", app.connection.id),
            format!("/v1/connections/{}/runs", app.connection.id),
            format!("/v1/runs/{}", run.id),
            "/v1/companies".to_owned(),
            "/v1/changes".to_owned(),
            "/v1/apps/Timesheets".to_owned(),
        ] {
            let whole = get(app, &path, &[]).await;
            assert_eq!(whole.status, 200, "{path}");
            assert_eq!(whole.headers["cache-control"], "private, no-cache", "{path}");
            let tag = whole.tag();
            assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag}");
            for known in [tag.to_owned(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
                for method in [Method::GET, Method::HEAD] {
                    let same = ask(app, method, &path, &[("if-none-match", &known)]).await;
                    assert_eq!(
                        (same.status, &*same.body, same.tag()),
                        (304, &b""[..], tag),
                        "{path} {known}"
                    );
                    for name in ["cache-control", "vary"] {
                        assert_eq!(same.headers[name], whole.headers[name], "{path}");
                    }
                    assert!(!same.headers.contains_key("content-length"), "{path}");
                }
            }
            let other = get(app, &path, &[("if-none-match", "\"x\"")]).await;
            assert_eq!((other.status, &other.body), (200, &whole.body), "{path}");
            let head = ask(app, Method::HEAD, &path, &[]).await;
            assert_eq!((head.status, head.tag()), (200, tag), "{path}");
            assert_eq!(head.headers["content-length"], whole.body.len().to_string(), "{path}");
        }
        let vary = |raw: &Raw| {
            let all: Vec<_> = raw.headers.get_all("vary").iter().map(|it| it.to_str().unwrap()).collect();
            all.join(", ")
        };
        assert_eq!(vary(&get(app, "/v1/links", &[]).await), "authorization, cookie, accept-encoding");
        assert!(vary(&get(app, "/v1/changes", &[]).await).contains("accept,"));
    })
    .await;
}

#[tokio::test]
async fn a_tag_changes_with_all_that_is_shown() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(2)).await;
        let id = ids(app, "/v1/employees").await[0].clone();
        put_profile(app, "u-1", "Ana").await.is(201);
        let paths =
            [format!("/v1/employees/{id}"), "/v1/employees".into(), "/v1/profiles/employee/u-1".into()];
        let tags = async || {
            let mut tags = Vec::new();
            for path in &paths {
                tags.push(get(app, path, &[]).await.tag().to_owned());
            }
            tags
        };
        let unlinked = tags().await;
        link(app, &id, "u-1").await.is(201);
        let linked = tags().await;
        put_profile(app, "u-1", "Ana Ruiz").await.is(200);
        let renamed = tags().await;
        for (index, path) in paths.iter().enumerate() {
            assert_ne!(unlinked[index], linked[index], "{path}");
        }
        assert_ne!(linked[2], renamed[2], "its name");
        // Nothing has changed of a list that arrives once more.
        app.stage(List::Employee, people(2)).await;
        assert_eq!(get(app, &paths[2], &[("if-none-match", &renamed[2])]).await.status, 304);
        app.stage(List::Employee, people(1)).await;
        assert_ne!(tags().await[1], renamed[1]);
        // What another app sees of the same record is another answer.
        let other = app.add_app("Payroll", &[&app.company.id]).await;
        let seen = app.call(Method::GET, &paths[0], Some(&other), None).await;
        assert_ne!(seen.headers["etag"], tags().await[0]);
    })
    .await;
}

#[tokio::test]
async fn long_answers_are_compressed_for_those_who_take_it() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(200)).await;
        let path = "/v1/employees?limit=200";
        let plain = get(app, path, &[]).await;
        assert!(!plain.headers.contains_key("content-encoding"));
        let zipped = get(app, path, &[("accept-encoding", "gzip, br")]).await;
        assert_eq!(zipped.unzipped(), plain.body);
        assert!(zipped.body.len() * 4 < plain.body.len(), "{} of {}", zipped.body.len(), plain.body.len());
        assert_eq!(zipped.headers["content-length"], zipped.body.len().to_string());
        // Other bytes, the same answer.
        assert_eq!(zipped.tag(), format!("W/{}", plain.tag()));
        for known in [plain.tag(), zipped.tag()] {
            let headers = [("accept-encoding", "gzip"), ("if-none-match", known)];
            let same = get(app, path, &headers).await;
            assert_eq!((same.status, same.tag(), same.body.len()), (304, zipped.tag(), 0));
        }
        for refused in ["gzip;q=0", "br", "identity, gzip;q=0.1", ""] {
            let same = get(app, path, &[("accept-encoding", refused)]).await;
            assert_eq!((&same.body, same.tag()), (&plain.body, plain.tag()), "{refused}");
        }
        // One packet in any case; but whoever wants nothing else gets it.
        let short = get(app, "/v1/companies", &[("accept-encoding", "gzip")]).await;
        assert!(!short.headers.contains_key("content-encoding"));
        let short = get(app, "/v1/companies", &[("accept-encoding", "gzip, identity;q=0")]).await;
        assert_eq!(short.unzipped(), get(app, "/v1/companies", &[]).await.body);
    })
    .await;
}

/// What is shown once stands beside texts that others choose: its compressed length would tell of it.
#[tokio::test]
async fn nothing_but_what_is_read_is_tagged_or_compressed() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(30)).await;
        let client = Client::builder().no_proxy().build().unwrap();
        let url = format!("http://{}/v1/companies", app.address);
        let request =
            client.post(url).bearer_auth(&app.admin).header("accept-encoding", "gzip, identity;q=0");
        let made = Raw::of(request.json(&json!({ "name": "Birch" })).send().await.unwrap()).await;
        assert_eq!(made.status, 201);
        let stream = [("accept", "text/event-stream"), ("accept-encoding", "gzip")];
        let url = format!("http://{}/v1/changes", app.address);
        let mut request = client.get(url).bearer_auth(&app.token);
        for (name, value) in stream {
            request = request.header(name, value);
        }
        let events = request.send().await.unwrap();
        let refused = get(app, "/v1/employees/emp_x", &[("if-none-match", "*")]).await;
        assert_eq!(refused.status, 404);
        for headers in [&made.headers, events.headers(), &refused.headers] {
            assert_eq!(headers["cache-control"], "no-store");
            for name in ["etag", "content-encoding"] {
                assert!(!headers.contains_key(name), "{headers:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn the_description_of_the_api_is_compressed_and_told_by_its_tag() {
    TestApp::each(async |app| {
        let plain = get(app, "/openapi.json", &[]).await;
        let zipped = get(app, "/openapi.json", &[("accept-encoding", "gzip")]).await;
        assert!(zipped.body.len() * 3 < plain.body.len() && zipped.unzipped() == plain.body);
        for known in [plain.tag(), zipped.tag()] {
            let again = get(app, "/openapi.json", &[("if-none-match", known)]).await;
            assert_eq!((again.status, again.body.len()), (304, 0));
        }
        assert_eq!(get(app, "/openapi.json", &[("if-none-match", "\"other\"")]).await.status, 200);
    })
    .await;
}
