//! Pages: a cursor that binds them to one snapshot.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::{options::LinkStyle, wire, world::World};
use crate::simulators::vendor::{Fault, call::Call, page, reply::Reply};

/// «Maximum 500» (Guide).
pub(super) const MAX_PAGE: usize = 500;
const DEFAULT_PAGE: usize = 100;
/// Old ones are forgotten before a client could fill the memory with them.
const MAX_SNAPSHOTS: usize = 1000;

/// What a listing was when its first page was asked for.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    made: DateTime<Utc>,
    endpoint: String,
    rows: Vec<Value>,
    size: usize,
    /// How many rows there were: a page that is skipped takes rows away, and the total stays.
    total: usize,
}

impl World {
    /// A page of a listing. `make` makes its rows; it is asked only for the first page.
    pub(super) fn list(
        &mut self,
        call: &Call,
        endpoint: &str,
        may_strike: bool,
        make: impl FnOnce(&mut Self) -> Vec<Value>,
    ) -> Result<(Reply, Option<Fault>), String> {
        let page = positive(call, "page")?.unwrap_or(1);
        let (id, snapshot) = match call.parameter("requestid") {
            Some(id) => (id.to_owned(), self.known_snapshot(id, endpoint)?),
            None => {
                let size = positive(call, "pagesize")?.unwrap_or(DEFAULT_PAGE);
                if size > MAX_PAGE {
                    return Err(format!("pagesize must not be more than {MAX_PAGE}"));
                }
                let rows = make(self);
                let made = self.middleware.now();
                let snapshot =
                    Snapshot { made, endpoint: endpoint.to_owned(), total: rows.len(), rows, size };
                (self.unique(), snapshot)
            }
        };
        Ok(self.page(call, id, snapshot, page, may_strike))
    }

    fn known_snapshot(&mut self, id: &str, endpoint: &str) -> Result<Snapshot, String> {
        let lifetime = TimeDelta::from_std(self.options.request_id_lifetime).unwrap_or(TimeDelta::days(1));
        let now = self.middleware.now();
        self.snapshots.retain(|_, snapshot| now - snapshot.made < lifetime);
        let known = self.snapshots.get(id).filter(|snapshot| snapshot.endpoint == endpoint);
        known.cloned().ok_or_else(|| "requestid is unknown or has expired".to_owned())
    }

    fn page(
        &mut self,
        call: &Call,
        id: String,
        mut snapshot: Snapshot,
        page: usize,
        may_strike: bool,
    ) -> (Reply, Option<Fault>) {
        let size = snapshot.size;
        let start = (page - 1).saturating_mul(size);
        let place = page::Place { start, size, total: snapshot.rows.len() };
        let mut kinds = place.possible();
        kinds.push(Fault::WrongTotal);
        let struck = if may_strike { self.middleware.fault_for_page(call, &kinds) } else { None };
        let mut total = snapshot.total;
        let rows = match struck {
            Some(Fault::RepeatedPage) => page::rows(&snapshot.rows, start - size, size).to_vec(),
            Some(Fault::MissingPage) => {
                let end = start.saturating_add(size).min(snapshot.rows.len());
                snapshot.rows.drain(start..end);
                page::rows(&snapshot.rows, start, size).to_vec()
            }
            Some(Fault::ShrinkingPage) => page::rows(&snapshot.rows, start, size / 2).to_vec(),
            Some(Fault::WrongTotal) => {
                total = if total.is_multiple_of(2) { total + 1 } else { total - 1 };
                page::rows(&snapshot.rows, start, size).to_vec()
            }
            _ => page::rows(&snapshot.rows, start, size).to_vec(),
        };
        let pages = snapshot.rows.len().div_ceil(size).max(1);
        let reply = self.page_reply(&snapshot.endpoint, &id, rows, total, (page, pages));
        while self.snapshots.len() >= MAX_SNAPSHOTS {
            self.snapshots.pop_first();
        }
        self.snapshots.insert(id, snapshot);
        (reply, struck)
    }

    /// 206 while there are more pages, 200 on the last (Guide).
    fn page_reply(
        &self,
        endpoint: &str,
        id: &str,
        rows: Vec<Value>,
        total: usize,
        (page, pages): (usize, usize),
    ) -> Reply {
        let records = rows.len();
        let odd = self.seed.is_multiple_of(2) && page.is_multiple_of(2);
        let body = wire::envelope(rows, records, odd);
        let reply = Reply::json(if page < pages { 206 } else { 200 }, &body)
            .with("x-total-count", total.to_string())
            .with("x-max-page-size", MAX_PAGE.to_string());
        if pages == 1 {
            return reply;
        }
        let prefix = match self.options.links {
            LinkStyle::FromBase => "api/v1/",
            LinkStyle::FromRoot => "/v4/rest/index.php/api/v1/",
            LinkStyle::LastSegment => "",
        };
        let endpoint = match self.options.links {
            LinkStyle::LastSegment => endpoint.rsplit('/').next().unwrap_or(endpoint),
            _ => endpoint,
        };
        let link = |rel: &str, page: usize| {
            format!("<{prefix}{endpoint}?requestid={id}&page={page}>; rel=\"{rel}\"")
        };
        let mut links = Vec::new();
        if page > 1 {
            links.push(link("prev", page - 1));
        }
        links.push(link("first", 1));
        if page < pages {
            links.push(link("next", page + 1));
        }
        links.push(link("last", pages));
        reply.with("link", links.join(", "))
    }
}

fn positive(call: &Call, name: &str) -> Result<Option<usize>, String> {
    let wrong = || format!("{name} must be a positive number");
    match call.number(name)? {
        None => Ok(None),
        Some(number) => usize::try_from(number).ok().filter(|n| *n > 0).map(Some).ok_or_else(wrong),
    }
}
