//! Rollcall stages the people and customers that a business keeps in its payroll, accounting and PSA
//! systems, and links them to the users of its other software.
//!
//! The rooms, from the outside in; a room knows only those below it:
//!
//! | room | what happens there |
//! | --- | --- |
//! | [`cli`] | one file a command |
//! | [`http`], [`workers`] | what calls in: the Web Connector, webhooks and the API; what runs on time: polls, the inbox, the sweep |
//! | [`simulators`] | the other side of the wires, for the demo and the tests |
//! | [`service`] | the use cases: what API, pages and command line share |
//! | [`sync`] | the verbs: poll, ingest, reconcile, hold, link; the inbox of webhooks, the vault of secrets |
//! | [`connectors`] | what each source's words mean, and the one way out to vendors |
//! | [`store`] | the database; the only room that knows Diesel |
//! | [`codec`] | bytes to types: XML, SOAP, qbXML; sealing |
//! | [`domain`] | records, links and rules: pure |

pub mod app;
pub mod cli;
pub mod clock;
pub mod codec;
pub mod config;
pub mod connectors;
pub mod domain;
pub mod http;
pub mod service;
pub mod simulators;
pub mod store;
pub mod sync;
pub mod telemetry;
pub mod threads;
pub mod workers;
