//! Who may do what: every route of the description × every kind of caller × own and foreign company. What is expected is
//! the policy's own word, also where what is sent does not fit; a new route is in it by itself.

use std::collections::BTreeMap;

use reqwest::Method;
use rollcall::{
    clock::Ambient,
    domain::{
        access::{Attempt, Companies, Decision, Origin, Principal, Scopes, action, decide},
        details::Details,
        hold::Gone,
        ids::{CompanyId, ConnectionId, MessageId},
        secret::Secret,
        words::{Action, Kind, List, Mode, Role, Scope, SignInMethod},
    },
    http::router::openapi,
    service::{
        accounts::{self, AccountDraft, tokens},
        quicklinks::{self, QuicklinkDraft},
        sign_in::{Place, session},
    },
    store::{PageLimit, WriteDb, changes, inbox},
    sync::{
        ingest, link,
        profile::{self, Draft},
        reconcile,
        register::{self, AppDraft, ConnectionDraft, TokenDraft},
        run,
    },
};
use serde_json::{Map, Value, json};

use crate::support::{Answer, TestApp, TestClock, granted, linking, people};

/// A caller that can exist, with what it shows; without a principal it is unknown.
#[derive(Clone)]
struct Known {
    principal: Option<Principal>,
    shows: Shows,
    /// The ID of a token of its own account, if it has one.
    own_token: Option<String>,
}

/// What a caller sends to prove who it is.
#[derive(Clone)]
enum Shows {
    Nothing,
    Token(String),
    /// A person in a browser.
    Cookie(String),
}

impl Known {
    fn token(principal: Option<Principal>, token: &str) -> Self {
        Self { principal, shows: Shows::Token(token.to_owned()), own_token: None }
    }

    async fn call(&self, test: &TestApp, method: Method, address: &str, body: Option<Value>) -> Answer {
        match &self.shows {
            Shows::Nothing => test.call(method, address, None, body).await,
            Shows::Token(token) => test.call(method, address, Some(token), body).await,
            Shows::Cookie(cookie) => {
                let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
                test.call_with(method, address, &headers, body).await
            }
        }
    }

    /// Whether it sees everything.
    fn sees_all(&self) -> bool {
        self.principal.as_ref().is_some_and(|it| it.companies() == Companies::All)
    }

    /// What the policy says. Accounts belong to no company: for a person who does not manage them only its own exists.
    fn decide(&self, route: &Route, company: &Company) -> Option<Decision> {
        let principal = self.principal.as_ref()?;
        if route.resource() != "accounts" {
            let object = (route.resource() != "me").then_some(&company.id);
            return Some(decide(principal, route.action, object));
        }
        Some(match decide(principal, route.action, None) {
            Decision::Allowed if route.names_an_object() => match principal {
                Principal::Account { id, role: Role::User, .. } if *id != company.ids["accounts"] => {
                    Decision::NotThere
                }
                _ => Decision::Allowed,
            },
            decision => decision,
        })
    }
}

/// A company with all that routes name, and an app of it with a token for each set of scopes.
struct Company {
    id: CompanyId,
    app: String,
    /// What stands in the paths, by the name of the resource before it.
    ids: BTreeMap<&'static str, String>,
    callers: Vec<Known>,
}

impl Company {
    async fn make(test: &TestApp, name: String) -> Self {
        let (ambient, vault) = (test.gateway.ambient.clone(), test.gateway.vault.clone());
        let admin = test.admin.clone();
        let mut company = test
            .gateway
            .store
            .write(move |db| -> Result<_, register::Error> {
                let company = register::company(db, &ambient, &granted(), &name)?;
                let draft = ConnectionDraft::new(Kind::QuickbooksDesktop, &company.id);
                let connection = register::connection(db, &ambient, &vault, &granted(), &draft)?.connection;
                let mut ids = BTreeMap::from([("companies", company.id.to_string())]);
                ids.insert("connections", connection.id.to_string());
                for (list, word) in [(List::Employee, "employees"), (List::Customer, "customers")] {
                    let run = run::start(db, &ambient, &connection, list, Mode::Full)?;
                    ingest::batch(db, &ambient, &run, &people(1), None)?;
                    reconcile::finish(db, &run, &Gone::NotSeen, None, ambient.now())?;
                    let staged = rollcall::store::records::find(db, &connection.id, list, "P-0000")?.unwrap();
                    ids.insert("runs", run.id.into());
                    ids.insert(word, staged.id.into());
                }
                ids.insert("messages", told(db, &ambient, &connection.id));
                let draft = AppDraft {
                    name: format!("{name} app"),
                    companies: vec![company.id.clone()],
                    admin: false,
                    scopes: Scopes::new(Scope::ALL),
                };
                let (app, first) =
                    register::new_app(db, &ambient, &granted(), &draft, &TokenDraft::default())?;
                ids.insert("tokens", first.token.id.to_string());
                ids.insert("apps", app.id.to_string());
                let profile = format!("u-{}", company.id);
                linked(db, &ambient, &app, &ids["employees"], &profile);
                ids.insert("profiles", profile);
                let mut callers = callers(db, &ambient, &app, first.secret, admin)?;
                let person = Person::make(db, &ambient, Role::User, &company.id);
                ids.insert("accounts", person.id.clone());
                // Another browser of the same person: the caller's own would be signed out in the midst of its calls.
                ids.insert("sessions", signed_in(db, &ambient, &person.id).0);
                let (quicklink, bearer) = person.quicklink(db, &ambient, &company.id);
                ids.insert("quicklinks", quicklink);
                callers.push(bearer);
                callers.extend(person.callers(db, &ambient));
                callers.extend(
                    Person::make(db, &ambient, Role::AccountAdmin, &company.id).callers(db, &ambient),
                );
                Ok(Self { id: company.id, app: app.name, ids, callers })
            })
            .await
            .unwrap();
        let employee = company.ids["employees"].clone();
        let history = test
            .gateway
            .store
            .read(move |db| changes::of_record(db, &employee.as_str().into(), None, PageLimit::DEFAULT));
        let position = history.await.unwrap().rows[0].position;
        company.ids.insert("changes", position.to_string());
        company
    }
}

/// A message that waits.
fn told(db: &mut WriteDb, ambient: &Ambient, connection_id: &ConnectionId) -> String {
    let id = MessageId::new(ambient.now(), ambient.entropy.bytes());
    let message = inbox::NewMessage {
        id: id.clone(),
        connection_id: connection_id.to_owned(),
        message_id: "m1".into(),
        event: "employees.upserted".into(),
        body: None,
        received_at: ambient.now(),
        problem: None,
        told_at: None,
        content_hash: [0; 16],
        sealed: None,
    };
    inbox::insert(db, &[message]).unwrap();
    id.into()
}

/// Makes a profile of this ID in both lists, and links the employee's.
fn linked(
    db: &mut WriteDb,
    ambient: &Ambient,
    app: &rollcall::store::apps::App,
    employee: &str,
    profile_id: &str,
) {
    let grant = linking(app);
    for list in [List::Employee, List::Customer] {
        let (profile_id, name) = (profile_id.to_owned(), "Ana".to_owned());
        let draft =
            Draft { list, profile_id, company_id: None, name, email: None, details: Details::default() };
        profile::put(db, ambient, &grant, &draft).unwrap();
    }
    let staged = rollcall::store::records::get(db, List::Employee, &employee.into()).unwrap();
    link::link(db, ambient, &grant, &staged, profile_id).unwrap();
}

fn callers(
    db: &mut WriteDb,
    ambient: &Ambient,
    app: &rollcall::store::apps::App,
    all: Secret,
    admin: String,
) -> Result<Vec<Known>, register::Error> {
    let principal = |scopes: &[Scope]| Principal::App {
        id: app.id.clone(),
        name: app.name.clone(),
        scopes: Scopes::new(scopes),
        companies: Companies::Only(app.companies.clone()),
    };
    let mut callers = vec![
        Known { principal: None, shows: Shows::Nothing, own_token: None },
        Known::token(Some(principal(Scope::ALL)), all.reveal()),
        Known::token(Some(Principal::Admin { id: "app_ops".into(), name: "Ops".into() }), &admin),
        Known { principal: None, shows: Shows::Cookie("rollcall=rcs_nobody".into()), own_token: None },
    ];
    for scope in Scope::ALL {
        let draft = TokenDraft { scopes: Some(Scopes::new(&[*scope])), ..TokenDraft::default() };
        let token = register::token(db, ambient, &granted(), &app.id, &draft)?.secret;
        callers.push(Known::token(Some(principal(&[*scope])), token.reveal()));
    }
    let long_ago = Ambient { clock: TestClock::new(), ..ambient.clone() };
    let draft = TokenDraft { expires_in_days: Some(1), ..TokenDraft::default() };
    let expired = register::token(db, &long_ago, &granted(), &app.id, &draft)?.secret;
    callers.push(Known::token(None, expired.reveal()));
    Ok(callers)
}

/// A person with an account.
struct Person {
    id: String,
    role: Role,
    companies: Vec<String>,
}

impl Person {
    /// With an account that sees a company.
    fn make(db: &mut WriteDb, ambient: &Ambient, role: Role, company: &str) -> Self {
        let email = format!("{role}-{company}@example.com");
        let companies = if role == Role::User { vec![company.to_owned()] } else { Vec::new() };
        let draft = AccountDraft { email, name: None, role, companies: companies.clone() };
        let attempt = Attempt::new(Principal::CommandLine, None, Origin::at(ambient.now()));
        let id = accounts::add(db, ambient, &attempt, &draft, None).unwrap().id;
        Self { id, role, companies }
    }

    /// The person in a browser, and programs with tokens of it.
    fn callers(&self, db: &mut WriteDb, ambient: &Ambient) -> Vec<Known> {
        let principal = |scopes: Option<&[Scope]>| Principal::Account {
            id: self.id.clone().into(),
            role: self.role,
            companies: Companies::Only(self.companies.iter().map(|id| id.as_str().into()).collect()),
            scopes: scopes.map(Scopes::new),
        };
        let attempt = Attempt::<action::OwnAccount>::new(principal(None), None, Origin::at(ambient.now()));
        let most = if self.role == Role::User { &Scope::ALL[..3] } else { Scope::ALL };
        let mut callers = Vec::new();
        for scopes in [&[Scope::Read][..], most] {
            let draft = TokenDraft { scopes: Some(Scopes::new(scopes)), ..TokenDraft::default() };
            let made = tokens::add(db, ambient, &attempt, &draft).unwrap();
            let own_token = Some(made.made.id);
            let shows = Shows::Token(made.token);
            callers.push(Known { principal: Some(principal(Some(scopes))), shows, own_token });
        }
        let (_, cookie) = signed_in(db, ambient, &self.id);
        // One that it may revoke, and no caller uses.
        let own_token = Some(tokens::add(db, ambient, &attempt, &TokenDraft::default()).unwrap().made.id);
        callers.push(Known { principal: Some(principal(None)), shows: Shows::Cookie(cookie), own_token });
        callers
    }
}

impl Person {
    /// A Quicklink that may be revoked, and a browser that has opened another one.
    fn quicklink(&self, db: &mut WriteDb, ambient: &Ambient, company: &str) -> (String, Known) {
        let public_url = "http://localhost".parse().unwrap();
        let attempt =
            Attempt::<action::ManageQuicklinks>::new(Principal::CommandLine, None, Origin::at(ambient.now()));
        let draft = QuicklinkDraft {
            company: company.to_owned(),
            app: None,
            connection: None,
            expires_in_days: None,
            account: Some(self.id.clone()),
        };
        let mut make = || quicklinks::add(db, ambient, &public_url, &attempt, &draft).unwrap();
        let (spare, opened) = (make(), make());
        let secret = opened.url.rsplit('/').next().unwrap().to_owned();
        let principal = Principal::Quicklink { id: opened.quicklink.id.into(), company: company.into() };
        let shows = Shows::Cookie(format!("rollcall-q={secret}"));
        (spare.quicklink.id, Known { principal: Some(principal), shows, own_token: None })
    }
}

/// A browser of a person: the ID of its session, and its cookie.
fn signed_in(db: &mut WriteDb, ambient: &Ambient, account_id: &str) -> (String, String) {
    let place = Place::default();
    let begun = session::begin(db, ambient, account_id, SignInMethod::Password, &place, None).unwrap();
    (begun.signed_in.session.id, format!("rollcall={}", begun.secret.reveal()))
}

/// A route, as the description has it.
struct Route {
    path: String,
    method: Method,
    action: Action,
    operation: Map<String, Value>,
}

fn routes(document: &Value) -> Vec<Route> {
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "patch", "delete"] {
            let Some(operation) = item.get(method).and_then(Value::as_object) else { continue };
            if !path.starts_with("/v1/") {
                continue;
            }
            if operation.get("security") == Some(&json!([{}])) {
                // Signing in: who calls is not known yet. See the tests of accounts.
                assert_eq!((path.as_str(), method), ("/v1/session", "post"));
                continue;
            }
            let action = operation.get("x-rollcall-action");
            let action = action.unwrap_or_else(|| panic!("{method} {path}: no action"));
            routes.push(Route {
                path: path.clone(),
                method: method.to_uppercase().parse().unwrap(),
                action: action.as_str().unwrap().parse().unwrap(),
                operation: operation.clone(),
            });
        }
    }
    routes
}

impl Route {
    fn takes(&self, parameter: &str) -> bool {
        let all = self.operation.get("parameters").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        all.iter().any(|known| known["in"] == "query" && known["name"] == parameter)
    }

    /// The address with the objects of a company; `None` where it would name none of its own.
    fn address(&self, company: &Company, foreign: bool, known: &Known) -> Option<String> {
        // Whoever sees all names the app for which it acts.
        let app = known.sees_all().then_some(company.app.as_str());
        let mut named = false;
        let mut parts: Vec<String> = Vec::new();
        for part in self.path.split('/') {
            let before = parts.last().cloned().unwrap_or_default();
            let resource = self.path.split('/').nth(2).unwrap();
            parts.push(match part {
                "{list}" => "employee".into(),
                // A position means something in its company only.
                "{position}" => company.ids["changes"].clone(),
                "{id}" | "{profile_id}" => {
                    named = true;
                    company.ids[resource].clone()
                }
                "{token_id}" if self.resource() == "me" => {
                    known.own_token.clone().unwrap_or_else(|| "tok_0".into())
                }
                // The one that accounts keep credentials for.
                "{kind}" => "connectwise".into(),
                "{token_id}" => company.ids["tokens"].clone(),
                "{session_id}" => company.ids["sessions"].clone(),
                part if part.starts_with('{') => panic!("{}: what is {part} after {before}?", self.path),
                part => part.to_owned(),
            });
        }
        let mut query = Vec::new();
        if (foreign && !named || self.path.contains("{position}")) && self.takes("company") {
            named = true;
            query.push(format!("company={}", company.id));
        }
        if let Some(app) = app.filter(|_| self.takes("app")) {
            query.push(format!("app={}", app.replace(' ', "%20")));
        }
        let in_body = self.operation.contains_key("requestBody") && self.path.ends_with("/batch");
        (!foreign || named || in_body).then(|| format!("{}?{}", parts.join("/"), query.join("&")))
    }

    fn resource(&self) -> &str {
        self.path.split('/').nth(2).unwrap()
    }

    /// Whether its address names an object that is there before.
    fn names_an_object(&self) -> bool {
        self.path.contains("{id}")
    }

    /// The least that its body may be, with the values of a company where a member names one of its objects.
    fn body(&self, document: &Value, company: &Company) -> Option<Value> {
        let schema = self.operation.get("requestBody")?.pointer("/content/application~1json/schema")?;
        Some(least(document, schema, "", company))
    }
}

impl Route {
    /// What does not fit is refused, and the policy's word comes before that.
    async fn refuses_nonsense(&self, test: &TestApp, address: &str, known: &Known, company: &Company) {
        let principal = &known.principal;
        let decision = match self.names_an_object() {
            true => known.decide(self, company),
            false => principal.as_ref().map(|it| decide(it, self.action, None)),
        };
        let nonsense = json!({ "no such member": "hunter2" });
        let mut sent = vec![(format!("{address}&no_such_parameter=hunter2"), None, 400)];
        if self.operation.contains_key("requestBody") {
            sent.push((address.to_owned(), Some(nonsense), 422));
        }
        if self.takes("limit") {
            sent.push((format!("{address}&limit=1&limit=2"), None, 422));
        }
        for (address, body, wrong) in sent {
            let answer = known.call(test, self.method.clone(), &address, body).await;
            let expected = match decision {
                None => 401,
                Some(Decision::Forbidden) => 403,
                Some(Decision::NotThere) => 404,
                Some(Decision::Allowed) => wrong,
            };
            let what = format!("{} {address} by {principal:?}: {}", self.method, answer.text);
            assert_eq!(answer.status.as_u16(), expected, "{what}");
            assert!(!answer.text.contains("hunter2"), "{what}");
        }
    }
}

fn least(document: &Value, schema: &Value, name: &str, company: &Company) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        return least(document, &document.pointer(&reference[1..]).unwrap().clone(), name, company);
    }
    if let Some(one) = schema["oneOf"].as_array().or(schema["allOf"].as_array()) {
        let real = one.iter().find(|schema| schema["type"] != "null").unwrap();
        return least(document, real, name, company);
    }
    match (name, schema["enum"].get(0), schema["type"].as_str()) {
        ("profile_id", ..) => json!(company.ids["profiles"]),
        ("email", ..) => json!(format!("new-{}@example.com", company.id)),
        ("role", ..) => json!("user"),
        ("company" | "company_id", ..) => json!(company.id),
        ("companies", ..) => json!([company.id]),
        (_, Some(first), _) => first.clone(),
        (_, _, Some("object")) => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let mut members: Vec<&str> = required.iter().map(|name| name.as_str().unwrap()).collect();
            members.extend(schema["properties"].get("company").map(|_| "company"));
            let value = |name: &&str| {
                ((*name).to_owned(), least(document, &schema["properties"][*name], name, company))
            };
            Value::Object(members.iter().map(value).collect())
        }
        (_, _, Some("array")) => json!([least(document, &schema["items"], name, company)]),
        (_, _, Some("integer" | "number")) => json!(1),
        (_, _, Some("boolean")) => json!(true),
        _ => json!("x"),
    }
}

#[tokio::test]
async fn each_route_does_for_each_caller_what_the_policy_says() {
    let document = serde_json::to_value(openapi()).unwrap();
    TestApp::each(async |test| {
        let foreign = Company::make(test, "Foreign".into()).await;
        let (mut made, mut asked) = (0, 0);
        for route in routes(&document) {
            let mut own = Company::make(test, format!("Own {made}")).await;
            for caller in 0..own.callers.len() {
                let known = own.callers[caller].clone();
                for company in [&foreign, &own] {
                    let is_foreign = std::ptr::eq(company, &raw const foreign);
                    // Whoever sees all has no foreign company.
                    if known.sees_all() && is_foreign {
                        continue;
                    }
                    let Some(address) = route.address(company, is_foreign, &known) else { continue };
                    let body = route.body(&document, company);
                    // Before the caller has signed itself out.
                    route.refuses_nonsense(test, &address, &known, company).await;
                    let answer = known.call(test, route.method.clone(), &address, body).await;
                    let status = answer.status.as_u16();
                    let what =
                        format!("{} {address} by {:?}: {}", route.method, known.principal, answer.text);
                    asked += 1;
                    match known.decide(&route, company) {
                        None => assert_eq!(status, 401, "{what}"),
                        Some(Decision::Forbidden) => assert_eq!(status, 403, "{what}"),
                        Some(Decision::NotThere) => assert_eq!(status, 404, "{what}"),
                        Some(Decision::Allowed) => {
                            assert!(![401, 403, 404].contains(&status) && status < 500, "{what}");
                        }
                    }
                }
                let changes =
                    known.principal.is_some_and(|it| decide(&it, route.action, None) == Decision::Allowed);
                if changes && route.method != Method::GET {
                    // What it did must not stand in the way of the next.
                    made += 1;
                    own = Company::make(test, format!("Own {made}")).await;
                }
            }
            made += 1;
        }
        assert!(asked > 200, "{asked}");
    })
    .await;
}
