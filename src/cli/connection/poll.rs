//! `rollcall connection poll` and `test`.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    cli::{
        Result,
        context::Context,
        failure::Failure,
        find,
        text::{plain, time},
    },
    connectors::is_polled,
    domain::words::Mode,
    service::{connections::TestResult, runs::Run},
    store::{Store, WriteDb, connections::Connection},
    sync::{ask, check},
};

/// What was asked for, and when it can be expected.
#[derive(Debug, Serialize)]
struct Polled {
    runs: Vec<Run>,
    last_seen_at: Option<DateTime<Utc>>,
    expected_at: Option<DateTime<Utc>>,
    paused: bool,
}

pub async fn poll(context: &Context, store: &Store, id: String, full: bool) -> Result {
    let ambient = context.ambient.clone();
    let mode = if full { Mode::Full } else { Mode::Delta };
    let ask = move |db: &mut WriteDb| -> Result<_> {
        let connection = find::connection(db, &id)?;
        let runs = ask::ask(db, &ambient, &Context::grant(&connection.company_id)?, &connection, mode)?;
        let runs: Vec<Run> = runs.into_iter().map(Into::into).collect();
        Ok((connection, runs))
    };
    let (connection, runs) = store.write(ask).await?;
    let Connection { last_seen_at, paused, .. } = connection;
    let now = context.ambient.now();
    let polled_kind = is_polled(connection.kind);
    let expected_at = if polled_kind { Some(now) } else { check::check(&connection, now).expected_at };
    context.out.answer(&Polled { runs, last_seen_at, expected_at, paused }, |polled| {
        let lists: Vec<String> = polled
            .runs
            .iter()
            .map(|run| format!("{} {} ({})", run.mode, run.list.plural(), run.id))
            .collect();
        let mut text = format!("Asked for: {}.\n", lists.join(", "));
        text.push_str(&match (paused, last_seen_at) {
            (true, _) => {
                "The connection is paused: they run after `rollcall connection set ID --resume`.\n".into()
            }
            (_, _) if polled_kind => {
                "A gateway that is running reads them now: `rollcall connection runs ID` tells how far it is.\n".into()
            }
            (_, None) => "They run when the source calls for the first time.\n".into(),
            (_, Some(_)) => format!(
                "They run when the source calls: it was last heard {}, and is expected {}.\n",
                time(last_seen_at),
                time(expected_at)
            ),
        });
        text
    })
}

pub async fn test(context: &Context, store: &Store, id: String) -> Result {
    let connection = store.read(move |db| find::connection(db, &id)).await?;
    let check =
        check::test(&context.reach(store)?, &Context::grant(&connection.company_id)?, &connection).await?;
    let verdict = check.state.clone();
    let tested = TestResult::new(&connection, check);
    context.out.answer(&tested, |tested| {
        let mut text = format!("{verdict}: {}\n", plain(&tested.detail));
        if let Some(remedy) = &tested.remedy {
            text.push_str(&format!("do: {}\n", plain(remedy)));
        }
        text
    })?;
    if tested.ok { Ok(()) } else { Err(Failure::Answered) }
}
