//! `rollcall connection poll` and `test`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    cli::{Result, context::Context, failure::Failure, text::plain},
    domain::words::{Cause, Mode},
    service::{
        connections::{self, PollRequest, TestResult},
        interface::Interface,
        runs::Run,
    },
    store::Store,
    sync::connection_test,
};

/// What was asked for, and when it can be expected.
#[derive(Debug, Serialize)]
struct Polled {
    runs: Vec<Run>,
    last_seen_at: Option<DateTime<Utc>>,
    expected_at: Option<DateTime<Utc>>,
    paused: bool,
}

pub(super) async fn poll(context: &Context, store: &Store, id: String, full: bool) -> Result {
    let ambient = context.ambient.clone();
    let mode = if full { Mode::Full } else { Mode::Delta };
    let asked =
        context.write(store, None, move |db, attempt| connections::poll(db, &ambient, attempt, &id, mode));
    let PollRequest { runs, detail, last_seen_at, expected_at, paused, .. } = asked.await?;
    let runs = runs.into_iter().map(Run::from).collect();
    context.out.answer(&Polled { runs, last_seen_at, expected_at, paused }, |polled| {
        let lists: Vec<String> = polled
            .runs
            .iter()
            .map(|run| format!("{} {} ({})", run.mode, run.list.plural(), run.id))
            .collect();
        format!("Asked for: {}.\n{}\n", lists.join(", "), plain(detail.at(Interface::CommandLine)))
    })
}

pub(super) async fn test(context: &Context, store: &Store, id: String) -> Result {
    let (grant, connection) =
        context.read(store, None, move |db, attempt| connections::found(db, attempt, &id)).await?;
    let check = connection_test::test(&context.sources(store)?, &grant, &connection).await?;
    let tested = TestResult::new(&connection, check);
    context.out.answer(&tested, |tested| {
        // The same word as in JSON.
        let verdict = tested.cause.map_or("ok", Cause::as_str);
        let mut text = format!("{verdict}: {}\n", plain(&tested.detail));
        if let Some(remedy) = &tested.remedy {
            text.push_str(&format!("do: {}\n", plain(remedy)));
        }
        text
    })?;
    if tested.ok { Ok(()) } else { Err(Failure::Answered) }
}
