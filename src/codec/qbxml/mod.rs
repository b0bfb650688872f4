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
    "Department",
    "Phone",
    "Email",
    "HiredDate",
    "ReleasedDate",
    // Their number with the employer: «Account no.» on the form. A bank's stands elsewhere.
    "AccountNumber",
];

/// What is staged of a customer or job (qbXML 13.0 `CustomerRet`). `Notes` is not asked for: it is free text, in which
/// people keep what nobody else should read.
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
