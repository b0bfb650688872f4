//! The company file: two lists made from a seed, and what was changed in them since.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset, TimeDelta};

use super::entry::{BillAddress, DeletedEntry, List, ListEntry};
use crate::simulators::people::{self, Person, pick};

/// The counter of the first `ListID`; employees take the odd places after it and customers the even ones: both are
/// name lists, and a `ListID` is unique across name lists (Intuit's on-screen reference).
const FIRST_COUNTER: u64 = 0x8000_0001;

/// 2026-01-15T14:00:00Z: later than anything that the seed makes.
const FIRST_NOW: i64 = 1_768_485_600;

/// A company file. Its clock stands still until [`CompanyFile::advance`] is called.
#[derive(Debug, Clone)]
pub struct CompanyFile {
    seed: u64,
    /// How many entries of each list the seed makes; later indexes were added.
    pub(super) employees: u64,
    pub(super) customers: u64,
    pub(super) next_employee: u64,
    pub(super) next_customer: u64,
    /// Entries that differ from what the seed makes; `None` is a deleted one.
    pub(super) changed: HashMap<(List, u64), Option<Box<Person>>>,
    pub(super) deleted: Vec<DeletedEntry>,
    pub(super) now: i64,
    offset: FixedOffset,
    /// How many sessions were begun with it.
    sessions: u64,
    /// Values that integrated applications keep in the company, by their OwnerID: the FileID.
    file_ids: BTreeMap<String, String>,
    /// The name in `CompanyRet`, up to 59 characters (schema).
    pub company_name: String,
}

/// What a filter asks first, without making the whole entry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Glance {
    pub(super) active: bool,
    /// Unix time, seconds.
    pub(super) modified: i64,
}

impl CompanyFile {
    /// The same seed and counts always make the same lists.
    pub fn new(seed: u64, employees: u64, customers: u64) -> Self {
        Self {
            seed,
            employees,
            customers,
            next_employee: employees,
            next_customer: customers,
            changed: HashMap::new(),
            deleted: Vec::new(),
            now: FIRST_NOW,
            // Cannot fail: five hours are in range.
            offset: FixedOffset::west_opt(5 * 3600).unwrap_or_else(|| chrono::Offset::fix(&chrono::Utc)),
            sessions: 0,
            file_ids: BTreeMap::new(),
            company_name: format!("Rock & Castle's Simulation {seed}"),
        }
    }

    /// The time of the company file's computer.
    pub fn now(&self) -> DateTime<FixedOffset> {
        self.time(self.now)
    }

    /// Moves the clock on, by whole seconds.
    pub fn advance(&mut self, by: TimeDelta) {
        self.now += by.num_seconds();
    }

    /// Sets the clock, cut to seconds.
    pub fn set_now(&mut self, now: DateTime<FixedOffset>) {
        self.now = now.timestamp();
    }

    /// The employees, in the order in which they were added.
    pub fn employees(&self) -> impl Iterator<Item = ListEntry> {
        (0..self.next_employee).filter_map(|index| self.entry(List::Employee, index))
    }

    /// The customers and jobs, in the order in which they were added.
    pub fn customers(&self) -> impl Iterator<Item = ListEntry> {
        (0..self.next_customer).filter_map(|index| self.entry(List::Customer, index))
    }

    /// The entry of either list with this `ListID`.
    pub fn find(&self, list_id: &str) -> Option<ListEntry> {
        let (list, index) = self.locate(list_id)?;
        self.entry(list, index)
    }

    /// What was deleted, oldest first.
    pub fn deleted(&self) -> &[DeletedEntry] {
        &self.deleted
    }

    /// The FileID that was kept under this OwnerID, if any.
    pub fn file_id(&self, owner_id: &str) -> Option<&str> {
        self.file_ids.get(owner_id).map(String::as_str)
    }

    /// Keeps a FileID under an OwnerID, as the Web Connector does when an application is added to it.
    pub fn set_file_id(&mut self, owner_id: &str, file_id: &str) {
        self.file_ids.insert(owner_id.to_owned(), file_id.to_owned());
    }

    /// A number for the session that begins: another one each time.
    pub(super) fn next_session(&mut self) -> u64 {
        self.sessions += 1;
        self.sessions
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn offset(&self) -> FixedOffset {
        self.offset
    }

    /// One past the last index of a list.
    pub(super) fn end(&self, list: List) -> u64 {
        match list {
            List::Employee => self.next_employee,
            List::Customer => self.next_customer,
        }
    }

    pub(super) fn glance(&self, list: List, index: u64) -> Option<Glance> {
        if index >= self.end(list) {
            return None;
        }
        match self.changed.get(&(list, index)) {
            Some(person) => {
                person.as_ref().map(|person| Glance { active: person.active, modified: person.modified })
            }
            None => Some(Glance {
                active: people::active(self.seed, index),
                modified: people::modified(self.seed, list, index),
            }),
        }
    }

    pub(super) fn entry(&self, list: List, index: u64) -> Option<ListEntry> {
        let person = self.person(list, index)?;
        let parent = person.parent.and_then(|parent| self.entry(list, parent));
        let full_name = match &parent {
            Some(parent) => format!("{}:{}", parent.full_name, person.name),
            None => person.name.clone(),
        };
        let address = (list == List::Customer && index % 6 != 4).then(|| bill_address(&person.name, index));
        Some(ListEntry {
            list,
            list_id: list_id(list, index, person.created),
            full_name,
            name: person.name,
            first_name: person.first_name,
            middle_name: person.middle_name,
            last_name: person.last_name,
            company_name: person.company_name,
            email: person.email,
            phone: person.phone,
            job_title: person.job_title,
            number: number(list, index),
            department: (list == List::Employee).then(|| department(index)),
            bill_address: address,
            job_desc: (parent.is_some() && index.is_multiple_of(2))
                .then(|| format!("Phase {index} <see & check plan>")),
            active: person.active,
            sublevel: parent.as_ref().map_or(0, |parent| parent.sublevel + 1),
            parent_list_id: parent.as_ref().map(|parent| parent.list_id.clone()),
            parent_full_name: parent.map(|parent| parent.full_name),
            hired_on: person.hired_on,
            released_on: person.released_on,
            time_created: self.time(person.created),
            time_modified: self.time(person.modified),
            edit_sequence: person.modified.to_string(),
        })
    }

    /// Where a `ListID` is, if it is one of this file's own (the entry may be deleted).
    pub(super) fn locate(&self, id: &str) -> Option<(List, u64)> {
        let (counter, _) = id.split_once('-')?;
        let place = u64::from_str_radix(counter, 16).ok()?.checked_sub(FIRST_COUNTER)?;
        let list = if place.is_multiple_of(2) { List::Employee } else { List::Customer };
        let index = place / 2;
        let person = self.person(list, index)?;
        (list_id(list, index, person.created) == id).then_some((list, index))
    }

    pub(super) fn person(&self, list: List, index: u64) -> Option<Person> {
        let made = match list {
            List::Employee => self.employees,
            List::Customer => self.customers,
        };
        match self.changed.get(&(list, index)) {
            Some(person) => person.as_deref().cloned(),
            None => (index < made).then(|| people::person(self.seed, list, index)),
        }
    }

    fn time(&self, unix: i64) -> DateTime<FixedOffset> {
        DateTime::from_timestamp(unix, 0).unwrap_or_default().with_timezone(&self.offset)
    }
}

fn number(list: List, index: u64) -> Option<String> {
    match list {
        // 000 is an area that was never given out.
        List::Employee if index % 50 == 7 => Some(format!("000-00-{:04}", index % 10_000)),
        List::Employee => (index % 4 != 3).then(|| (1000 + index).to_string()),
        List::Customer => index.is_multiple_of(3).then(|| format!("C-{index:05}")),
    }
}

fn department(index: u64) -> String {
    pick(&["Field", "Office", "Yard & Stores"], index).to_owned()
}

fn bill_address(name: &str, index: u64) -> BillAddress {
    // Up to 41 characters.
    let mut lines = vec![name.chars().take(41).collect(), format!("{} Invented Road", index % 700 + 1)];
    lines.extend((index % 5 == 1).then(|| format!("Suite {index}")));
    let (city, state, postal_code) = ("San Tomás".to_owned(), "CA".to_owned(), "94432".to_owned());
    BillAddress { lines, city, state, postal_code, country: (index % 10 == 2).then(|| "USA".to_owned()) }
}

pub(super) fn list_id(list: List, index: u64, created: i64) -> String {
    let counter = FIRST_COUNTER + 2 * index + u64::from(list == List::Customer);
    format!("{counter:X}-{created}")
}

#[cfg(test)]
#[path = "company_file_tests.rs"]
mod tests;
