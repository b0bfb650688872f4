//! Somebody with a browser that runs no script: keeps cookies, sends forms, and goes where it is led.

use std::{cell::RefCell, collections::BTreeMap};

use reqwest::{
    Client, Method, RequestBuilder, StatusCode,
    header::{ACCEPT, COOKIE, HeaderMap, SET_COOKIE},
    redirect::Policy,
};
use serde_json::Value;

use crate::support::TestApp;

pub(super) struct Visitor<'a> {
    app: &'a TestApp,
    client: Client,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A page, or an answer that leads on.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
}

impl Page {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    #[track_caller]
    pub(super) fn is(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        &self.text
    }

    /// Where it leads.
    #[track_caller]
    pub(super) fn leads_to(&self) -> &str {
        assert_eq!(self.status, StatusCode::SEE_OTHER, "{self:?}");
        self.header("location")
    }
}

impl<'a> Visitor<'a> {
    pub(super) fn of(app: &'a TestApp) -> Self {
        let client = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Self { app, client, cookies: RefCell::default() }
    }

    pub(super) async fn get(&self, path: &str) -> Page {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form from a page of the gateway.
    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.form(path, fields).header("sec-fetch-site", "same-origin")).await
    }

    /// Sends a form, with whatever headers the caller adds.
    pub(super) fn form(&self, path: &str, fields: &[(&str, &str)]) -> RequestBuilder {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, path);
        request.header("content-type", "application/x-www-form-urlencoded").body(body)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("http://{}{path}", self.app.address));
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(ACCEPT, "text/html,*/*;q=0.8");
        if cookies.is_empty() { request } else { request.header(COOKIE, cookies.join("; ")) }
    }

    pub(super) async fn send(&self, request: RequestBuilder) -> Page {
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        for set in headers.get_all(SET_COOKIE) {
            let (pair, rest) = set.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            match rest.contains("Max-Age=0") {
                true => self.cookies.borrow_mut().remove(name),
                false => self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned()),
            };
        }
        Page { status, headers, text: answer.text().await.unwrap() }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn has(&self, cookie: &str) -> bool {
        self.cookies.borrow().contains_key(cookie)
    }

    /// Calls the API as a script of our own pages would: with the cookies.
    pub(super) async fn api(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path).header("sec-fetch-site", "same-origin");
        if let Some(body) = body {
            request = request.json(&body);
        }
        let page = self.send(request).await;
        (page.status.as_u16(), serde_json::from_str(&page.text).unwrap_or(Value::Null))
    }
}
