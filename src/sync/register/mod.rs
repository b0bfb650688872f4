//! Setting up: companies, apps with their tokens, connections. One file an object.

mod apps;
mod companies;
mod connections;
mod lent;
mod tokens;

use crate::{
    connectors::SettingsError,
    domain::{access::Denied, name::clean, words::Scope},
    store,
};

use super::{calls_in::NothingInDoubt, credentials};

pub use apps::{AppChange, AppDraft, app, change_app, new_app};
pub use companies::{company, rename_company};
pub use connections::{
    ConnectionChange, ConnectionDraft, NewConnection, change_connection, connection, new_ids, new_password,
};
pub use lent::{account_credentials_changed, account_disabled};
use tokens::LONGEST_LIFE;
pub use tokens::{NewToken, TokenDraft, token};

/// Why something was not set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("a name must have 1 to 200 characters and no control characters")]
    BadName,
    #[error("an app that is no admin's needs at least one company")]
    NoCompany,
    #[error("an app, and a token, needs at least one scope")]
    NoScope,
    #[error("the app `{app}` does not have the scope `{scope}`")]
    ScopeBeyond { app: String, scope: Scope },
    #[error("a token lives for 1 to {LONGEST_LIFE} days, or for ever")]
    BadExpiry,
    #[error("the app `{0}` is an admin's: it sees all companies")]
    SeesAll(String),
    #[error("the app `{0}` is an admin's: it may do everything")]
    MayAll(String),
    #[error(
        "the app still has {profiles} profiles in the company `{company}`, {links} of their links among them"
    )]
    HasProfiles { company: String, profiles: u64, links: u64 },
    #[error(transparent)]
    NothingInDoubt(#[from] NothingInDoubt),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Credentials(#[from] credentials::Error),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Store(#[from] store::Error),
}

type Result<T> = std::result::Result<T, Error>;

/// A name as it is kept.
fn name(text: &str) -> Result<String> {
    let name = clean(text);
    // Counted as it was sent: whoever checks a form sees the same.
    let fits = !name.is_empty() && text.chars().count() <= 200 && !name.chars().any(char::is_control);
    if fits { Ok(name) } else { Err(Error::BadName) }
}
