//! Which connections use an account's credentials in place of their own.

use crate::domain::ids::ConnectionId;

use super::{
    Db, Result, WriteDb,
    connections::{self, Connection},
    db::per_backend,
    dsl::*,
    schema::{accounts, connection_accounts},
};

/// The account whose credentials a connection uses.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct Lender {
    pub id: String,
    pub email: String,
    pub active: bool,
}

/// The account whose credentials a connection uses, if it uses any.
pub fn lender(db: &mut Db, connection_id: &str) -> Result<Option<Lender>> {
    Ok(connection_accounts::table
        .inner_join(accounts::table)
        .filter(connection_accounts::connection_id.eq(connection_id))
        .select(Lender::as_select())
        .first(db)
        .optional()?)
}

/// Makes a connection use the credentials of an account, or its own again.
///
/// # Errors
/// [`super::Error::Referred`] where there is no such account.
pub fn set(db: &mut WriteDb, connection_id: &str, account_id: Option<&str>) -> Result<()> {
    let Some(account_id) = account_id else {
        diesel::delete(connection_accounts::table.find(connection_id)).execute(db)?;
        return Ok(());
    };
    let row = (
        connection_accounts::connection_id.eq(connection_id),
        connection_accounts::account_id.eq(account_id),
    );
    per_backend!(db, |connection| diesel::insert_into(connection_accounts::table)
        .values(row)
        .on_conflict(connection_accounts::connection_id)
        .do_update()
        .set(connection_accounts::account_id.eq(account_id))
        .execute(connection))?;
    Ok(())
}

/// The connections that use the credentials of an account, in the order of their IDs.
pub fn users(db: &mut Db, account_id: &str) -> Result<Vec<Connection>> {
    let ids: Vec<ConnectionId> = connection_accounts::table
        .filter(connection_accounts::account_id.eq(account_id))
        .filter(connection_accounts::connection_id.ne_all(connections::deleted()))
        .order(connection_accounts::connection_id)
        .select(connection_accounts::connection_id)
        .load(db)?;
    ids.iter().map(|id| connections::get(db, id)).collect()
}
