//! Migrations: two folders in lockstep, compiled in, run at start.

use std::time::Duration;

use diesel::{
    dsl::sql,
    migration::{Migration, MigrationSource},
    sql_types::{BigInt, Bool},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::{
    Db, Engine, Error, Result, WriteDb,
    db::Backend,
    dsl::*,
    engine::{Purpose, connect, set_lock_patience},
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

pub(super) fn standing(db: &mut Db) -> Result<Standing> {
    let (known, applied) = (known(db)?, applied(db)?);
    Ok(if applied.is_empty() {
        Standing::New
    } else if applied.iter().any(|version| !known.contains(version)) {
        Standing::Newer
    } else if known.iter().any(|version| !applied.contains(version)) {
        Standing::Older
    } else {
        Standing::Current
    })
}

pub(super) fn run(engine: Engine, url: &str) -> Result<Migrated> {
    let mut db = connect(engine, url, Purpose::Make)?;
    set_lock_patience(&mut db, PATIENCE)?;
    // One that cannot be written is told of as that, not as one that did not migrate.
    if engine == Engine::Sqlite && is_current(&mut db)? {
        return Ok(Migrated { applied: Vec::new() });
    }
    let applied = match db.backend() {
        // The lock and the migrations are one transaction: a second gateway waits, then finds nothing to do.
        Backend::Sqlite(connection) => {
            connection.immediate_transaction(|connection| -> std::result::Result<_, Failure> {
                apply(connection, SQLITE)
            })
        }
        Backend::Postgres(connection) => {
            let locked = diesel::select(pg_advisory_lock(LOCK)).execute(connection);
            locked.map_err(Failure::from).and_then(|_| apply(connection, POSTGRES))
            // The lock goes with the connection.
        }
    };
    applied.map(|applied| Migrated { applied }).map_err(|Failure(why)| Error::Migrate(why))
}

pub(super) fn is_current(db: &mut Db) -> Result<bool> {
    Ok(standing(db)? == Standing::Current)
}

/// Writes as little as there is: whether it can.
pub(super) fn touch(db: &mut WriteDb) -> Result<()> {
    diesel::update(write_checks::table).set(write_checks::count.eq(write_checks::count + 1)).execute(db)?;
    Ok(())
}

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

diesel::table! {
    /// Diesel's own table of what was applied.
    __diesel_schema_migrations (version) {
        version -> Text,
    }
}
use __diesel_schema_migrations as applied_migrations;

/// The versions of what was applied. Diesel's own look makes its table where there is none: a reader cannot.
fn applied(db: &mut Db) -> Result<Vec<String>> {
    let there: bool = match db.backend() {
        Backend::Postgres(mut connection) => {
            let named = sql::<Bool>("to_regclass('__diesel_schema_migrations') IS NOT NULL");
            diesel::select(named).get_result(&mut connection)?
        }
        Backend::Sqlite(mut connection) => {
            let named = "EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations')";
            diesel::select(sql::<Bool>(named)).get_result(&mut connection)?
        }
    };
    if !there {
        return Ok(Vec::new());
    }
    Ok(applied_migrations::table.select(applied_migrations::version).load(db)?)
}

/// The versions of what this version of Rollcall knows.
fn known(db: &mut Db) -> Result<Vec<String>> {
    fn versions<B: diesel::backend::Backend>(
        source: &impl MigrationSource<B>,
    ) -> diesel::migration::Result<Vec<String>> {
        Ok(source.migrations()?.iter().map(|migration| migration.name().version().to_string()).collect())
    }
    match db.backend() {
        Backend::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
        Backend::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
    }
    .map_err(failed)
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
