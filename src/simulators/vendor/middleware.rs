//! What stands before the world of a vendor: its clock, its faults, its limit and its log.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::{
    Fault, LoggedRequest, PlannedFault, ServerOptions, call::Call, limit::Limit, log::Log, reply::Reply,
};

/// All calls to a simulated vendor pass through this.
#[derive(Debug)]
pub(crate) struct Middleware {
    pub options: ServerOptions,
    limit: Limit,
    pub log: Log,
    redirects: u64,
}

/// What is to be done with a call that no fault has answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultEffect {
    /// In place of the answer.
    ReplacesAnswer(Fault),
    /// The answer is made and then damaged.
    DamagesAnswer(Fault),
}

impl Middleware {
    pub(crate) fn new(options: ServerOptions) -> Self {
        let limit = Limit::new(options.requests_per_minute);
        Self { options, limit, log: Log::default(), redirects: 0 }
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.options.clock)()
    }

    pub(crate) fn violation(&mut self, sentence: impl Into<String>) {
        self.log.violation(sentence.into());
    }

    pub(crate) fn add_fault(&mut self, planned: PlannedFault) {
        self.options.faults.add(planned);
    }

    pub(crate) fn applied(&self) -> BTreeMap<Fault, u64> {
        self.options.faults.applied()
    }

    /// How many seconds to wait, if this credential asked too often.
    pub(crate) fn over_limit(&mut self, call: &Call) -> Option<u64> {
        let credential = call.header("authorization").unwrap_or_default().to_owned();
        let wait = self.limit.refuses(&credential, self.now())?;
        self.violation("request over the limit");
        Some(wait)
    }

    /// An occasion for the faults that take any call, and for those that only this vendor has.
    pub(crate) fn fault_for_call(
        &mut self,
        call: &Call,
        is_api: bool,
        more: &[Fault],
    ) -> Option<FaultEffect> {
        let kinds = [&Fault::ANY_CALL, more].concat();
        let fault = self.options.faults.strikes(&call.path, is_api, &kinds)?;
        Some(match fault {
            Fault::Slow | Fault::CutOff | Fault::TruncatedJson => FaultEffect::DamagesAnswer(fault),
            _ => FaultEffect::ReplacesAnswer(fault),
        })
    }

    /// An occasion for the faults of one page: only those are offered that would change it.
    pub(crate) fn fault_for_page(&mut self, call: &Call, kinds: &[Fault]) -> Option<Fault> {
        if kinds.is_empty() { None } else { self.options.faults.strikes(&call.path, true, kinds) }
    }

    pub(crate) fn damage(&self, fault: Fault, mut reply: Reply) -> Reply {
        match fault {
            Fault::CutOff => reply.cut(),
            Fault::TruncatedJson => reply.truncated(),
            _ => {
                reply.delay = self.options.slow_by;
                reply
            }
        }
    }

    /// With the time of this vendor (RFC 9110, section 6.6.1), which need not be the client's.
    pub(crate) fn dated(&self, reply: Reply) -> Reply {
        let now = self.now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        reply.with("date", now)
    }

    /// 302 and 307 in turn, to the same path at another origin.
    pub(crate) fn redirect(&mut self, call: &Call) -> Reply {
        self.redirects += 1;
        let status = if self.redirects.is_multiple_of(2) { 307 } else { 302 };
        Reply::empty(status).with("location", format!("{}{}", self.options.redirect_to, call.target))
    }

    pub(crate) fn note(&mut self, call: &Call, signed_in: bool, status: u16, fault: Option<Fault>) {
        self.log.requests.push(LoggedRequest {
            at: self.now(),
            method: call.method.to_string(),
            target: call.target.clone(),
            host: call.host().to_owned(),
            signed_in,
            authorization: call.has_authorization(),
            status,
            fault,
        });
    }
}
