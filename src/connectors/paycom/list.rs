//! A whole list, page by page, and whether it is whole.
//!
//! A list counts as whole when its pages ended as they should and held as many people, or as many rows, as
//! `X-Total-Count` says, which every page must say alike. Somebody who came back has a row for each time: rows of one
//! code count each where they differ or follow each other on a page. The same row on another page is a page that came
//! twice; it is no matter, as long as the sum of the people is right. Where Paycom does not count (the header is
//! missing), a list counts as whole only if it holds somebody and nothing about its pages was odd: none came twice, and
//! none but the last is shorter than the first. In doubt nobody is marked absent: a mistake there is worse than somebody
//! who stays a day longer.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    hash::{BuildHasher, RandomState},
};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    connectors::{
        list_count::{CountDoubt, ListCount},
        outbound::problems::failure,
        source::Failure,
    },
    domain::problem::Problem,
};

use super::{
    client::{Client, NoPage, Page},
    refusals,
    wire::{Row, is_code},
};

/// How often a list is begun anew when a page of it is refused: how long a snapshot lives is not documented.
const RESTARTS: u32 = 3;
/// After so many pages without anybody new the paging is not believed to end.
const IDLE_PAGES: u32 = 5;
/// More people than any client of Paycom has: what keeps a server that never ends from filling the memory.
const MOST: usize = 2_000_000;

/// By code: the row, where it is wanted.
pub(super) type Rows = BTreeMap<String, Option<Box<Row>>>;

/// A list that was read to its end.
#[derive(Debug)]
pub(super) struct Listed {
    /// By code.
    pub rows: Rows,
    /// Why it may not be whole.
    pub doubt: Option<Problem>,
    /// What a person should do although nothing is lacking.
    pub advice: Option<Problem>,
    /// Paycom's clock when the first page came.
    pub date: Option<DateTime<Utc>>,
}

/// Reads a list. `keep` says whether its rows are wanted, or only the codes.
///
/// # Errors
/// A first page that is refused, with its status; a later one that is refused again and again.
pub(super) async fn list(client: &Client, endpoint: &str, query: &str, keep: bool) -> Result<Listed, NoPage> {
    let mut restarts = 0;
    loop {
        match snapshot(client, endpoint, query, keep).await {
            Ok(listed) => return Ok(listed),
            Err((page, none)) if page > 1 && restarts < RESTARTS && may_be_over(&none) => restarts += 1,
            Err((1, none)) => return Err(none),
            // The endpoint is there: its status must not be taken for one that says it is not.
            Err((_, none)) => return Err(none.failure.into()),
        }
    }
}

/// Whether a refusal in the middle can mean that the snapshot is gone. 401 and 413 mean what they say.
fn may_be_over(none: &NoPage) -> bool {
    none.status.is_some_and(|status| status.is_client_error() && !matches!(status.as_u16(), 401 | 403 | 413))
}

/// All pages once; an error comes with the number of its page.
async fn snapshot(client: &Client, endpoint: &str, query: &str, keep: bool) -> Result<Listed, (u32, NoPage)> {
    let mut builder = ListBuilder { today: client.today(), ..ListBuilder::default() };
    let mut target = client.first_page(endpoint, query);
    let mut number = 1;
    loop {
        let page = client.page(endpoint, &target, number).await.map_err(|none| (number, none))?;
        let next = builder.add(page, keep);
        if builder.idle >= IDLE_PAGES || builder.rows.len() > MOST {
            let why = "its pages do not come to an end";
            return Err((number, refusals::of_result(endpoint, why).into()));
        }
        let Some(next) = next else { return Ok(builder.end(endpoint)) };
        (target, number) = (next, number.saturating_add(1));
    }
}

#[derive(Default)]
struct ListBuilder {
    /// Paycom's day.
    today: NaiveDate,
    rows: Rows,
    /// A hash of each code's last row.
    hashes: BTreeMap<String, u64>,
    hasher: RandomState,
    /// Rows of people who have one already, and which are no page that came twice.
    again: u64,
    date: Option<DateTime<Utc>>,
    /// What each page said that the list holds.
    total: Option<u64>,
    pages: u32,
    /// Pages in a row that had nobody new.
    idle: u32,
    first_length: usize,
    /// A page that has a next one, and is shorter than the first.
    short: bool,
    /// A row came again on another page.
    repeated: bool,
    /// Rows whose code is none.
    without_code: u64,
    odd: Option<String>,
}

impl ListBuilder {
    /// Takes a page in; where the next one is.
    fn add(&mut self, page: Page, keep: bool) -> Option<String> {
        if self.pages == 0 {
            (self.date, self.total, self.first_length) = (page.date, page.total, page.rows.len());
        } else if self.total != page.total {
            self.odd.get_or_insert_with(|| "its size changed from one page to the next".into());
        }
        self.pages = self.pages.saturating_add(1);
        if let Some(odd) = page.odd {
            self.odd.get_or_insert(odd);
        }
        self.short |= page.next.is_some() && page.rows.len() < self.first_length;
        let before = self.rows.len();
        let mut previous = String::new();
        for row in page.rows {
            previous = self.add_row(row, keep, &previous);
        }
        self.idle = if self.rows.len() > before { 0 } else { self.idle.saturating_add(1) };
        page.next
    }

    /// `previous` is the code of the row before it on its page; its own code comes back.
    fn add_row(&mut self, row: Row, keep: bool, previous: &str) -> String {
        let Some(code) = row.code().filter(|code| is_code(code)).map(str::to_owned) else {
            self.without_code = self.without_code.saturating_add(1);
            return String::new();
        };
        let hash = self.hasher.hash_one(&row);
        let last = self.hashes.insert(code.clone(), hash);
        match self.rows.entry(code.clone()) {
            Entry::Vacant(entry) => {
                entry.insert(keep.then(|| Box::new(row)));
            }
            Entry::Occupied(mut entry) => {
                if last != Some(hash) || previous == code {
                    self.again = self.again.saturating_add(1);
                } else {
                    self.repeated = true;
                }
                // Of somebody who came back, the row that has not ended counts.
                if keep && !row.has_ended(self.today) {
                    entry.insert(Some(Box::new(row)));
                }
            }
        }
        code
    }

    fn end(self, endpoint: &str) -> Listed {
        let doubt = self.doubt().map(|(code, why)| {
            Problem::new(
                code,
                format!(
                    "Paycom's list `{endpoint}` may not be whole: {why}. What it held is staged, and nobody was \
                     marked absent."
                ),
                "Nothing to do at first: the next full run looks again. If it repeats, ask Paycom with these words.",
            )
        });
        Listed { rows: self.rows, doubt, advice: None, date: self.date }
    }

    fn doubt(&self) -> Option<(&'static str, String)> {
        let people = self.rows.len() as u64;
        // Paycom may count people, or rows.
        let all_rows = people.saturating_add(self.again);
        let received = if self.total == Some(all_rows) { all_rows } else { people };
        let mut count = ListCount::new(received, self.without_code);
        count.end_part(self.total);
        let why = match (count.doubt(), &self.odd) {
            (Some(CountDoubt::WithoutId(rows)), _) => {
                let why = format!("{rows} of its rows have no employee code that can be asked for");
                return Some(("code_not_understood", why));
            }
            (_, Some(odd)) => odd.clone(),
            (Some(CountDoubt::Lacking(_) | CountDoubt::Surplus(_)), None) => format!(
                "Paycom counts {} employees in it, and its pages held {people} different ones",
                self.total.unwrap_or_default()
            ),
            (Some(CountDoubt::NotCounted), None) => self.doubt_of_uncounted(people)?.to_owned(),
            (None, None) => return None,
        };
        Some(("count_mismatch", why))
    }

    /// What speaks against a list that Paycom did not count.
    fn doubt_of_uncounted(&self, people: u64) -> Option<&'static str> {
        if people == 0 {
            return Some("Paycom did not count it, and it is empty");
        }
        if self.repeated {
            return Some("Paycom did not count it, and some of its rows came twice");
        }
        self.short.then_some("Paycom did not count it, and one of its pages was cut short")
    }
}

/// A failure for lists that neither endpoint gives.
pub(super) fn neither(one: &str, other: &str) -> Failure {
    failure(
        crate::domain::words::Cause::Permission,
        format!("Paycom has enabled neither `{one}` nor `{other}` for this API user (status 413)."),
        format!(
            "In Paycom, User Access and Security, API Setup: tick `{one}` or `{other}` for this API user."
        ),
    )
}
