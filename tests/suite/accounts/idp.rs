//! An identity provider of our own that misbehaves on demand, and a browser that walks between it and the gateway.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest, hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use rollcall::clock::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use crate::support::{TestApp, TestClock};

/// What the provider does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    WrongAudience,
    SecondAudience,
    WrongAuthorizedParty,
    WrongIssuer,
    WrongNonce,
    NoNonce,
    Expired,
    Old,
    AlgNone,
    /// Signed with HMAC, by the public key as the secret.
    HmacByPublicKey,
    HmacByClientSecret,
    /// Signed by another key under the same `kid`.
    OtherKey,
    /// Signed by a key that is listed nowhere.
    UnlistedKey,
    NoIdToken,
    TokenRedirects,
    TokenHangs,
    TokenIsHuge,
    DiscoveryRedirects,
    DiscoveryOfAnother,
    DiscoveryIsHuge,
}

struct World {
    clock: Arc<TestClock>,
    fault: Fault,
    /// What the provider says of whoever signs in.
    claims: Value,
    key: (String, EcdsaKeyPair),
    /// What a code was given for: nonce and challenge.
    codes: HashMap<String, (String, String)>,
    discoveries: usize,
}

#[derive(Clone)]
pub(super) struct Idp {
    pub address: SocketAddr,
    world: Arc<Mutex<World>>,
}

fn key_pair() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap()
}

impl Idp {
    pub(super) const CLIENT: &str = "rollcall";
    pub(super) const SECRET: &str = "client secret";

    pub(super) async fn start(clock: Arc<TestClock>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = World {
            clock,
            fault: Fault::None,
            claims: json!({}),
            key: ("k-1".into(), key_pair()),
            codes: HashMap::new(),
            discoveries: 0,
        };
        let idp = Self { address: listener.local_addr().unwrap(), world: Arc::new(Mutex::new(world)) };
        let routes = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(jwks))
            .route("/token", post(token))
            .with_state(idp.clone());
        tokio::spawn(async move { axum_serve(listener, routes).await });
        idp
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn misbehaves(&self, fault: Fault) {
        self.world.lock().unwrap().fault = fault;
    }

    pub(super) fn says(&self, claims: Value) {
        self.world.lock().unwrap().claims = claims;
    }

    pub(super) fn changes_keys(&self, kid: &str) {
        self.world.lock().unwrap().key = (kid.into(), key_pair());
    }

    pub(super) fn discoveries(&self) -> usize {
        self.world.lock().unwrap().discoveries
    }

    /// The person agrees: the code that the provider gives.
    fn approves(&self, asked: &BTreeMap<String, String>) -> String {
        assert_eq!(asked["code_challenge_method"], "S256");
        assert!(asked["scope"].contains("openid") && asked["response_type"] == "code");
        let mut world = self.world.lock().unwrap();
        let code = format!("code-{}", world.codes.len());
        world.codes.insert(code.clone(), (asked["nonce"].clone(), asked["code_challenge"].clone()));
        code
    }
}

/// Serves plain HTTP/1.1: axum's own server is not among our features.
async fn axum_serve(listener: TcpListener, routes: Router) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let service = hyper_util::service::TowerToHyperService::new(routes.clone());
        tokio::spawn(async move {
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(io, service).await;
        });
    }
}

async fn discovery(State(idp): State<Idp>) -> Response {
    let fault = {
        let mut world = idp.world.lock().unwrap();
        world.discoveries += 1;
        world.fault
    };
    let issuer = match fault {
        Fault::DiscoveryRedirects => return Redirect::temporary("/jwks").into_response(),
        Fault::DiscoveryIsHuge => return "x".repeat(2 * 1024 * 1024).into_response(),
        Fault::DiscoveryOfAnother => "https://another.example".to_owned(),
        _ => idp.issuer(),
    };
    let at = |path: &str| format!("http://{}{path}", idp.address);
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

async fn jwks(State(idp): State<Idp>) -> Json<Value> {
    let world = idp.world.lock().unwrap();
    let (kid, key) = &world.key;
    let point = key.public_key().as_ref();
    let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
    Json(
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y }] }),
    )
}

async fn token(State(idp): State<Idp>, headers: HeaderMap, body: String) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let fault = idp.world.lock().unwrap().fault;
    match fault {
        Fault::TokenRedirects => return Redirect::temporary("/jwks").into_response(),
        Fault::TokenHangs => std::future::pending::<()>().await,
        Fault::TokenIsHuge => return "x".repeat(2 * 1024 * 1024).into_response(),
        _ => {}
    }
    let basic = headers[header::AUTHORIZATION].to_str().unwrap();
    assert!(basic.starts_with("Basic "), "{basic}");
    let mut world = idp.world.lock().unwrap();
    // A code is good once, and for whoever knows the verifier.
    let Some((nonce, challenge)) = world.codes.remove(&form["code"]) else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    let hashed = digest::digest(&digest::SHA256, form["code_verifier"].as_bytes());
    if URL_SAFE_NO_PAD.encode(hashed) != challenge {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    let mut answer = json!({ "access_token": "a-1", "token_type": "Bearer", "expires_in": 60 });
    if fault != Fault::NoIdToken {
        answer["id_token"] = json!(world.id_token(&idp.issuer(), &nonce));
    }
    Json(answer).into_response()
}

impl World {
    fn id_token(&self, issuer: &str, nonce: &str) -> String {
        let now = self.clock.now().timestamp();
        let mut claims = json!({
            "iss": issuer, "aud": Idp::CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, "sub": "s-1",
        });
        for (name, value) in self.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        match self.fault {
            Fault::WrongAudience => claims["aud"] = json!("another"),
            Fault::SecondAudience => claims["aud"] = json!([Idp::CLIENT, "another"]),
            Fault::WrongAuthorizedParty => claims["azp"] = json!("another"),
            Fault::WrongIssuer => claims["iss"] = json!("https://another.example"),
            Fault::WrongNonce => claims["nonce"] = json!("another"),
            Fault::NoNonce => drop(claims.as_object_mut().unwrap().remove("nonce")),
            Fault::Expired => claims["exp"] = json!(now - 61),
            Fault::Old => claims["iat"] = json!(now - 3600),
            _ => {}
        }
        let (kid, key) = &self.key;
        let algorithm = match self.fault {
            Fault::AlgNone => "none",
            Fault::HmacByPublicKey | Fault::HmacByClientSecret => "HS256",
            _ => "ES256",
        };
        let kid = if self.fault == Fault::UnlistedKey { "k-unlisted" } else { kid };
        let head = json!({ "alg": algorithm, "kid": kid, "typ": "JWT" }).to_string();
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mac = |secret: &[u8]| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes()).as_ref().to_vec()
        };
        let sign =
            |key: &EcdsaKeyPair| key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap().as_ref().to_vec();
        let signature = match self.fault {
            Fault::AlgNone => Vec::new(),
            Fault::HmacByPublicKey => mac(key.public_key().as_ref()),
            Fault::HmacByClientSecret => mac(Idp::SECRET.as_bytes()),
            Fault::OtherKey | Fault::UnlistedKey => sign(&key_pair()),
            _ => sign(key),
        };
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A browser without redirects, so that each step can be looked at.
pub(crate) struct Browser {
    client: reqwest::Client,
    pub cookies: BTreeMap<String, String>,
}

pub(crate) struct Step {
    pub status: u16,
    pub location: Option<String>,
    pub body: Value,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { client: client.build().unwrap(), cookies: BTreeMap::new() }
    }

    pub(crate) async fn get(&mut self, url: &str) -> Step {
        let request = self.client.get(url);
        self.send(request).await
    }

    pub(crate) async fn post(&mut self, url: &str, form: &str) -> Step {
        let request = self
            .client
            .post(url)
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.to_owned());
        self.send(request).await
    }

    async fn send(&mut self, request: reqwest::RequestBuilder) -> Step {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", cookies.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let location = answer.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
        let status = answer.status().as_u16();
        Step {
            status,
            location,
            body: serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default(),
        }
    }

    /// Presses the button; what the gateway asks the provider.
    pub(super) async fn begins(&mut self, app: &TestApp, next: &str) -> BTreeMap<String, String> {
        let step = self.post(&format!("http://{}/oidc/test", app.address), &format!("next={next}")).await;
        assert_eq!(step.status, 303, "{}", step.body);
        let url: Url = step.location.unwrap().parse().unwrap();
        url.query_pairs().into_owned().collect()
    }

    /// Comes back with an answer of the provider.
    pub(super) async fn returns(&mut self, app: &TestApp, query: &[(&str, &str)]) -> Step {
        let mut url: Url = format!("http://{}/oidc/callback", app.address).parse().unwrap();
        url.query_pairs_mut().extend_pairs(query);
        self.get(url.as_str()).await
    }

    /// Signs in from the button to the end.
    pub(super) async fn signs_in(&mut self, app: &TestApp, idp: &Idp) -> Step {
        let asked = self.begins(app, "/docs").await;
        let code = idp.approves(&asked);
        let issuer = idp.issuer();
        self.returns(app, &[("state", &asked["state"]), ("code", &code), ("iss", &issuer)]).await
    }

    /// The ID of the account that is signed in.
    pub(crate) async fn who(&mut self, app: &TestApp) -> Option<String> {
        let step = self.get(&format!("http://{}/v1/session", app.address)).await;
        step.body["id"].as_str().filter(|_| step.status == 200).map(str::to_owned)
    }
}

/// The code for an attempt that a test carries on by itself.
pub(super) fn approved(idp: &Idp, asked: &BTreeMap<String, String>) -> String {
    idp.approves(asked)
}
