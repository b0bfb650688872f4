//! Members, companies and contacts, in plain facts.

use chrono::{DateTime, NaiveDate, Utc};

use crate::simulators::{
    overlap::{self, System},
    people::pick,
};

pub const CUSTOMER: i64 = 1;
pub const PROSPECT: i64 = 2;
pub const VENDOR: i64 = 3;
/// The MSP itself.
pub const OWNER: i64 = 4;

/// The types that a company may have, several at once.
pub const TYPES: [(i64, &str); 4] =
    [(CUSTOMER, "Customer"), (PROSPECT, "Prospect"), (VENDOR, "Vendor"), (OWNER, "Owner")];
/// The status that a company has.
pub const STATUSES: [(i64, &str); 3] = [(1, "Active"), (2, "Inactive"), (3, "Credit Hold")];

/// A member: an employee of the MSP, or one who is none (`A`, the API).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CwMember {
    pub id: i64,
    pub identifier: String,
    pub first_name: String,
    pub middle_initial: Option<String>,
    pub last_name: String,
    pub title: Option<String>,
    /// `F` full, `A` API, `C` StreamlineIT, `X` subcontractor.
    pub license_class: char,
    pub office_email: Option<String>,
    pub home_email: Option<String>,
    /// Which address is preferred: `Office` or `Home`.
    pub default_email: &'static str,
    pub office_phone: Option<String>,
    /// `defaultDepartment`, by its name.
    pub department: Option<String>,
    pub inactive: bool,
    pub inactive_on: Option<NaiveDate>,
    /// Without one the wire tells 1800-01-01.
    pub hired_on: Option<NaiveDate>,
    pub last_updated: DateTime<Utc>,
}

/// A company: a customer, or one who is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CwCompany {
    pub id: i64,
    pub identifier: String,
    pub name: String,
    /// An id of [`STATUSES`].
    pub status: i64,
    /// Ids of [`TYPES`].
    pub types: Vec<i64>,
    pub phone: Option<String>,
    pub address: Option<CwAddress>,
    pub website: Option<String>,
    pub account_number: Option<String>,
    /// `deletedFlag`: deleted, and still in the lists.
    pub deleted: bool,
    pub last_updated: DateTime<Utc>,
}

/// Where a company is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CwAddress {
    pub line1: String,
    pub line2: Option<String>,
    pub city: String,
    pub state: String,
    pub zip: String,
    /// By its name.
    pub country: Option<String>,
}

/// Somebody at a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CwContact {
    pub id: i64,
    pub first_name: String,
    pub last_name: Option<String>,
    pub company: Option<i64>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub inactive: bool,
    pub last_updated: DateTime<Utc>,
}

/// All that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    pub members: Vec<CwMember>,
    pub companies: Vec<CwCompany>,
    pub contacts: Vec<CwContact>,
}

fn time(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// An id with gaps, as a table has them after years.
fn id(first: i64, step: i64, index: u64) -> i64 {
    first + step * i64::try_from(index).unwrap_or(0)
}

/// Member `index` of the seed.
pub(super) fn member(seed: u64, index: u64) -> CwMember {
    let known = overlap::employee(seed, System::ConnectWise, index);
    let license_class = match index % 20 {
        13 => 'A',
        17 => 'X',
        19 => 'C',
        _ => 'F',
    };
    let home = index % 9 == 7;
    let (office_email, home_email) = if home { (None, known.email) } else { (known.email, None) };
    let letters = |name: &str| name.chars().filter(char::is_ascii_alphabetic).collect::<String>();
    let identifier: String =
        format!("{}{}", letters(&known.first_name), letters(&known.last_name)).chars().take(9).collect();
    CwMember {
        id: id(150, 2, index),
        identifier: format!("{identifier}{index}"),
        middle_initial: known.middle_name.and_then(|name| name.chars().next()).map(String::from),
        first_name: known.first_name,
        last_name: known.last_name,
        title: known.title,
        license_class,
        office_email,
        home_email,
        default_email: if home { "Home" } else { "Office" },
        office_phone: known.phone,
        department: (index % 7 != 4)
            .then(|| pick(&["Help Desk", "Projects", "Sales & Account Care"], index).to_owned()),
        inactive: !known.active,
        inactive_on: known.left_on,
        hired_on: known.hired_on.filter(|_| index % 6 != 1),
        last_updated: time(known.modified),
    }
}

/// Company `index` of the seed; the first is the MSP itself.
pub(super) fn company(seed: u64, index: u64) -> CwCompany {
    let Some(number) = index.checked_sub(1) else { return owner() };
    let business = overlap::business(seed, number);
    let letters: String = business.name.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    CwCompany {
        id: id(20, 3, number),
        identifier: format!("{letters}{number}"),
        name: business.name,
        status: match number % 9 {
            _ if !business.active => 2,
            6 => 3,
            _ => 1,
        },
        types: match number % 8 {
            5 => vec![PROSPECT],
            6 => vec![VENDOR],
            7 => vec![CUSTOMER, VENDOR],
            _ => vec![CUSTOMER],
        },
        phone: business.phone,
        address: (number % 6 != 4).then(|| address(number)),
        website: (number % 3 == 0).then(|| format!("https://www.business{number}.example.net")),
        account_number: (number % 4 == 0).then(|| format!("C-{number:05}")),
        deleted: number % 15 == 11,
        last_updated: time(business.modified),
    }
}

fn address(number: u64) -> CwAddress {
    CwAddress {
        line1: format!("{} Imagined Street", number + 1),
        line2: (number % 5 == 2).then(|| format!("Floor {number}")),
        city: "Lago Sólo".to_owned(),
        state: "FL".to_owned(),
        zip: format!("{:05}", number % 100_000),
        country: (number % 3 != 1).then(|| "United States".to_owned()),
    }
}

fn owner() -> CwCompany {
    CwCompany {
        id: 2,
        identifier: "YourCompany".to_owned(),
        name: "The MSP itself".to_owned(),
        status: 1,
        types: vec![OWNER],
        phone: None,
        address: None,
        website: None,
        account_number: None,
        deleted: false,
        last_updated: time(1_446_673_838),
    }
}

/// The contact of the company `index`, if the seed gives it one. Some have no company and some no last name (Guide).
pub(super) fn contact(seed: u64, index: u64) -> Option<CwContact> {
    let business = overlap::business(seed, index.checked_sub(1)?);
    Some(CwContact {
        id: id(300, 1, index),
        first_name: business.first_name?,
        last_name: business.last_name.filter(|_| index % 10 != 3),
        company: (index % 10 != 7).then(|| company(seed, index).id),
        email: business.email,
        phone: business.phone,
        inactive: index % 12 == 8,
        last_updated: time(business.modified),
    })
}
