//! What a fault does to one page of a list.

use super::Fault;

/// The rows of one page, cut out of all rows of a listing.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// The first row.
    pub start: usize,
    pub size: usize,
    /// How many rows the listing has.
    pub total: usize,
}

impl Place {
    fn rows(self) -> usize {
        self.total.saturating_sub(self.start).min(self.size)
    }

    pub(crate) fn is_last(self) -> bool {
        self.start.saturating_add(self.size) >= self.total
    }

    /// The faults that would change this page: one that would not must not be counted.
    pub(crate) fn possible(self) -> Vec<Fault> {
        let mut kinds = Vec::new();
        if self.start > 0 && self.rows() > 0 {
            kinds.push(Fault::RepeatedPage);
        }
        if self.rows() > 0 {
            kinds.push(Fault::MissingPage);
        }
        if self.rows() > 1 && !self.is_last() {
            kinds.push(Fault::ShrinkingPage);
        }
        kinds
    }
}

/// This page of the rows.
pub(crate) fn rows<T>(all: &[T], start: usize, size: usize) -> &[T] {
    let start = start.min(all.len());
    let end = start.saturating_add(size).min(all.len());
    all.get(start..end).unwrap_or_default()
}
