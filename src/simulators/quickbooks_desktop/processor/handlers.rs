//! One request after the schema check: what it answers.

use super::super::company_file::CompanyFile;
use super::super::entry::List;
use super::RequestProcessor;
use super::answer::{Message, Status};
use super::company;
use super::filter::{Filter, range};
use super::message_set::Version;
use super::parse::Element;
use super::ret::Wanted;
use super::rows::Rows;
use crate::simulators::people::draw;

/// An iterator that has more to give. The list is scanned on from `next`, not copied.
#[derive(Debug, Clone)]
pub(super) struct OpenIterator {
    list: List,
    filter: Filter,
    next: u64,
    remaining: u64,
}

const MAX_REQUEST_ID: usize = 50;

/// The answer to a request that came after one that failed, under stopOnError. The code is not documented well.
pub(super) fn not_processed(request: &Element) -> Message {
    let mut message = blank(request, Version(1, 0));
    message.status = Status::error(3231, "The request has not been processed.");
    message
}

fn blank(request: &Element, version: Version) -> Message {
    let stem = request.name.strip_suffix("Rq").unwrap_or(&request.name);
    Message {
        name: format!("{stem}Rs"),
        request_id: request.attribute("requestID").map(str::to_owned),
        status: Status::ok(),
        ret_count: None,
        remaining: None,
        iterator_id: None,
        rows: Rows::None,
        wanted: Wanted {
            include: request.texts_of("IncludeRetElement"),
            owner_ids: request.texts_of("OwnerID"),
            version,
        },
    }
}

impl RequestProcessor {
    pub(super) fn handle(&mut self, request: &Element, version: Version, file: &CompanyFile) -> Message {
        let mut message = blank(request, version);
        if message.request_id.as_ref().is_some_and(|id| id.chars().count() > MAX_REQUEST_ID) {
            message.request_id = None;
            message.status =
                Status::error(1060, "The request ID is invalid, possibly too long, max 50 chars.");
            return message;
        }
        let done = match request.name.as_str() {
            "EmployeeQueryRq" => self.list_query(List::Employee, request, file, &mut message),
            "CustomerQueryRq" => self.list_query(List::Customer, request, file, &mut message),
            "ListDeletedQueryRq" => deleted_query(request, file, &mut message),
            "HostQueryRq" => {
                let capacity = request.child("IncludeListMetaData").is_some();
                message.rows = Rows::Written(company::host_ret(&self.options, capacity, &message.wanted));
                Ok(())
            }
            "CompanyQueryRq" => {
                message.rows = Rows::Written(company::company_ret(file, &message.wanted));
                Ok(())
            }
            _ => Err(Status::error(1030, "This request is not supported by this implementation.")),
        };
        if let Err(status) = done {
            message.status = status;
        } else if request.attribute("metaData") == Some("MetaDataOnly") {
            message.rows = Rows::None;
        }
        // Since 4.0 an answer tells how many rows it has.
        let counts = !matches!(request.name.as_str(), "HostQueryRq" | "CompanyQueryRq");
        if counts && version >= Version(4, 0) && !message.failed() && message.ret_count.is_none() {
            message.ret_count = Some(message.rows.len());
        }
        message
    }

    fn list_query(
        &mut self,
        list: List,
        query: &Element,
        file: &CompanyFile,
        message: &mut Message,
    ) -> Result<(), Status> {
        for other in ["TotalBalanceFilter", "CurrencyFilter", "ClassFilter"] {
            if query.child(other).is_some() {
                return Err(Status::error(1030, format!("{other} is not simulated.")));
            }
        }
        let most = query.text_of("MaxReturned").and_then(|text| text.parse::<u64>().ok());
        match query.attribute("iterator") {
            None => {}
            Some(step) => return self.iterate(list, step, most, query, file, message),
        }
        let named = |name: &str| query.child(name).is_some();
        if named("ListID") || named("FullName") {
            return picked(list, query, file, message);
        }
        let filter = Filter::read(query, file.offset())?;
        let all = filter.count(file, list, 0);
        let count = all.min(most.unwrap_or(all));
        message.ret_count = (message.wanted.version >= Version(4, 0)).then_some(count);
        fill(message, list, filter, 0, count);
        Ok(())
    }

    fn iterate(
        &mut self,
        list: List,
        step: &str,
        most: Option<u64>,
        query: &Element,
        file: &CompanyFile,
        message: &mut Message,
    ) -> Result<(), Status> {
        let named = query.attribute("iteratorID").unwrap_or("").to_owned();
        let invalid = || Status::error(3391, format!("The iteratorID \"{named}\" is not valid."));
        let (id, iterator) = if step == "Start" {
            let filter = Filter::read(query, file.offset())?;
            let remaining = filter.count(file, list, 0);
            self.started += 1;
            (self.iterator_id(file.seed()), OpenIterator { list, filter, next: 0, remaining })
        } else {
            let iterator = self.iterators.get(&named).filter(|iterator| iterator.list == list);
            (named.clone(), iterator.cloned().ok_or_else(invalid)?)
        };
        message.iterator_id = Some(id.clone());
        if step == "Stop" {
            self.iterators.remove(&id);
            message.remaining = Some(0);
            return Ok(());
        }
        // What QuickBooks says to an iterator without a page size is not documented: an invalid argument here.
        let Some(most) = most else {
            return Err(Status::error(3210, "The \"MaxReturned\" field has an invalid value \"\"."));
        };
        let OpenIterator { filter, next, remaining, .. } = iterator;
        let count = remaining.min(most);
        let mut after = next;
        for _ in 0..count {
            after = filter.next(file, list, after).map_or(after, |index| index + 1);
        }
        message.remaining = Some(remaining - count);
        fill(message, list, filter.clone(), next, count);
        let rest = OpenIterator { list, filter, next: after, remaining: remaining - count };
        if rest.remaining == 0 {
            self.iterators.remove(&id);
        } else {
            self.iterators.insert(id, rest);
        }
        Ok(())
    }

    /// A GUID in braces, as QuickBooks writes it.
    fn iterator_id(&self, seed: u64) -> String {
        let high = draw(seed, List::Customer, self.session, 11);
        let low = draw(seed, List::Employee, self.started, high);
        let tail = low & 0xFFFF_FFFF_FFFF;
        format!(
            "{{{:08x}-{:04x}-{:04x}-{:04x}-{tail:012x}}}",
            high >> 32,
            (high >> 16) & 0xFFFF,
            high & 0xFFFF,
            low >> 48
        )
    }
}

fn fill(message: &mut Message, list: List, filter: Filter, from: u64, count: u64) {
    message.rows = Rows::Filtered { list, filter, from, count };
    if count == 0 {
        message.status = Status::no_match();
    }
}

/// The entries that are named by ListID or by full name.
fn picked(list: List, query: &Element, file: &CompanyFile, message: &mut Message) -> Result<(), Status> {
    let mut indexes = Vec::new();
    let mut missing = None;
    for id in query.texts_of("ListID") {
        match file.locate(&id) {
            Some((found, index)) if found == list => indexes.push(index),
            _ => missing = Some(id),
        }
    }
    for name in query.texts_of("FullName") {
        let wanted = name.to_lowercase();
        let found = (0..file.end(list)).find(|index| {
            file.entry(list, *index).is_some_and(|entry| entry.full_name.to_lowercase() == wanted)
        });
        match found {
            Some(index) => indexes.push(index),
            None => missing = Some(name),
        }
    }
    if let Some(missing) = missing {
        let text = "The query request has not been fully completed. There was a required element";
        let text = format!("{text} (\"{missing}\") that could not be found in QuickBooks.");
        message.status = Status::warning(500, text);
    }
    message.rows = Rows::Picked { list, indexes };
    Ok(())
}

fn deleted_query(query: &Element, file: &CompanyFile, message: &mut Message) -> Result<(), Status> {
    let (from, to) = match query.child("DeletedDateRangeFilter") {
        Some(element) => range(element, "FromDeletedDate", "ToDeletedDate", file.offset())?,
        None => (None, None),
    };
    let types = query.texts_of("ListDelType");
    let entries: Vec<_> = file
        .deleted()
        .iter()
        .filter(|entry| types.iter().any(|word| word == entry.list.word()))
        .filter(|entry| from.is_none_or(|from| entry.time_deleted.naive_local() >= from))
        .filter(|entry| to.is_none_or(|to| entry.time_deleted.naive_local() <= to))
        .cloned()
        .collect();
    if entries.is_empty() {
        message.status = Status::no_match();
    }
    message.ret_count = (message.wanted.version >= Version(4, 0)).then_some(entries.len() as u64);
    message.rows = Rows::Deleted(entries);
    Ok(())
}
