//! A plan against random lists, pages, statuses, lost answers and restarts, checked against a small model of what
//! QuickBooks really had.

use proptest::prelude::*;

use crate::domain::{hold::Gone, words::List};

use super::*;

/// What QuickBooks and the wire do with one request.
#[derive(Debug, Clone)]
enum Event {
    /// The right answer.
    Honest,
    /// The right rows with a status.
    Status(u32),
    /// No rows, with a status.
    Empty(u32),
    /// Rows are missing, and the count of the answer tells.
    Miscounted,
    /// Rows are missing of a later page, and nothing but the count before tells.
    Short,
    /// More is announced, and the iterator has no ID.
    NoIterator,
    /// More is announced than there can be.
    Boundless,
    /// The answer never comes.
    Lost,
    /// QuickBooks does not take the request; whether anything else will work.
    Refused(bool),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        8 => Just(Event::Honest),
        1 => prop_oneof![Just(1), Just(400), Just(500), Just(530)].prop_map(Event::Status),
        1 => prop_oneof![Just(500), Just(1000), Just(1030), Just(3250), Just(3260), Just(3391), Just(u32::MAX)]
            .prop_map(Event::Empty),
        1 => Just(Event::Miscounted),
        1 => Just(Event::Short),
        1 => Just(Event::NoIterator),
        1 => Just(Event::Boundless),
        2 => Just(Event::Lost),
        1 => any::<bool>().prop_map(Event::Refused),
    ]
}

fn list_plan() -> impl Strategy<Value = (ListPlan, u64)> {
    let plan = (any::<bool>(), any::<bool>(), 1u32..5, 0u64..12);
    plan.prop_map(|(employees, full, page_size, rows)| {
        let list = if employees { List::Employee } else { List::Customer };
        let (mode, since) =
            if full { (Mode::Full, None) } else { (Mode::Delta, Some("2026-01-01T00:00:00".into())) };
        (ListPlan::new(list, mode, since, page_size), rows)
    })
}

/// What is true of the pass over the list that is being read.
#[derive(Default)]
struct Pass {
    /// Rows that arrived in it.
    rows: u64,
    /// Something in it was not as it should be.
    spoilt: bool,
}

/// The answer to `request`, and what it holds.
fn answer(list: &ListPlan, total: u64, pass: &mut Pass, request: &str, event: &Event) -> (Answer, Received) {
    let paged = request.contains("iterator=");
    let begins = !request.contains("\"Continue\"");
    if begins && !request.contains("ListDeletedQueryRq") {
        *pass = Pass::default();
    }
    let left = total - pass.rows;
    let mut rows = if paged { left.min(u64::from(list.page_size)) } else { left };
    let (mut code, mut short) = (0, 0);
    match event {
        Event::Status(status) => code = *status,
        Event::Empty(status) => (code, rows) = (*status, 0),
        Event::Miscounted if rows > 0 => short = 1,
        // Nothing tells that the only page of a list lacks rows: the rule of mass absence is for that.
        Event::Short if rows > 0 && !begins => rows -= 1,
        _ => {}
    }
    let remaining = match event {
        Event::Short if !begins => 0,
        Event::Boundless => u64::MAX,
        _ => left - rows.min(left),
    };
    pass.spoilt |= code >= 500 || short > 0;
    let received = Received { records: rows - short, ..Received::default() };
    pass.rows += received.records;
    let has_id = paged && !matches!(event, Event::NoIterator);
    let answer = Answer {
        name: list.answer_name().into(),
        request_id: Some(list.request_id()),
        status: code,
        iterator_id: has_id.then(|| "{1}".into()),
        remaining: paged.then_some(remaining),
        ret_count: Some(rows),
    };
    (answer, received)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_ends_each_list_once_and_judges_absence_only_by_a_whole_pass(
        lists in prop::collection::vec(list_plan(), 0..4),
        events in prop::collection::vec(event(), 0..400),
    ) {
        let mut plan = Plan::new(lists.iter().map(|(list, _)| list.clone()).collect());
        plan.version = Some("13.0".into());
        let (mut pass, mut before, mut ended) = (Pass::default(), 0, 0);
        let mut lost: Option<String> = None;
        // A plan that is honestly answered in the end must come to its end.
        let mut events = events.into_iter().chain(std::iter::repeat_n(Event::Honest, 100));
        loop {
            // Every call may be another process.
            plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
            plan.prepare();
            let Some(list) = plan.current().cloned() else { break };
            if list.run_id.is_none() {
                plan.started(format!("run_{ended}"));
            }
            let list = plan.current().cloned().unwrap();
            prop_assert_eq!(list.run_id.clone(), Some(format!("run_{ended}")));
            let request = plan.ask().unwrap().unwrap();
            if let Some(lost) = lost.take() {
                prop_assert!(!request.contains("\"Continue\""), "after a lost answer to {lost}: {request}");
            }
            plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
            let event = events.next();
            prop_assert!(event.is_some(), "it does not end");
            let outcome = match event.unwrap() {
                Event::Lost => {
                    lost = Some(request);
                    continue;
                }
                Event::Refused(all) => {
                    let problem = Problem::new("refused", "No.", "Ask.");
                    plan.give_up(if all { Outcome::Stop(problem) } else { Outcome::Failed { problem, refused: true } })
                }
                event => {
                    let total = lists[ended].1;
                    let (answer, received) = answer(&list, total, &mut pass, &request, &event);
                    prop_assert!(plan.expects(&answer).is_ok());
                    plan.answered(&answer, received)
                }
            };
            match &outcome {
                Outcome::More | Outcome::Restart => {}
                Outcome::Done { gone, .. } => {
                    let whole = !pass.spoilt && pass.rows == lists[ended].1;
                    if *gone != Gone::Unknown {
                        prop_assert!(whole, "{gone:?} by {} of {} rows", pass.rows, lists[ended].1);
                        prop_assert_eq!(*gone == Gone::NotSeen, list.mode == Mode::Full);
                    }
                    ended += 1;
                    pass = Pass::default();
                }
                Outcome::Failed { .. } | Outcome::Stop(_) => {
                    ended += 1;
                    pass = Pass::default();
                }
            }
            let percent = plan.progress();
            match plan.current() {
                Some(_) => prop_assert!((before..100).contains(&percent), "{percent} after {before}"),
                None => prop_assert_eq!(percent, if plan.problem.is_some() { FAILED } else { 100 }),
            }
            before = percent;
        }
        prop_assert!(ended == lists.len() || plan.stopped, "{ended} of {} ended", lists.len());
        prop_assert_eq!(plan.ask().unwrap(), None);
    }
}
