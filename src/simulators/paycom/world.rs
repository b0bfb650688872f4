//! The employees of one client, and the log of what changed about them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{listing::Snapshot, options::PaycomOptions, webhook::PaycomEvent};
use crate::simulators::{
    overlap::{self, Known, System},
    people::draw,
    quickbooks_desktop::List,
    vendor::middleware::Middleware,
};

/// One employee, in plain facts. Names are in capitals, as Paycom tells them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaycomEmployee {
    pub eecode: String,
    pub first_name: String,
    pub middle_name: Option<String>,
    pub last_name: String,
    pub nickname: Option<String>,
    pub work_email: Option<String>,
    pub personal_email: Option<String>,
    pub phone: Option<String>,
    pub title: Option<String>,
    pub department_code: String,
    /// `A` active, `T` terminated, `L`, and one that nobody has heard of, `Q`.
    pub status: char,
    pub hired_on: NaiveDate,
    pub rehired_on: Option<NaiveDate>,
    pub terminated_on: Option<NaiveDate>,
}

/// Somebody new.
#[derive(Debug, Clone, Default)]
pub struct NewHire {
    pub first_name: String,
    pub last_name: String,
    pub work_email: Option<String>,
    pub title: Option<String>,
}

/// An entry of the log of changes.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) at: DateTime<Utc>,
    pub(super) eecode: String,
    pub(super) description: &'static str,
    pub(super) old: String,
    pub(super) new: String,
}

/// Everything behind the server.
#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) options: PaycomOptions,
    pub(super) middleware: Middleware,
    /// By their place in the list; those that were erased are gone.
    pub(super) employees: BTreeMap<u64, PaycomEmployee>,
    next: u64,
    pub(super) changes: Vec<Change>,
    pub(super) snapshots: BTreeMap<String, Snapshot>,
    /// Events that wait for [`super::Paycom::deliver`].
    pub(super) events: Vec<PaycomEvent>,
    counter: u64,
}

impl World {
    pub(super) fn new(seed: u64, employees: u64, options: PaycomOptions) -> Self {
        let middleware = Middleware::new(options.server.clone());
        let mut world = Self {
            seed,
            options,
            middleware,
            employees: BTreeMap::new(),
            next: employees,
            changes: Vec::new(),
            snapshots: BTreeMap::new(),
            events: Vec::new(),
            counter: 0,
        };
        for index in 0..employees {
            let known = overlap::employee(seed, System::Paycom, index);
            world.changes.extend(first_change(index, &known));
            world.employees.insert(index, employee(index, known));
        }
        world
    }

    /// A number that was not used before.
    pub(super) fn unique(&mut self) -> String {
        self.counter += 1;
        let half = |salt| draw(self.seed, List::Employee, self.counter, salt);
        format!("{:016x}{:016x}", half(41), half(42))
    }

    pub(super) fn truth(&self) -> Vec<PaycomEmployee> {
        self.employees.values().cloned().collect()
    }

    pub(super) fn find(&self, eecode: &str) -> Option<(u64, &PaycomEmployee)> {
        self.employees.iter().find(|(_, one)| one.eecode == eecode).map(|(index, one)| (*index, one))
    }

    fn today(&self) -> NaiveDate {
        self.middleware.now().with_timezone(&chrono_tz::America::Chicago).date_naive()
    }

    pub(super) fn hire(&mut self, hire: NewHire) -> String {
        let index = self.next;
        self.next += 1;
        let eecode = code(index);
        let employee = PaycomEmployee {
            eecode: eecode.clone(),
            first_name: hire.first_name.to_uppercase(),
            middle_name: None,
            last_name: hire.last_name.to_uppercase(),
            nickname: None,
            work_email: hire.work_email,
            personal_email: None,
            phone: None,
            title: hire.title,
            department_code: "100".to_owned(),
            status: 'A',
            hired_on: self.today(),
            rehired_on: None,
            terminated_on: None,
        };
        self.employees.insert(index, employee);
        self.changed(&eecode, "Employee Added", "", "A", PaycomEvent::created(&eecode));
        eecode
    }

    pub(super) fn rename(&mut self, eecode: &str, first: &str, last: &str) -> bool {
        let (first, last) = (first.to_uppercase(), last.to_uppercase());
        let new = format!("{last}, {first}");
        self.edit(eecode, ("Employee Name", "Employee Name Changes"), &new, |one| {
            let old = format!("{}, {}", one.last_name, one.first_name);
            (one.first_name, one.last_name) = (first, last);
            old
        })
    }

    pub(super) fn change_email(&mut self, eecode: &str, email: Option<&str>) -> bool {
        let new = email.map(str::to_owned);
        self.edit(eecode, ("Work Email", "Email Change"), email.unwrap_or_default(), |one| {
            std::mem::replace(&mut one.work_email, new).unwrap_or_default()
        })
    }

    pub(super) fn terminate(&mut self, eecode: &str) -> bool {
        let today = self.today();
        self.edit(eecode, ("Employee Status", "Termination Date"), "T", |one| {
            one.terminated_on = Some(today);
            std::mem::replace(&mut one.status, 'T').to_string()
        })
    }

    pub(super) fn rehire(&mut self, eecode: &str) -> bool {
        let today = self.today();
        self.edit(eecode, ("Employee Status", "Employee Re-Hire"), "A", |one| {
            one.terminated_on = None;
            one.rehired_on = Some(today);
            std::mem::replace(&mut one.status, 'A').to_string()
        })
    }

    pub(super) fn erase(&mut self, eecode: &str) -> bool {
        let Some((index, _)) = self.find(eecode) else { return false };
        self.employees.remove(&index);
        let event = PaycomEvent::changes(eecode, "Employee Status", "");
        self.changed(eecode, "Employee Removed", "", "", event);
        true
    }

    fn edit(
        &mut self,
        eecode: &str,
        (description, resource): (&'static str, &str),
        new: &str,
        edit: impl FnOnce(&mut PaycomEmployee) -> String,
    ) -> bool {
        let Some(one) = self.employees.values_mut().find(|one| one.eecode == eecode) else { return false };
        let old = edit(one);
        let id = self.unique();
        let event = PaycomEvent::changes(eecode, resource, id.get(..11).unwrap_or_default());
        self.changed(eecode, description, &old, new, event);
        true
    }

    fn changed(&mut self, eecode: &str, description: &'static str, old: &str, new: &str, event: PaycomEvent) {
        let at = self.middleware.now();
        let (eecode, old, new) = (eecode.to_owned(), old.to_owned(), new.to_owned());
        self.changes.push(Change { at, eecode, description, old, new });
        if self.options.webhook.as_ref().is_some_and(|webhook| webhook.every_change) {
            self.events.push(event);
        }
    }
}

fn first_change(index: u64, known: &Known) -> Option<Change> {
    Some(Change {
        at: DateTime::from_timestamp(known.modified, 0)?,
        eecode: code(index),
        description: "Employee Name",
        old: String::new(),
        new: known.last_name.to_uppercase(),
    })
}

fn employee(index: u64, known: Known) -> PaycomEmployee {
    let status = match index {
        _ if !known.active => 'T',
        _ if index % 17 == 3 => 'L',
        _ if index % 29 == 11 => 'Q',
        _ => 'A',
    };
    // Who writes from a private address only.
    let private = index % 13 == 1;
    let email = known.email;
    PaycomEmployee {
        eecode: code(index),
        first_name: known.first_name.to_uppercase(),
        middle_name: known.middle_name.map(|name| name.to_uppercase()),
        last_name: known.last_name.to_uppercase(),
        nickname: known.nickname.map(|name| name.to_uppercase()),
        personal_email: match (private, index % 3) {
            (true, _) => email.clone(),
            (false, 0) => Some(format!("private{index}@example.net")),
            _ => None,
        },
        work_email: email.filter(|_| !private),
        phone: known.phone,
        title: known.title,
        department_code: format!("{}00", index % 4 + 1),
        status,
        hired_on: known.hired_on.unwrap_or_default(),
        rehired_on: (status == 'A' && index % 31 == 6).then(|| known.hired_on.unwrap_or_default()),
        terminated_on: known.left_on.filter(|_| status == 'T'),
    }
}

/// `A001` to `A00Z`, `A010` and so on: letters and digits, as in the vendor's samples.
fn code(index: u64) -> String {
    let mut digits = Vec::new();
    let mut rest = index + 1;
    while rest > 0 || digits.len() < 3 {
        digits.push(char::from_digit(u32::try_from(rest % 36).unwrap_or(0), 36).unwrap_or('0'));
        rest /= 36;
    }
    let number: String = digits.into_iter().rev().collect();
    format!("A{}", number.to_uppercase())
}
