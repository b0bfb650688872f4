//! The tables, and their rows as the wire tells them: every key is always there.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{
    callbacks::Callback,
    records::{CUSTOMER, CwCompany, CwContact, CwMember, STATUSES, TYPES},
    world::World,
};

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Table {
    Members,
    Companies,
    Contacts,
    Statuses,
    Types,
    Callbacks,
}

impl Table {
    /// Lists of people and businesses: they hold more than anybody needs.
    pub(super) fn is_wide(self) -> bool {
        matches!(self, Self::Members | Self::Companies | Self::Contacts)
    }

    /// The word in messages: `Member 5 not found`.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Members => "Member",
            Self::Companies => "Company",
            Self::Contacts => "Contact",
            Self::Statuses => "CompanyStatus",
            Self::Types => "CompanyType",
            Self::Callbacks => "CallbackEntry",
        }
    }
}

impl World {
    /// The ids of a table, in their order.
    pub(super) fn ids(&self, table: Table) -> Vec<i64> {
        match table {
            Table::Members => self.members.keys().copied().collect(),
            Table::Companies => self.companies.keys().copied().collect(),
            Table::Contacts => self.contacts.keys().copied().collect(),
            Table::Statuses => STATUSES.map(|(id, _)| id).to_vec(),
            Table::Types => TYPES.map(|(id, _)| id).to_vec(),
            Table::Callbacks => self.callbacks.keys().copied().collect(),
        }
    }

    pub(super) fn row(&self, table: Table, id: i64) -> Option<Value> {
        Some(match table {
            Table::Members => member(self.members.get(&id)?),
            Table::Companies => company(self.companies.get(&id)?),
            Table::Contacts => self.contact(self.contacts.get(&id)?),
            Table::Statuses => named(&STATUSES, id)?,
            Table::Types => named(&TYPES, id)?,
            Table::Callbacks => callback(self.callbacks.get(&id)?),
        })
    }

    /// A row that has every field that the table knows.
    pub(super) fn template(&self, table: Table) -> Value {
        match table {
            Table::Members => member(&super::records::member(0, 0)),
            Table::Companies => company(&super::records::company(0, 1)),
            Table::Contacts => self.contact(&CwContact {
                id: 0,
                first_name: String::new(),
                last_name: None,
                company: None,
                email: Some(String::new()),
                phone: None,
                inactive: false,
                last_updated: DateTime::default(),
            }),
            Table::Statuses => named(&STATUSES, 1).unwrap_or_default(),
            Table::Types => named(&TYPES, CUSTOMER).unwrap_or_default(),
            Table::Callbacks => callback(&Callback::default()),
        }
    }

    /// What a callback tells of a record: the same as the interface would.
    pub(super) fn entity(&self, kind: &str, id: i64) -> Option<Value> {
        let table = match kind {
            "member" => Table::Members,
            "company" => Table::Companies,
            "contact" => Table::Contacts,
            _ => return None,
        };
        self.row(table, id)
    }

    fn contact(&self, one: &CwContact) -> Value {
        let company = one.company.and_then(|id| self.companies.get(&id));
        let company = company.map(
            |company| json!({ "id": company.id, "identifier": company.identifier, "name": company.name }),
        );
        let item = |kind: &str, value: &Option<String>| {
            value.as_ref().map(|value| {
                json!({ "id": one.id, "type": { "id": 1, "name": kind }, "value": value,
                        "defaultFlag": true, "communicationType": kind })
            })
        };
        let items: Vec<Value> =
            [item("Email", &one.email), item("Phone", &one.phone)].into_iter().flatten().collect();
        // Some records have an empty `_info`.
        let info = if one.id % 7 == 3 { json!({}) } else { info(one.last_updated) };
        json!({
            "id": one.id,
            "firstName": one.first_name,
            "lastName": one.last_name,
            "company": company,
            "title": null,
            "inactiveFlag": one.inactive,
            "defaultFlag": true,
            "communicationItems": items,
            "types": [],
            "portalPassword": secret("PORTALPASSWORD", one.id),
            "_info": info,
        })
    }
}

fn secret(what: &str, id: i64) -> String {
    format!("SECRET-{what}-{id}")
}

fn info(last_updated: DateTime<Utc>) -> Value {
    json!({ "lastUpdated": time(last_updated), "updatedBy": "simulation" })
}

pub(super) fn time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn day(date: NaiveDate) -> String {
    format!("{date}T00:00:00Z")
}

fn name_of(list: &[(i64, &str)], id: i64) -> String {
    list.iter().find(|(known, _)| *known == id).map(|(_, name)| (*name).to_owned()).unwrap_or_default()
}

fn named(list: &[(i64, &str)], id: i64) -> Option<Value> {
    let (id, name) = list.iter().find(|(known, _)| *known == id)?;
    Some(json!({ "id": id, "name": name, "defaultFlag": *id == 1, "_info": info(DateTime::default()) }))
}

fn member(one: &CwMember) -> Value {
    json!({
        "id": one.id,
        "identifier": one.identifier,
        "firstName": one.first_name,
        "middleInitial": one.middle_initial,
        "lastName": one.last_name,
        "title": one.title,
        // The vendor's spelling.
        "employeeIdentifer": format!("E{}", one.id),
        "licenseClass": one.license_class.to_string(),
        "officeEmail": one.office_email,
        "homeEmail": one.home_email,
        "mobileEmail": null,
        "primaryEmail": null,
        "defaultEmail": one.default_email,
        "officePhone": one.office_phone,
        "mobilePhone": null,
        "homePhone": null,
        "defaultDepartment": one.department.as_ref().map(|name| json!({ "id": 7, "identifier": name, "name": name })),
        "inactiveFlag": one.inactive,
        "inactiveDate": one.inactive_on.map(day),
        "hireDate": one.hired_on.map_or_else(|| "1800-01-01T08:00:00Z".to_owned(), day),
        "lastLogin": "2017-02-07T07:37:47Z",
        "adminFlag": false,
        "disableOnlineFlag": false,
        "type": null,
        "vendorNumber": null,
        "reportsTo": null,
        "securityRole": { "id": 63, "name": "Admin", "_info": null },
        "ldapUserName": null,
        "customFields": [],
        "password": secret("PASSWORD", one.id),
        "token": secret("TOKEN", one.id),
        "hourlyCost": secret("HOURLYCOST", one.id),
        "hourlyRate": secret("HOURLYRATE", one.id),
        "signature": secret("SIGNATURE", one.id),
        "photo": { "id": one.id, "name": secret("PHOTO", one.id) },
        "_info": info(one.last_updated),
    })
}

fn company(one: &CwCompany) -> Value {
    let types: Vec<Value> = one
        .types
        .iter()
        .map(|id| json!({ "id": id, "name": name_of(&TYPES, *id), "vendorFlag": false }))
        .collect();
    let place = one.address.as_ref();
    json!({
        "id": one.id,
        "identifier": one.identifier,
        "name": one.name,
        "status": { "id": one.status, "name": name_of(&STATUSES, one.status), "_info": null },
        "types": types,
        "addressLine1": place.map(|place| &place.line1),
        "addressLine2": place.and_then(|place| place.line2.as_ref()),
        "city": place.map(|place| &place.city),
        "state": place.map(|place| &place.state),
        "zip": place.map(|place| &place.zip),
        "country": place.and_then(|place| place.country.as_ref()).map(|name| json!({ "id": 1, "name": name })),
        "phoneNumber": one.phone.clone().unwrap_or_default(),
        "faxNumber": "",
        "website": one.website,
        "accountNumber": one.account_number.clone().unwrap_or_default(),
        "defaultContact": null,
        "parentCompany": null,
        "billToCompany": { "id": one.id, "identifier": one.identifier, "name": one.name },
        "territory": null,
        "market": null,
        "isVendorFlag": one.types.contains(&super::records::VENDOR),
        "leadFlag": false,
        "annualRevenue": 0.0,
        "taxIdentifier": secret("TAX", one.id),
        "vendorIdentifier": null,
        "deletedFlag": one.deleted,
        "dateDeleted": one.deleted.then(|| time(one.last_updated)),
        "deletedBy": one.deleted.then_some("simulation"),
        "customFields": [],
        "_info": info(one.last_updated),
    })
}

pub(super) fn callback(one: &Callback) -> Value {
    json!({
        "id": one.id,
        "description": one.description,
        "url": one.url,
        "objectId": one.object_id,
        "type": one.kind,
        "level": one.level,
        "memberId": one.member_id,
        "payloadVersion": "3.0.0",
        "inactiveFlag": one.inactive,
        "isSoapCallbackFlag": false,
        "isSelfSuppressedFlag": one.self_suppressed,
        "connectWiseID": one.guid,
        "_info": info(one.last_updated),
    })
}
