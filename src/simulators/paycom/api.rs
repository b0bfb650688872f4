//! The endpoints.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hyper::Method;
use serde_json::{Value, json};

use super::{
    rows,
    wire::{self, failure},
    world::{PaycomEmployee, World},
};
use crate::simulators::vendor::{Fault, call::Call, middleware::FaultEffect, reply::Reply};

const BASE: &str = "/v4/rest/index.php/api/";

impl World {
    pub(super) fn answer(&mut self, call: &Call) -> Reply {
        let signed_in = self.signed_in(call);
        if !call.has_authorization() {
            self.middleware.violation("call without credentials");
        }
        let (reply, fault) = self.reply(call, signed_in);
        self.middleware.note(call, signed_in, reply.status, fault);
        reply
    }

    fn reply(&mut self, call: &Call, signed_in: bool) -> (Reply, Option<Fault>) {
        if let Some(wait) = self.middleware.over_limit(call) {
            return (too_many(wait), None);
        }
        match self.middleware.fault_for_call(call, true, &[Fault::ResultFalse]) {
            Some(FaultEffect::ReplacesAnswer(fault)) => (self.trouble(call, fault), Some(fault)),
            Some(FaultEffect::DamagesAnswer(fault)) => {
                let (reply, _) = self.route(call, signed_in, false);
                (self.middleware.damage(fault, reply), Some(fault))
            }
            None => self.route(call, signed_in, true),
        }
    }

    fn trouble(&mut self, call: &Call, fault: Fault) -> Reply {
        match fault {
            Fault::Unauthorized => unauthorized(),
            Fault::Forbidden => failure(403, "This API user may not do that."),
            // The Guide: not 403 but 413 where an endpoint is not enabled.
            Fault::NotEnabled => failure(413, "This endpoint is not enabled for this API user."),
            Fault::RateLimited => too_many(self.middleware.options.retry_after),
            Fault::Redirect => self.middleware.redirect(call),
            // The Guide: `result: false` can come with a 2xx.
            Fault::ResultFalse => failure(200, "The request could not be completed."),
            _ => failure(500, "Internal error."),
        }
    }

    /// Basic, with the SID as the user and the token as the password (Guide).
    fn signed_in(&self, call: &Call) -> bool {
        let right = format!("{}:{}", self.options.sid, self.options.token.reveal());
        call.basic().is_some_and(|given| given == right)
    }

    fn route(&mut self, call: &Call, signed_in: bool, may_strike: bool) -> (Reply, Option<Fault>) {
        if !signed_in {
            return (unauthorized(), None);
        }
        let Some(path) = call.path.strip_prefix(BASE) else { return (self.unknown(), None) };
        if call.method != Method::GET {
            self.middleware.violation("call with a method that changes something");
            return (failure(405, "Method not allowed."), None);
        }
        let parts: Vec<&str> = path.split('/').collect();
        let listed = match parts.as_slice() {
            ["v1", "employeedirectory"] => {
                self.list(call, "employeedirectory", may_strike, |world| world.rows(call, rows::directory))
            }
            ["v1", "employeeid"] => {
                self.list(call, "employeeid", may_strike, |world| world.rows(call, |_, _, one| rows::id(one)))
            }
            ["v1", "employeeids", "employeechanges"] => self.changed_codes(call, may_strike),
            ["v1", "employee", code] => Ok((self.detail(code), None)),
            ["v1" | "v1.1", "employee", code, "change"] => {
                self.changes_of(call, code).map(|reply| (reply, None))
            }
            ["v1", "employee", _, what @ ("sensitive" | "photo")] => {
                self.middleware.violation(format!("call for what nobody needs: {what}"));
                Ok((Reply::json(200, &wire::envelope(vec![json!({ "ssn": "SECRET-SSN" })], 1, false)), None))
            }
            _ => Ok((self.unknown(), None)),
        };
        listed.unwrap_or_else(|message| (failure(400, &message), None))
    }

    fn unknown(&mut self) -> Reply {
        self.middleware.violation("call to an endpoint that does not exist");
        failure(404, "The endpoint does not exist.")
    }

    /// The rows that the filters let through: `eestatus` and `deptcode` (Guide).
    fn rows(&self, call: &Call, row: impl Fn(u64, u64, &PaycomEmployee) -> Value) -> Vec<Value> {
        let (status, department) = (call.parameter("eestatus"), call.parameter("deptcode"));
        self.employees
            .iter()
            .filter(|(_, one)| status.is_none_or(|status| one.status.to_string() == status))
            .filter(|(_, one)| department.is_none_or(|department| one.department_code == department))
            .map(|(index, one)| row(self.seed, *index, one))
            .collect()
    }

    fn changed_codes(&mut self, call: &Call, may_strike: bool) -> Result<(Reply, Option<Fault>), String> {
        let window = if call.parameter("requestid").is_some() { None } else { Some(window(call)?) };
        self.list(call, "employeeids/employeechanges", may_strike, |world| {
            let Some((from, to)) = window else { return Vec::new() };
            let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
            for change in world.changes.iter().filter(|change| change.at >= from && change.at <= to) {
                *counts.entry(&change.eecode).or_default() += 1;
            }
            let row = |(index, (code, count)): (usize, (&str, u64))| {
                json!({ "eecode": code, "changescount": wire::number(count, index % 5 == 3) })
            };
            counts.into_iter().enumerate().map(row).collect()
        })
    }

    fn detail(&self, code: &str) -> Reply {
        let Some((index, one)) = self.find(code) else { return failure(404, "Unknown employee code.") };
        Reply::json(200, &wire::envelope(vec![rows::detail(self.seed, index, one)], 1, index % 7 == 2))
    }

    fn changes_of(&self, call: &Call, code: &str) -> Result<Reply, String> {
        let (from, to) = window(call)?;
        let rows: Vec<Value> = self
            .changes
            .iter()
            .filter(|change| change.eecode == code && change.at >= from && change.at <= to)
            .map(rows::change)
            .collect();
        let count = rows.len();
        Ok(Reply::json(200, &wire::envelope(rows, count, false)))
    }
}

fn unauthorized() -> Reply {
    failure(401, "Invalid credentials or IP address.")
}

fn too_many(wait: u64) -> Reply {
    failure(429, "Too many requests.").with("retry-after", wait.to_string())
}

/// `startdate` and `enddate`, in Unix seconds (Guide); both ends belong to it.
fn window(call: &Call) -> Result<(DateTime<Utc>, DateTime<Utc>), String> {
    let time = |name: &str| -> Result<DateTime<Utc>, String> {
        let seconds = call.number(name)?.ok_or_else(|| format!("{name} is required"))?;
        DateTime::from_timestamp(seconds, 0).ok_or_else(|| format!("{name} is no time"))
    };
    let (from, to) = (time("startdate")?, time("enddate")?);
    // A second of the clock is whole: what happened within the last one belongs to it.
    let to = to + chrono::TimeDelta::milliseconds(999);
    if from > to { Err("startdate must not be after enddate".to_owned()) } else { Ok((from, to)) }
}
