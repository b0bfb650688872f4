//! What only a connection to QuickBooks Desktop has: its credentials, its GUIDs, its company file.

use chrono::{DateTime, NaiveDateTime, Utc};

use crate::domain::ids::ConnectionId;

use super::{
    Db, Error, Result, WriteDb,
    dsl::*,
    schema::desktop_files,
    values::{at, utc},
};

/// The Web Connector's side of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = desktop_files, treat_none_as_default_value = false)]
pub struct DesktopFile {
    pub connection_id: ConnectionId,
    pub username: String,
    pub password_hash: Vec<u8>,
    /// GUID in braces; the same for every connection would do, one a connection does no harm.
    pub owner_id: String,
    /// GUID in braces, stored in the company file by the Web Connector.
    pub file_id: String,
    /// Whether the company file has once shown its FileID; from then on only that counts.
    pub pinned_by_file_id: bool,
    /// The company name that answered first.
    pub pinned_name: Option<String>,
    /// The path of the company file that answered first.
    pub pinned_path: Option<String>,
    /// The qbXML version agreed on last.
    pub qbxml_version: Option<String>,
    /// The company file was forgotten: the next FileID that is shown is taken.
    pub any_file_id: bool,
    /// A file with the right FileID, another name and path, and other people.
    pub doubted_name: Option<String>,
    pub doubted_path: Option<String>,
}

impl DesktopFile {
    /// One of which nothing is known yet, with its OwnerID and FileID.
    pub fn new(connection_id: &ConnectionId, username: &str, password_hash: &[u8], ids: [String; 2]) -> Self {
        let [owner_id, file_id] = ids;
        Self {
            connection_id: connection_id.to_owned(),
            username: username.to_owned(),
            password_hash: password_hash.to_vec(),
            owner_id,
            file_id,
            pinned_by_file_id: false,
            pinned_name: None,
            pinned_path: None,
            qbxml_version: None,
            any_file_id: false,
            doubted_name: None,
            doubted_path: None,
        }
    }

    /// The version of its language that was agreed on last.
    pub fn version(&self) -> Option<&str> {
        self.qbxml_version.as_deref()
    }
}

/// # Errors
/// [`Error::Duplicate`] where the user name is taken.
pub fn insert(db: &mut WriteDb, file: &DesktopFile) -> Result<()> {
    diesel::insert_into(desktop_files::table)
        .values((
            desktop_files::connection_id.eq(&file.connection_id),
            desktop_files::username.eq(&file.username),
            desktop_files::password_hash.eq(&file.password_hash),
            desktop_files::owner_id.eq(&file.owner_id),
            desktop_files::file_id.eq(&file.file_id),
            desktop_files::pinned_by_file_id.eq(file.pinned_by_file_id),
        ))
        .execute(db)?;
    Ok(())
}

pub fn get(db: &mut Db, connection_id: &ConnectionId) -> Result<DesktopFile> {
    let row =
        desktop_files::table.find(connection_id).select(DesktopFile::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("QuickBooks Desktop connection"))
}

/// Those of several connections, in no order.
pub fn of(db: &mut Db, connection_ids: &[&str]) -> Result<Vec<DesktopFile>> {
    let theirs = desktop_files::table.filter(desktop_files::connection_id.eq_any(connection_ids));
    Ok(theirs.select(DesktopFile::as_select()).load(db)?)
}

/// The connection whose Web Connector signs in with `username`.
pub fn by_username(db: &mut Db, username: &str) -> Result<Option<DesktopFile>> {
    let query = desktop_files::table.filter(desktop_files::username.eq(username));
    Ok(query.select(DesktopFile::as_select()).first(db).optional()?)
}

pub fn set_password(db: &mut WriteDb, connection_id: &ConnectionId, hash: &[u8]) -> Result<()> {
    // Nobody has signed in with it yet.
    let set = (
        desktop_files::password_hash.eq(hash),
        desktop_files::signed_in_at.eq(None::<NaiveDateTime>),
        desktop_files::rivals.eq(0),
    );
    match diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)? {
        0 => Err(Error::NotFound("QuickBooks Desktop connection")),
        _ => Ok(()),
    }
}

/// Notes that the Web Connector signed in.
pub fn signed_in(db: &mut WriteDb, connection_id: &ConnectionId, now: DateTime<Utc>) -> Result<()> {
    let set = desktop_files::signed_in_at.eq(at(now));
    diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

/// When the Web Connector last signed in with the password that counts now.
pub fn signed_in_at(db: &mut Db, connection_id: &ConnectionId) -> Result<Option<DateTime<Utc>>> {
    let row = desktop_files::table.find(connection_id).select(desktop_files::signed_in_at);
    let signed_in: Option<Option<NaiveDateTime>> = row.first(db).optional()?;
    Ok(signed_in.flatten().map(utc))
}

/// How often a session was replaced while its Web Connector still called, and when last.
pub fn rivals(db: &mut Db, connection_id: &ConnectionId) -> Result<(i32, Option<DateTime<Utc>>)> {
    let row =
        desktop_files::table.find(connection_id).select((desktop_files::rivals, desktop_files::rival_at));
    let (rivals, last): (i32, Option<NaiveDateTime>) = row.first(db)?;
    Ok((rivals, last.map(utc)))
}

pub fn set_rivals(
    db: &mut WriteDb,
    connection_id: &ConnectionId,
    rivals: i32,
    now: DateTime<Utc>,
) -> Result<()> {
    let set = (desktop_files::rivals.eq(rivals), desktop_files::rival_at.eq(at(now)));
    diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

/// Writes which company file it is.
pub fn set_pin(
    db: &mut WriteDb,
    connection_id: &ConnectionId,
    by_file_id: bool,
    name: Option<&str>,
    path: Option<&str>,
) -> Result<()> {
    let set = (
        desktop_files::pinned_by_file_id.eq(by_file_id),
        desktop_files::pinned_name.eq(name),
        desktop_files::pinned_path.eq(path),
        desktop_files::doubted_name.eq(None::<String>),
        desktop_files::doubted_path.eq(None::<String>),
    );
    diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)?;
    if by_file_id {
        let known = desktop_files::any_file_id.eq(false);
        diesel::update(desktop_files::table.find(connection_id)).set(known).execute(db)?;
    }
    Ok(())
}

/// Forgets which company file it is, and its FileID: the next one that answers is taken.
pub fn forget(db: &mut WriteDb, connection_id: &ConnectionId) -> Result<()> {
    set_pin(db, connection_id, false, None, None)?;
    let set = desktop_files::any_file_id.eq(true);
    diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

/// Takes a FileID that a forgotten file has shown.
pub fn take_file_id(db: &mut WriteDb, connection_id: &ConnectionId, file_id: &str) -> Result<()> {
    let set = (desktop_files::file_id.eq(file_id), desktop_files::any_file_id.eq(false));
    diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

/// Gives a connection new IDs: its company file is known by name and path until it shows the new FileID.
pub fn set_ids(db: &mut WriteDb, connection_id: &ConnectionId, owner_id: &str, file_id: &str) -> Result<()> {
    let set = (
        desktop_files::owner_id.eq(owner_id),
        desktop_files::file_id.eq(file_id),
        desktop_files::pinned_by_file_id.eq(false),
        desktop_files::any_file_id.eq(false),
    );
    match diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)? {
        0 => Err(Error::NotFound("QuickBooks Desktop connection")),
        _ => Ok(()),
    }
}

/// Notes a file of which nobody knows whether it is the same company's.
pub fn doubt(db: &mut WriteDb, connection_id: &ConnectionId, name: &str, path: &str) -> Result<()> {
    let set = (desktop_files::doubted_name.eq(name), desktop_files::doubted_path.eq(path));
    diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}

pub fn set_version(db: &mut WriteDb, connection_id: &ConnectionId, version: &str) -> Result<()> {
    let set = desktop_files::qbxml_version.eq(version);
    diesel::update(desktop_files::table.find(connection_id)).set(set).execute(db)?;
    Ok(())
}
