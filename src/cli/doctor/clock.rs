//! Checks this computer's clock against those of others.

use chrono::{DateTime, TimeDelta, Utc};

use crate::store::{Store, clocks};

use super::{Findings, Status, workers::WorkersByGateway};

const CHECK: &str = "clock";

/// Codes and tokens are good for about as long.
const MUCH: TimeDelta = TimeDelta::seconds(30);

const REMEDY: &str =
    "Set this computer's clock by the network (NTP): codes, tokens and certificates go by it.";

/// Compares it with the clock of `whose`, which has just told `theirs`.
pub(super) fn against(findings: &mut Findings, whose: &str, theirs: DateTime<Utc>, now: DateTime<Utc>) {
    let ahead = now - theirs;
    if ahead.abs() <= MUCH {
        return findings.ok(CHECK, format!("It agrees with that of {whose}."));
    }
    let which = if ahead > TimeDelta::zero() { "ahead of" } else { "behind" };
    let detail = format!("It is {} seconds {which} that of {whose}.", ahead.num_seconds().abs());
    findings.wrong(Status::Fail, CHECK, detail, REMEDY);
}

/// Compares it with the database's, where that is another computer's.
pub(super) async fn database(findings: &mut Findings, store: &Store) {
    // That it cannot be read is told elsewhere.
    if let Ok(Some(theirs)) = store.read(clocks::of_server).await {
        against(findings, "the database", theirs, Utc::now());
    }
}

/// What gateways have reported was not before now.
pub(super) fn past(findings: &mut Findings, workers: &WorkersByGateway, now: DateTime<Utc>) {
    let reported = workers.values().flatten().map(|worker| worker.reported_at).max();
    if let Some(ahead) = reported.map(|reported| reported - now).filter(|ahead| *ahead > MUCH) {
        let detail = format!(
            "It is {} seconds behind what a gateway wrote: it was set back, or that gateway's is ahead.",
            ahead.num_seconds()
        );
        findings.wrong(Status::Fail, CHECK, detail, REMEDY);
    }
}
