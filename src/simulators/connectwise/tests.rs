use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{CUSTOMER, CallbackEvent, ConnectWise, ConnectWiseOptions, DeliveryOptions, VENDOR, signature};
use crate::{
    domain::secret::Secret,
    simulators::vendor::{
        Fault, PlannedFault, ServerOptions,
        test_client::{Got, Hook, Served, TestClock, client, got},
    },
};

const ACCEPT: &str = "application/vnd.connectwise.com+json; version=2025.1";

struct Desk {
    connectwise: ConnectWise,
    served: Served,
    clock: TestClock,
}

impl Desk {
    async fn new(members: u64, companies: u64) -> Self {
        Self::with(members, companies, |_| {}).await
    }

    async fn with(members: u64, companies: u64, change: impl FnOnce(&mut ConnectWiseOptions)) -> Self {
        let clock = TestClock::new();
        let server = ServerOptions::new(clock.clock());
        let options = ConnectWiseOptions::new("acme", "client", "public", Secret::new("private"));
        let mut options = ConnectWiseOptions { server, ..options };
        options.delivery.retry_after = vec![Duration::ZERO; 2];
        change(&mut options);
        let connectwise = ConnectWise::new(1, members, companies, options);
        let served = Served::start(connectwise.clone()).await;
        connectwise.lock().options.origin = Some(served.url.clone());
        Self { connectwise, served, clock }
    }

    fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}/{}apis/3.0/{path}", self.served.url, self.connectwise.codebase());
        signed(client().request(method, url))
    }

    async fn get(&self, path: &str) -> Got {
        got(self.request(reqwest::Method::GET, path)).await
    }

    async fn ids(&self, path: &str) -> Vec<i64> {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        ids(&answer.json())
    }

    /// Every page, forward only, to the first that is empty.
    async fn forward(&self, path: &str) -> Vec<Vec<i64>> {
        let (mut pages, mut next) = (Vec::new(), self.request(reqwest::Method::GET, path));
        loop {
            let page = got(next.header("pagination-type", "forward-only")).await;
            let rows = ids(&page.json());
            if rows.is_empty() {
                return pages;
            }
            pages.push(rows);
            next = signed(client().get(page.link("next").unwrap()));
        }
    }

    async fn register(&self, body: Value) -> Got {
        got(self.request(reqwest::Method::POST, "system/callbacks").body(body.to_string())).await
    }
}

fn signed(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request.basic_auth("acme+public", Some("private")).header("clientId", "client").header("accept", ACCEPT)
}

fn ids(body: &Value) -> Vec<i64> {
    body.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

fn callback(url: &str, kind: &str) -> Value {
    json!({ "id": 0, "url": url, "objectId": 1, "type": kind, "level": "owner", "payloadVersion": "3.0.0" })
}

#[tokio::test]
async fn discovery_needs_no_credentials_and_moves_with_the_codebase() {
    let desk = Desk::new(3, 0).await;
    let discover = async || {
        let url = format!("{}/login/companyinfo/acme", desk.served.url);
        got(client().get(url)).await.json()["Codebase"].as_str().unwrap().to_owned()
    };
    let old = discover().await;
    assert_eq!(old, desk.connectwise.codebase());
    let nobody = got(client().get(format!("{}/login/companyinfo/nobody", desk.served.url))).await;
    assert_eq!((nobody.status, nobody.json()), (200, Value::Null));

    desk.connectwise.add_fault(Fault::MovedCodebase);
    let url = format!("{}/{old}apis/3.0/system/members/count", desk.served.url);
    for _ in 0..2 {
        let gone = got(signed(client().get(&url))).await;
        assert_eq!(gone.status, 404);
        assert_eq!(
            gone.json(),
            json!({ "code": "ConnectWiseApi", "message": "The endpoint does not exist." })
        );
    }
    assert_ne!(discover().await, old);
    assert_eq!(desk.get("system/members/count").await.json(), json!({ "count": 3 }));
    assert!(desk.connectwise.violations().is_empty());
}

#[tokio::test]
async fn both_styles_of_pages_tell_everything() {
    let desk = Desk::new(23, 0).await;
    let all: Vec<i64> = desk.connectwise.truth().members.iter().map(|member| member.id).collect();
    let pages = desk.forward("system/members?pageSize=10&fields=id").await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
    assert_eq!(pages.concat(), all);

    let path = "system/members?pageSize=10&fields=id&orderBy=id%20asc";
    let (mut rows, mut next) = (Vec::new(), Some(desk.request(reqwest::Method::GET, path)));
    while let Some(request) = next {
        let page = got(request).await;
        rows.extend(ids(&page.json()));
        next = page.link("next").map(|url| signed(client().get(url)));
    }
    assert_eq!(rows, all);
    assert!(desk.get("system/members?pageSize=100&fields=id").await.link("next").is_none());
    let ordered = desk.request(reqwest::Method::GET, path).header("pagination-type", "forward-only");
    assert_eq!(got(ordered).await.status, 400);
    assert_eq!(desk.get("system/members?pageSize=1001&fields=id").await.status, 400);
    assert!(desk.connectwise.violations().is_empty(), "{:?}", desk.connectwise.violations());
}

#[tokio::test]
async fn conditions_fields_and_changes_select_rows() {
    let desk = Desk::new(40, 40).await;
    let truth = desk.connectwise.truth();
    let list = "company/companies?pageSize=1000&fields=id";
    let vendors = desk.ids(&format!("{list}&childConditions=types/id={VENDOR}")).await;
    let expected: Vec<i64> =
        truth.companies.iter().filter(|one| one.types.contains(&VENDOR)).map(|one| one.id).collect();
    assert_eq!(vendors, expected);
    let since = desk.clock.now().format("%Y-%m-%dT%H:%M:%SZ").to_string();
    desk.clock.advance(5);
    let (kept, gone) = (truth.companies[5].id, truth.companies[6].id);
    assert!(desk.connectwise.rename_company(kept, "Other") && desk.connectwise.hard_delete_company(gone));
    assert!(desk.connectwise.retype_company(kept, &[CUSTOMER]) && desk.connectwise.soft_delete_company(kept));
    assert_eq!(desk.ids(&format!("{list}&conditions=lastUpdated%20%3E%20[{since}]")).await, [kept]);
    let deleted = desk.get(&format!("company/companies/{gone}")).await;
    assert_eq!((deleted.status, deleted.json()["code"].as_str()), (404, Some("NotFound")));
    for wrong in ["conditions=typeids=4", "conditions=id%20~%201", "conditions=types/id=4"] {
        let refused = desk.get(&format!("{list}&{wrong}")).await;
        assert_eq!((refused.status, refused.json()["message"].is_string()), (400, true), "{wrong}");
    }
    let fields = "fields=id,_info/lastUpdated,types/id,nothing,company/name";
    let row = &desk.get(&format!("company/companies?pageSize=2&{fields}")).await.json()[1];
    assert_eq!(row.as_object().unwrap().len(), 3);
    assert!(row["_info"]["lastUpdated"].is_string() && row["_info"].as_object().unwrap().len() == 1);
    assert_eq!(row["types"], json!([{ "id": CUSTOMER }]));
    let classes = desk.ids("system/members?pageSize=99&fields=id&conditions=licenseClass%3D%22F%22").await;
    assert!(classes.len() > 20 && classes.len() < 40);
    let contacts = desk.get("company/contacts?pageSize=1000&fields=id,company/id,_info").await.json();
    let contacts = contacts.as_array().unwrap().clone();
    assert!(contacts.iter().any(|row| row["_info"] == json!({})));
    assert!(contacts.iter().any(|row| row["company"].is_null()));
    for small in
        ["company/companies/types?pageSize=9", "company/companies/statuses?pageSize=9", "system/info"]
    {
        assert_eq!(desk.get(small).await.status, 200);
    }
    assert!(desk.connectwise.violations().is_empty(), "{:?}", desk.connectwise.violations());
}

#[tokio::test]
async fn what_a_reviewer_objects_to_is_told() {
    let desk = Desk::with(3, 0, |options| {
        options.server.requests_per_minute = 5;
        options.forbidden.push("company/".to_owned());
    })
    .await;
    let url = format!("{}/{}apis/3.0/system/members", desk.served.url, desk.connectwise.codebase());
    assert_eq!(got(client().get(&url)).await.status, 401);
    let full = desk.get("system/members").await;
    assert!(full.body.unwrap().contains("SECRET-PASSWORD-"));
    desk.get("system/members?fields=id,hourlyCost&pageSize=5").await;
    assert_eq!(desk.get("company/contacts?fields=id&pageSize=5").await.status, 403);
    assert_eq!(desk.get("service/tickets").await.status, 404);
    desk.get("system/info").await;
    let refused = desk.get("system/info").await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(refused.json()["error"], "ConnectWiseAPI");
    let violations = desk.connectwise.violations();
    for word in [
        "without credentials",
        "without clientId",
        "pinned version",
        "pageSize",
        "fields left out",
        "hourlyCost",
        "does not exist",
        "over the limit",
    ] {
        assert!(violations.iter().any(|violation| violation.contains(word)), "{word}: {violations:?}");
    }
    assert_eq!(violations.len(), 8);
}

#[tokio::test]
async fn faults_of_pages_and_calls_have_their_form() {
    for (fault, rows) in [(Fault::RepeatedPage, 33), (Fault::MissingPage, 13), (Fault::ShrinkingPage, 23)] {
        let desk = Desk::new(23, 0).await;
        desk.connectwise.add_fault(PlannedFault::from(fault).after(u32::from(fault != Fault::RepeatedPage)));
        let pages = desk.forward("system/members?pageSize=10&fields=id").await;
        assert_eq!(pages.concat().len(), rows, "{fault}: {pages:?}");
        assert_eq!(desk.connectwise.applied().into_iter().collect::<Vec<_>>(), [(fault, 1)]);
    }
    let desk = Desk::new(23, 0).await;
    desk.connectwise.add_fault(Fault::WrongTotal);
    assert_eq!(desk.get("system/members/count").await.json()["count"], 26);
    desk.connectwise.add_fault(Fault::MissingPage);
    let path = "system/members?pageSize=10&fields=id&page=";
    let pages = [desk.ids(&format!("{path}1")).await, desk.ids(&format!("{path}2")).await];
    assert_eq!(pages.concat().len(), 13);
    assert_eq!(desk.ids(&format!("{path}1")).await.len(), 10);
    let mut seen = Vec::new();
    for fault in
        [Fault::Unauthorized, Fault::Forbidden, Fault::RateLimited, Fault::ServerError, Fault::Redirect]
    {
        desk.connectwise.add_fault(fault);
        seen.push(desk.get("system/info").await.status);
    }
    assert_eq!(seen, [401, 403, 429, 500, 302]);
    desk.connectwise.add_fault(Fault::CutOff);
    assert_eq!(desk.get("system/info").await.body, None);
    desk.connectwise.add_fault(PlannedFault::from(Fault::Redirect).on("companyinfo"));
    assert_eq!(desk.get("system/info").await.status, 200);
    let discovery = got(client().get(format!("{}/login/companyinfo/acme", desk.served.url))).await;
    assert_eq!(discovery.status, 307);
}

#[tokio::test]
async fn callbacks_are_registered_once_and_belong_to_the_api_member() {
    let desk = Desk::new(1, 1).await;
    let first = desk.register(callback("https://gw.example/hook?recordId=", "company")).await;
    assert_eq!((first.status, first.json()["memberId"].as_i64()), (201, Some(243)));
    let id = first.json()["id"].as_i64().unwrap();
    let code = |answer: &Got| answer.json()["errors"][0]["code"].as_str().unwrap().to_owned();
    let again = desk.register(callback("https://gw.example/hook?recordId=", "company")).await;
    assert_eq!((again.status, code(&again)), (400, "ObjectExists".to_owned()));
    let mut level = callback("https://gw.example/", "member");
    level["level"] = json!("galaxy");
    for wrong in [callback("gw", "company"), callback("https://gw.example/", "widget"), level] {
        let refused = desk.register(wrong).await;
        assert_eq!((refused.status, code(&refused)), (400, "InvalidField".to_owned()));
    }
    desk.connectwise.disable_callbacks();
    let listed = desk.get("system/callbacks?pageSize=1000").await.json();
    assert_eq!((ids(&listed), &listed[0]["inactiveFlag"]), (vec![id], &json!(true)));
    let patch = json!([{ "op": "replace", "path": "inactiveFlag", "value": false }]).to_string();
    let path = format!("system/callbacks/{id}");
    assert_eq!(got(desk.request(reqwest::Method::PATCH, &path).body(patch)).await.status, 200);
    assert!(!desk.connectwise.callbacks()[0].inactive);
    assert_eq!(got(desk.request(reqwest::Method::DELETE, &path)).await.status, 204);
    assert_eq!(desk.get(&path).await.status, 404);
    assert!(desk.connectwise.violations().is_empty(), "{:?}", desk.connectwise.violations());
}

/// Computed with Python's hmac and hashlib, not with what is tested here.
#[test]
fn the_signature_is_that_of_the_guide() {
    assert_eq!(signature("test-signing-key", b"{\"ID\":1}"), "naIx51VjV26KJ1ElQxtXGnjzKMXLa0jXx/wTT7i3tc4=");
}

#[tokio::test]
async fn callbacks_are_delivered_signed_and_tried_again_only_where_the_guide_says() {
    let hook = Hook::new(&[429, 200]);
    let receiver = Served::start(hook.clone()).await;
    let desk = Desk::new(2, 2).await;
    desk.register(callback(&format!("{}/hook?recordId=", receiver.url), "member")).await;
    let id = desk.connectwise.add_member("Robin", "Newhire", None);
    desk.connectwise.add_company("Nobody listens");
    let delivered = desk.connectwise.deliver().await;
    assert_eq!((delivered.len(), delivered[0].answers.clone()), (1, vec![Some(429), Some(200)]));
    let call = &hook.calls()[1];
    assert_eq!(call.target, format!("/hook?recordId={id}&action=added"));
    let body = &hook.bodies()[1];
    assert_eq!(
        (&body["ID"], &body["Type"], &body["Action"]),
        (&json!(id), &json!("member"), &json!("added"))
    );
    let entity: Value = serde_json::from_str(body["Entity"].as_str().unwrap()).unwrap();
    assert_eq!(entity["firstName"], "Robin");

    let key_url = body["Metadata"]["key_url"].as_str().unwrap();
    let key = got(client().get(key_url)).await.json()["signing_key"].as_str().unwrap().to_owned();
    let hashed = ring::digest::digest(&ring::digest::SHA256, key.as_bytes());
    let hashed = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, hashed.as_ref());
    let sent = STANDARD.decode(call.header("x-content-signature").unwrap()).unwrap();
    ring::hmac::verify(&hashed, &call.body, &sent).unwrap();
    assert!(desk.connectwise.violations().is_empty());
    got(client().get(key_url).basic_auth("acme+public", Some("private"))).await;
    assert_eq!(desk.connectwise.violations().len(), 1);

    let refusing = Hook::new(&[500]);
    let receiver = Served::start(refusing.clone()).await;
    desk.register(callback(&format!("{}/hook", receiver.url), "company")).await;
    desk.connectwise.set_delivery(DeliveryOptions {
        ints_as_strings: true,
        unknown_type: true,
        duplicate: true,
        ..DeliveryOptions::default()
    });
    let refused = desk.connectwise.send(CallbackEvent::new("deleted", "company", 2)).await;
    assert_eq!(refused.iter().map(|one| one.answers.len()).collect::<Vec<_>>(), [1, 1]);
    let body = &refusing.bodies()[0];
    assert_eq!((&body["ID"], &body["Type"], &body["Entity"]), (&json!("2"), &json!("widget"), &Value::Null));
}
