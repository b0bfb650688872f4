//! qbXML: the requests that Rollcall writes and the responses that QuickBooks sends.

mod request;
mod response;

pub use request::{Iteration, Query, Subject, document};
pub use response::{Answer, QbxmlError, Reader, Ret};

/// The fields of an employee that are staged: they are requested with `IncludeRetElement`, and the reader drops all
/// others (qbXML 13.0 `EmployeeRet`). A [`Ret`] identifies its values by the index of the name.
pub const EMPLOYEE: &[&str] = &[
    "ListID",
    "TimeCreated",
    "TimeModified",
    "Name",
    "IsActive",
    "FirstName",
    "MiddleName",
    "LastName",
    "JobTitle",
    "Department",
    "Phone",
    "Email",
    "HiredDate",
    "ReleasedDate",
    // The employer's number for the employee: «Account no.» on the form. Bank accounts are in another element.
    "AccountNumber",
];

/// The fields of a customer or job that are staged (qbXML 13.0 `CustomerRet`). `Notes` is not requested: it is free
/// text, in which people keep what nobody else should read.
pub const CUSTOMER: &[&str] = &[
    "ListID",
    "TimeCreated",
    "TimeModified",
    "Name",
    "FullName",
    "IsActive",
    "ParentRef/ListID",
    "Sublevel",
    "CompanyName",
    "FirstName",
    "MiddleName",
    "LastName",
    "JobTitle",
    "BillAddress/Addr1",
    "BillAddress/Addr2",
    "BillAddress/Addr3",
    "BillAddress/Addr4",
    "BillAddress/Addr5",
    "BillAddress/City",
    "BillAddress/State",
    "BillAddress/PostalCode",
    "BillAddress/Country",
    "Phone",
    "Email",
    "AccountNumber",
    "JobDesc",
];

/// The fields of a deletion that are read (`ListDeletedRet`).
pub const DELETED: &[&str] = &["ListDelType", "ListID", "TimeDeleted"];

/// The fields of the host that are read (`HostRet`).
pub const HOST: &[&str] = &["SupportedQBXMLVersion"];

/// The fields of the company that are read (`CompanyRet`): never its EIN or SSN.
pub const COMPANY: &[&str] =
    &["CompanyName", "DataExtRet/OwnerID", "DataExtRet/DataExtName", "DataExtRet/DataExtValue"];

/// The fields of a record element that are read; `None` for elements that are not records.
fn fields(element: &str) -> Option<&'static [&'static str]> {
    match element {
        "EmployeeRet" => Some(EMPLOYEE),
        "CustomerRet" => Some(CUSTOMER),
        "ListDeletedRet" => Some(DELETED),
        "HostRet" => Some(HOST),
        "CompanyRet" => Some(COMPANY),
        _ => None,
    }
}
