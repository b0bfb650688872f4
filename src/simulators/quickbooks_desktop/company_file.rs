//! The company file: two lists made from a seed, and what was changed in them since.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, FixedOffset, TimeDelta};
use thiserror::Error;

use super::entry::{DeletedEntry, List, ListEntry};
use super::people::{self, Person};

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
    employees: u64,
    customers: u64,
    next_employee: u64,
    next_customer: u64,
    /// Entries that differ from what the seed makes; `None` is a deleted one.
    changed: HashMap<(List, u64), Option<Box<Person>>>,
    deleted: Vec<DeletedEntry>,
    now: i64,
    offset: FixedOffset,
    /// How many sessions were begun with it.
    sessions: u64,
    /// Values that integrated applications keep in the company, by their OwnerID: the FileID.
    file_ids: BTreeMap<String, String>,
    /// The name in `CompanyRet`, up to 59 characters (schema).
    pub company_name: String,
}

/// Why a change was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompanyFileError {
    #[error("no entry has the ListID {0}")]
    NoSuchEntry(String),
    #[error("{0} has jobs and cannot be deleted")]
    HasJobs(String),
}

/// An employee to add; empty optional fields are left out.
#[derive(Debug, Clone, Default)]
pub struct NewEmployee {
    pub first_name: String,
    pub last_name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub job_title: Option<String>,
}

/// A customer to add, or a job if it has a parent.
#[derive(Debug, Clone, Default)]
pub struct NewCustomer {
    pub name: String,
    pub company_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub parent_list_id: Option<String>,
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

    /// Adds an employee; returns the new `ListID`.
    pub fn add_employee(&mut self, new: NewEmployee) -> String {
        let hired_on = Some(self.now().date_naive());
        let person = Person {
            name: format!("{} {}", new.first_name, new.last_name),
            first_name: Some(new.first_name),
            last_name: Some(new.last_name),
            email: new.email,
            phone: new.phone,
            job_title: new.job_title,
            hired_on,
            ..self.newcomer()
        };
        self.insert(List::Employee, person)
    }

    /// Adds a customer or a job; returns the new `ListID`.
    ///
    /// # Errors
    /// The parent does not exist.
    pub fn add_customer(&mut self, new: NewCustomer) -> Result<String, CompanyFileError> {
        let parent = match &new.parent_list_id {
            Some(list_id) => Some(self.located(list_id)?.1),
            None => None,
        };
        let NewCustomer { name, company_name, email, phone, .. } = new;
        let person = Person { name, company_name, email, phone, parent, ..self.newcomer() };
        Ok(self.insert(List::Customer, person))
    }

    /// Gives a customer another name. Jobs below it get another full name with it, and are not touched otherwise.
    ///
    /// # Errors
    /// No such entry.
    pub fn rename(&mut self, list_id: &str, name: &str) -> Result<(), CompanyFileError> {
        self.change(list_id, |person| name.clone_into(&mut person.name))
    }

    /// Gives a person another name, and the entry with it.
    ///
    /// # Errors
    /// No such entry.
    pub fn rename_person(&mut self, list_id: &str, first: &str, last: &str) -> Result<(), CompanyFileError> {
        self.change(list_id, |person| {
            person.name = format!("{first} {last}");
            person.first_name = Some(first.to_owned());
            person.middle_name = None;
            person.last_name = Some(last.to_owned());
        })
    }

    /// Changes or (with `None`) removes the e-mail address.
    ///
    /// # Errors
    /// No such entry.
    pub fn change_email(&mut self, list_id: &str, email: Option<&str>) -> Result<(), CompanyFileError> {
        self.change(list_id, |person| person.email = email.map(str::to_owned))
    }

    /// Makes an entry inactive: the default `ActiveStatus` hides it from now on.
    ///
    /// # Errors
    /// No such entry.
    pub fn deactivate(&mut self, list_id: &str) -> Result<(), CompanyFileError> {
        let today = self.now().date_naive();
        self.change(list_id, |person| {
            person.active = false;
            person.released_on = person.hired_on.map(|_| today);
        })
    }

    /// Makes an entry active again.
    ///
    /// # Errors
    /// No such entry.
    pub fn reactivate(&mut self, list_id: &str) -> Result<(), CompanyFileError> {
        self.change(list_id, |person| {
            person.active = true;
            person.released_on = None;
        })
    }

    /// Deletes an entry; `ListDeletedQueryRq` remembers it.
    ///
    /// # Errors
    /// No such entry, or it has jobs.
    pub fn delete(&mut self, list_id: &str) -> Result<(), CompanyFileError> {
        let (list, index) = self.located(list_id)?;
        let entry =
            self.entry(list, index).ok_or_else(|| CompanyFileError::NoSuchEntry(list_id.to_owned()))?;
        if self.has_jobs(list, index) {
            return Err(CompanyFileError::HasJobs(entry.full_name));
        }
        self.changed.insert((list, index), None);
        self.deleted.push(DeletedEntry {
            list,
            list_id: entry.list_id,
            full_name: entry.full_name,
            time_created: entry.time_created,
            time_deleted: self.now(),
        });
        Ok(())
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

    fn located(&self, list_id: &str) -> Result<(List, u64), CompanyFileError> {
        self.locate(list_id).ok_or_else(|| CompanyFileError::NoSuchEntry(list_id.to_owned()))
    }

    fn person(&self, list: List, index: u64) -> Option<Person> {
        let made = match list {
            List::Employee => self.employees,
            List::Customer => self.customers,
        };
        match self.changed.get(&(list, index)) {
            Some(person) => person.as_deref().cloned(),
            None => (index < made).then(|| people::person(self.seed, list, index)),
        }
    }

    fn has_jobs(&self, list: List, index: u64) -> bool {
        let is_job = |job| self.person(list, job).is_some_and(|person| person.parent == Some(index));
        // A made job stands close behind its customer.
        list == List::Customer
            && ((index..index + 5).any(is_job) || (self.customers..self.next_customer).any(is_job))
    }

    fn newcomer(&self) -> Person {
        Person { active: true, created: self.now, modified: self.now, ..Person::default() }
    }

    fn insert(&mut self, list: List, person: Person) -> String {
        let next = match list {
            List::Employee => &mut self.next_employee,
            List::Customer => &mut self.next_customer,
        };
        let index = *next;
        *next += 1;
        let id = list_id(list, index, person.created);
        self.changed.insert((list, index), Some(Box::new(person)));
        id
    }

    fn change(&mut self, list_id: &str, change: impl FnOnce(&mut Person)) -> Result<(), CompanyFileError> {
        let key = self.located(list_id)?;
        let mut person =
            self.person(key.0, key.1).ok_or_else(|| CompanyFileError::NoSuchEntry(list_id.to_owned()))?;
        change(&mut person);
        person.modified = self.now;
        self.changed.insert(key, Some(Box::new(person)));
        Ok(())
    }

    fn time(&self, unix: i64) -> DateTime<FixedOffset> {
        DateTime::from_timestamp(unix, 0).unwrap_or_default().with_timezone(&self.offset)
    }
}

fn list_id(list: List, index: u64, created: i64) -> String {
    let counter = FIRST_COUNTER + 2 * index + u64::from(list == List::Customer);
    format!("{counter:X}-{created}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_lists() {
        let (a, b) = (CompanyFile::new(3, 500, 500), CompanyFile::new(3, 500, 500));
        assert!(a.employees().eq(b.employees()) && a.customers().eq(b.customers()));
        assert_ne!(a.employees().next(), CompanyFile::new(4, 500, 500).employees().next());
    }

    #[test]
    fn the_lists_hold_what_is_awkward() {
        let file = CompanyFile::new(11, 200, 200);
        let (people, customers): (Vec<_>, Vec<_>) = (file.employees().collect(), file.customers().collect());
        assert!(people.iter().any(|one| !one.active) && people.iter().any(|one| one.email.is_none()));
        assert!(
            people.iter().filter(|one| one.email.as_deref() == Some("frontdesk@example.com")).count() > 1
        );
        assert!(
            people.iter().any(|one| !one.name.is_ascii()) && people.iter().any(|one| one.name.contains('\''))
        );
        assert!(
            customers.iter().any(|one| one.name.contains('&'))
                && customers.iter().any(|one| one.name.contains('"'))
        );
        for level in 0..3 {
            assert!(customers.iter().any(|one| one.sublevel == level));
        }
        let job = customers.iter().find(|one| one.sublevel == 2).unwrap();
        assert_eq!(job.full_name.matches(':').count(), 2);
        assert_eq!(job.full_name, format!("{}:{}", job.parent_full_name.as_ref().unwrap(), job.name));
    }

    #[test]
    fn names_and_ids_are_unique_and_not_too_long() {
        for file in [CompanyFile::new(1, 9000, 30_000), CompanyFile::new(u64::MAX, 9000, 30_000)] {
            let entries: Vec<_> = file.employees().chain(file.customers()).collect();
            let ids: HashSet<_> = entries.iter().map(|one| one.list_id.as_str()).collect();
            assert_eq!(ids.len(), entries.len());
            let names: HashSet<_> = entries.iter().map(|one| (one.list, one.full_name.as_str())).collect();
            assert_eq!(names.len(), entries.len());
            for one in &entries {
                assert!(one.name.chars().count() <= 41 && !one.name.contains(':'), "{}", one.name);
                assert!(one.time_created <= one.time_modified && one.time_modified < file.now());
            }
        }
        assert_eq!(CompanyFile::new(1, 1, 0).employees().next().unwrap().list_id, "80000001-1446673838");
    }

    #[test]
    fn a_million_employees_need_no_memory() {
        let file = CompanyFile::new(1, 1_000_000, 0);
        let last = file.entry(List::Employee, 999_999).unwrap();
        assert_eq!(file.find(&last.list_id), Some(last));
    }

    #[test]
    fn changes_are_seen_at_their_time() {
        let mut file = CompanyFile::new(5, 20, 20);
        let id = file.employees().nth(2).unwrap().list_id;
        file.advance(TimeDelta::minutes(1));
        file.rename_person(&id, "Ada", "Lovelace").unwrap();
        file.change_email(&id, None).unwrap();
        file.deactivate(&id).unwrap();
        let one = file.find(&id).unwrap();
        assert_eq!((one.name.as_str(), one.email, one.active), ("Ada Lovelace", None, false));
        assert_eq!((one.time_modified, one.edit_sequence), (file.now(), file.now().timestamp().to_string()));
        assert!(one.released_on.is_some());
        file.reactivate(&id).unwrap();
        assert!(file.find(&id).unwrap().active);
        let new = file.add_employee(NewEmployee {
            first_name: "Bo".into(),
            last_name: "Ek".into(),
            ..Default::default()
        });
        assert_eq!(file.employees().last().unwrap().list_id, new);
        file.delete(&new).unwrap();
        assert_eq!((file.find(&new), file.employees().count()), (None, 20));
        assert_eq!(file.deleted().len(), 1);
        assert_eq!(file.delete(&new), Err(CompanyFileError::NoSuchEntry(new)));
    }

    #[test]
    fn a_job_follows_the_name_of_its_customer() {
        let mut file = CompanyFile::new(5, 0, 10);
        let job = file.customers().find(|one| one.sublevel == 1).unwrap();
        let parent = job.parent_list_id.unwrap();
        file.rename(&parent, "Renamed").unwrap();
        let after = file.find(&job.list_id).unwrap();
        assert_eq!(after.full_name, format!("Renamed:{}", job.name));
        assert_eq!(after.time_modified, job.time_modified);
        assert!(matches!(file.delete(&parent), Err(CompanyFileError::HasJobs(_))));
    }
}
