//! What each source's words mean: one folder a source, and this registry. No connector knows another.
//!
//! | file | what it holds |
//! | --- | --- |
//! | [`connector`] | what a kind of connection is to this program |
//! | [`registry`] | each kind, in one line |
//! | [`mod@spec`] | what is to be said of a kind, as data |
//! | [`settings`](mod@settings) | settings, checked by the specification; those that all polled kinds share |
//! | [`polled`](mod@polled), [`source`] | what a source can do that is polled, and in which words |
//! | [`calls_in`] | sources that call in, and what they are lent |
//! | [`hook`] | webhooks |
//! | `list_count` | whether a list is whole, by what its source counts |
//! | [`identity`] | identity providers that people sign in with |
//! | [`outbound`] | requests to vendors |
//! | [`mail`] | mail to people |

pub mod calls_in;
pub mod connector;
pub mod connectwise;
mod dates;
pub mod hook;
pub mod identity;
mod list_count;
pub mod mail;
pub mod outbound;
pub mod paycom;
pub mod polled;
pub mod push;
pub mod quickbooks_desktop;
pub mod registry;
pub mod settings;
pub mod source;
pub mod spec;

pub use polled::{Polled, Reading, Source};
pub use registry::{
    cause_of, check_public_url, is_polled, kind, lender, mass_absence_hint, of, polled, settings, spec, specs,
};
pub use settings::SettingsError;
pub use spec::{Moves, SecretSpec, Spec};
