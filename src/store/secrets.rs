//! The sealed secrets of connections and accounts, and which keys they were sealed with. The keys themselves are
//! elsewhere. Whose a secret is, its owner's ID tells: those of accounts are in a table of their own.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use diesel::connection::SimpleConnection;

use crate::domain::ids::ConnectionId;

use super::{
    Db, Result, WriteDb,
    db::Backend,
    db::per_backend,
    dsl::*,
    schema::{account_secrets, audit_keys, connection_secrets, gateway_keys, secret_keys},
    values::{Time, at, uncount},
};

/// A key that the database knows by its fingerprint.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = secret_keys)]
pub struct KnownKey {
    pub id: String,
    /// New secrets are sealed with this one.
    pub current: bool,
    #[diesel(deserialize_as = Time)]
    pub created_at: DateTime<Utc>,
}

/// A secret as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = connection_secrets)]
pub struct SealedSecret {
    /// A connection's or an account's.
    #[diesel(column_name = connection_id)]
    pub owner_id: String,
    pub name: String,
    pub key_id: String,
    pub sealed: Vec<u8>,
}

/// The same of the other table.
#[derive(Queryable, Selectable)]
#[diesel(table_name = account_secrets)]
struct OfAccount {
    account_id: String,
    name: String,
    key_id: String,
    sealed: Vec<u8>,
}

impl From<OfAccount> for SealedSecret {
    fn from(OfAccount { account_id: owner_id, name, key_id, sealed }: OfAccount) -> Self {
        Self { owner_id, name, key_id, sealed }
    }
}

/// Whether an owner is an account. Such IDs come before those of connections, which [`not_sealed_with`] relies on.
fn is_account(owner_id: &str) -> bool {
    owner_id.starts_with("acc_")
}

/// What a connection's own key for messages is called: nobody gave it, and nobody is shown it.
pub const MESSAGE_KEY: &str = "message_key";

/// Stands in the place of a connection's ID where a key of the gateway itself is sealed.
pub const GATEWAY: &str = "gateway";

/// The keys, the oldest first.
pub fn keys(db: &mut Db) -> Result<Vec<KnownKey>> {
    let all = secret_keys::table.select(KnownKey::as_select());
    Ok(all.order((secret_keys::created_at, secret_keys::id)).load(db)?)
}

/// Makes who changes keys take turns, until the transaction ends. SQLite has one writer.
pub fn lock_keys(db: &mut WriteDb) -> Result<()> {
    if let Backend::Postgres(connection) = db.backend() {
        connection.batch_execute("LOCK TABLE secret_keys IN SHARE ROW EXCLUSIVE MODE")?;
    }
    Ok(())
}

/// The fingerprint of the key that is current now.
pub fn current(db: &mut Db) -> Result<Option<String>> {
    let current = secret_keys::table.filter(secret_keys::current).select(secret_keys::id);
    Ok(current.first(db).optional()?)
}

/// The fingerprint of the key to seal with, which stays so until the transaction ends; `None` where there is no key
/// yet. A rotation waits for those who hold it, so that it finds all that was sealed with the key before.
pub fn hold_current(db: &mut WriteDb) -> Result<Option<String>> {
    let current = secret_keys::table.filter(secret_keys::current).select(secret_keys::id);
    match db.backend() {
        Backend::Sqlite(connection) => Ok(current.first(connection).optional()?),
        Backend::Postgres(connection) => {
            // Who waited for a rotation sees the old key turned, but not yet the new one: the next statement does.
            for _ in 0..3 {
                if let Some(id) = current.for_share().first(connection).optional()? {
                    return Ok(Some(id));
                }
            }
            Ok(None)
        }
    }
}

/// Makes a key the current one, whether it is known or not. To be called under [`lock_keys`].
pub fn set_current(db: &mut WriteDb, id: &str, now: DateTime<Utc>) -> Result<()> {
    let others = secret_keys::table.filter(secret_keys::current).filter(secret_keys::id.ne(id));
    diesel::update(others).set(secret_keys::current.eq(false)).execute(db)?;
    let known = diesel::update(secret_keys::table.find(id)).set(secret_keys::current.eq(true)).execute(db)?;
    if known == 0 {
        let row =
            (secret_keys::id.eq(id), secret_keys::current.eq(true), secret_keys::created_at.eq(at(now)));
        diesel::insert_into(secret_keys::table).values(row).execute(db)?;
    }
    Ok(())
}

/// Forgets the keys that are not current and that nothing is sealed with; gives how many.
pub fn forget_unused_keys(db: &mut WriteDb) -> Result<usize> {
    let mut used: Vec<String> =
        connection_secrets::table.select(connection_secrets::key_id).distinct().load(db)?;
    used.extend(account_secrets::table.select(account_secrets::key_id).distinct().load::<String>(db)?);
    let sealing: Vec<String> = audit_keys::table.select(audit_keys::sealed_with).distinct().load(db)?;
    used.extend(sealing);
    used.extend(gateway_keys::table.select(gateway_keys::key_id).distinct().load::<String>(db)?);
    let unused = secret_keys::table.filter(diesel::dsl::not(secret_keys::current));
    Ok(diesel::delete(unused.filter(secret_keys::id.ne_all(used))).execute(db)?)
}

/// How many secrets each key seals; none for one that seals nothing.
pub fn counts(db: &mut Db) -> Result<BTreeMap<String, u64>> {
    let rows: Vec<(String, i64)> = connection_secrets::table
        .group_by(connection_secrets::key_id)
        .select((connection_secrets::key_id, diesel::dsl::count_star()))
        .load(db)?;
    let of_accounts: Vec<(String, i64)> = account_secrets::table
        .group_by(account_secrets::key_id)
        .select((account_secrets::key_id, diesel::dsl::count_star()))
        .load(db)?;
    let own: Vec<String> = gateway_keys::table.select(gateway_keys::key_id).load(db)?;
    let own = own.into_iter().map(|id| (id, 1));
    let mut counts = BTreeMap::new();
    for (id, count) in rows.into_iter().chain(of_accounts).chain(own) {
        *counts.entry(id).or_default() += uncount(count);
    }
    Ok(counts)
}

/// How many connections and accounts have secrets.
pub fn owners(db: &mut Db) -> Result<usize> {
    let connections: Vec<String> =
        connection_secrets::table.select(connection_secrets::connection_id).distinct().load(db)?;
    let accounts: Vec<String> =
        account_secrets::table.select(account_secrets::account_id).distinct().load(db)?;
    Ok(connections.len() + accounts.len())
}

/// The secrets of an account whose names begin so.
pub fn of_account(db: &mut Db, account_id: &str, prefix: &str) -> Result<Vec<SealedSecret>> {
    let rows: Vec<OfAccount> = account_secrets::table
        .filter(account_secrets::account_id.eq(account_id))
        .order(account_secrets::name)
        .select(OfAccount::as_select())
        .load(db)?;
    Ok(rows.into_iter().filter(|row| row.name.starts_with(prefix)).map(SealedSecret::from).collect())
}

/// Whether anything is sealed: then a new key would not do in place of one that was lost.
pub fn any(db: &mut Db) -> Result<bool> {
    let own = gateway_keys::table.select(gateway_keys::name).first::<String>(db).optional()?;
    Ok(own.is_some() || owners(db)? > 0)
}

/// A key of the gateway itself, sealed; its place is [`GATEWAY`].
pub fn gateway_key(db: &mut Db, name: &str) -> Result<Option<SealedSecret>> {
    let row = gateway_keys::table.find(name).select((gateway_keys::key_id, gateway_keys::sealed));
    let row: Option<(String, Vec<u8>)> = row.first(db).optional()?;
    Ok(row.map(|(key_id, sealed)| of_gateway(name.to_owned(), key_id, sealed)))
}

/// Keeps a key of the gateway, unless there is one of that name; whether it is the one that counts now.
pub fn add_gateway_key(db: &mut WriteDb, key: &SealedSecret, now: DateTime<Utc>) -> Result<bool> {
    let added = per_backend!(db, |connection| diesel::insert_into(gateway_keys::table)
        .values((
            gateway_keys::name.eq(&key.name),
            gateway_keys::key_id.eq(&key.key_id),
            gateway_keys::sealed.eq(&key.sealed),
            gateway_keys::updated_at.eq(at(now)),
        ))
        .on_conflict_do_nothing()
        .execute(connection))?;
    Ok(added > 0)
}

/// The keys of the gateway that another key seals.
pub fn gateway_keys_not_sealed_with(db: &mut Db, key_id: &str) -> Result<Vec<SealedSecret>> {
    let others = gateway_keys::table.filter(gateway_keys::key_id.ne(key_id)).order(gateway_keys::name);
    let columns = (gateway_keys::name, gateway_keys::key_id, gateway_keys::sealed);
    let rows: Vec<(String, String, Vec<u8>)> = others.select(columns).load(db)?;
    Ok(rows.into_iter().map(|(name, key_id, sealed)| of_gateway(name, key_id, sealed)).collect())
}

fn of_gateway(name: String, key_id: String, sealed: Vec<u8>) -> SealedSecret {
    SealedSecret { owner_id: GATEWAY.to_owned(), name, key_id, sealed }
}

/// The secrets of a connection that were given or made for it, by name.
pub fn of(db: &mut Db, connection_id: &ConnectionId) -> Result<Vec<SealedSecret>> {
    let of = connection_secrets::table.filter(connection_secrets::connection_id.eq(connection_id));
    let of = of.filter(connection_secrets::name.ne(MESSAGE_KEY));
    Ok(of.order(connection_secrets::name).select(SealedSecret::as_select()).load(db)?)
}

/// The key that seals a connection's messages, sealed itself.
pub fn message_key(db: &mut Db, connection_id: &ConnectionId) -> Result<Option<SealedSecret>> {
    let row = connection_secrets::table.find((connection_id, MESSAGE_KEY));
    Ok(row.select(SealedSecret::as_select()).first(db).optional()?)
}

/// The names of the secrets that a connection has.
pub fn names(db: &mut Db, connection_id: &ConnectionId) -> Result<Vec<String>> {
    Ok(names_of(db, &[connection_id])?.remove(connection_id).unwrap_or_default())
}

/// Those of several connections, by their IDs, each in order.
pub fn names_of(db: &mut Db, connection_ids: &[&str]) -> Result<HashMap<ConnectionId, Vec<String>>> {
    let theirs = connection_secrets::table.filter(connection_secrets::connection_id.eq_any(connection_ids));
    let rows: Vec<(ConnectionId, String)> = theirs
        .filter(connection_secrets::name.ne(MESSAGE_KEY))
        .order(connection_secrets::name)
        .select((connection_secrets::connection_id, connection_secrets::name))
        .load(db)?;
    let mut names: HashMap<ConnectionId, Vec<String>> = HashMap::new();
    for (connection_id, name) in rows {
        names.entry(connection_id).or_default().push(name);
    }
    Ok(names)
}

/// Writes a secret in place of the one of that name.
pub fn put(db: &mut WriteDb, secret: &SealedSecret, now: DateTime<Utc>) -> Result<()> {
    let (key_id, sealed) = (&secret.key_id, &secret.sealed);
    if is_account(&secret.owner_id) {
        per_backend!(db, |connection| diesel::insert_into(account_secrets::table)
            .values((
                account_secrets::account_id.eq(&secret.owner_id),
                account_secrets::name.eq(&secret.name),
                account_secrets::key_id.eq(key_id),
                account_secrets::sealed.eq(sealed),
                account_secrets::updated_at.eq(at(now)),
            ))
            .on_conflict((account_secrets::account_id, account_secrets::name))
            .do_update()
            .set((
                account_secrets::key_id.eq(key_id),
                account_secrets::sealed.eq(sealed),
                account_secrets::updated_at.eq(at(now)),
            ))
            .execute(connection))?;
        return Ok(());
    }
    per_backend!(db, |connection| diesel::insert_into(connection_secrets::table)
        .values((
            connection_secrets::connection_id.eq(&secret.owner_id),
            connection_secrets::name.eq(&secret.name),
            connection_secrets::key_id.eq(key_id),
            connection_secrets::sealed.eq(sealed),
            connection_secrets::updated_at.eq(at(now)),
        ))
        .on_conflict((connection_secrets::connection_id, connection_secrets::name))
        .do_update()
        .set((
            connection_secrets::key_id.eq(key_id),
            connection_secrets::sealed.eq(sealed),
            connection_secrets::updated_at.eq(at(now)),
        ))
        .execute(connection))?;
    Ok(())
}

/// Removes a secret; whether it was there.
pub fn remove(db: &mut WriteDb, owner_id: &str, name: &str) -> Result<bool> {
    let removed = match is_account(owner_id) {
        true => diesel::delete(account_secrets::table.find((owner_id, name))).execute(db)?,
        false => diesel::delete(connection_secrets::table.find((owner_id, name))).execute(db)?,
    };
    Ok(removed > 0)
}

/// Some secrets that another key seals, in the order of their places, after a place.
pub fn not_sealed_with(
    db: &mut Db,
    key_id: &str,
    after: &(String, String),
    limit: i64,
) -> Result<Vec<SealedSecret>> {
    let (owner_id, name) = after;
    let later = account_secrets::account_id
        .gt(owner_id)
        .or(account_secrets::account_id.eq(owner_id).and(account_secrets::name.gt(name)));
    let of_accounts: Vec<OfAccount> = account_secrets::table
        .filter(account_secrets::key_id.ne(key_id))
        .filter(later)
        .order((account_secrets::account_id, account_secrets::name))
        .limit(limit)
        .select(OfAccount::as_select())
        .load(db)?;
    let mut found: Vec<SealedSecret> = of_accounts.into_iter().map(SealedSecret::from).collect();
    let left = limit - i64::try_from(found.len()).unwrap_or(limit);
    if left > 0 {
        let later = connection_secrets::connection_id
            .gt(owner_id)
            .or(connection_secrets::connection_id.eq(owner_id).and(connection_secrets::name.gt(name)));
        let of_connections: Vec<SealedSecret> = connection_secrets::table
            .filter(connection_secrets::key_id.ne(key_id))
            .filter(later)
            .order((connection_secrets::connection_id, connection_secrets::name))
            .limit(left)
            .select(SealedSecret::as_select())
            .load(db)?;
        found.extend(of_connections);
    }
    Ok(found)
}

/// Seals a secret anew, unless it was changed or removed since `before` was read; whether it was done.
pub fn reseal(db: &mut WriteDb, before: &SealedSecret, key_id: &str, sealed: &[u8]) -> Result<bool> {
    if before.owner_id == GATEWAY {
        let row = gateway_keys::table.find(&before.name).filter(gateway_keys::sealed.eq(&before.sealed));
        let set = (gateway_keys::key_id.eq(key_id), gateway_keys::sealed.eq(sealed));
        return Ok(diesel::update(row).set(set).execute(db)? > 0);
    }
    if is_account(&before.owner_id) {
        let row = account_secrets::table
            .find((&before.owner_id, &before.name))
            .filter(account_secrets::sealed.eq(&before.sealed));
        let set = (account_secrets::key_id.eq(key_id), account_secrets::sealed.eq(sealed));
        return Ok(diesel::update(row).set(set).execute(db)? > 0);
    }
    let row = connection_secrets::table
        .find((&before.owner_id, &before.name))
        .filter(connection_secrets::sealed.eq(&before.sealed));
    let set = (connection_secrets::key_id.eq(key_id), connection_secrets::sealed.eq(sealed));
    Ok(diesel::update(row).set(set).execute(db)? > 0)
}
