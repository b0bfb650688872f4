//! The file with which a connection's program is set up.

use url::Url;

use crate::{
    connectors::calls_in::{Setup, SetupError},
    domain::ids::ConnectionId,
    store::{self, Db, companies, connections, desktop},
};

use super::{context::source_file, of};

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum SetupFailure {
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The setup file of a connection, for the gateway at `public_url`.
///
/// # Errors
/// An address that the program would refuse; a connection whose source does not call in.
pub fn setup_file(
    db: &mut Db,
    connection_id: &ConnectionId,
    public_url: &Url,
) -> Result<String, SetupFailure> {
    let connection = connections::get(db, connection_id)?;
    let connector = of(&connection)?;
    let file = desktop::get(db, connection_id)?;
    let company = companies::get(db, &connection.company_id)?;
    let username = file.username.clone();
    let setup = Setup {
        company_name: &company.name,
        username: &username,
        file: &source_file(file),
        settings: &connection.settings,
    };
    Ok(connector.setup_file(&setup, public_url)?)
}
