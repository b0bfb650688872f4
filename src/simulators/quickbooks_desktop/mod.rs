//! QuickBooks Desktop behind a Web Connector.
//!
//! | part | what it plays |
//! | --- | --- |
//! | [`company_file`] | the company file: employees, customers and jobs made from a seed |
//! | [`processor`] | the request processor: qbXML in, qbXML or an HRESULT out |
//! | [`web_connector`] | one update session of the Web Connector, over HTTP |
//! | [`faults`] | what can go wrong on demand |
//!
//! «Guide» in the comments is Intuit's QuickBooks Web Connector Programmer's Guide v2.0; «schema» the qbXML 13.0 schema.

mod body;
pub mod changes;
pub mod company_file;
pub mod entry;
pub mod faults;
pub mod options;
pub mod processor;
mod quickbooks;
pub mod qwc;
pub mod report;
mod session;
mod soap;
#[cfg(test)]
mod test_service;
mod tls;
pub mod web_connector;
mod wire;

pub use changes::{CompanyFileError, NewCustomer, NewEmployee};
pub use company_file::CompanyFile;
pub use entry::{BillAddress, DeletedEntry, List, ListEntry};
pub use faults::{Fault, Faults, PlannedFault};
pub use options::{EnvelopeStyle, SessionOptions};
pub use processor::{Answer, ProcessorOptions, Refusal, RequestProcessor};
pub use qwc::QwcFile;
pub use report::{Event, Operation, Outcome, RecordsSent, SessionReport};
pub use tls::{platform_trust, trust_only};
pub use web_connector::{SimulationError, WebConnector, run_session};
