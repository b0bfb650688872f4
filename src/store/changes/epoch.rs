//! The epoch: which life of the database the positions of its feeds belong to. A backup that is restored gives positions
//! out again that others have seen before; with a new epoch their cursors are refused instead of misread.

use crate::store::{Db, Error, Result, WriteDb, db::per_backend, dsl::*, schema::feed_epoch};

const ONLY: i32 = 1;

/// The present epoch; `None` where none was needed yet.
pub fn epoch(db: &mut Db) -> Result<Option<String>> {
    Ok(feed_epoch::table.find(ONLY).select(feed_epoch::epoch).first(db).optional()?)
}

/// Makes `fresh` the epoch: where there is none yet, or in place of the present one. Which one it is now.
pub fn begin_epoch(db: &mut WriteDb, fresh: &str, replace: bool) -> Result<String> {
    let row = (feed_epoch::id.eq(ONLY), feed_epoch::epoch.eq(fresh));
    per_backend!(db, |connection| diesel::insert_into(feed_epoch::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(connection))?;
    if replace {
        diesel::update(feed_epoch::table.find(ONLY)).set(feed_epoch::epoch.eq(fresh)).execute(db)?;
    }
    epoch(db)?.ok_or(Error::NotFound("epoch of the feed"))
}
