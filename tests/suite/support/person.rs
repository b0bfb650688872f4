//! People who are signed in to a gateway of a test.

use reqwest::Method;
use rollcall::{
    domain::{
        access::{Attempt, Origin, Principal, action},
        words::{Role, SignInMethod},
    },
    service::{
        self,
        accounts::{self, AccountDraft},
        sign_in::{Place, session},
    },
};
use serde_json::Value;

use super::{Answer, TestApp};

/// A person in a browser.
#[derive(Debug, Clone)]
pub struct Person {
    /// The account's.
    pub id: String,
    pub session_id: String,
    /// What the browser's cookie holds.
    pub secret: String,
}

impl TestApp {
    /// Makes an account without a password, and signs its person in.
    pub async fn person(&self, email: &str, role: Role, companies: &[&str]) -> Person {
        let ambient = self.gateway.ambient.clone();
        let companies = companies.iter().map(|it| (*it).to_owned()).collect();
        let draft = AccountDraft { email: email.to_owned(), name: None, role, companies };
        let made = self.gateway.store.write(move |db| -> service::Result<_> {
            let attempt =
                Attempt::<action::Administer>::new(Principal::CommandLine, None, Origin::at(ambient.now()));
            accounts::add(db, &ambient, &attempt, &draft, None)
        });
        let id = made.await.unwrap().id;
        self.signed_in(&id).await
    }

    /// Another browser of a person.
    pub async fn signed_in(&self, account_id: &str) -> Person {
        let (ambient, id) = (self.gateway.ambient.clone(), account_id.to_owned());
        let begun = self.gateway.store.write(move |db| {
            session::begin(db, &ambient, &id, SignInMethod::Password, &Place::default(), None)
        });
        let begun = begun.await.unwrap();
        Person {
            id: account_id.to_owned(),
            session_id: begun.signed_in.session.id,
            secret: begun.secret.reveal().to_owned(),
        }
    }

    /// What the pages of the gateway send for a person.
    pub async fn by(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        body: impl Into<Option<Value>>,
    ) -> Answer {
        let cookie = person.cookie();
        let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin")];
        let method: Method = method.parse().unwrap();
        self.call_with(method, path, &headers, body.into()).await
    }
}

impl Person {
    /// The browser takes the new cookie of its session, which replaces the one before.
    pub fn takes_cookie(&mut self, answer: &Answer) {
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        let secret = cookie.strip_prefix("rollcall=").and_then(|rest| rest.split(';').next()).unwrap();
        assert_ne!(secret, self.secret);
        secret.clone_into(&mut self.secret);
    }

    /// The header of its browser.
    pub fn cookie(&self) -> String {
        format!("rollcall={}", self.secret)
    }
}
