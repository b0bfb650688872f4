//! The two folders of migrations and Diesel's picture of the tables say the same.

use std::{collections::BTreeMap, fs, path::Path};

use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::Text};

use crate::support::TestDatabase;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of a folder of migrations, by its path within.
fn files(engine: &str) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for migration in fs::read_dir(root().join("migrations").join(engine)).unwrap() {
        let migration = migration.unwrap().path();
        for file in fs::read_dir(&migration).unwrap() {
            let path = file.unwrap().path();
            let name = path.strip_prefix(migration.parent().unwrap()).unwrap().display().to_string();
            files.insert(name, fs::read_to_string(path).unwrap());
        }
    }
    files
}

/// How a migration begins that cannot be the same for both: of it only the names are compared, and what both engines have
/// in common by [`in_schema`].
const DIFFERS: &str = "-- Differs from the other folder: ";

#[test]
fn both_engines_get_the_same_tables() {
    let as_sqlite = |sql: &str| {
        sql.replace("BYTEA", "BLOB")
            .replace(
                "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
                "INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT",
            )
            .replace("Kept in lockstep with the SQLite folder", "Kept in lockstep with the PostgreSQL folder")
    };
    let (mut postgres, mut sqlite) = (files("postgres"), files("sqlite"));
    assert_eq!(postgres.keys().collect::<Vec<_>>(), sqlite.keys().collect::<Vec<_>>());
    postgres.retain(|_, sql| !sql.starts_with(DIFFERS));
    sqlite.retain(|_, sql| !sql.starts_with(DIFFERS));
    let postgres: BTreeMap<_, _> = postgres.into_iter().map(|(name, sql)| (name, as_sqlite(&sql))).collect();
    // SQLite keeps such a table in its key; PostgreSQL has no word for it.
    let sqlite = sqlite.into_iter().map(|(name, sql)| (name, sql.replace(" WITHOUT ROWID", "")));
    assert_eq!(postgres, sqlite.collect());
}

#[derive(QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    shape: String,
}

#[test]
fn diesel_sees_the_tables_as_the_migrations_make_them() {
    let database = TestDatabase::sqlite();
    drop(database.open());
    let mut connection = SqliteConnection::establish(database.url.trim_start_matches("sqlite:")).unwrap();
    let columns: Vec<Column> = diesel::sql_query(
        "SELECT m.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" THEN '' ELSE ' NULL' END AS shape \
         FROM sqlite_master m JOIN pragma_table_info(m.name) c \
         WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE '__diesel%' \
             AND m.name NOT LIKE 'search_trigrams%' ORDER BY m.name, c.cid",
    )
    .load(&mut connection)
    .unwrap();
    let mut in_tables: Vec<String> = columns.into_iter().map(|column| column.shape).collect();
    in_tables.sort();
    assert_eq!(in_schema(), in_tables);
}

/// The columns of a table, but for the index of texts that only one engine has.
const POSTGRES_COLUMNS: &str = "SELECT table_name || '.' || column_name AS shape FROM information_schema.columns \
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' AND table_name NOT LIKE 'staged\\_%' \
    AND column_name <> 'trigrams' ORDER BY 1";

#[test]
fn postgres_has_the_columns_that_diesel_sees() {
    let Some(database) = TestDatabase::postgres() else { return };
    drop(database.open());
    let mut connection = diesel::PgConnection::establish(&database.url).unwrap();
    let columns: Vec<Column> = diesel::sql_query(POSTGRES_COLUMNS).load(&mut connection).unwrap();
    let mut columns: Vec<String> = columns.into_iter().map(|column| column.shape).collect();
    columns.sort();
    let names: Vec<String> =
        in_schema().iter().map(|column| column.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(columns, names);
}

/// The columns of `schema.rs`, in the words of SQLite.
fn in_schema() -> Vec<String> {
    let source = fs::read_to_string(root().join("src/store/schema.rs")).unwrap();
    let mut table = String::new();
    let mut columns = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with(") {")) {
            name.clone_into(&mut table);
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ")
            && !column.starts_with("diesel::")
        {
            let (kind, null) = match kind.strip_prefix("Nullable<") {
                Some(kind) => (kind.trim_end_matches('>'), " NULL"),
                None => (kind, ""),
            };
            let kind = match (kind, column) {
                // SQLite's only type for a key that counts itself.
                ("BigInt", "seq") if table != "audit" => "INTEGER",
                ("Text", _) => "TEXT",
                ("Timestamp", _) => "TIMESTAMP",
                ("Bool", _) => "BOOLEAN",
                ("Binary", _) => "BLOB",
                ("BigInt", _) => "BIGINT",
                ("Integer", _) => "INTEGER",
                ("Date", _) => "DATE",
                other => panic!("{other:?}"),
            };
            columns.push(format!("{table}.{column} {kind}{null}"));
        }
    }
    columns.sort();
    columns
}

#[tokio::test]
async fn migrating_twice_changes_nothing_and_a_newer_database_is_refused() {
    TestDatabase::each(async |database| {
        let store = database.open();
        assert_eq!(store.migrate().unwrap().applied, Vec::<String>::new());
        assert!(store.is_current().await.unwrap());
        execute(&database.url, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
        assert!(!store.is_current().await.unwrap());
        assert!(store.migrate().unwrap_err().to_string().contains("newer version"));
    })
    .await;
}

/// References without an index that begins with their column: without one, whoever deletes what is referred to, or looks
/// for what refers to it, reads the whole table.
const NOT_INDEXED: &str = "SELECT m.name || '.' || f.\"from\" AS shape \
    FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f \
    WHERE m.type = 'table' AND NOT EXISTS ( \
        SELECT 1 FROM pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c \
        WHERE c.seqno = 0 AND c.name = f.\"from\" AND NOT i.partial) ORDER BY 1";

#[test]
fn every_reference_has_an_index() {
    let database = TestDatabase::sqlite();
    drop(database.open());
    let mut connection = SqliteConnection::establish(database.url.trim_start_matches("sqlite:")).unwrap();
    let missing: Vec<Column> = diesel::sql_query(NOT_INDEXED).load(&mut connection).unwrap();
    assert_eq!(missing.into_iter().map(|column| column.shape).collect::<Vec<_>>(), Vec::<String>::new());
}

fn execute(url: &str, sql: &str) {
    match url.strip_prefix("sqlite:") {
        Some(path) => {
            diesel::sql_query(sql).execute(&mut SqliteConnection::establish(path).unwrap()).unwrap();
        }
        None => {
            diesel::sql_query(sql).execute(&mut diesel::PgConnection::establish(url).unwrap()).unwrap();
        }
    }
}
