//! What is due when the Web Connector calls.

use chrono::{DateTime, Duration, Utc};

use crate::{
    connectors::{
        calls_in::{ListState, SessionContext, SessionResult},
        quickbooks_desktop::{
            Settings,
            plan::{ListPlan, fingerprint},
            times::ask_from,
        },
    },
    domain::{
        schedule::is_past,
        words::{List, Mode},
    },
};

/// How long a request that QuickBooks refused is not sent again, unless somebody asks or another version would ask it.
const REFUSED_FOR: Duration = Duration::days(1);

/// The lists that are to be read now, in order, and how. `qbxml_version` is the one agreed on last.
pub(super) fn due(
    context: &mut dyn SessionContext,
    qbxml_version: &str,
    settings: &Settings,
) -> SessionResult<Vec<ListPlan>> {
    let now = context.now();
    if settings.window().is_some_and(|window| !window.contains(now)) {
        return Ok(Vec::new());
    }
    let mut due = Vec::new();
    for list in [List::Employee, List::Customer] {
        let state = context.list(list)?;
        let request = fingerprint(list, qbxml_version);
        if let Some((mode, since)) = mode(&state, &request, settings, now) {
            due.push(ListPlan::new(list, mode, since, settings.page_size));
        }
    }
    Ok(due)
}

/// How a list is to be read, and from when; `None` where it is not due.
fn mode(
    list: &ListState,
    this_request: &str,
    settings: &Settings,
    now: DateTime<Utc>,
) -> Option<(Mode, Option<String>)> {
    let full_every = Duration::hours(i64::from(settings.full_every_hours));
    let pause = Duration::seconds(i64::from(settings.min_interval_seconds));
    if list.asked_for.is_none() {
        let waits = |(request, at): &(String, DateTime<Utc>)| {
            request == this_request && !is_past(Some(*at), REFUSED_FOR, now)
        };
        if list.refused.as_ref().is_some_and(waits) {
            return None;
        }
        // Only a whole read counts for the pause: one that did not end well is tried again at once.
        let ended_well = list.last_complete_at >= list.last_started_at && list.unjudged_full.is_none();
        if ended_well && !is_past(list.last_started_at, pause, now) {
            return None;
        }
    }
    let since =
        list.high_water.as_deref().and_then(|time| ask_from(time, settings.delta_overlap_minutes, now));
    let left_open = list.asked_for.is_none() && list.unjudged_full == Some(true);
    let full = list.asked_for == Some(Mode::Full)
        || left_open
        || is_past(list.last_full_at, full_every, now)
        || since.is_none();
    Some(if full { (Mode::Full, None) } else { (Mode::Delta, since) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn list() -> ListState {
        ListState {
            high_water: Some("2026-03-01T10:00:00-05:00".into()),
            last_started_at: Some(at("2026-03-01T15:30:00Z")),
            last_complete_at: Some(at("2026-03-01T15:30:05Z")),
            last_full_at: Some(at("2026-03-01T09:00:00Z")),
            refused: None,
            unjudged_full: None,
            asked_for: None,
        }
    }

    #[test]
    fn nothing_is_due_right_after_a_run_unless_somebody_asks() {
        let now = at("2026-03-01T15:30:30Z");
        let settings = Settings::default();
        assert_eq!(mode(&list(), "x", &settings, now), None);
        let asked = ListState { asked_for: Some(Mode::Full), ..list() };
        assert_eq!(mode(&asked, "x", &settings, now), Some((Mode::Full, None)));
    }

    #[test]
    fn a_delta_reaches_back_over_the_hour_that_daylight_saving_time_repeats() {
        let due = mode(&list(), "x", &Settings::default(), at("2026-03-01T15:45:00Z"));
        assert_eq!(due, Some((Mode::Delta, Some("2026-03-01T08:50:00".into()))));
    }

    #[test]
    fn a_whole_list_is_read_at_least_daily_and_after_a_run_that_failed_at_once() {
        let settings = Settings::default();
        let tomorrow = at("2026-03-02T09:00:00Z");
        assert_eq!(mode(&list(), "x", &settings, tomorrow), Some((Mode::Full, None)));
        let failed = ListState { last_complete_at: Some(at("2026-03-01T15:00:00Z")), ..list() };
        assert!(mode(&failed, "x", &settings, at("2026-03-01T15:30:10Z")).is_some());
    }

    #[test]
    fn a_refused_request_is_not_sent_again_in_a_loop() {
        let refused = ListState { refused: Some(("x".into(), at("2026-03-01T15:30:05Z"))), ..list() };
        let asked = ListState { asked_for: Some(Mode::Delta), ..refused.clone() };
        let settings = Settings::default();
        assert_eq!(mode(&refused, "x", &settings, at("2026-03-02T15:00:00Z")), None);
        assert!(mode(&refused, "y", &settings, at("2026-03-01T15:45:00Z")).is_some());
        assert!(mode(&asked, "x", &settings, at("2026-03-01T15:31:00Z")).is_some());
        assert!(mode(&refused, "x", &settings, at("2026-03-02T15:31:00Z")).is_some());
    }
}
