//! What came of a list against what its source counts in it: in doubt nobody is marked absent.

use serde::{Deserialize, Serialize};

/// The rows of a list, which may be read in several parts. It is a part of what is remembered of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ListCount {
    /// Rows of the part that is being read, wanted or not.
    pub(super) received: u64,
    /// Rows that cannot be told apart from others: they cannot be staged, and must not be taken for absent.
    pub(super) without_id: u64,
    /// How many rows fewer came than the source counts, in the parts that have ended.
    lacking: u64,
    /// And how many more.
    surplus: u64,
    /// A part that has ended was not counted.
    uncounted: bool,
}

/// Why a list may not be whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CountDoubt {
    /// So many rows have no ID.
    WithoutId(u64),
    /// The source does not say how many rows there are.
    NotCounted,
    /// So many rows fewer came than the source counts.
    Lacking(u64),
    /// So many more: some came while it was read, or two readings are mixed.
    Surplus(u64),
}

impl ListCount {
    /// Of a list in one part: so many rows came, and so many more that cannot be told apart.
    pub(super) fn new(received: u64, without_id: u64) -> Self {
        Self { received, without_id, ..Self::default() }
    }

    /// Begins a part of the list after one that could not be read to its end.
    pub(super) fn next_part(self) -> Self {
        Self { received: 0, ..self }
    }

    /// Ends a part of the list, in which the source counts so many rows, if it says so.
    pub(super) fn end_part(&mut self, counted: Option<u64>) {
        match counted {
            Some(counted) => {
                self.lacking = self.lacking.saturating_add(counted.saturating_sub(self.received));
                self.surplus = self.surplus.saturating_add(self.received.saturating_sub(counted));
            }
            None => self.uncounted = true,
        }
        self.received = 0;
    }

    /// What speaks against its being whole, the gravest first.
    pub(super) fn doubt(&self) -> Option<CountDoubt> {
        if self.without_id > 0 {
            Some(CountDoubt::WithoutId(self.without_id))
        } else if self.uncounted {
            Some(CountDoubt::NotCounted)
        } else if self.lacking > 0 {
            Some(CountDoubt::Lacking(self.lacking))
        } else {
            (self.surplus > 0).then_some(CountDoubt::Surplus(self.surplus))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of parts: rows that came, and what the source counts.
    fn doubt(parts: &[(u64, Option<u64>)]) -> Option<CountDoubt> {
        let mut count = ListCount::default();
        for (received, counted) in parts {
            count.received = *received;
            count.end_part(*counted);
        }
        count.doubt()
    }

    #[test]
    fn a_list_is_whole_if_as_many_rows_came_as_its_source_counts_in_each_part() {
        assert_eq!(doubt(&[(7, Some(7)), (0, Some(0))]), None);
        assert_eq!(doubt(&[(7, None), (3, Some(3))]), Some(CountDoubt::NotCounted));
        // What is too much in one part does not make up for what another one lacks.
        assert_eq!(doubt(&[(7, Some(9)), (5, Some(3))]), Some(CountDoubt::Lacking(2)));
        assert_eq!(doubt(&[(7, Some(6))]), Some(CountDoubt::Surplus(1)));
        let nameless = ListCount { without_id: 1, ..ListCount::default() };
        assert_eq!(nameless.doubt(), Some(CountDoubt::WithoutId(1)));
    }
}
