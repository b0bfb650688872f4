//! Registers our address for ConnectWise's callbacks, as often as one likes (the vendor's guide, «Callbacks»).

use bytes::Bytes;
use http::{HeaderValue, Method};
use serde_json::json;

use crate::connectors::source::{Failure, Subscribed};

use super::{ConnectwiseSource, client::Call, list::PAGINATION_TYPE, refusals, wire::Callback};

const PATH: &str = "system/callbacks";
const WHAT: &str = "callbacks (System, Callbacks)";
/// More pages of callbacks than any tenant has.
const PAGES: usize = 20;

impl ConnectwiseSource {
    /// Sees to it that each type of record that is staged is told to `url`. What the vendor has switched off after
    /// three days of failures is made anew.
    pub(super) async fn register_callbacks(&self, url: &str) -> Result<Subscribed, Failure> {
        let address = with_record_id(url);
        let registered = self.callbacks(&address).await?;
        let mut done = Subscribed::default();
        let mut kinds = vec!["member", "company"];
        if self.settings.contacts {
            kinds.push("contact");
        }
        for kind in kinds {
            let of_kind = |callback: &&Callback| callback.kind.as_deref() == Some(kind);
            if registered.iter().filter(of_kind).any(|callback| !callback.inactive_flag) {
                done.present.push(kind.to_owned());
                continue;
            }
            let mut again = false;
            for callback in registered.iter().filter(of_kind) {
                self.remove(callback).await?;
                again = true;
            }
            self.add(kind, &address).await?;
            if again { &mut done.renewed } else { &mut done.added }.push(kind.to_owned());
        }
        Ok(done)
    }

    /// Takes back all that was registered for `url`; how many that were.
    pub(super) async fn withdraw_callbacks(&self, url: &str) -> Result<usize, Failure> {
        let registered = self.callbacks(&with_record_id(url)).await?;
        for callback in &registered {
            self.remove(callback).await?;
        }
        Ok(registered.len())
    }

    /// Those that are for our address.
    async fn callbacks(&self, address: &str) -> Result<Vec<Callback>, Failure> {
        let (mut ours, mut after) = (Vec::new(), 0);
        for _ in 0..PAGES {
            let page_id = after.to_string();
            let query = [("pageId", page_id.as_str()), ("pageSize", "1000")];
            let mut call = Call::new(PATH, &query, WHAT);
            call.headers.insert(PAGINATION_TYPE, HeaderValue::from_static("forward-only"));
            let page = self.client.get::<Vec<Callback>>(call).await?;
            let (page, _) = page.ok_or_else(|| refusals::not_found(WHAT))?;
            let highest = page.iter().filter_map(|callback| callback.id).max().unwrap_or(0);
            ours.extend(page.into_iter().filter(|callback| callback.url.as_deref() == Some(address)));
            // A server that pages in another way sends the same again.
            if highest <= after {
                break;
            }
            after = highest;
        }
        ours.sort_by_key(|callback| callback.id);
        ours.dedup_by_key(|callback| callback.id);
        Ok(ours)
    }

    async fn add(&self, kind: &str, address: &str) -> Result<(), Failure> {
        // Level «owner» of object 1 is everything.
        let body = json!({
            "id": 0, "description": "Rollcall", "url": address, "objectId": 1, "type": kind, "level": "owner",
            "payloadVersion": "3.0.0", "inactiveFlag": false, "isSelfSuppressedFlag": false,
        });
        let answer = self.client.send(Method::POST, PATH, Some(Bytes::from(body.to_string()))).await?;
        // It is there already: registered at the same time, or with an answer that was lost.
        let exists = answer.status.is_client_error() && refusals::read(&answer.body).is("ObjectExists");
        if answer.status.is_success() || exists {
            return Ok(());
        }
        Err(refusals::refused(answer.status, &answer.body, WHAT))
    }

    async fn remove(&self, callback: &Callback) -> Result<(), Failure> {
        let Some(id) = callback.id else { return Ok(()) };
        let answer = self.client.send(Method::DELETE, &format!("{PATH}/{id}"), None).await?;
        if answer.status.is_success() || answer.status.as_u16() == 404 {
            return Ok(());
        }
        Err(refusals::refused(answer.status, &answer.body, WHAT))
    }
}

/// The vendor writes the record's ID behind the address, so it ends with the parameter's name.
fn with_record_id(url: &str) -> String {
    if url.ends_with("recordId=") {
        return url.to_owned();
    }
    format!("{url}{}recordId=", if url.contains('?') { '&' } else { '?' })
}
