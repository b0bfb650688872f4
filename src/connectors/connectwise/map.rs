//! ConnectWise's members, companies and contacts to staged records, and which of them are wanted.

use chrono::NaiveDate;

use crate::{
    connectors::dates::date,
    domain::{details::Address, email::email, number::number, record::Record, words::List},
};

use super::{
    settings::{Settings, words},
    wire::{Communication, Company, Contact, Member, Reference},
};

/// What the operator wants staged. Applied here and not by the vendor, so that one rule holds for whole lists, for
/// changes and for single records: who changes into something unwanted is then seen to go.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    types: Vec<String>,
    statuses: Vec<String>,
    license_classes: Vec<String>,
}

impl Wanted {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            types: words(&settings.company_types),
            statuses: words(&settings.company_statuses),
            license_classes: words(&settings.license_classes),
        }
    }

    /// A member whose class is not told is taken for a person.
    pub(super) fn member(&self, member: &Member) -> bool {
        let class = member.license_class.as_ref().map(|class| class.to_lowercase());
        self.license_classes.is_empty() || class.is_none_or(|class| self.license_classes.contains(&class))
    }

    /// Deleted companies stay in the list with a flag.
    pub(super) fn company(&self, company: &Company) -> bool {
        !company.deleted_flag
            && (self.types.is_empty() || company.types.iter().any(|kind| named(&self.types, kind)))
            && (self.statuses.is_empty() || named(&self.statuses, &company.status))
    }
}

/// Whether a reference is one of these names or IDs.
fn named(words: &[String], reference: &Reference) -> bool {
    let name = reference.name.as_ref().map(|name| name.to_lowercase());
    let id = reference.id.map(|id| id.to_string());
    words.iter().any(|word| Some(word) == name.as_ref() || Some(word) == id.as_ref())
}

/// A member is an employee; `today` tells who is still to leave.
pub(super) fn member(id: u64, member: Member, today: NaiveDate) -> Record {
    let inactive_on = member.inactive_date.as_deref().and_then(date);
    let name = match (&member.last_name, &member.first_name) {
        (Some(last), Some(first)) => Some(format!("{last}, {first}")),
        (Some(one), None) | (None, Some(one)) => Some(one.clone()),
        (None, None) => member.identifier.clone(),
    };
    let emails =
        preferred([&member.default_email, &member.office_email, &member.mobile_email, &member.home_email]);
    let email = [member.primary_email.as_deref()].into_iter().chain(emails).flatten().find_map(email);
    let phones =
        preferred([&member.default_phone, &member.office_phone, &member.mobile_phone, &member.home_phone]);
    let phone = phones.into_iter().flatten().next().map(str::to_owned);
    Record {
        external_id: id.to_string(),
        number: member.identifier.and_then(|identifier| number(List::Employee, identifier)),
        name: name.unwrap_or_else(|| id.to_string()),
        first_name: member.first_name,
        middle_name: member.middle_initial,
        last_name: member.last_name,
        email,
        phone,
        job_title: member.title,
        department: member.default_department.name,
        active: !member.inactive_flag,
        hired_on: member.hire_date.as_deref().and_then(date),
        released_on: inactive_on.filter(|_| member.inactive_flag),
        releases_on: inactive_on.filter(|day| !member.inactive_flag && *day >= today),
        source_modified_at: member.info.last_updated,
        ..Record::default()
    }
}

/// Of the name of the default, and what there is of office, mobile and home: the one that is named, then the others.
fn preferred(all: [&Option<String>; 4]) -> [Option<&str>; 4] {
    let [default, office, mobile, home] = all.map(Option::as_deref);
    let named = match default {
        Some("Office") => office,
        Some("Mobile") => mobile,
        Some("Home") => home,
        _ => None,
    };
    [named, office, mobile, home]
}

/// A company is a customer. Which statuses mean that it no longer is one, each business names for itself.
pub(super) fn company(id: u64, company: Company) -> Record {
    let status = company.status.name.unwrap_or_default().to_lowercase();
    let address = Address {
        lines: [company.address_line1, company.address_line2].into_iter().flatten().collect(),
        city: company.city,
        region: company.state,
        postal_code: company.zip,
        country: company.country.name,
    };
    Record {
        external_id: id.to_string(),
        number: company.identifier,
        name: company.name.clone().unwrap_or_else(|| id.to_string()),
        company_name: company.name,
        phone: company.phone_number,
        parent_external_id: company.parent_company.id.filter(|parent| *parent != id).map(|id| id.to_string()),
        active: !status.contains("inactive"),
        address: address.unless_empty(),
        source_modified_at: company.info.last_updated,
        ..Record::default()
    }
}

/// The external ID of a contact: they share the list of customers with companies, whose numbers are their own.
pub(super) fn contact_id(id: u64) -> String {
    format!("contact-{id}")
}

/// A contact is a customer below its company.
pub(super) fn contact(id: u64, contact: Contact) -> Record {
    let names = [&contact.first_name, &contact.last_name];
    let name = names.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ");
    let items = &contact.communication_items;
    Record {
        external_id: contact_id(id),
        name: if name.is_empty() { contact_id(id) } else { name },
        email: reached_by(items, "Email").find_map(email),
        phone: reached_by(items, "Phone").next().map(str::to_owned),
        first_name: contact.first_name,
        last_name: contact.last_name,
        company_name: contact.company.name,
        job_title: contact.title,
        sublevel: i32::from(contact.company.id.is_some()),
        parent_external_id: contact.company.id.map(|id| id.to_string()),
        active: !contact.inactive_flag,
        source_modified_at: contact.info.last_updated,
        ..Record::default()
    }
}

/// Those of a kind, the default one first.
fn reached_by<'a>(items: &'a [Communication], kind: &'a str) -> impl Iterator<Item = &'a str> {
    let of_kind = move || {
        items.iter().filter(move |item| {
            item.communication_type.as_deref().is_some_and(|named| named.eq_ignore_ascii_case(kind))
        })
    };
    of_kind().filter(|item| item.default_flag).chain(of_kind()).filter_map(|item| item.value.as_deref())
}
