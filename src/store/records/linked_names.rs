//! The name of a record stands in its links as well: an app's linked records are read in its order.

use crate::store::{
    Result, WriteDb,
    dsl::*,
    schema::{links, records},
};

/// Gives the links of these records, whose names may have changed, the names that they have now.
pub(super) fn follow(db: &mut WriteDb, record_ids: &[&str]) -> Result<()> {
    let name =
        || records::table.filter(records::id.eq(links::record_id)).select(records::sort_name).single_value();
    for some in record_ids.chunks(500) {
        let renamed = links::table
            .filter(links::record_id.eq_any(some.to_vec()))
            .filter(links::sort_name.nullable().ne(name()));
        diesel::update(renamed).set(links::sort_name.eq(name().assume_not_null())).execute(db)?;
    }
    Ok(())
}
