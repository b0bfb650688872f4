//! ConnectWise PSA: its REST interface, and its callbacks.
//!
//! | part | what it plays |
//! | --- | --- |
//! | [`ConnectWise`] | one login company, and the server in front of it |
//! | [`ConnectWiseOptions`] | the API member, and what goes wrong |
//! | [`CallbackEvent`] | what a callback tells |
//!
//! «Guide» in the comments is ConnectWise's Developer Guide as public repositories hold it. What it leaves open is
//! drawn by the seed, so that a client has to bear all of it.

mod api;
mod callbacks;
mod conditions;
#[cfg(test)]
mod conditions_tests;
mod deliver;
mod fields;
mod list;
mod options;
mod records;
mod rows;
#[cfg(test)]
mod tests;
mod wire;
mod world;

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::net::TcpListener;

use super::vendor::{
    Delivery, Fault, Faults, LoggedRequest, PlannedFault,
    call::Call,
    post,
    reply::Reply,
    server::{self, Answers},
};
pub use callbacks::Callback;
pub use deliver::{CallbackEvent, signature};
pub use options::{ConnectWiseOptions, DeliveryOptions};
pub use records::{
    CUSTOMER, CwAddress, CwCompany, CwContact, CwMember, OWNER, PROSPECT, STATUSES, TYPES, Truth, VENDOR,
};
use world::World;

/// A simulated ConnectWise. Clones share everything.
#[derive(Debug, Clone)]
pub struct ConnectWise {
    world: Arc<Mutex<World>>,
}

impl ConnectWise {
    /// The same seed and numbers always make the same members, companies and contacts.
    pub fn new(seed: u64, members: u64, companies: u64, options: ConnectWiseOptions) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(seed, members, companies, options))) }
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves until `shutdown` is done.
    ///
    /// # Errors
    /// The listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let address = listener.local_addr()?;
        self.lock().options.origin.get_or_insert_with(|| format!("http://{address}"));
        server::serve(listener, self, shutdown).await
    }

    /// All members, companies and contacts that there are.
    pub fn truth(&self) -> Truth {
        self.lock().truth()
    }

    /// The codebase that serves now, such as `v2025_1/`.
    pub fn codebase(&self) -> String {
        self.lock().codebase()
    }

    /// Adds a member, and tells the id.
    pub fn add_member(&self, first_name: &str, last_name: &str, email: Option<&str>) -> i64 {
        self.lock().add_member(first_name, last_name, email)
    }

    /// Whether there is such a record; so with all changes.
    pub fn rename_member(&self, id: i64, first_name: &str, last_name: &str) -> bool {
        self.lock().rename_member(id, first_name, last_name)
    }

    pub fn change_member_email(&self, id: i64, email: Option<&str>) -> bool {
        self.lock().change_member_email(id, email)
    }

    /// Sets `inactiveFlag`; the member stays in the lists.
    pub fn deactivate_member(&self, id: i64) -> bool {
        self.lock().set_member_active(id, false)
    }

    pub fn reactivate_member(&self, id: i64) -> bool {
        self.lock().set_member_active(id, true)
    }

    /// The member vanishes from all lists.
    pub fn hard_delete_member(&self, id: i64) -> bool {
        self.lock().hard_delete_member(id)
    }

    /// Adds a customer, and tells the id.
    pub fn add_company(&self, name: &str) -> i64 {
        self.lock().add_company(name)
    }

    pub fn rename_company(&self, id: i64, name: &str) -> bool {
        self.lock().rename_company(id, name)
    }

    /// Gives the company other types: ids of [`TYPES`].
    pub fn retype_company(&self, id: i64, types: &[i64]) -> bool {
        self.lock().retype_company(id, types)
    }

    /// Sets `deletedFlag`; the company stays in the lists.
    pub fn soft_delete_company(&self, id: i64) -> bool {
        self.lock().soft_delete_company(id)
    }

    /// The company vanishes from all lists.
    pub fn hard_delete_company(&self, id: i64) -> bool {
        self.lock().hard_delete_company(id)
    }

    /// Adds a contact of a company, or of none, and tells the id.
    pub fn add_contact(&self, first_name: &str, last_name: Option<&str>, company: Option<i64>) -> i64 {
        self.lock().add_contact(first_name, last_name, company)
    }

    /// Other trouble from now on, in place of what was planned.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().middleware.options.faults = faults;
    }

    pub fn add_fault(&self, fault: impl Into<PlannedFault>) {
        self.lock().middleware.add_fault(fault.into());
    }

    /// How often each fault has struck.
    pub fn applied(&self) -> BTreeMap<Fault, u64> {
        self.lock().middleware.applied()
    }

    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.lock().middleware.log.requests.clone()
    }

    /// What ConnectWise or a security reviewer would object to, each once.
    pub fn violations(&self) -> Vec<String> {
        self.lock().middleware.log.violations.clone()
    }

    /// The callbacks that are registered.
    pub fn callbacks(&self) -> Vec<Callback> {
        self.lock().callbacks.values().cloned().collect()
    }

    /// What three days of failure do (Guide): `inactiveFlag` is set on every callback.
    pub fn disable_callbacks(&self) {
        self.lock().disable_callbacks();
    }

    /// How callbacks are sent from now on.
    pub fn set_delivery(&self, delivery: DeliveryOptions) {
        self.lock().options.delivery = delivery;
    }

    /// The keys that `key_url` tells change, as after a leak.
    pub fn rotate_signing_keys(&self) {
        self.lock().rotate_keys();
    }

    /// Sends one event to every callback that listens to it.
    pub async fn send(&self, event: CallbackEvent) -> Vec<Delivery> {
        let letters = self.lock().letters(vec![event]);
        self.post(letters).await
    }

    /// The same record, told `times` times, each with its own `MessageId`.
    pub async fn burst(&self, event: CallbackEvent, times: usize) -> Vec<Delivery> {
        let letters = self.lock().letters(vec![event; times]);
        self.post(letters).await
    }

    /// Sends what changed since the last time.
    pub async fn deliver(&self) -> Vec<Delivery> {
        let letters = {
            let mut world = self.lock();
            let events = std::mem::take(&mut world.events);
            world.letters(events)
        };
        self.post(letters).await
    }

    async fn post(&self, letters: Vec<post::Letter>) -> Vec<Delivery> {
        let pauses = self.lock().options.delivery.retry_after.clone();
        let mut deliveries = Vec::with_capacity(letters.len());
        for letter in letters {
            let next = |made: usize, answer: Option<u16>| {
                // The Guide: again only after these four.
                answer.filter(|status| [404, 409, 419, 429].contains(status))?;
                pauses.get(made - 1).copied()
            };
            deliveries.push(post::send(letter, next).await);
        }
        deliveries
    }
}

impl Answers for ConnectWise {
    fn answer(&self, call: &Call) -> Reply {
        let mut world = self.lock();
        let reply = world.answer(call);
        world.middleware.dated(reply)
    }
}
