//! Promise 7 where answers are broken: whatever byte is wrong, nothing of what is not needed gets into a table, a line of
//! the log at any level, or an answer. Each value that must not be held is a canary, and no byte of the answers is safe.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, response::IntoResponse};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, Uri};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use rollcall::{
    clock::Ambient,
    config::{MapSource, Settings},
    connectors::{
        self,
        hook::{self, Delivery},
        outbound::{Outbound, Timeouts},
    },
    domain::{
        secret::Secret,
        words::{Kind, Mode},
    },
    http::server,
    simulators::quickbooks_desktop::CompanyFile,
    sync::{
        ask, connection_test,
        inbox::Inbox,
        poll,
        register::{self, ConnectionDraft},
    },
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    support::{TestApp, TestClock, TestDatabase, granted, sources, test_vault},
    web_connector::{
        Desk,
        sensitive::{Listening, dump, heard},
        wire::{Manual, call, envelope, post},
    },
};

/// Twice, so that a fault within it leaves one whole.
pub(crate) const CANARY: &str = "KANARIKANARI";
pub(crate) const SOUGHT: &str = "KANARI";

/// A text with one byte deleted, inserted, or replaced.
fn one_byte_wrong(text: &str, rng: &mut StdRng) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let at = rng.random_range(0..bytes.len());
    let odd = b"<>&;\"'/=![]{}:,\\ -?#x\n\0\x80";
    let other = odd[rng.random_range(0..odd.len())];
    match rng.random_range(0..4) {
        0 | 1 => drop(bytes.remove(at)),
        2 => bytes.insert(at, other),
        _ => bytes[at] = other,
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) fn employees(request_id: &str) -> String {
    let person = |number: u32| {
        format!(
            "<EmployeeRet>\n<ListID>8000000{number}-1</ListID>\n<TimeModified>2026-01-02T03:04:05-05:00</TimeModified>\n\
             <Name>Ana Lee {number}</Name>\n<IsActive>true</IsActive>\n<FirstName>Ana</FirstName>\n\
             <LastName>Lee</LastName>\n<EmployeeAddress>\n<City>{CANARY}</City>\n</EmployeeAddress>\n<SSN>{CANARY}</SSN>\n\
             <Email>ana{number}@example.com</Email>\n<BirthDate>{CANARY}</BirthDate>\n\
             <AccountNumber>104{number}</AccountNumber>\n<EmployeeDirectDepositAccount>\n\
             <AccountNumber>{CANARY}</AccountNumber>\n</EmployeeDirectDepositAccount>\n<BankAccount number=\"{CANARY}\"><![CDATA[{CANARY}]]></BankAccount>\n<Notes>{CANARY} &amp; &#x41;</Notes>\n\
             </EmployeeRet>\n"
        )
    };
    format!(
        "<?xml version=\"1.0\" ?>\n<QBXML>\n<QBXMLMsgsRs>\n<EmployeeQueryRs requestID=\"{request_id}\" statusCode=\"0\" \
         statusSeverity=\"Info\" statusMessage=\"{CANARY}\">\n{}{}</EmployeeQueryRs>\n</QBXMLMsgsRs>\n</QBXML>\n",
        person(1),
        person(2)
    )
}

fn assert_nowhere(database: &TestDatabase, said: &[String]) {
    for text in said {
        assert!(!text.contains(SOUGHT), "it was answered: {text}");
    }
    for (place, text) in [("database", dump(&database.url)), ("log", heard())] {
        if let Some(at) = text.find(SOUGHT) {
            let from = text.floor_char_boundary(at.saturating_sub(500));
            let to = text.floor_char_boundary(at + 200);
            panic!("it is in the {place}: …{}…", &text[from..to]);
        }
    }
}

#[tokio::test]
async fn no_wrong_byte_of_quickbooks_answer_shows_what_stands_beside_it() {
    let _listening = Listening::start();
    TestDatabase::each(async |database| {
        let desk = Desk::open(database, &[]).await;
        let at = desk.server.address;
        let mut file = CompanyFile::new(71, 3, 0);
        let mut rng = StdRng::seed_from_u64(7);
        let mut said = Vec::new();
        for round in 0..160 {
            desk.poll(Mode::Full).await;
            let mut session = Manual::begin(at, &desk.options, &mut file).await.unwrap();
            let request = session.send(at).await;
            let (_, id) = request.split_once("requestID=\"").unwrap();
            let whole = employees(id.split('"').next().unwrap());
            let ticket = session.ticket.clone();
            let rest = |response: &str, hresult: &str| {
                format!(
                    "<ticket>{ticket}</ticket><response>{response}</response><hresult>{hresult}</hresult>\
                     <message>{CANARY}</message>"
                )
            };
            let escaped = |text: &str| quick_xml::escape::partial_escape(text).into_owned();
            let body = match round {
                // The one that was found: `<SSN987…</SSN>`.
                0 => rest(&escaped(&whole.replacen("<SSN>", "<SSN", 1)), ""),
                1 => rest("", "0x80040421"),
                2 => rest("", CANARY),
                3 => rest(&escaped(&whole.replacen("statusCode=\"0\"", "statusCode=\"3120\"", 1)), ""),
                4 => rest(
                    &escaped(&whole.replacen("statusCode=\"0\"", &format!("statusCode=\"{CANARY}\""), 1)),
                    "",
                ),
                5 => rest(&format!("&{CANARY};"), ""),
                6 => rest(&whole, ""),
                round if round % 4 == 0 => one_byte_wrong(&rest(&escaped(&whole), ""), &mut rng),
                _ => rest(&escaped(&one_byte_wrong(&whole, &mut rng)), ""),
            };
            said.push(post(at, envelope("receiveResponseXML", &body).as_bytes()).await.body);
            said.push(session.last_error(at).await);
            said.push(session.close(at).await);
        }
        desk.poll(Mode::Full).await;
        let session = Manual::begin(at, &desk.options, &mut file).await.unwrap();
        let failed = [("ticket", session.ticket.as_str()), ("hresult", CANARY), ("message", CANARY)];
        said.push(call(at, "connectionError", &failed).await);
        said.push(session.last_error(at).await);
        for method in [CANARY, "clientVersion"] {
            said.push(call(at, method, &[("strVersion", CANARY)]).await);
        }
        assert!(dump(&database.url).contains("Ana Lee 1"), "the dump shows nothing");
        assert!(heard().contains("/qbwc"), "the log shows nothing");
        assert_nowhere(database, &said);
    })
    .await;
}

/// What a vendor answers to each path, and the byte that is wrong.
#[derive(Clone)]
struct Wrong(Arc<Mutex<(StdRng, Kind)>>);

async fn answer(State(Wrong(wrong)): State<Wrong>, uri: Uri) -> axum::response::Response {
    let (rng, kind) = &mut *wrong.lock().unwrap();
    let path = uri.path();
    let spoil = |body: serde_json::Value, rng: &mut StdRng| match rng.random_range(0..3) {
        0 => body.to_string(),
        _ => one_byte_wrong(&body.to_string(), rng),
    };
    let secret = json!({ "ssn": CANARY, "bank": { "account": [CANARY] }, "birth_date": CANARY });
    let fails = rng.random_range(0..6) == 0;
    let (status, body) = match kind {
        Kind::Paycom if fails => {
            let errors = json!([{ "message": CANARY, "value": CANARY }, CANARY]);
            let status = [200, 400, 401, 403, 404, 413, 500][rng.random_range(0..7)];
            (status, json!({ "result": false, "data": [secret], "errors": errors, "message": CANARY }))
        }
        Kind::Paycom => {
            let mut row = json!({
                "eecode": "A1", "employee_code": "A1", "eename": "LEE, ANA", "firstname": "ANA", "eestatus": "A",
                "homephone": CANARY, "streetaddr": CANARY, "cityaddr": CANARY, "deptdesc": "Docks", "work_email": "ana@example.com",
            });
            row.as_object_mut().unwrap().extend(secret.as_object().unwrap().clone());
            let errors = if rng.random_range(0..6) == 0 { json!([CANARY]) } else { json!([]) };
            (200, json!({ "result": true, "data": [row], "errors": errors, "records": 1 }))
        }
        _ if path.starts_with("/login/companyinfo/") => {
            (200, json!({ "Codebase": "v1/", "VersionCode": "v2026.1", "IsCloud": true, "SiteUrl": CANARY }))
        }
        _ if fails => {
            let status = [400, 401, 403, 404, 409, 500][rng.random_range(0..6)];
            (
                status,
                json!({ "code": "Odd", "message": CANARY, "errors": [{ "code": "x", "message": CANARY }] }),
            )
        }
        _ if path.ends_with("/count") => (200, json!({ "count": 1 })),
        _ => {
            let mut row = json!({
                "id": 101, "identifier": "ALee", "firstName": "Ana", "lastName": "Lee", "name": "Birch", "inactiveFlag": false,
                "defaultDepartment": { "id": 1, "name": "Desk" }, "city": "Portmouth", "homeAddress": CANARY,
                "officeEmail": "ana@example.com", "password": CANARY, "hourlyCost": CANARY, "taxIdentifier": CANARY,
            });
            row.as_object_mut().unwrap().extend(secret.as_object().unwrap().clone());
            (200, json!([row]))
        }
    };
    let status = http::StatusCode::from_u16(status).unwrap();
    (status, [("content-type", "application/json")], spoil(body, rng)).into_response()
}

#[tokio::test]
async fn no_wrong_byte_of_a_vendors_json_shows_what_stands_beside_it() {
    let _listening = Listening::start();
    TestDatabase::each(async |database| {
        let store = database.open();
        let mut said = Vec::new();
        for kind in [Kind::Paycom, Kind::Connectwise] {
            let wrong = Wrong(Arc::new(Mutex::new((StdRng::seed_from_u64(3), kind))));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let base_url = format!("http://{}", listener.local_addr().unwrap());
            let app = Router::new().fallback(answer).with_state(wrong);
            let limits = server::Limits::from(&Settings::read(&MapSource::default()).unwrap().http);
            tokio::spawn(server::run(listener, app, limits, None, std::future::pending::<()>()));
            let clock = TestClock::new();
            let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
            let sources = sources(&store, &ambient, Timeouts::default());
            let (made, mut settings) = (ambient.clone(), vec![("allow_private_address", "true".to_owned())]);
            settings.push(("base_url", base_url));
            let secrets = match kind {
                Kind::Paycom => [("sid", "a"), ("token", "b")],
                _ => {
                    settings.extend([("company_id", "acme".to_owned()), ("client_id", "client".to_owned())]);
                    [("public_key", "a"), ("private_key", "b")]
                }
            };
            let connection = store.write(move |db| {
                let company = register::company(db, &made, &granted(), kind.as_str())?;
                let draft = ConnectionDraft {
                    settings: settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                    secrets: secrets
                        .map(|(name, value)| (name.to_owned(), Secret::new(value)))
                        .into_iter()
                        .collect(),
                    ..ConnectionDraft::new(kind, &company.id)
                };
                register::connection(db, &made, &test_vault(), &granted(), &draft)
            });
            let connection = connection.await.unwrap().connection;
            for _ in 0..60 {
                clock.advance(chrono::TimeDelta::days(2));
                let (asked, one) = (ambient.clone(), connection.clone());
                let _ = store.write(move |db| ask::ask(db, &asked, &granted(), &one, Mode::Full)).await;
                for lease in poll::claim(&sources, "one", 5).await.unwrap() {
                    poll::poll(&sources, lease).await;
                }
                said.push(format!("{:?}", connection_test::probe(&sources, &connection.id).await.unwrap()));
            }
            assert!(dump(&database.url).contains("ana@example.com"), "the dump shows nothing");
        }
        assert_nowhere(database, &said);
    })
    .await;
}

#[tokio::test]
async fn no_wrong_byte_of_a_webhook_shows_what_stands_beside_it() {
    let _listening = Listening::start();
    TestDatabase::each(async |database| {
        let store = database.open();
        let ambient = Ambient::system();
        let made = ambient.clone();
        let connection = store.write(move |db| {
            let company = register::company(db, &made, &granted(), "Acme")?;
            register::connection(db, &made, &test_vault(), &granted(), &ConnectionDraft::new(Kind::Push, &company.id))
        });
        let connection = connection.await.unwrap().connection;
        let inbox = Inbox::start(store.clone(), ambient.clone());
        let outbound = Outbound::new(Timeouts::default()).unwrap();
        let mut rng = StdRng::seed_from_u64(11);
        let key = [7u8; 24];
        let settings = |kind| connectors::settings(kind, None, &BTreeMap::new()).unwrap_or_else(|_| "{}".into());
        let push = json!({
            "type": "employees.upserted", "timestamp": "2026-03-01T12:00:00Z", "note": CANARY,
            "data": [{ "external_id": "7", "first_name": "Ana", "ssn": CANARY, "email": "ana@example.com", "pay": [CANARY],
                "number": "1042", "address": { "lines": [CANARY], "city": CANARY }, "description": CANARY }],
        });
        let paycom = json!({
            "Event_ID": "e-1", "Event_Name": "Employee Changes", "Object": "Employee", "Object_Identifier": "A1",
            "Data": { "Employee_ID": "A1", "SSN": CANARY }, "Details": CANARY,
        });
        let mut said = Vec::new();
        for round in 0..300 {
            let now = chrono::Utc::now();
            let (kind, body) = if round % 2 == 0 { (Kind::Push, &push) } else { (Kind::Paycom, &paycom) };
            let body = if round < 2 { body.to_string() } else { one_byte_wrong(&body.to_string(), &mut rng) };
            let (id, sent) = (format!("msg_{round}"), now.timestamp().to_string());
            let tag = ring::hmac::sign(
                &ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key),
                format!("{id}.{sent}.{body}").as_bytes(),
            );
            let headers: HeaderMap = [
                ("webhook-id", id.clone()),
                ("webhook-timestamp", sent),
                ("webhook-signature", format!("v1,{}", STANDARD.encode(tag))),
                ("secret-key", "secret".into()),
            ]
            .into_iter()
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value.parse().unwrap()))
            .collect();
            let secret = match kind {
                Kind::Push => format!("whsec_{}", STANDARD.encode(key)),
                _ => "secret".into(),
            };
            let secrets = BTreeMap::from([("webhook_secret".to_owned(), Secret::new(secret))]);
            let delivery = Delivery { headers: &headers, body: body.as_bytes(), now };
            let settings = settings(kind);
            match hook::of(kind).unwrap().receive(&settings, &secrets, &outbound, delivery).await {
                Ok(mut message) => {
                    said.push(format!("{message:?}"));
                    message.message_id = id;
                    inbox.accept(&connection.id, message).await.unwrap();
                }
                Err(refused) => said.push(refused.to_string()),
            }
        }
        assert!(said.iter().filter(|said| said.contains("Upserted")).count() > 5, "no message was read");
        assert_nowhere(database, &said);
    })
    .await;
}

#[tokio::test]
async fn no_wrong_byte_of_a_request_shows_its_secrets() {
    let _listening = Listening::start();
    TestDatabase::each(async |database| {
        let app = TestApp::start(database).await;
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().unwrap();
        let good = json!({
            "kind": "paycom", "company": "Acme", "name": "Pay", "settings": { "page_size": 50 },
            "secrets": { "sid": CANARY, "token": CANARY },
        });
        let paths = ["/v1/connections".to_owned(), format!("/v1/connections/{}", app.connection.id)];
        let mut bodies = vec![
            json!({ "secrets": CANARY }).to_string(),
            json!({ "secrets": { "sid": [CANARY] } }).to_string(),
            json!({ "kind": CANARY, "company": "Acme" }).to_string(),
            json!([CANARY]).to_string(),
            json!(CANARY).to_string(),
            json!({ "kind": "push", "company": { "x": CANARY } }).to_string(),
        ];
        let mut rng = StdRng::seed_from_u64(5);
        bodies.extend((0..100).map(|_| one_byte_wrong(&good.to_string(), &mut rng)));
        let mut said = Vec::new();
        for body in bodies {
            for (method, path) in [("POST", &paths[0]), ("PATCH", &paths[1])] {
                let url = format!("http://{}{path}", app.address);
                let request = client.request(method.parse().unwrap(), url).bearer_auth(&app.admin);
                let answer =
                    request.header("content-type", "application/json").body(body.clone()).send().await;
                said.push(answer.unwrap().text().await.unwrap());
            }
        }
        assert!(said.iter().any(|said| said.contains("invalid_json")), "nothing was refused");
        // What was taken holds the secrets sealed, and shows them nowhere.
        assert_nowhere(database, &said);
    })
    .await;
}
