//! Everything behind the server.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, SubsecRound, Utc};

use super::{
    callbacks::Callback,
    deliver::CallbackEvent,
    options::ConnectWiseOptions,
    records::{self, CUSTOMER, CwCompany, CwContact, CwMember, Truth},
};
use crate::simulators::{people::draw, quickbooks_desktop::List, vendor::middleware::Middleware};

#[derive(Debug)]
pub(super) struct World {
    pub(super) seed: u64,
    pub(super) options: ConnectWiseOptions,
    pub(super) middleware: Middleware,
    /// How often the codebase has moved.
    pub(super) moves: u64,
    pub(super) members: BTreeMap<i64, CwMember>,
    pub(super) companies: BTreeMap<i64, CwCompany>,
    pub(super) contacts: BTreeMap<i64, CwContact>,
    pub(super) callbacks: BTreeMap<i64, Callback>,
    /// Events that wait for [`super::ConnectWise::deliver`].
    pub(super) events: Vec<CallbackEvent>,
    /// By listing: how many rows a page that was skipped has taken away.
    pub(super) skipped: HashMap<String, usize>,
    pub(super) key_generation: u64,
    counter: u64,
    /// The last id that was given to anything new.
    last_id: i64,
}

impl World {
    pub(super) fn new(seed: u64, members: u64, companies: u64, options: ConnectWiseOptions) -> Self {
        let members: BTreeMap<_, _> =
            (0..members).map(|index| records::member(seed, index)).map(|one| (one.id, one)).collect();
        let contacts = (0..companies).filter_map(|index| records::contact(seed, index));
        let contacts: BTreeMap<_, _> = contacts.map(|one| (one.id, one)).collect();
        let companies: BTreeMap<_, _> =
            (0..companies).map(|index| records::company(seed, index)).map(|one| (one.id, one)).collect();
        let last = |id: Option<&i64>| id.copied().unwrap_or(1000);
        let last_id =
            last(members.keys().last()).max(last(companies.keys().last())).max(last(contacts.keys().last()));
        Self {
            seed,
            middleware: Middleware::new(options.server.clone()),
            options,
            moves: 0,
            members,
            companies,
            contacts,
            callbacks: BTreeMap::new(),
            events: Vec::new(),
            skipped: HashMap::new(),
            key_generation: 0,
            counter: 0,
            last_id,
        }
    }

    pub(super) fn truth(&self) -> Truth {
        Truth {
            members: self.members.values().cloned().collect(),
            companies: self.companies.values().cloned().collect(),
            contacts: self.contacts.values().cloned().collect(),
        }
    }

    /// The codebase changes when the vendor upgrades (Guide); it ends with a slash.
    pub(super) fn codebase(&self) -> String {
        let release = self.moves + self.seed % 4;
        format!("v{}_{}/", 2025 + release / 4, release % 4 + 1)
    }

    /// An identifier that was not used before, in the shape of a UUID.
    pub(super) fn unique(&mut self) -> String {
        self.counter += 1;
        guid(self.seed, self.counter)
    }

    pub(super) fn next_id(&mut self) -> i64 {
        self.last_id += 1;
        self.last_id
    }

    /// Times are told to the second.
    fn now(&self) -> DateTime<Utc> {
        self.middleware.now().trunc_subsecs(0)
    }

    fn tell(&mut self, action: &str, kind: &str, id: i64) {
        if !self.callbacks.is_empty() {
            let event = CallbackEvent::new(action, kind, id);
            let entity = self.entity(kind, id).filter(|_| action != "deleted");
            self.events.push(CallbackEvent { entity, ..event });
        }
    }

    pub(super) fn add_member(&mut self, first: &str, last: &str, email: Option<&str>) -> i64 {
        let id = self.next_id();
        let member = CwMember {
            id,
            identifier: format!("New{id}"),
            first_name: first.to_owned(),
            middle_initial: None,
            last_name: last.to_owned(),
            title: None,
            license_class: 'F',
            office_email: email.map(str::to_owned),
            home_email: None,
            default_email: "Office",
            office_phone: None,
            department: None,
            inactive: false,
            inactive_on: None,
            hired_on: Some(self.now().date_naive()),
            last_updated: self.now(),
        };
        self.members.insert(id, member);
        self.tell("added", "member", id);
        id
    }

    fn edit_member(&mut self, id: i64, edit: impl FnOnce(&mut CwMember)) -> bool {
        let now = self.now();
        let Some(member) = self.members.get_mut(&id) else { return false };
        edit(member);
        member.last_updated = now;
        self.tell("updated", "member", id);
        true
    }

    pub(super) fn rename_member(&mut self, id: i64, first: &str, last: &str) -> bool {
        self.edit_member(id, |member| {
            (member.first_name, member.last_name) = (first.to_owned(), last.to_owned());
        })
    }

    pub(super) fn change_member_email(&mut self, id: i64, email: Option<&str>) -> bool {
        self.edit_member(id, |member| {
            let own = if member.default_email == "Home" {
                &mut member.home_email
            } else {
                &mut member.office_email
            };
            *own = email.map(str::to_owned);
        })
    }

    pub(super) fn set_member_active(&mut self, id: i64, active: bool) -> bool {
        let today = self.now().date_naive();
        self.edit_member(id, |member| {
            member.inactive = !active;
            member.inactive_on = (!active).then_some(today);
        })
    }

    pub(super) fn hard_delete_member(&mut self, id: i64) -> bool {
        let gone = self.members.remove(&id).is_some();
        if gone {
            self.tell("deleted", "member", id);
        }
        gone
    }

    pub(super) fn add_company(&mut self, name: &str) -> i64 {
        let id = self.next_id();
        let company = CwCompany {
            id,
            identifier: format!("New{id}"),
            name: name.to_owned(),
            status: 1,
            types: vec![CUSTOMER],
            phone: None,
            address: None,
            website: None,
            account_number: None,
            deleted: false,
            last_updated: self.now(),
        };
        self.companies.insert(id, company);
        self.tell("added", "company", id);
        id
    }

    fn edit_company(&mut self, id: i64, edit: impl FnOnce(&mut CwCompany)) -> bool {
        let now = self.now();
        let Some(company) = self.companies.get_mut(&id) else { return false };
        edit(company);
        company.last_updated = now;
        self.tell("updated", "company", id);
        true
    }

    pub(super) fn rename_company(&mut self, id: i64, name: &str) -> bool {
        self.edit_company(id, |company| name.clone_into(&mut company.name))
    }

    pub(super) fn retype_company(&mut self, id: i64, types: &[i64]) -> bool {
        self.edit_company(id, |company| company.types = types.to_vec())
    }

    pub(super) fn soft_delete_company(&mut self, id: i64) -> bool {
        self.edit_company(id, |company| company.deleted = true)
    }

    pub(super) fn hard_delete_company(&mut self, id: i64) -> bool {
        let gone = self.companies.remove(&id).is_some();
        if gone {
            self.tell("deleted", "company", id);
        }
        gone
    }

    pub(super) fn add_contact(&mut self, first: &str, last: Option<&str>, company: Option<i64>) -> i64 {
        let id = self.next_id();
        let contact = CwContact {
            id,
            first_name: first.to_owned(),
            last_name: last.map(str::to_owned),
            company,
            email: Some(format!("contact{id}@example.net")),
            phone: None,
            inactive: false,
            last_updated: self.now(),
        };
        self.contacts.insert(id, contact);
        self.tell("added", "contact", id);
        id
    }
}

/// Digits in the shape of a UUID that depend on nothing but the inputs.
pub(super) fn guid(seed: u64, number: u64) -> String {
    let (a, b) = (draw(seed, List::Customer, number, 51), draw(seed, List::Customer, number, 52));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xFFFF,
        a & 0xFFFF,
        b >> 48,
        b & 0xFFFF_FFFF_FFFF
    )
}
