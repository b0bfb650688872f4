//! Changing a company file: each change carries the time of the file's clock.

use thiserror::Error;

use super::company_file::{CompanyFile, list_id};
use super::entry::{DeletedEntry, List};
use crate::simulators::people::Person;

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

impl CompanyFile {
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

    fn located(&self, list_id: &str) -> Result<(List, u64), CompanyFileError> {
        self.locate(list_id).ok_or_else(|| CompanyFileError::NoSuchEntry(list_id.to_owned()))
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
}
