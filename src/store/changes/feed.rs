//! How the feed is read: from a position on, a bounded section at a time.

use crate::{
    domain::{
        ids::CompanyId,
        words::{ChangeKind, List},
    },
    store::{
        Db, Result,
        dsl::*,
        schema::{changes, feed_positions},
    },
};

use super::Change;

/// Positions that one look goes over: a filter that fits little ends there as well.
const SPAN: i64 = 20_000;

/// Which changes are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub list: Option<List>,
    /// Any of these; all where it is empty.
    pub kinds: Vec<ChangeKind>,
}

/// A part of a feed.
#[derive(Debug, Clone, Default)]
pub struct Section {
    pub changes: Vec<Change>,
    /// All up to here was looked through: the next section begins after it.
    pub up_to: i64,
    /// Whether more follows already.
    pub more: bool,
}

/// Where a company's feed ends: the newest position, and the one after which it begins.
fn ends(db: &mut Db, company_id: &CompanyId) -> Result<(i64, i64)> {
    let row =
        feed_positions::table.find(company_id).select((feed_positions::last, feed_positions::forgotten));
    Ok(row.first(db).optional()?.unwrap_or((0, 0)))
}

/// The newest position of a company's feed; 0 where nothing has happened yet.
pub fn newest(db: &mut Db, company_id: &CompanyId) -> Result<i64> {
    Ok(ends(db, company_id)?.0)
}

/// Up to `most` changes after the position `after`; the oldest that are kept where there is none. `None` where some
/// after it were forgotten, or it was never given out.
pub fn section(
    db: &mut Db,
    company_id: &CompanyId,
    after: Option<i64>,
    filter: &Filter,
    most: usize,
) -> Result<Option<Section>> {
    // Where it ends is read before the changes: all up to there are committed, and later ones are left to the next look.
    let (last, forgotten) = ends(db, company_id)?;
    let after = after.unwrap_or(forgotten);
    if !(forgotten..=last).contains(&after) {
        return Ok(None);
    }
    let end = last.min(after.saturating_add(SPAN));
    let mut query = changes::table
        .filter(changes::company_id.eq(company_id.to_owned()))
        .filter(changes::position.gt(after).and(changes::position.le(end)))
        .select(Change::as_select())
        .order(changes::position)
        .limit(i64::try_from(most).unwrap_or(i64::MAX))
        .into_boxed();
    if let Some(list) = filter.list {
        query = query.filter(changes::list.eq(list.as_str()));
    }
    if !filter.kinds.is_empty() {
        query = query
            .filter(changes::kind.eq_any(filter.kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()));
    }
    let changes = query.load::<Change>(db)?;
    // And what was forgotten after them: it may have gone between the two looks.
    if after < ends(db, company_id)?.1 {
        return Ok(None);
    }
    let up_to = match changes.last() {
        Some(last) if changes.len() >= most => last.position,
        _ => end,
    };
    Ok(Some(Section { changes, up_to, more: up_to < last }))
}
