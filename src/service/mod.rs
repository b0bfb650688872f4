//! The use cases: what API, pages and command line share.
//!
//! Each takes an [`Attempt`](crate::domain::access::Attempt) of its action and an open transaction; it finds the object,
//! gets a grant from the policy, calls the verb with it, and answers with a view or with a [`Refusal`].
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`call`] | who asks, and the one database job in which that is found out and the work is done |
//! | [`interface`] | what a refusal says to users of the API, and of the command line |
//! | [`find`] | what a name, an ID or its beginning means, for this caller |
//! | [`target`] | what an address names, and the policy's word alone |
//! | [`page`] | keyset pages and their cursors |
//! | [`schema`] | the vocabularies as schemas |
//! | [`input`] | what a text must be like |
//! | `actor_names` | who did something, in words |
//! | `refusals` | the errors of verbs as refusals |
//! | the others | one file or folder a resource |

mod actor_names;
pub mod apps;
pub mod call;
pub mod companies;
pub mod connections;
pub mod feed;
pub mod find;
pub mod input;
pub mod interface;
pub mod links;
pub mod messages;
pub mod page;
pub mod profiles;
pub mod records;
mod refusal;
mod refusals;
pub mod runs;
pub mod schema;
pub mod target;
pub mod tokens;
pub mod workers;

pub use refusal::{Class, Refusal};

pub type Result<T, E = Refusal> = std::result::Result<T, E>;
