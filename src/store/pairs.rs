//! Linked pairs: links with both of their ends, newest first; and how many there are of what the pages list.

use diesel::dsl::{exists, not};

use crate::domain::{
    fold::fold,
    ids::{AppId, ConnectionId, LinkId, RecordId},
    words::List,
};

use super::{
    Db, Page, PageLimit, Result,
    db::AnyBackend,
    dsl::*,
    links::Link,
    records::Staged,
    schema::{links, profiles, records},
    values::contains,
};

/// Whose pairs are meant: an app's, within one list of a connection.
#[derive(Debug, Clone)]
pub struct Side {
    pub app_id: AppId,
    pub connection_id: ConnectionId,
    pub list: List,
}

/// A page of the pairs, newest first; `search` is looked for on both ends, case and accents aside.
pub fn page(
    db: &mut Db,
    side: &Side,
    search: Option<&str>,
    before: Option<&LinkId>,
    limit: PageLimit,
) -> Result<Page<(Link, Staged)>> {
    let mut query = links::table
        .inner_join(profiles::table)
        .inner_join(records::table)
        .filter(links::app_id.eq(side.app_id.clone()))
        .filter(links::connection_id.eq(side.connection_id.clone()).and(links::list.eq(side.list.as_str())))
        .select((Link::as_select(), Staged::as_select()))
        // The IDs are in the order of time.
        .order(links::id.desc())
        .limit(limit.and_one())
        .into_boxed::<AnyBackend>();
    if let Some(search) = search {
        let wanted = contains(&fold(search));
        let profile = profiles::search_text.like(wanted.clone()).escape('\\');
        query = query.filter(profile.or(records::search_text.like(wanted).escape('\\')));
    }
    if let Some(before) = before {
        query = query.filter(links::id.lt(before.clone()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}

/// How many pairs there are, counted to `most`.
pub fn count(db: &mut Db, side: &Side, most: u16) -> Result<usize> {
    let ids: Vec<LinkId> = links::table
        .filter(links::app_id.eq(&side.app_id).and(links::list.eq(side.list.as_str())))
        .filter(links::connection_id.eq(&side.connection_id))
        .select(links::id)
        .limit(most.into())
        .load(db)?;
    Ok(ids.len())
}

/// How many records are active, not gone, and not linked by the app, counted to `most`.
pub fn count_unlinked(db: &mut Db, side: &Side, most: u16) -> Result<usize> {
    let linked =
        links::table.filter(links::record_id.eq(records::id).and(links::app_id.eq(side.app_id.clone())));
    let ids: Vec<RecordId> = records::table
        .filter(records::connection_id.eq(&side.connection_id).and(records::list.eq(side.list.as_str())))
        .filter(records::active.eq(true).and(records::absent_at.is_null()))
        .filter(not(exists(linked)))
        .select(records::id)
        .limit(most.into())
        .load(db)?;
    Ok(ids.len())
}
