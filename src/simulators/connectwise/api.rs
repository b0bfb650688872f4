//! The endpoints.

use hyper::Method;
use serde_json::{Value, json};

use super::{
    list::told,
    rows::Table,
    wire::{error, no_endpoint, not_found, too_many},
    world::World,
};
use crate::simulators::vendor::{Fault, call::Call, middleware::FaultEffect, reply::Reply};

const DISCOVERY: &str = "/login/companyinfo/";
const KEYS: &str = "/system/callbackkey/index.rails";

impl World {
    pub(super) fn answer(&mut self, call: &Call) -> Reply {
        let signed_in = self.signed_in(call);
        let (reply, fault) = self.reply(call, signed_in);
        self.middleware.note(call, signed_in, reply.status, fault);
        reply
    }

    fn reply(&mut self, call: &Call, signed_in: bool) -> (Reply, Option<Fault>) {
        let is_open = call.path.starts_with(DISCOVERY) || call.path.ends_with(KEYS);
        if !is_open {
            self.object_to(call);
            if let Some(wait) = self.middleware.over_limit(call) {
                return (too_many(wait), None);
            }
        }
        match self.middleware.fault_for_call(call, !is_open, &[Fault::MovedCodebase]) {
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
            Fault::Forbidden => forbidden(),
            Fault::NotEnabled => error(413, "RequestEntityTooLarge", "The request is too large."),
            Fault::RateLimited => too_many(self.middleware.options.retry_after),
            Fault::Redirect => self.middleware.redirect(call),
            Fault::MovedCodebase => {
                self.moves += 1;
                no_endpoint()
            }
            _ => error(500, "InternalError", "An error occurred."),
        }
    }

    /// What every call to the interface must carry (Guide).
    fn object_to(&mut self, call: &Call) {
        if !call.has_authorization() {
            self.middleware.violation("call without credentials");
        }
        if call.header("clientid").is_none() {
            self.middleware.violation("call without clientId");
        }
        if !call.header("accept").is_some_and(|accept| accept.contains("version=")) {
            self.middleware.violation("call without a pinned version in Accept");
        }
    }

    /// Basic `companyId+publicKey:privateKey`, and the `clientId` (Guide).
    fn signed_in(&self, call: &Call) -> bool {
        let options = &self.options;
        let right = format!("{}+{}:{}", options.company_id, options.public_key, options.private_key.reveal());
        call.basic().is_some_and(|given| given == right)
            && call.header("clientid") == Some(options.client_id.as_str())
    }

    fn route(&mut self, call: &Call, signed_in: bool, may_strike: bool) -> (Reply, Option<Fault>) {
        if let Some(company) = call.path.strip_prefix(DISCOVERY) {
            return (self.discovery(company), None);
        }
        if call.path.ends_with(KEYS) {
            return (self.key(call), None);
        }
        let base = format!("/{}apis/3.0/", self.codebase());
        let Some(path) = call.path.strip_prefix(&base) else { return (self.elsewhere(call), None) };
        if !signed_in {
            return (unauthorized(), None);
        }
        if self.options.forbidden.iter().any(|part| path.starts_with(part.as_str())) {
            return (forbidden(), None);
        }
        self.object_to_fields(call);
        self.endpoint(call, path, may_strike)
    }

    /// A path of an older codebase is no mistake; any other is.
    fn elsewhere(&mut self, call: &Call) -> Reply {
        if !call.path.contains("/apis/3.0/") {
            self.middleware.violation("call to an endpoint that does not exist");
        }
        no_endpoint()
    }

    fn endpoint(&mut self, call: &Call, path: &str, may_strike: bool) -> (Reply, Option<Fault>) {
        if path == "system/info" && call.method == Method::GET {
            return (self.info(), None);
        }
        let Some((table, rest)) = table(path) else {
            self.middleware.violation("call to an endpoint that does not exist");
            return (no_endpoint(), None);
        };
        let id = rest.and_then(|rest| rest.parse::<i64>().ok());
        if table == Table::Callbacks && (call.method != Method::GET || id.is_some()) {
            return (self.callback_call(call, id), None);
        }
        if call.method != Method::GET {
            self.middleware.violation("call with a method that changes something");
            return (no_endpoint(), None);
        }
        match (rest, id) {
            (None, _) => self.list(call, table, may_strike),
            (Some("count"), _) => self.count(call, table, may_strike),
            (Some(_), Some(id)) => (self.one(call, table, id), None),
            // So too for an id that is none.
            (Some(_), None) => (no_endpoint(), None),
        }
    }

    fn one(&self, call: &Call, table: Table, id: i64) -> Reply {
        match self.row(table, id) {
            Some(row) => Reply::json(200, &told(call, row)),
            None => not_found(table.word(), id),
        }
    }

    /// Without credentials. An unknown company is `null` with 200 (Guide); `IsCloud` is a flag or a text.
    fn discovery(&self, company: &str) -> Reply {
        if !company.eq_ignore_ascii_case(&self.options.company_id) {
            return Reply::json(200, &Value::Null);
        }
        let codebase = self.codebase();
        let is_cloud = if self.seed.is_multiple_of(2) { json!("True") } else { json!(true) };
        let body = json!({
            "CompanyName": "Simulation",
            "Codebase": codebase,
            "VersionCode": codebase.trim_end_matches('/').replace('_', "."),
            "VersionNumber": "v4.6.47174",
            "CompanyID": self.options.company_id,
            "IsCloud": is_cloud,
        });
        Reply::json(200, &body)
    }

    fn info(&self) -> Reply {
        let version = self.codebase().trim_end_matches('/').replace('_', ".");
        let body = json!({
            "version": version,
            "isCloud": true,
            "serverTimeZone": "Eastern Standard Time",
            "cloudRegion": "NA",
        });
        Reply::json(200, &body)
    }
}

/// The table that a path names, and what follows.
fn table(path: &str) -> Option<(Table, Option<&str>)> {
    let tables = [
        ("company/companies/statuses", Table::Statuses),
        ("company/companies/types", Table::Types),
        ("company/companies", Table::Companies),
        ("company/contacts", Table::Contacts),
        ("system/members", Table::Members),
        ("system/callbacks", Table::Callbacks),
    ];
    tables.into_iter().find_map(|(name, table)| {
        let rest = path.strip_prefix(name)?;
        match rest.strip_prefix('/') {
            Some(rest) => Some((table, Some(rest))),
            None if rest.is_empty() => Some((table, None)),
            None => None,
        }
    })
}

fn unauthorized() -> Reply {
    error(401, "Unauthorized", "Authentication failed.")
}

fn forbidden() -> Reply {
    error(403, "Forbidden", "The security role does not allow this.")
}
