//! Reads all pages of a list.

use crate::service::page::PageBody;

use super::Result;

/// Rows in a page.
const ROWS: usize = 500;

/// The rows of all pages, at most `most` if it is given. `page` reads so many rows after a cursor.
pub(super) async fn all<T>(
    most: Option<usize>,
    page: impl AsyncFn(i64, Option<String>) -> Result<PageBody<T>>,
) -> Result<Vec<T>> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let room = most.map_or(ROWS, |most| most.saturating_sub(rows.len()).min(ROWS));
        if room == 0 {
            return Ok(rows);
        }
        let next = page(i64::try_from(room).unwrap_or(1), cursor).await?;
        rows.extend(next.data);
        cursor = next.next_cursor;
        if cursor.is_none() {
            return Ok(rows);
        }
    }
}

/// Hands on the rows of all pages, page by page, for a list that may be too long for memory.
pub(super) async fn all_into<T>(
    page: impl AsyncFn(i64, Option<String>) -> Result<PageBody<T>>,
    mut take: impl FnMut(&T) -> Result,
) -> Result {
    let mut cursor = None;
    loop {
        let next = page(ROWS as i64, cursor).await?;
        next.data.iter().try_for_each(&mut take)?;
        cursor = next.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}
