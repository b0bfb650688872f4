//! The change feed of each company, in the order of commits (promise 10).
//!
//! | file | what it holds |
//! | --- | --- |
//! | `gather` | changes are gathered while a transaction works, and get their positions at its end |
//! | `feed` | how the feed is read from a position on |
//! | `epoch` | which life of the database its positions belong to |

mod epoch;
mod feed;
mod gather;

pub use epoch::{begin_epoch, epoch};
pub use feed::{Filter, Section, newest, section};
pub(super) use gather::{append, write};

use chrono::{DateTime, Utc};

use crate::domain::{
    access::Actor,
    ids::{AppId, CompanyId, ConnectionId, RecordId, RunId},
    words::{ActorKind, ChangeKind, List},
};

use super::{
    Db, Error, Page, PageLimit, Result,
    dsl::*,
    pairs::Side,
    schema::changes,
    values::{Time, loaded_as},
};

/// One entry of the change feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub company_id: CompanyId,
    /// Its place in the company's feed, from 1 up and without gaps; undo names it.
    pub position: i64,
    /// When its transaction began. Positions are not in the order of these times.
    pub at: DateTime<Utc>,
    pub kind: ChangeKind,
    pub list: List,
    /// The record it happened to; `None` for a profile's own changes. So are the next three.
    pub record_id: Option<RecordId>,
    pub external_id: Option<String>,
    pub connection_id: Option<ConnectionId>,
    /// The record's version after it.
    pub version: Option<i32>,
    pub run_id: Option<RunId>,
    /// Whose link or profile it was.
    pub app_id: Option<AppId>,
    /// The app's own ID of the profile.
    pub profile_id: Option<String>,
    /// Who did it, where a person or an app did.
    pub actor: Option<Actor>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = changes)]
#[doc(hidden)]
pub struct Row {
    company_id: CompanyId,
    position: i64,
    #[diesel(deserialize_as = Time)]
    at: DateTime<Utc>,
    kind: ChangeKind,
    list: List,
    record_id: Option<RecordId>,
    external_id: Option<String>,
    connection_id: Option<ConnectionId>,
    version: Option<i32>,
    run_id: Option<RunId>,
    app_id: Option<AppId>,
    profile_id: Option<String>,
    /// The words of entries from before the next two were kept.
    actor: Option<String>,
    actor_kind: Option<ActorKind>,
    actor_id: Option<String>,
}

loaded_as!(Row => Change);

impl From<Row> for Change {
    fn from(row: Row) -> Self {
        Self {
            company_id: row.company_id,
            position: row.position,
            at: row.at,
            kind: row.kind,
            list: row.list,
            record_id: row.record_id,
            external_id: row.external_id,
            connection_id: row.connection_id,
            version: row.version,
            run_id: row.run_id,
            app_id: row.app_id,
            profile_id: row.profile_id,
            actor: match row.actor_kind {
                Some(kind) => Some(Actor { kind, id: row.actor_id }),
                None => row.actor.as_deref().map(from_words),
            },
        }
    }
}

/// Who is meant by the words of an old entry; they have a name in the place of the ID.
fn from_words(text: &str) -> Actor {
    let kind = ActorKind::ALL.iter().find_map(|kind| {
        let rest = text.strip_prefix(&kind.as_str().replace('_', " "))?;
        Some((*kind, rest.trim_start()))
    });
    let (kind, id) = kind.unwrap_or((ActorKind::App, text));
    Actor { kind, id: (!id.is_empty()).then(|| id.to_owned()) }
}

pub fn get(db: &mut Db, company_id: &CompanyId, position: i64) -> Result<Change> {
    let row = changes::table.find((company_id, position)).select(Change::as_select()).first(db).optional()?;
    row.ok_or(Error::NotFound("change"))
}

/// Whether the record of a link's change was linked or unlinked again by the same app.
pub fn link_changed_since(db: &mut Db, change: &Change) -> Result<bool> {
    let later = changes::table
        .filter(changes::company_id.eq(&change.company_id).and(changes::position.gt(change.position)))
        .filter(changes::record_id.eq(&change.record_id).and(changes::app_id.eq(&change.app_id)))
        .filter(changes::kind.eq_any([ChangeKind::Linked.as_str(), ChangeKind::Unlinked.as_str()]));
    Ok(diesel::select(diesel::dsl::exists(later)).get_result(db)?)
}

/// What happened to a record, newest first; `before` is the position of the last row of the page before.
pub fn of_record(
    db: &mut Db,
    record_id: &RecordId,
    before: Option<i64>,
    limit: PageLimit,
) -> Result<Page<Change>> {
    let mut query = changes::table
        .filter(changes::record_id.eq(record_id.to_owned()))
        .select(Change::as_select())
        .order(changes::position.desc())
        .limit(limit.and_one())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(changes::position.lt(before));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// What was linked and unlinked of one app within one list of a connection, newest first; `before` as in [`of_record`].
pub fn of_links(
    db: &mut Db,
    company_id: &CompanyId,
    side: &Side,
    before: Option<i64>,
    limit: PageLimit,
) -> Result<Page<Change>> {
    let mut query = changes::table
        .filter(changes::company_id.eq(company_id.to_owned()))
        .filter(changes::app_id.eq(side.app_id.clone()))
        .filter(changes::connection_id.eq(side.connection_id.clone()))
        .filter(changes::list.eq(side.list.as_str()))
        .filter(changes::kind.eq_any([ChangeKind::Linked.as_str(), ChangeKind::Unlinked.as_str()]))
        .select(Change::as_select())
        .order(changes::position.desc())
        .limit(limit.and_one())
        .into_boxed();
    if let Some(before) = before {
        query = query.filter(changes::position.lt(before));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// The place of the last change of a record's link.
pub fn last_of_link(db: &mut Db, side: &Side, record_id: &RecordId) -> Result<Option<i64>> {
    Ok(changes::table
        .filter(changes::record_id.eq(record_id).and(changes::app_id.eq(&side.app_id)))
        .filter(changes::kind.eq_any([ChangeKind::Linked.as_str(), ChangeKind::Unlinked.as_str()]))
        .order(changes::position.desc())
        .select(changes::position)
        .first(db)
        .optional()?)
}
