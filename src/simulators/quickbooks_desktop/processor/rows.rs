//! The rows of one answer: told by where they are, and made only when they are written.

use super::super::company_file::CompanyFile;
use super::super::entry::{DeletedEntry, List};
use super::filter::Filter;
use super::ret::{Ret, Wanted};
use super::{customer_ret, employee_ret};

/// What follows the opening tag of an `…Rs`.
#[derive(Debug, Clone, Default)]
pub(super) enum Rows {
    #[default]
    None,
    /// `count` entries that pass the filter, from index `from` on.
    Filtered {
        list: List,
        filter: Filter,
        from: u64,
        count: u64,
    },
    /// These entries.
    Picked {
        list: List,
        indexes: Vec<u64>,
    },
    Deleted(Vec<DeletedEntry>),
    /// One `…Ret` that is already written.
    Written(String),
}

impl Rows {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::Filtered { count, .. } => *count,
            Self::Picked { indexes, .. } => indexes.len() as u64,
            Self::Deleted(entries) => entries.len() as u64,
            Self::Written(_) => 1,
        }
    }

    /// The list that the rows are of; none for what is deleted, the host and the company.
    pub(super) fn list(&self) -> Option<List> {
        match self {
            Self::Filtered { list, .. } | Self::Picked { list, .. } => Some(*list),
            _ => None,
        }
    }

    /// Keeps the first `count`.
    pub(super) fn truncate(&mut self, count: u64) {
        let length = usize::try_from(count).unwrap_or(usize::MAX);
        match self {
            Self::Filtered { count: all, .. } => *all = count.min(*all),
            Self::Picked { indexes, .. } => indexes.truncate(length),
            Self::Deleted(entries) => entries.truncate(length),
            Self::None | Self::Written(_) => {}
        }
    }
}

/// A place in the rows of an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place {
    /// How many rows were written.
    written: u64,
    /// Where to go on in the list.
    index: u64,
}

/// Writes the next row; false if there is none left.
pub(super) fn write_next(
    rows: &Rows,
    place: &mut Place,
    wanted: &Wanted,
    file: &CompanyFile,
    out: &mut String,
) -> bool {
    if place.written >= rows.len() {
        return false;
    }
    let at = usize::try_from(place.written).unwrap_or(usize::MAX);
    place.written += 1;
    match rows {
        Rows::None => return false,
        Rows::Filtered { list, filter, from, .. } => {
            let Some(index) = filter.next(file, *list, (*from).max(place.index)) else { return false };
            place.index = index + 1;
            write_entry(file, *list, index, wanted, out);
        }
        Rows::Picked { list, indexes } => {
            let Some(index) = indexes.get(at) else { return false };
            write_entry(file, *list, *index, wanted, out);
        }
        Rows::Deleted(entries) => {
            let Some(entry) = entries.get(at) else { return false };
            write_deleted(entry, wanted, out);
        }
        Rows::Written(text) => out.push_str(text),
    }
    true
}

fn write_entry(file: &CompanyFile, list: List, index: u64, wanted: &Wanted, out: &mut String) {
    let Some(entry) = file.entry(list, index) else { return };
    match list {
        List::Employee => employee_ret::write(&entry, file.seed(), index, wanted, out),
        List::Customer => customer_ret::write(&entry, file.seed(), index, wanted, out),
    }
}

fn write_deleted(entry: &DeletedEntry, wanted: &Wanted, out: &mut String) {
    Ret::write("ListDeletedRet", wanted, out, |ret| {
        ret.text("ListDelType", entry.list.word());
        ret.text("ListID", &entry.list_id);
        ret.text("TimeCreated", date_time(&entry.time_created));
        ret.text("TimeDeleted", date_time(&entry.time_deleted));
        ret.text("FullName", &entry.full_name);
    });
}

/// `2014-07-19T07:21:56-05:00`, as in captured responses.
pub(super) fn date_time(time: &chrono::DateTime<chrono::FixedOffset>) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
