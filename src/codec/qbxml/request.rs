//! Writes requests, in the element order that QuickBooks insists on (qbXML 13.0 schema): it refuses any other with
//! 0x80040400, and does not say where.

use yaserde::YaSerialize;

use super::{CUSTOMER, EMPLOYEE};

/// The subject of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// All employees: `EmployeeQueryRq` has no iterator in any version.
    Employees,
    /// Customers and their jobs, a page at a time.
    Customers(Iteration),
    /// Deletions of a list: `Employee` or `Customer`.
    Deleted(&'static str),
}

/// The state of an iterator, with the page size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Iteration {
    Start { page_size: u32 },
    Continue { page_size: u32, iterator_id: String },
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// Up to 50 characters, echoed in the answer.
    pub request_id: &'a str,
    pub subject: Subject,
    /// Only what was modified (or deleted) at this local time of the QuickBooks computer or later; without an offset,
    /// because QuickBooks' own offset is wrong while daylight saving time lasts.
    pub since: Option<&'a str>,
}

/// The document that asks `query` in qbXML `version`, with both processing instructions.
///
/// # Errors
/// The errors of the serializer.
pub fn document(version: &str, query: &Query<'_>) -> Result<String, String> {
    let mut messages = Messages { on_error: "stopOnError".into(), ..Messages::default() };
    let since = query.since.map(ToOwned::to_owned);
    let request_id = query.request_id.to_owned();
    match &query.subject {
        Subject::Employees => {
            messages.employees = Some(EmployeeQuery {
                request_id,
                active_status: "All".into(),
                from_modified_date: since,
                include: top_level(EMPLOYEE),
            });
        }
        Subject::Customers(iteration) => {
            let (iterator, iterator_id, page_size) = match iteration {
                Iteration::Start { page_size } => ("Start", None, page_size),
                Iteration::Continue { page_size, iterator_id } => {
                    ("Continue", Some(iterator_id.clone()), page_size)
                }
            };
            messages.customers = Some(CustomerQuery {
                request_id,
                iterator: iterator.into(),
                iterator_id,
                max_returned: *page_size,
                active_status: "All".into(),
                from_modified_date: since,
                include: top_level(CUSTOMER),
            });
        }
        Subject::Deleted(list) => {
            messages.deleted = Some(ListDeletedQuery {
                request_id,
                list_del_type: (*list).into(),
                range: since.map(|from_deleted_date| DeletedDateRange { from_deleted_date }),
            });
        }
    }
    let body = yaserde::ser::to_string_with_config(
        &Document { messages },
        &yaserde::ser::Config {
            perform_indent: false,
            write_document_declaration: false,
            indent_string: None,
        },
    )
    .map_err(|error| error.to_string())?;
    Ok(format!("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?qbxml version=\"{version}\"?>\n{body}"))
}

/// The elements to include: only top-level names count, and each is listed once.
fn top_level(fields: &[&str]) -> Vec<String> {
    let mut names: Vec<String> =
        fields.iter().map(|path| path.split('/').next().unwrap_or(path).into()).collect();
    names.dedup();
    names
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "QBXML")]
struct Document {
    #[yaserde(rename = "QBXMLMsgsRq")]
    messages: Messages,
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "QBXMLMsgsRq")]
struct Messages {
    #[yaserde(attribute = true, rename = "onError")]
    on_error: String,
    #[yaserde(rename = "EmployeeQueryRq")]
    employees: Option<EmployeeQuery>,
    #[yaserde(rename = "CustomerQueryRq")]
    customers: Option<CustomerQuery>,
    #[yaserde(rename = "ListDeletedQueryRq")]
    deleted: Option<ListDeletedQuery>,
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "EmployeeQueryRq")]
struct EmployeeQuery {
    #[yaserde(attribute = true, rename = "requestID")]
    request_id: String,
    #[yaserde(rename = "ActiveStatus")]
    active_status: String,
    #[yaserde(rename = "FromModifiedDate")]
    from_modified_date: Option<String>,
    #[yaserde(rename = "IncludeRetElement")]
    include: Vec<String>,
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "CustomerQueryRq")]
struct CustomerQuery {
    #[yaserde(attribute = true, rename = "requestID")]
    request_id: String,
    #[yaserde(attribute = true, rename = "iterator")]
    iterator: String,
    #[yaserde(attribute = true, rename = "iteratorID")]
    iterator_id: Option<String>,
    #[yaserde(rename = "MaxReturned")]
    max_returned: u32,
    #[yaserde(rename = "ActiveStatus")]
    active_status: String,
    #[yaserde(rename = "FromModifiedDate")]
    from_modified_date: Option<String>,
    #[yaserde(rename = "IncludeRetElement")]
    include: Vec<String>,
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "ListDeletedQueryRq")]
struct ListDeletedQuery {
    #[yaserde(attribute = true, rename = "requestID")]
    request_id: String,
    #[yaserde(rename = "ListDelType")]
    list_del_type: String,
    #[yaserde(rename = "DeletedDateRangeFilter")]
    range: Option<DeletedDateRange>,
}

#[derive(Default, YaSerialize)]
#[yaserde(rename = "DeletedDateRangeFilter")]
struct DeletedDateRange {
    #[yaserde(rename = "FromDeletedDate")]
    from_deleted_date: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(subject: Subject, since: Option<&str>) -> String {
        document("13.0", &Query { request_id: "r1", subject, since }).unwrap()
    }

    #[test]
    fn a_request_has_both_instructions_and_the_elements_in_the_schemas_order() {
        let first =
            text(Subject::Customers(Iteration::Start { page_size: 100 }), Some("2026-01-02T03:04:05"));
        assert!(first.starts_with(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?qbxml version=\"13.0\"?>\n<QBXML>\
             <QBXMLMsgsRq onError=\"stopOnError\"><CustomerQueryRq requestID=\"r1\" iterator=\"Start\">\
             <MaxReturned>100</MaxReturned><ActiveStatus>All</ActiveStatus>\
             <FromModifiedDate>2026-01-02T03:04:05</FromModifiedDate><IncludeRetElement>ListID</IncludeRetElement>"
        ));
        assert!(first.ends_with(
            "<IncludeRetElement>JobDesc</IncludeRetElement></CustomerQueryRq></QBXMLMsgsRq></QBXML>"
        ));
        for once in ["ParentRef", "BillAddress"] {
            let element = format!("<IncludeRetElement>{once}</IncludeRetElement>");
            assert_eq!(first.matches(&element).count(), 1, "{once}");
        }
        assert!(!first.contains("Notes") && !first.contains("CreditCard"));
    }

    #[test]
    fn an_employee_query_never_iterates_and_asks_for_nothing_sensitive() {
        let all = text(Subject::Employees, None);
        assert!(all.contains(
            "<EmployeeQueryRq requestID=\"r1\"><ActiveStatus>All</ActiveStatus><IncludeRetElement>"
        ));
        for sensitive in ["SSN", "BirthDate", "Payroll", "Address", "Notes", "iterator"] {
            assert!(!all.contains(sensitive), "{sensitive}");
        }
    }
}
