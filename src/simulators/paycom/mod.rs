//! Paycom: its REST interface, which tells of employees only, and its webhooks.
//!
//! | part | what it plays |
//! | --- | --- |
//! | [`Paycom`] | the client's account, and the server in front of it |
//! | [`PaycomOptions`] | the API user, and what goes wrong |
//! | [`PaycomEvent`] | what a webhook tells |
//!
//! «Guide» in the comments is Paycom's REST API Companion Guide v4.0 as public repositories restate it; «webhook
//! guide» its Webhooks Documentation 2024.01. What they leave open is drawn by the seed, so that a client has to bear
//! all of it.

mod api;
mod listing;
mod options;
mod rows;
#[cfg(test)]
mod tests;
mod webhook;
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
pub use options::{LinkStyle, PaycomOptions, PaycomWebhook};
pub use webhook::PaycomEvent;
use world::World;
pub use world::{NewHire, PaycomEmployee};

/// A simulated Paycom. Clones share everything.
#[derive(Debug, Clone)]
pub struct Paycom {
    world: Arc<Mutex<World>>,
}

impl Paycom {
    /// The same seed and number always make the same employees.
    pub fn new(seed: u64, employees: u64, options: PaycomOptions) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(seed, employees, options))) }
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
        server::serve(listener, self, shutdown).await
    }

    /// Everybody whom the lists tell of, in the order of their codes.
    pub fn truth(&self) -> Vec<PaycomEmployee> {
        self.lock().truth()
    }

    /// Hires somebody, and tells their code.
    pub fn hire(&self, hire: NewHire) -> String {
        self.lock().hire(hire)
    }

    /// Whether there is such an employee; so with all changes.
    pub fn rename(&self, eecode: &str, first_name: &str, last_name: &str) -> bool {
        self.lock().rename(eecode, first_name, last_name)
    }

    /// Changes the work address, or takes it away.
    pub fn change_email(&self, eecode: &str, email: Option<&str>) -> bool {
        self.lock().change_email(eecode, email)
    }

    pub fn terminate(&self, eecode: &str) -> bool {
        self.lock().terminate(eecode)
    }

    pub fn rehire(&self, eecode: &str) -> bool {
        self.lock().rehire(eecode)
    }

    /// The employee vanishes from all lists, as if they had never been there.
    pub fn erase(&self, eecode: &str) -> bool {
        self.lock().erase(eecode)
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

    /// What Paycom or a security reviewer would object to, each once.
    pub fn violations(&self) -> Vec<String> {
        self.lock().middleware.log.violations.clone()
    }

    /// Where webhooks go from now on; `None` sends none.
    pub fn set_webhook(&self, webhook: Option<PaycomWebhook>) {
        self.lock().options.webhook = webhook;
    }

    /// Sends one event, and tries again until it is taken or the tries are used up. `None` where no webhook is set.
    pub async fn send(&self, event: PaycomEvent) -> Option<Delivery> {
        let letter = self.lock().letter(&event)?;
        Some(self.post(letter).await)
    }

    /// Sends the events of all changes since the last time, in the order and as often as the webhook says.
    pub async fn deliver(&self) -> Vec<Delivery> {
        let letters = self.lock().letters();
        let mut deliveries = Vec::with_capacity(letters.len());
        for letter in letters {
            deliveries.push(self.post(letter).await);
        }
        deliveries
    }

    async fn post(&self, letter: post::Letter) -> Delivery {
        // The webhook guide: without a 2xx it is sent again after 60 s, ten times unless the client says otherwise.
        let (tries, pause) = self
            .lock()
            .options
            .webhook
            .as_ref()
            .map_or((1, std::time::Duration::ZERO), |webhook| (webhook.tries, webhook.retry_after));
        post::send(letter, |made, _| (made < tries).then_some(pause)).await
    }
}

impl Answers for Paycom {
    fn answer(&self, call: &Call) -> Reply {
        let mut world = self.lock();
        let reply = world.answer(call);
        world.middleware.dated(reply)
    }
}
