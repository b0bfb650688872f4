//! Wakes those who wait for a company's feed to grow. Only in this process: others' changes are seen by looking.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::domain::ids::CompanyId;

/// Who waits, by company.
#[derive(Debug, Default)]
pub(super) struct FeedWatchers(Mutex<HashMap<CompanyId, watch::Sender<()>>>);

impl FeedWatchers {
    /// Changes whenever the company's feed has grown.
    pub(super) fn of(&self, company_id: &CompanyId) -> watch::Receiver<()> {
        self.lock().entry(company_id.to_owned()).or_insert_with(|| watch::Sender::new(())).subscribe()
    }

    /// To be called after the commit.
    pub(super) fn wake(&self, companies: &[CompanyId]) {
        if companies.is_empty() {
            return;
        }
        let mut waiting = self.lock();
        for company_id in companies {
            if waiting.get(company_id).is_some_and(|sender| sender.send(()).is_err()) {
                // Nobody waits any more.
                waiting.remove(company_id);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CompanyId, watch::Sender<()>>> {
        // No code of others runs under the lock, so what it guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
