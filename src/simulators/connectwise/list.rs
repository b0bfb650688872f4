//! Lists: filters, order, fields, and two styles of pages.

use serde_json::{Value, json};

use super::{
    conditions::{self, Condition},
    fields,
    rows::Table,
    wire::error,
    world::World,
};
use crate::simulators::vendor::{Fault, call::Call, page, page::Place, reply::Reply};

/// «Default 25, maximum 1000» (Guide).
const DEFAULT_PAGE: usize = 25;
const MAX_PAGE: usize = 1000;
/// More listings than this are forgotten together.
const MAX_LISTINGS: usize = 1000;

/// A page before it is written: its rows and where others are.
struct Cut {
    ids: Vec<i64>,
    links: Vec<(&'static str, String)>,
    struck: Option<Fault>,
}

impl World {
    pub(super) fn list(&mut self, call: &Call, table: Table, may_strike: bool) -> (Reply, Option<Fault>) {
        self.object_to_list(call, table);
        match self.page(call, table, may_strike) {
            Err(message) => (error(400, "InvalidRequest", &message), None),
            Ok(cut) => {
                let body: Vec<Value> =
                    cut.ids.iter().filter_map(|id| self.row(table, *id)).map(|row| told(call, row)).collect();
                (linked(Reply::json(200, &json!(body)), call, &cut.links), cut.struck)
            }
        }
    }

    fn object_to_list(&mut self, call: &Call, table: Table) {
        if call.parameter("pageSize").is_none() {
            self.middleware.violation("pageSize left to its default on a list");
        }
        if table.is_wide() && call.parameter("fields").is_none() {
            self.middleware.violation("fields left out on a list: secrets are sent that nobody needs");
        }
    }

    pub(super) fn object_to_fields(&mut self, call: &Call) {
        for name in fields::sensitive(call.parameter("fields").unwrap_or_default()) {
            self.middleware.violation(format!("asked for a sensitive field: {name}"));
        }
    }

    pub(super) fn count(&mut self, call: &Call, table: Table, may_strike: bool) -> (Reply, Option<Fault>) {
        let ids = match self.matching(call, table) {
            Ok(ids) => ids,
            Err(message) => return (error(400, "InvalidRequest", &message), None),
        };
        let struck =
            if may_strike { self.middleware.fault_for_page(call, &[Fault::WrongTotal]) } else { None };
        let count = ids.len() + if struck.is_some() { 3 } else { 0 };
        (Reply::json(200, &json!({ "count": count })), struck)
    }

    fn page(&mut self, call: &Call, table: Table, may_strike: bool) -> Result<Cut, String> {
        let size = match call.number("pageSize")? {
            None => DEFAULT_PAGE,
            Some(size) => usize::try_from(size)
                .ok()
                .filter(|size| (1..=MAX_PAGE).contains(size))
                .ok_or_else(|| format!("pageSize must be from 1 to {MAX_PAGE}"))?,
        };
        let mut ids = self.matching(call, table)?;
        let order = call.parameter("orderBy");
        if call.header("pagination-type").is_some_and(|kind| kind.eq_ignore_ascii_case("forward-only")) {
            if order.is_some() {
                return Err("orderBy is not allowed with forward-only pagination".to_owned());
            }
            let after = call.number("pageId")?.unwrap_or(0);
            return Ok(self.forward(call, &ids, after, size, may_strike));
        }
        if let Some(order) = order {
            self.sort(table, &mut ids, order)?;
        }
        let page = usize::try_from(call.number("page")?.unwrap_or(1)).ok().filter(|page| *page > 0);
        let page = page.ok_or("page must be a positive number")?;
        Ok(self.navigable(call, &ids, page, size, may_strike))
    }

    /// `pageId=n` tells the rows with an id above n; there is always a `next`, even where nothing follows (Guide).
    fn forward(&mut self, call: &Call, ids: &[i64], after: i64, size: usize, may_strike: bool) -> Cut {
        let start = ids.partition_point(|id| *id <= after);
        let place = Place { start, size, total: ids.len() };
        let struck = if may_strike { self.middleware.fault_for_page(call, &place.possible()) } else { None };
        let rows = match struck {
            Some(Fault::RepeatedPage) => page::rows(ids, start.saturating_sub(size), size.min(start)),
            Some(Fault::MissingPage) => page::rows(ids, start.saturating_add(size), size),
            Some(Fault::ShrinkingPage) => page::rows(ids, start, size / 2),
            _ => page::rows(ids, start, size),
        };
        let last = rows.last().copied().unwrap_or(after);
        Cut { ids: rows.to_vec(), links: vec![("next", target(call, "pageId", last))], struck }
    }

    /// No `next` on the last page, and no links at all where there is only one (Guide).
    fn navigable(&mut self, call: &Call, ids: &[i64], page: usize, size: usize, may_strike: bool) -> Cut {
        let listing = target(call, "page", 0);
        if self.skipped.len() > MAX_LISTINGS {
            self.skipped.clear();
        }
        if page == 1 {
            self.skipped.remove(&listing);
        }
        let shift = self.skipped.get(&listing).copied().unwrap_or(0);
        let start = (page - 1).saturating_mul(size).saturating_add(shift);
        let place = Place { start, size, total: ids.len() };
        let struck = if may_strike { self.middleware.fault_for_page(call, &place.possible()) } else { None };
        let rows = match struck {
            Some(Fault::RepeatedPage) => page::rows(ids, start.saturating_sub(size), size),
            Some(Fault::MissingPage) => {
                self.skipped.insert(listing, shift + size);
                page::rows(ids, start.saturating_add(size), size)
            }
            Some(Fault::ShrinkingPage) => page::rows(ids, start, size / 2),
            _ => page::rows(ids, start, size),
        };
        let shift = if struck == Some(Fault::MissingPage) { shift + size } else { shift };
        let pages = ids.len().saturating_sub(shift).div_ceil(size);
        let mut links = Vec::new();
        if page < pages {
            links.push(("next", target(call, "page", page_number(page + 1))));
            links.push(("last", target(call, "page", page_number(pages))));
        }
        if page > 1 {
            links.push(("first", target(call, "page", 1)));
            links.push(("prev", target(call, "page", page_number(page - 1))));
        }
        Cut { ids: rows.to_vec(), links, struck }
    }

    /// The ids of the rows that `conditions` and `childConditions` let through.
    fn matching(&self, call: &Call, table: Table) -> Result<Vec<i64>, String> {
        let mut ids = self.ids(table);
        for (name, is_child) in [("conditions", false), ("childConditions", true)] {
            let Some(text) = call.parameter(name).filter(|text| !text.trim().is_empty()) else { continue };
            let condition = conditions::parse(text).map_err(|error| format!("{name}: {error}"))?;
            self.check(table, &condition, is_child)?;
            ids.retain(|id| self.row(table, *id).is_some_and(|row| condition.holds(&row)));
        }
        if call.parameter("customFieldConditions").is_some() {
            return Err("customFieldConditions are not understood".to_owned());
        }
        Ok(ids)
    }

    /// Fields that the table does not have are refused; those of lists belong into `childConditions` (Guide).
    fn check(&self, table: Table, condition: &Condition, is_child: bool) -> Result<(), String> {
        let template = self.template(table);
        for path in condition.paths() {
            let first = path.split('/').next().unwrap_or(path);
            let is_list = template.get(first).is_some_and(Value::is_array);
            let known = path == "lastUpdated" || template.get(first).is_some();
            if !known || is_list != is_child {
                return Err(format!("Unknown column: {path}"));
            }
        }
        Ok(())
    }

    /// `id asc`, `name desc, id asc`.
    fn sort(&self, table: Table, ids: &mut [i64], order: &str) -> Result<(), String> {
        let template = self.template(table);
        for part in order.split(',').rev() {
            let mut words = part.split_whitespace();
            let (field, direction) = (words.next().unwrap_or_default(), words.next().unwrap_or("asc"));
            let first = field.split('/').next().unwrap_or(field);
            if field != "lastUpdated" && template.get(first).is_none() {
                return Err(format!("Unknown column: {field}"));
            }
            let descending = direction.eq_ignore_ascii_case("desc");
            if !descending && !direction.eq_ignore_ascii_case("asc") {
                return Err(format!("orderBy: {direction} is not understood"));
            }
            ids.sort_by_cached_key(|id| self.sort_key(table, *id, field));
            if descending {
                ids.reverse();
            }
        }
        Ok(())
    }

    /// A text that sorts as the value does.
    fn sort_key(&self, table: Table, id: i64, field: &str) -> String {
        let row = self.row(table, id).unwrap_or_default();
        match conditions::values(&row, field).first() {
            Some(Value::Number(number)) => format!("{:020}", number.as_i64().unwrap_or(0)),
            Some(Value::String(text)) => text.to_lowercase(),
            Some(other) => other.to_string(),
            None => String::new(),
        }
    }
}

/// A row, with only the fields that were asked for.
pub(super) fn told(call: &Call, row: Value) -> Value {
    match call.parameter("fields").filter(|fields| !fields.trim().is_empty()) {
        Some(asked) => fields::trim(&row, asked),
        None => row,
    }
}

fn page_number(page: usize) -> i64 {
    i64::try_from(page).unwrap_or(i64::MAX)
}

/// The same request at another page: a path with its query.
fn target(call: &Call, name: &str, value: i64) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (key, old) in call.query.iter().filter(|(key, _)| !key.eq_ignore_ascii_case(name)) {
        query.append_pair(key, old);
    }
    format!("{}?{}", call.path, query.append_pair(name, &value.to_string()).finish())
}

/// Absolute addresses on the host that was asked (Guide).
fn linked(reply: Reply, call: &Call, links: &[(&'static str, String)]) -> Reply {
    if links.is_empty() {
        return reply;
    }
    let links: Vec<String> = links
        .iter()
        .map(|(rel, target)| format!("<http://{}{target}>; rel=\"{rel}\"", call.host()))
        .collect();
    reply.with("link", links.join(", "))
}
