//! What people read about whole lists that came otherwise than they should, and about messages that nobody understood.

use chrono::{DateTime, Utc};

use crate::domain::{problem::Problem, words::List};

/// Why a page waits: the page before it wakes it.
pub(super) const WAITS: &str = "waits_for_page";

pub(super) fn waits(list: List, page: u32) -> Problem {
    Problem::new(
        WAITS,
        format!("Page {page} of the {} came before the pages in front of it.", list.plural()),
        "Nothing: it waits up to an hour for them.",
    )
}

pub(super) fn missing(list: List, page: u32) -> Problem {
    Problem::new(
        "page_missing",
        format!(
            "Page {page} of the {} was kept for an hour, and the pages in front of it did not come. What it says of \
             its records counts; nobody was marked absent.",
            list.plural()
        ),
        "Let the sender send the whole list again, from page 1.",
    )
}

pub(super) fn superseded(list: List, page: u32) -> Problem {
    Problem::new(
        "list_superseded",
        format!(
            "Page {page} of the {} belongs to a whole list that was given up: a newer one has begun.",
            list.plural()
        ),
        "Nothing: the newer list says who is there. If it never ends, let the sender send it again, page 1 first.",
    )
}

pub(super) fn older_list(list: List, page: u32) -> Problem {
    Problem::new(
        "older",
        format!("Page {page} of the {} is of an older list than the one that came last.", list.plural()),
        "Nothing: the newer list says who is there.",
    )
}

/// Why a list ended before its last page.
pub(super) fn given_up(list: List) -> Problem {
    Problem::new(
        "list_superseded",
        format!(
            "A newer whole list of the {} began before this one had ended, so nobody was marked absent by this one.",
            list.plural()
        ),
        "Nothing: the newer list says who is there.",
    )
}

/// Why nobody is judged by lists that cannot be told apart.
pub(super) fn interleaved(list: List) -> Problem {
    Problem::new(
        "lists_interleaved",
        format!(
            "A whole list of the {} began before the one before it had ended, and their pages do not say to which of \
             them they belong: so nobody was marked absent; what had arrived is kept.",
            list.plural()
        ),
        "Let the sender send the whole list again. If it happens again, let it give all pages of a list the same \
         `list_id`, another one for each list.",
    )
}

/// Why a list ended whose pages have stopped coming.
pub(super) fn stopped() -> Problem {
    Problem::new(
        "list_incomplete",
        "The pages of the whole list stopped coming, so nobody was marked absent; what had arrived is kept.",
        "Let the sender send the whole list again, from page 1.",
    )
}

/// Why a message that nobody understood is given up. It promises a replay only until `kept_until`.
pub(super) fn not_understood(why: &str, kept_until: Option<DateTime<Utc>>) -> Problem {
    let detail = format!("The message has no meaning here: {why}.");
    Problem::new("not_understood", detail, remedy(kept_until))
}

/// What to do with a message that nobody understood; `kept_until` as for [`not_understood`].
pub(super) fn remedy(kept_until: Option<DateTime<Utc>>) -> String {
    let then = match kept_until {
        Some(end) => format!(
            "What it says is kept, sealed, until {}: a newer version of Rollcall may know it; replay it then.",
            end.format("%Y-%m-%d %H:%M UTC")
        ),
        None => "What it says is not kept: it cannot be replayed.".to_owned(),
    };
    format!("Its sender is known. Compare it with what the sender's manual says. {then}")
}
