//! Records below others: a customer's jobs.

use crate::{
    domain::{ids::ConnectionId, words::List},
    store::{Db, Page, PageLimit, Result, dsl::*, schema::records},
};

use super::Staged;

/// The present records that belong to one of `parents` and have a name with their parents in it, in the order of their
/// external IDs.
pub fn children(
    db: &mut Db,
    connection_id: &ConnectionId,
    list: List,
    parents: &[&str],
    after: Option<&str>,
    limit: PageLimit,
) -> Result<Page<Staged>> {
    let mut query = records::table
        .filter(records::connection_id.eq(connection_id.to_owned()).and(records::list.eq(list.as_str())))
        .filter(
            records::parent_external_id.eq_any(parents.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>()),
        )
        .filter(records::absent_at.is_null().and(records::full_name.is_not_null()))
        .select(Staged::as_select())
        .order(records::external_id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(records::external_id.gt(after.to_owned()));
    }
    Ok(Page::cut(query.load(db)?, limit))
}
