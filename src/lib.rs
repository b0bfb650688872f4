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
//!
//! The words, as code, tables, API and pages use them:
//!
//! | word | meaning |
//! | --- | --- |
//! | company | the tenant: one business whose lists are staged |
//! | source | the system where a business keeps its people and customers: QuickBooks, Paycom, ConnectWise … |
//! | connection | one configured way from a company to a source; its *kind* names the source, its *specification* ([`connectors::spec`](mod@connectors::spec)) says all about the kind |
//! | list | what is read from a source: `employee` or `customer` |
//! | record | one staged employee or customer; its key is (connection, list, `external_id`) |
//! | staged | held in the database as the source tells it; never the app's own data |
//! | app | a downstream system, with tokens and a namespace of profile IDs |
//! | profile | the app's own user or customer |
//! | link | profile ↔ record: the point of the product |
//! | run | one synchronisation of one list: `full` reads the whole list, `delta` what has changed |
//! | absent | in the list before, missing from it now; judged only when the whole list was read |
//! | hold | a run whose absences look like a mistake: nobody is marked until a person decides |
//! | change, feed, position, cursor | each change of a record, profile or link takes the next position of its company's feed; a cursor says up to where a reader has read; an *epoch* tells cursors of a restored database from those before |
//! | message, inbox | a webhook as it came; kept until it has been dealt with |
//! | account | a person's login; it is signed in, in browsers, by *account sessions* ([`store::accounts`]) |
//! | session | one visit of a Web Connector, from its sign-in to its close |
//! | lease | the right of one gateway to work on a connection for a while; ends by itself if the gateway dies |
//! | seal, vault | how secrets of sources are encrypted at rest, and where the key is |
//! | principal, action, grant | who asks, for what, and the policy's leave to do it ([`domain::access`]) |
//! | use case, view, refusal | what is done for a caller, what it answers, and why it does not ([`service`]) |

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
