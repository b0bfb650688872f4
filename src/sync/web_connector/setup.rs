//! What an administrator has to do with the Web Connector: the `.qwc` file, and asking for a run.

use url::Url;

use crate::{
    clock::Ambient,
    connectors::quickbooks_desktop::{self, Application, QwcError},
    domain::words::{List, Mode},
    store::{
        self, Db, companies,
        connections::{self, Connection},
        desktop,
        runs::Run,
    },
    sync::run,
};

use super::settings;

/// Why there is no `.qwc` file.
#[derive(Debug, thiserror::Error)]
pub enum QwcFailure {
    #[error(transparent)]
    Qwc(#[from] QwcError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The `.qwc` file of a connection, for the gateway at `public_url`.
///
/// # Errors
/// An address that the Web Connector would refuse; a connection that is not to QuickBooks Desktop.
pub fn qwc(db: &mut Db, connection_id: &str, public_url: &Url) -> Result<String, QwcFailure> {
    let connection = connections::get(db, connection_id)?;
    let file = desktop::get(db, connection_id)?;
    let company = companies::get(db, &connection.company_id)?;
    let application = Application {
        company_name: &company.name,
        username: &file.username,
        owner_id: &file.owner_id,
        file_id: &file.file_id,
        settings: &settings(&connection)?,
    };
    Ok(quickbooks_desktop::qwc(&application, public_url)?)
}

/// Asks for a run of both lists when the Web Connector calls next.
pub fn poll(db: &mut Db, ambient: &Ambient, connection: &Connection, mode: Mode) -> store::Result<Vec<Run>> {
    [List::Employee, List::Customer]
        .iter()
        .map(|list| run::request(db, ambient, connection, *list, mode))
        .collect()
}
