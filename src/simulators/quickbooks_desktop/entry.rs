//! What a list of the company file holds.

use chrono::{DateTime, FixedOffset, NaiveDate};

/// One of the two lists that are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    Employee,
    Customer,
}

impl List {
    /// `Employee` or `Customer`: the word of `ListDelType`, `EmployeeRet`, `CustomerQueryRq` (schema).
    pub fn word(self) -> &'static str {
        match self {
            Self::Employee => "Employee",
            Self::Customer => "Customer",
        }
    }
}

/// One employee, customer or job as QuickBooks would tell it. What the gateway stages can be compared with this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// Which list it is in.
    pub list: List,
    /// Opaque to others; here an uppercase hexadecimal counter, `-`, and the Unix time of creation.
    pub list_id: String,
    /// Up to 41 characters, without `:` (schema).
    pub name: String,
    /// The name after those of its parents, `Parent:Job`. An employee's is its name; `EmployeeRet` does not tell it.
    pub full_name: String,
    pub first_name: Option<String>,
    pub middle_name: Option<String>,
    pub last_name: Option<String>,
    /// Only customers have one.
    pub company_name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub job_title: Option<String>,
    /// `AccountNumber`. In a few employees' somebody has put a social security number, which no gateway should keep.
    pub number: Option<String>,
    /// Employees only.
    pub department: Option<String>,
    /// Customers only.
    pub bill_address: Option<BillAddress>,
    /// Jobs only.
    pub job_desc: Option<String>,
    pub active: bool,
    /// The `ListID` of the customer (or job) that a job belongs to.
    pub parent_list_id: Option<String>,
    /// The full name of that customer.
    pub parent_full_name: Option<String>,
    /// 0 for a customer, 1 and more for its jobs.
    pub sublevel: u32,
    /// Employees only.
    pub hired_on: Option<NaiveDate>,
    /// Employees only.
    pub released_on: Option<NaiveDate>,
    /// To the second, in the offset of the company file's computer.
    pub time_created: DateTime<FixedOffset>,
    /// To the second, in the offset of the company file's computer.
    pub time_modified: DateTime<FixedOffset>,
    /// Changes with every change; the Unix time of the last one.
    pub edit_sequence: String,
}

/// Where bills go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillAddress {
    /// `Addr1` and so on; the first is the customer's name, as QuickBooks fills it in.
    pub lines: Vec<String>,
    pub city: String,
    pub state: String,
    pub postal_code: String,
    pub country: Option<String>,
}

/// What `ListDeletedQueryRq` tells of a deleted entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeletedEntry {
    pub list: List,
    pub list_id: String,
    pub full_name: String,
    pub time_created: DateTime<FixedOffset>,
    pub time_deleted: DateTime<FixedOffset>,
}
