//! qbXML: the requests that Rollcall writes and the responses that QuickBooks sends.

mod request;
mod response;

pub use request::{Iteration, Query, Subject, document};
pub use response::{Answer, QbxmlError, Reader, Ret};

/// What is staged of an employee: asked for with `IncludeRetElement`, and all that gets past the reader (qbXML 13.0
/// `EmployeeRet`). The index of a name is how a [`Ret`] tells its values apart.
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
    "Phone",
    "Email",
    "HiredDate",
    "ReleasedDate",
];

/// What is staged of a customer or job (qbXML 13.0 `CustomerRet`).
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
    "Phone",
    "Email",
];

/// What is read of a deletion (`ListDeletedRet`).
pub const DELETED: &[&str] = &["ListDelType", "ListID", "TimeDeleted"];

/// What is read of the host (`HostRet`).
pub const HOST: &[&str] = &["SupportedQBXMLVersion"];

/// What is read of the company (`CompanyRet`): never its EIN or SSN.
pub const COMPANY: &[&str] =
    &["CompanyName", "DataExtRet/OwnerID", "DataExtRet/DataExtName", "DataExtRet/DataExtValue"];

/// The fields of a record element that are read; `None` for elements that are no records.
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
