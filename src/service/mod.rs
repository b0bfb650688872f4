//! The use cases, which the API, the pages and the command line share.
//!
//! A use case takes an [`Attempt`](crate::domain::access::Attempt) of its action and an open transaction; it finds the
//! object, gets a grant from the policy, calls the verb with it, and returns a view or a [`Refusal`].
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`call`] | authenticates a caller and runs a use case, in one database job |
//! | [`interface`] | the API and the command line, and the wording of refusals in each |
//! | [`find`] | finds objects by name, ID or the beginning of an ID, as the caller sees them |
//! | [`target`] | the object that a path names, and what the policy says about it |
//! | [`page`] | keyset pages and their cursors |
//! | [`schema`] | the vocabularies as schemas |
//! | [`input`] | checks of texts |
//! | `actor_names` | names for actors |
//! | `refusals` | turns the errors of verbs into refusals |
//! | the others | one file or folder a resource |

pub mod accounts;
mod actor_names;
pub mod apps;
pub mod audit;
pub mod call;
pub mod companies;
pub mod connections;
pub mod feed;
pub mod find;
pub mod input;
pub mod interface;
pub mod links;
pub mod member_credentials;
pub mod messages;
pub mod page;
pub mod pairs;
pub mod profiles;
pub mod quicklinks;
pub mod records;
mod refusal;
mod refusals;
pub mod reset_mail;
pub mod runs;
pub mod schema;
pub mod sign_in;
pub mod target;
pub mod tokens;
pub mod workers;

pub use refusal::{Class, Refusal};

pub type Result<T, E = Refusal> = std::result::Result<T, E>;
