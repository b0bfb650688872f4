//! Every route that writes leaves a row in the audit, in the same transaction: a new one fails here until it has a call that
//! shows it.

use std::collections::BTreeSet;

use reqwest::Method;
use rollcall::{
    domain::{
        ids::{CompanyId, ConnectionId, MessageId},
        words::{AuditAction, Kind, List, Role},
    },
    http::router::openapi,
    store::{PageLimit, changes, inbox},
};
use serde_json::{Value, json};

use super::{findings, rows};
use crate::{
    accounts::second_factor::code_at,
    polling::vendor::Vendor,
    support::{Answer, TestApp, TestClock, people},
};

/// Routes that write nothing, whatever their method.
const READING: [&str; 3] = [
    // They only ask the source.
    "POST /v1/connections/{id}/test",
    "POST /v1/accounts/{id}/credentials/{kind}/test",
    // An offer changes nothing until it is taken.
    "POST /v1/me/totp",
];

/// Of people's accounts.
const PASSWORD: &str = "correct hidden horse battery";

/// Every route that could write.
fn writing_routes() -> Vec<String> {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["put", "post", "patch", "delete"] {
            if path.starts_with("/v1/") && item.get(method).is_some() {
                routes.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    routes
}

/// What the calls are made on.
struct World<'a> {
    app: &'a TestApp,
    vendor: Vendor,
    /// A connection to the vendor.
    polled: ConnectionId,
    /// Its company.
    other: CompanyId,
}

impl World<'_> {
    async fn admin(&self, method: &str, path: &str, body: impl Into<Option<Value>>) -> Answer {
        self.app.admin(method, path, body).await
    }

    /// The ID of what a call has made.
    async fn made(&self, path: &str, body: Value) -> String {
        let answer = self.admin("POST", path, body).await;
        answer.is(201)["id"].as_str().unwrap().to_owned()
    }

    async fn new_app(&self, name: &str) -> String {
        self.made("/v1/apps", json!({ "name": name, "companies": ["Acme"] })).await
    }

    async fn employee(&self, number: usize) -> String {
        let list = self.app.get("/v1/employees?limit=500").await;
        list.is(200)["data"][number]["id"].as_str().unwrap().to_owned()
    }

    /// A run that is held.
    async fn held(&self, name: &'static str) -> String {
        let (_, connection) = self.app.add_company(name).await;
        self.app.stage_from(&connection, List::Employee, people(30)).await;
        self.app.stage_from(&connection, List::Employee, people(5)).await.id.into()
    }

    async fn profile(&self, id: &str) -> String {
        let path = format!("/v1/profiles/employee/{id}");
        self.app
            .send("PUT", &path, json!({ "name": "Zoë Hidden", "email": "zoe@hidden.example" }))
            .await
            .is(201);
        path
    }

    /// Signs a new person in.
    async fn sign_in(&self, email: &str) -> Answer {
        let draft =
            json!({ "email": email, "name": "Zoë Hidden", "role": "account-admin", "password": PASSWORD });
        self.admin("POST", "/v1/accounts", draft).await.is(201);
        let sent = json!({ "email": email, "password": PASSWORD });
        self.app
            .call_with(Method::POST, "/v1/session", &[("sec-fetch-site", "same-origin")], Some(sent))
            .await
    }

    /// A user of the company; its ID.
    async fn person(&self, email: &str) -> String {
        self.made("/v1/accounts", json!({ "email": email, "name": "Zoë Hidden", "companies": ["Acme"] }))
            .await
    }

    /// A message that was given up.
    async fn dead_message(&self) -> String {
        let (ambient, connection_id) = (self.app.gateway.ambient.clone(), self.app.connection.id.clone());
        let now = ambient.now();
        let id = MessageId::new(now, ambient.entropy.bytes());
        let message = inbox::NewMessage {
            id: id.clone(),
            connection_id,
            message_id: "m1".into(),
            event: "employees.upserted".into(),
            body: None,
            received_at: now,
            problem: None,
            told_at: None,
            content_hash: [0; 16],
            sealed: None,
        };
        let dead = id.clone();
        let kept = self.app.gateway.store.write(move |db| {
            inbox::insert(db, &[message])?;
            let problem = rollcall::domain::problem::Problem::new("x", "x", "x");
            inbox::dead(db, &dead, &problem, now)
        });
        kept.await.unwrap();
        id.into()
    }

    /// Makes the call of a route; `None` for one that is not known here.
    #[expect(clippy::too_many_lines, reason = "one call a route")]
    async fn call(&self, route: &str) -> Option<(Answer, AuditAction)> {
        use AuditAction as A;
        let acme = &self.app.company.id;
        let desk = format!("/v1/connections/{}", self.app.connection.id);
        let polled = format!("/v1/connections/{}", self.polled);
        let app = self.app;
        Some(match route {
            "POST /v1/companies" => {
                (self.admin("POST", "/v1/companies", json!({ "name": "C1" })).await, A::CompanyAdded)
            }
            "PATCH /v1/companies/{id}" => (
                self.admin("PATCH", &format!("/v1/companies/{acme}"), json!({ "name": "Acme" })).await,
                A::CompanyChanged,
            ),
            "DELETE /v1/companies/{id}" => {
                let id = self.made("/v1/companies", json!({ "name": "C2" })).await;
                (self.admin("DELETE", &format!("/v1/companies/{id}"), None).await, A::CompanyRemoved)
            }
            "POST /v1/connections" => {
                let draft = json!({ "kind": "push", "company": "Acme", "name": "P1" });
                (self.admin("POST", "/v1/connections", draft).await, A::ConnectionAdded)
            }
            "PATCH /v1/connections/{id}" => {
                (self.admin("PATCH", &desk, json!({ "paused": true })).await, A::ConnectionChanged)
            }
            "DELETE /v1/connections/{id}" => {
                let id = self
                    .made("/v1/connections", json!({ "kind": "push", "company": "Acme", "name": "P2" }))
                    .await;
                (self.admin("DELETE", &format!("/v1/connections/{id}"), None).await, A::ConnectionRemoved)
            }
            "POST /v1/connections/{id}/poll" => {
                (self.admin("POST", &format!("{desk}/poll"), None).await, A::ListsRequested)
            }
            "PUT /v1/connections/{id}/callbacks" => {
                (self.admin("PUT", &format!("{polled}/callbacks"), None).await, A::CallbacksRegistered)
            }
            "DELETE /v1/connections/{id}/callbacks" => {
                (self.admin("DELETE", &format!("{polled}/callbacks"), None).await, A::CallbacksRemoved)
            }
            "POST /v1/connections/{id}/password" => {
                (self.admin("POST", &format!("{desk}/password"), None).await, A::SecretRenewed)
            }
            "POST /v1/connections/{id}/webhook-secret" => {
                let id = self
                    .made("/v1/connections", json!({ "kind": "push", "company": "Acme", "name": "P3" }))
                    .await;
                (
                    self.admin("POST", &format!("/v1/connections/{id}/webhook-secret"), None).await,
                    A::SecretRenewed,
                )
            }
            "POST /v1/messages/{id}/replay" => {
                let id = self.dead_message().await;
                (self.admin("POST", &format!("/v1/messages/{id}/replay"), None).await, A::MessageReplayed)
            }
            "POST /v1/runs/{id}/approve" => {
                let run = self.held("Held 1").await;
                (self.admin("POST", &format!("/v1/runs/{run}/approve"), None).await, A::HoldApproved)
            }
            "POST /v1/runs/{id}/reject" => {
                let run = self.held("Held 2").await;
                (self.admin("POST", &format!("/v1/runs/{run}/reject"), None).await, A::HoldRejected)
            }
            "POST /v1/apps" => {
                let draft = json!({ "name": "A1", "companies": ["Acme"] });
                (self.admin("POST", "/v1/apps", draft).await, A::AppAdded)
            }
            "PATCH /v1/apps/{id}" => {
                let id = self.new_app("A2").await;
                (
                    self.admin("PATCH", &format!("/v1/apps/{id}"), json!({ "name": "A2b" })).await,
                    A::AppChanged,
                )
            }
            "DELETE /v1/apps/{id}" => {
                let id = self.new_app("A3").await;
                (self.admin("DELETE", &format!("/v1/apps/{id}"), None).await, A::AppRemoved)
            }
            "POST /v1/apps/{id}/tokens" => {
                let id = self.new_app("A4").await;
                (self.admin("POST", &format!("/v1/apps/{id}/tokens"), None).await, A::TokenAdded)
            }
            "DELETE /v1/apps/{id}/tokens/{token_id}" => {
                let path = format!("/v1/apps/{}/tokens", self.new_app("A5").await);
                let tokens = self.admin("GET", &path, None).await;
                let first = tokens.is(200)["data"][0]["id"].as_str().unwrap().to_owned();
                (self.admin("DELETE", &format!("{path}/{first}"), None).await, A::TokenRevoked)
            }
            "PUT /v1/profiles/{list}/{profile_id}" => {
                let path = "/v1/profiles/employee/u-1";
                (
                    app.send("PUT", path, json!({ "name": "Zoë Hidden", "email": "zoe@hidden.example" }))
                        .await,
                    A::ProfileCreated,
                )
            }
            "DELETE /v1/profiles/{list}/{profile_id}" => {
                let path = self.profile("u-2").await;
                (app.send("DELETE", &path, None).await, A::ProfileRemoved)
            }
            "POST /v1/profiles/batch" => {
                let all = json!([{ "list": "employee", "profile_id": "u-3", "name": "Zoë Hidden" }]);
                (app.send("POST", "/v1/profiles/batch", json!({ "profiles": all })).await, A::ProfileCreated)
            }
            "PUT /v1/employees/{id}/link" => {
                self.profile("u-4").await;
                let path = format!("/v1/employees/{}/link", self.employee(0).await);
                (app.send("PUT", &path, json!({ "profile_id": "u-4" })).await, A::Linked)
            }
            "DELETE /v1/employees/{id}/link" => {
                self.profile("u-5").await;
                let path = format!("/v1/employees/{}/link", self.employee(1).await);
                app.send("PUT", &path, json!({ "profile_id": "u-5" })).await.is(201);
                (app.send("DELETE", &path, None).await, A::Unlinked)
            }
            "POST /v1/employees/{id}/profile" => {
                let path = format!("/v1/employees/{}/profile", self.employee(2).await);
                (app.send("POST", &path, None).await, A::Linked)
            }
            "POST /v1/changes/{position}/undo" => {
                self.profile("u-6").await;
                let employee = self.employee(3).await;
                let path = format!("/v1/employees/{employee}/link");
                app.send("PUT", &path, json!({ "profile_id": "u-6" })).await.is(201);
                let history = app
                    .gateway
                    .store
                    .read(move |db| changes::of_record(db, &employee.into(), None, PageLimit::DEFAULT));
                let position = history.await.unwrap().rows[0].position;
                (app.send("POST", &format!("/v1/changes/{position}/undo"), None).await, A::Unlinked)
            }
            "POST /v1/accounts" => {
                let draft = json!({ "email": "zoe@hidden.example", "name": "Zoë Hidden", "companies": ["Acme"], "password": PASSWORD });
                (self.admin("POST", "/v1/accounts", draft).await, A::AccountAdded)
            }
            "POST /v1/quicklinks" => {
                let made =
                    json!({ "company_id": "Acme", "account_id": self.person("q1@hidden.example").await });
                (self.admin("POST", "/v1/quicklinks", made).await, A::QuicklinkAdded)
            }
            "DELETE /v1/quicklinks/{id}" => {
                let made =
                    json!({ "company_id": "Acme", "account_id": self.person("q2@hidden.example").await });
                let id = self.made("/v1/quicklinks", made).await;
                (self.admin("DELETE", &format!("/v1/quicklinks/{id}"), None).await, A::QuicklinkRevoked)
            }
            "PUT /v1/accounts/{id}/credentials/{kind}" | "DELETE /v1/accounts/{id}/credentials/{kind}" => {
                let keeps = route.starts_with("PUT");
                let email = if keeps { "k1@hidden.example" } else { "k2@hidden.example" };
                let path = format!("/v1/accounts/{}/credentials/connectwise", self.person(email).await);
                let pair = json!({ "member_id": "zoe", "password": PASSWORD });
                let kept = self.admin("PUT", &path, pair).await;
                match keeps {
                    true => (kept, A::CredentialsKept),
                    false => (self.admin("DELETE", &path, None).await, A::CredentialsRemoved),
                }
            }
            "POST /v1/session" => (self.sign_in("ana@hidden.example").await, A::SignedIn),
            "DELETE /v1/session" => {
                let signed_in = self.sign_in("bo@hidden.example").await;
                let cookie =
                    signed_in.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
                let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
                (app.call_with(Method::DELETE, "/v1/session", &headers, None).await, A::SignedOut)
            }
            route if route.contains("/v1/accounts/") || route.contains("/v1/me") => {
                return self.call_for_people(route).await;
            }
            // The same code as for employees.
            "PUT /v1/customers/{id}/link"
            | "DELETE /v1/customers/{id}/link"
            | "POST /v1/customers/{id}/profile" => {
                let like = route.replace("customers", "employees");
                return Box::pin(self.call_again(&like)).await;
            }
            _ => return None,
        })
    }

    /// By a person, to the own account or another's.
    async fn call_for_people(&self, route: &str) -> Option<(Answer, AuditAction)> {
        use AuditAction as A;
        let app = self.app;
        let nth = rows(&app.gateway.store).await.len();
        let ana = app.person(&format!("ana{nth}@hidden.example"), Role::AccountAdmin, &[]).await;
        let bo = app.person(&format!("bo{nth}@hidden.example"), Role::User, &[&app.company.id]).await;
        let of_bo = |what: &str| format!("/v1/accounts/{}{what}", bo.id);
        let by = async |method: &str, path: &str, body: Option<Value>| app.by(&ana, method, path, body).await;
        let password = || Some(json!({ "password": PASSWORD }));
        Some(match route {
            "PATCH /v1/accounts/{id}" => {
                let change = json!({ "name": "Zoë Hidden", "role": "account-admin" });
                (by("PATCH", &of_bo(""), Some(change)).await, A::AccountChanged)
            }
            "PUT /v1/accounts/{id}/password" => {
                (by("PUT", &of_bo("/password"), password()).await, A::PasswordChanged)
            }
            "POST /v1/accounts/{id}/disable" => {
                (by("POST", &of_bo("/disable"), None).await, A::AccountDisabled)
            }
            "POST /v1/accounts/{id}/enable" => {
                by("POST", &of_bo("/disable"), None).await.is(200);
                (by("POST", &of_bo("/enable"), None).await, A::AccountEnabled)
            }
            "POST /v1/accounts/{id}/reset-link" => {
                (by("POST", &of_bo("/reset-link"), None).await, A::ResetLinkMade)
            }
            "DELETE /v1/accounts/{id}/totp" => {
                let offered = app.by(&bo, "POST", "/v1/me/totp", None).await;
                let secret = offered.is(201)["secret"].as_str().unwrap().to_owned();
                let code = json!({ "code": code_at(&secret, app.gateway.ambient.now()) });
                app.by(&bo, "PUT", "/v1/me/totp", code).await.is(200);
                (by("DELETE", &of_bo("/totp"), None).await, A::SecondFactorRemoved)
            }
            "DELETE /v1/accounts/{id}/sessions" => {
                (by("DELETE", &of_bo("/sessions"), None).await, A::SessionsEnded)
            }
            "DELETE /v1/accounts/{id}/sessions/{session_id}" => {
                let one = of_bo(&format!("/sessions/{}", bo.session_id));
                (by("DELETE", &one, None).await, A::SessionsEnded)
            }
            "PATCH /v1/me" => {
                (by("PATCH", "/v1/me", Some(json!({ "name": "Zoë Hidden" }))).await, A::AccountChanged)
            }
            "PUT /v1/me/password" => (by("PUT", "/v1/me/password", password()).await, A::PasswordChanged),
            "PUT /v1/me/totp" | "DELETE /v1/me/totp" => {
                let offered = by("POST", "/v1/me/totp", None).await;
                let secret = offered.is(201)["secret"].as_str().unwrap().to_owned();
                let code = json!({ "code": code_at(&secret, app.gateway.ambient.now()) });
                let set = by("PUT", "/v1/me/totp", Some(code)).await;
                if route.starts_with("PUT") {
                    return Some((set, A::SecondFactorSet));
                }
                let mut ana = ana.clone();
                ana.takes_cookie(&set);
                // The password of the helper's accounts is none, so it is not too short.
                (app.by(&ana, "DELETE", "/v1/me/totp", None).await, A::SecondFactorRemoved)
            }
            "POST /v1/me/tokens" => (by("POST", "/v1/me/tokens", None).await, A::TokenAdded),
            "DELETE /v1/me/tokens/{token_id}" => {
                let made = by("POST", "/v1/me/tokens", None).await;
                let id = made.is(201)["id"].as_str().unwrap().to_owned();
                (by("DELETE", &format!("/v1/me/tokens/{id}"), None).await, A::TokenRevoked)
            }
            _ => return None,
        })
    }

    /// On other records.
    async fn call_again(&self, route: &str) -> Option<(Answer, AuditAction)> {
        let app = self.app;
        let customers = app.get("/v1/customers?limit=500").await;
        let customer = |n: usize| customers.is(200)["data"][n]["id"].as_str().unwrap().to_owned();
        let link = |n: usize| format!("/v1/customers/{}/link", customer(n));
        let profile = json!({ "name": "Hidden Ltd" });
        let new = async |id: &str| {
            app.send("PUT", &format!("/v1/profiles/customer/{id}"), profile.clone()).await.is(201).clone()
        };
        Some(match route {
            "PUT /v1/employees/{id}/link" => {
                new("c-1").await;
                (app.send("PUT", &link(0), json!({ "profile_id": "c-1" })).await, AuditAction::Linked)
            }
            "DELETE /v1/employees/{id}/link" => {
                new("c-2").await;
                app.send("PUT", &link(1), json!({ "profile_id": "c-2" })).await.is(201);
                (app.send("DELETE", &link(1), None).await, AuditAction::Unlinked)
            }
            _ => {
                let path = format!("/v1/customers/{}/profile", customer(2));
                (app.send("POST", &path, None).await, AuditAction::Linked)
            }
        })
    }
}

#[tokio::test]
async fn each_route_that_writes_leaves_a_row_that_says_who_did_what() {
    TestApp::each(async |app| {
        app.stage(List::Employee, people(6)).await;
        app.stage(List::Customer, people(6)).await;
        let vendor = Vendor::start(Kind::Connectwise, 2, TestClock::new()).await;
        let connection = vendor.connect(&app.gateway.sources, "Birch", &[]).await;
        let world = World { app, vendor, polled: connection.id, other: connection.company_id };
        assert!(world.vendor.connectwise().callbacks().is_empty() && !world.other.is_empty());
        let mut unknown = BTreeSet::new();
        for route in writing_routes() {
            if READING.contains(&route.as_str()) {
                continue;
            }
            let Some((answer, action)) = world.call(&route).await else {
                unknown.insert(route);
                continue;
            };
            assert!(answer.status.is_success(), "{route}: {answer:?}");
            let request = answer.headers["x-request-id"].to_str().unwrap();
            let of_request: Vec<_> = rows(&app.gateway.store)
                .await
                .into_iter()
                .filter(|row| row.request_id.as_deref() == Some(request))
                .collect();
            let row = of_request.iter().rfind(|row| row.action == action.as_str());
            let row = row.unwrap_or_else(|| panic!("{route}: no row {action} among {of_request:?}"));
            assert_eq!(row.address.as_deref(), Some("127.0.0.1"), "{route}");
            let (actor, credential) =
                if row.actor_kind == "account" { ("acc_", "ses_") } else { ("app_", "tok_") };
            for (id, prefix) in [(&row.actor_id, actor), (&row.credential, credential)] {
                assert!(id.as_ref().is_some_and(|id| id.starts_with(prefix)), "{route}: {row:?}");
            }
        }
        assert_eq!(unknown, BTreeSet::new(), "routes that write, without a call here that shows their row");

        // Of people nothing but IDs, and of secrets nothing.
        let all = format!("{:?}", rows(&app.gateway.store).await);
        for hidden in ["Zoë", "zoe@", "Hidden", "hidden", "Person00", &app.token, &app.admin] {
            assert!(!all.contains(hidden), "{hidden}");
        }
        assert_eq!(findings(&app.gateway.store, Vec::new()).await, []);
    })
    .await;
}

#[tokio::test]
async fn what_is_refused_leaves_no_row() {
    TestApp::each(async |app| {
        let before = rows(&app.gateway.store).await.len();
        app.admin("POST", "/v1/companies", json!({ "name": "Acme" })).await.problem(409, "already_exists");
        app.send("POST", "/v1/companies", json!({ "name": "Birch" })).await.problem(403, "admin_only");
        let path = format!("/v1/connections/{}", app.connection.id);
        app.admin("PATCH", &path, json!({ "settings": { "no_such": "x" } })).await.is(422);
        assert_eq!(rows(&app.gateway.store).await.len(), before);
    })
    .await;
}

#[tokio::test]
async fn admins_page_through_the_audit_and_others_do_not_see_it() {
    TestApp::each(async |app| {
        let (birch, _) = app.add_company("Birch").await;
        app.admin("PATCH", &format!("/v1/companies/{}", birch.id), json!({ "name": "Birch 2" }))
            .await
            .is(200);
        let mut seen: Vec<(Value, Value)> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = app.admin("GET", &format!("/v1/audit?limit=3&cursor={cursor}"), None).await;
            let body = page.is(200).clone();
            for entry in body["data"].as_array().unwrap() {
                seen.push((entry["company_id"].clone(), entry["number"].clone()));
            }
            match body["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        let all = rows(&app.gateway.store).await;
        let distinct: BTreeSet<String> = seen.iter().map(|it| format!("{it:?}")).collect();
        assert_eq!((seen.len(), distinct.len()), (all.len(), all.len()));

        let of = async |query: &str| {
            let answer = app.admin("GET", &format!("/v1/audit?{query}"), None).await;
            let entries = answer.is(200)["data"].as_array().unwrap().clone();
            entries.iter().map(|entry| entry["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let theirs = of(&format!("company={}", birch.id)).await;
        assert_eq!(theirs, ["company_changed", "connection_added", "company_added"]);
        assert_eq!(of("company=Birch%202&action=company_added").await, ["company_added"]);
        assert!(of("company=global").await.contains(&"app_added".to_owned()));
        assert_eq!(of("to=2020-01-01T00:00:00Z").await.len(), 0);
        assert_eq!(of("from=2020-01-01T00:00:00Z").await.len(), all.len());
        let changed = app.admin("GET", "/v1/audit?action=company_changed", None).await;
        let changed = &changed.is(200)["data"][0];
        assert_eq!((&changed["actor"], &changed["members"][0]["field"]), (&json!("app Ops"), &json!("name")));
        let ops = changed["actor_id"].as_str().unwrap();
        assert_eq!(of(&format!("actor={ops}")).await, ["company_changed"]);

        app.get("/v1/audit").await.problem(403, "admin_only");
        app.call(Method::GET, "/v1/audit", None, None).await.problem(401, "unauthorized");
        app.admin("GET", "/v1/audit?action=nothing", None).await.is(400);
        app.admin("GET", "/v1/audit?cursor=x", None).await.problem(422, "bad_cursor");
        app.admin("GET", "/v1/audit?company=nobody", None).await.problem(404, "company_not_found");
    })
    .await;
}
