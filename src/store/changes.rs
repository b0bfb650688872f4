//! The ordered change feed: written in the transaction of what it tells of.

use chrono::{DateTime, NaiveDateTime, Utc};
use diesel::prelude::*;

use crate::domain::{
    access::Actor,
    words::{ActorKind, ChangeKind, List},
};

use super::{
    Db, Error, Page, PageLimit, Result, connections,
    schema::{changes, records},
    values::{utc, word},
};

/// Rows up to which PostgreSQL takes one INSERT; more are copied.
const BATCH: usize = 500;

#[derive(Insertable)]
#[diesel(table_name = changes, treat_none_as_default_value = false)]
pub(super) struct NewChange<'a> {
    pub at: NaiveDateTime,
    pub record_id: &'a str,
    pub kind: &'static str,
    pub version: i32,
    pub run_id: Option<&'a str>,
    pub app_id: Option<&'a str>,
    pub profile_id: Option<&'a str>,
    pub actor: Option<String>,
}

pub(super) fn append(db: &mut Db, new: Vec<NewChange<'_>>) -> Result<()> {
    match db {
        Db::Postgres(connection) if new.len() > BATCH => {
            diesel::copy_from(changes::table).from_insertable(new).execute(connection)?;
        }
        Db::Postgres(connection) => {
            diesel::insert_into(changes::table).values(&new).execute(connection)?;
        }
        // A statement for one row is prepared once and kept; one for many is built and parsed each time.
        Db::Sqlite(connection) => {
            for change in &new {
                diesel::insert_into(changes::table).values(change).execute(connection)?;
            }
        }
    }
    Ok(())
}

/// One entry of the change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place in the feed; undo names it.
    pub seq: i64,
    pub at: DateTime<Utc>,
    pub company_id: String,
    pub connection_id: String,
    pub record_id: String,
    pub list: List,
    pub kind: ChangeKind,
    /// The record's version after it.
    pub version: i32,
    pub run_id: Option<String>,
    /// Whose link it was, for `linked` and `unlinked`.
    pub app_id: Option<String>,
    /// The app's own ID on the other end of the link.
    pub profile_id: Option<String>,
    /// Who did it, where a person or an app did.
    pub actor: Option<Actor>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = changes)]
struct Row {
    seq: i64,
    at: NaiveDateTime,
    #[diesel(select_expression = records::company_id)]
    company_id: String,
    #[diesel(select_expression = records::connection_id)]
    connection_id: String,
    record_id: String,
    #[diesel(select_expression = records::list)]
    list: String,
    kind: String,
    version: i32,
    run_id: Option<String>,
    app_id: Option<String>,
    profile_id: Option<String>,
    actor: Option<String>,
}

impl TryFrom<Row> for Change {
    type Error = Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Change {
            seq: row.seq,
            at: utc(row.at),
            list: word("list", &row.list)?,
            kind: word("kind of change", &row.kind)?,
            company_id: row.company_id,
            connection_id: row.connection_id,
            record_id: row.record_id,
            version: row.version,
            run_id: row.run_id,
            app_id: row.app_id,
            profile_id: row.profile_id,
            actor: row.actor.as_deref().map(actor),
        })
    }
}

/// What `Display` of [`Actor`] wrote. Older entries have a name in the place of the ID.
fn actor(text: &str) -> Actor {
    let kind = ActorKind::ALL.iter().find_map(|kind| {
        let rest = text.strip_prefix(&kind.as_str().replace('_', " "))?;
        Some((*kind, rest.trim_start()))
    });
    let (kind, id) = kind.unwrap_or((ActorKind::App, text));
    Actor { kind, id: (!id.is_empty()).then(|| id.to_owned()) }
}

pub fn get(db: &mut Db, seq: i64) -> Result<Change> {
    let row = changes::table
        .find(seq)
        .inner_join(records::table)
        .filter(records::connection_id.ne_all(connections::deleted()))
        .select(Row::as_select())
        .first(db)
        .optional()?;
    row.ok_or(Error::NotFound("change"))?.try_into()
}

/// What happened to a record, newest first; `before` is the `seq` of the last row of the page before.
pub fn of_record(
    db: &mut Db,
    record_id: &str,
    before: Option<i64>,
    limit: PageLimit,
) -> Result<Page<Change>> {
    let mut query = changes::table
        .inner_join(records::table)
        .filter(changes::record_id.eq(record_id.to_owned()))
        .select(Row::as_select())
        .order(changes::seq.desc())
        .limit(limit.and_one())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(changes::seq.lt(before));
    }
    let rows: Result<Vec<Change>> = query.load(db)?.into_iter().map(TryInto::try_into).collect();
    Ok(Page::cut(rows?, limit))
}
