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

/// Whether a gateway is at work. `killed` are those that are known to have been killed.
pub(super) fn are_at_work(workers: &WorkersByGateway, killed: &[String], now: DateTime<Utc>) -> bool {
    workers
        .iter()
        .any(|(gateway, workers)| !killed.contains(gateway) && !is_silent(last_report(workers), now))
}

fn last_report(workers: &[Worker]) -> Option<DateTime<Utc>> {
    workers.iter().map(|worker| worker.reported_at).max()
}

fn is_silent(reported: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    reported.is_none_or(|reported| now - reported > SILENT)
}

pub(super) fn told(
    findings: &mut Findings,
    workers: &WorkersByGateway,
    killed: &[String],
    now: DateTime<Utc>,
) {
    for (gateway, workers) in workers {
        let check = format!("workers of {gateway}");
        let reported = last_report(workers);
        if killed.contains(gateway) {
            let detail = format!("The gateway was killed after {}.", time(reported));
            let remedy = "Start one (`rollcall serve`): it goes on with what this one has left.";
            findings.wrong(Status::Warn, &check, detail, remedy);
            continue;
        }
        if is_silent(reported, now) {
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
