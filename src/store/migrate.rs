//! Migrations: two folders in lockstep, compiled in, run at start.

use std::time::Duration;

use diesel::{
    migration::{Migration, MigrationSource},
    prelude::*,
    sql_types::BigInt,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    Db, Engine, Error, Result,
    engine::{Purpose, connect, per_backend, set_lock_patience},
    schema::write_checks,
};

/// How long another gateway that migrates is waited for.
const PATIENCE: Duration = Duration::from_secs(15);

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The key of the advisory lock under which PostgreSQL is migrated: "rollcall" in ASCII.
const LOCK: i64 = 0x726f_6c6c_6361_6c6c;

/// What a migration did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// The names of those applied now; empty when the tables were up to date.
    pub applied: Vec<String>,
}

/// How the tables stand to this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// There are none yet.
    New,
    /// Some migrations are still to be applied.
    Older,
    /// They are those that this version works with.
    Current,
    /// A newer version has changed them.
    Newer,
}

/// To be called in a transaction.
pub(super) fn standing(db: &mut Db) -> Result<Standing> {
    if let Db::Postgres(connection) = db {
        // Looking makes Diesel's own table, and PostgreSQL fails the second of two that make it at once.
        diesel::select(pg_advisory_xact_lock(LOCK)).execute(connection)?;
    }
    let applied = per_backend!(db, |connection| connection.applied_migrations()).map_err(failed)?;
    if applied.is_empty() {
        return Ok(Standing::New);
    }
    if unknown(db)?.is_some() {
        return Ok(Standing::Newer);
    }
    Ok(if is_current(db)? { Standing::Current } else { Standing::Older })
}

pub(super) fn run(engine: Engine, url: &str) -> Result<Migrated> {
    let mut db = connect(engine, url, Purpose::Make)?;
    set_lock_patience(&mut db, PATIENCE)?;
    // One that cannot be written is told of as that, not as one that did not migrate.
    if engine == Engine::Sqlite && is_current(&mut db)? {
        return Ok(Migrated { applied: Vec::new() });
    }
    let applied = match &mut db {
        // The lock and the migrations are one transaction: a second gateway waits, then finds nothing to do.
        Db::Sqlite(connection) => {
            connection.immediate_transaction(|connection| -> std::result::Result<_, Failure> {
                apply(connection, SQLITE)
            })
        }
        Db::Postgres(connection) => {
            let locked = diesel::select(pg_advisory_lock(LOCK)).execute(connection);
            locked.map_err(Failure::from).and_then(|_| apply(connection, POSTGRES))
            // The lock goes with the connection.
        }
    };
    applied.map(|applied| Migrated { applied }).map_err(|Failure(why)| Error::Migrate(why))
}

pub(super) fn is_current(db: &mut Db) -> Result<bool> {
    let pending = match db {
        Db::Sqlite(connection) => connection.has_pending_migration(SQLITE),
        Db::Postgres(connection) => connection.has_pending_migration(POSTGRES),
    };
    Ok(!pending.map_err(failed)? && unknown(db)?.is_none())
}

/// Writes as little as there is: whether it can.
pub(super) fn touch(db: &mut Db) -> Result<()> {
    diesel::update(write_checks::table).set(write_checks::count.eq(write_checks::count + 1)).execute(db)?;
    Ok(())
}

diesel::define_sql_function! { fn pg_advisory_xact_lock(key: BigInt) -> diesel::sql_types::Nullable<diesel::sql_types::Text>; }
diesel::define_sql_function! { fn pg_advisory_lock(key: BigInt) -> diesel::sql_types::Nullable<diesel::sql_types::Text>; }

fn apply<C, B>(connection: &mut C, source: EmbeddedMigrations) -> std::result::Result<Vec<String>, Failure>
where
    B: diesel::backend::Backend,
    C: MigrationHarness<B>,
    EmbeddedMigrations: MigrationSource<B>,
{
    let known: Vec<Box<dyn Migration<B>>> = source.migrations()?;
    let known: Vec<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    if let Some(newer) = connection.applied_migrations()?.iter().find(|v| !known.contains(&v.to_string())) {
        return Err(Failure(format!(
            "it was made by a newer version of Rollcall (migration {newer}); install that one"
        )));
    }
    Ok(connection.run_pending_migrations(source)?.iter().map(ToString::to_string).collect())
}

/// The first applied migration that this version does not know.
fn unknown(db: &mut Db) -> Result<Option<String>> {
    fn versions<B: diesel::backend::Backend>(
        source: &impl MigrationSource<B>,
    ) -> diesel::migration::Result<Vec<String>> {
        Ok(source.migrations()?.iter().map(|migration| migration.name().version().to_string()).collect())
    }
    let applied = per_backend!(db, |connection| connection.applied_migrations()).map_err(failed)?;
    let known = match db {
        Db::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        Db::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }
    .map_err(failed)?;
    Ok(applied.iter().map(ToString::to_string).find(|version| !known.contains(version)))
}

/// Diesel's migration errors are boxed; one of the database's own keeps its meaning.
fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Error {
    match error.downcast::<diesel::result::Error>() {
        Ok(error) => (*error).into(),
        Err(error) => Error::Migrate(error.to_string()),
    }
}

/// Diesel's migration errors are boxed and its transactions want one that comes from its own: the words of both.
struct Failure(String);

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        Self(error.to_string())
    }
}

impl From<Box<dyn std::error::Error + Send + Sync>> for Failure {
    fn from(error: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self(error.to_string())
    }
}
