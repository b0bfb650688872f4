//! Checks the workers of the gateways.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    cli::text::time,
    store::{
        self, Db, PageLimit,
        workers::{self, Worker},
    },
};

use super::{Findings, Status};

/// A gateway reports every half minute.
const SILENT: TimeDelta = TimeDelta::minutes(2);

/// The workers by their gateways.
pub(super) type WorkersByGateway = BTreeMap<String, Vec<Worker>>;

/// # Errors
/// The database's.
pub(super) fn load(db: &mut Db) -> store::Result<WorkersByGateway> {
    let mut workers = WorkersByGateway::new();
    // More gateways than fit are told by `rollcall worker list`.
    for worker in workers::page(db, None, PageLimit::SCAN)?.rows {
        workers.entry(worker.gateway.clone()).or_default().push(worker);
    }
    Ok(workers)
}

pub(super) fn told(findings: &mut Findings, workers: &WorkersByGateway, now: DateTime<Utc>) {
    for (gateway, workers) in workers {
        let check = format!("workers of {gateway}");
        let reported = workers.iter().map(|worker| worker.reported_at).max();
        if reported.is_some_and(|reported| now - reported > SILENT) {
            let since = time(reported);
            let detail = format!("The gateway has not reported since {since}: it was killed, or it hangs.");
            let remedy = "Start it again (`rollcall serve`), or look at its log. If it was taken away: nothing, another \
                          gateway forgets it after some minutes.";
            findings.wrong(Status::Warn, &check, detail, remedy);
            continue;
        }
        let failing: Vec<_> =
            workers.iter().filter_map(|worker| Some((&worker.name, worker.trouble.as_ref()?))).collect();
        if failing.is_empty() {
            findings.ok(&check, format!("All {} do their work.", workers.len()));
        }
        for (name, (since, problem)) in failing {
            let check = format!("worker {name} of {gateway}");
            let detail = format!("It fails since {}: {}", time(Some(*since)), problem.detail);
            findings.wrong(Status::Fail, &check, detail, &problem.remedy);
        }
    }
}
