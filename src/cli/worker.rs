//! `rollcall worker`: shows the workers of the gateways.

use crate::{
    service::{
        page::PageQuery,
        workers::{self, Worker},
    },
    store::Store,
};

use super::{
    Result,
    context::Context,
    pages::all,
    text::{plain, table, time},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the workers of all gateways that run, with what keeps them from their work
    #[command(after_help = "Example:\n  rollcall worker list")]
    List,
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::List => context.out.answer(&every(context, &store).await?, text),
    }
}

/// All workers of all gateways.
async fn every(context: &Context, store: &Store) -> Result<Vec<Worker>> {
    let page = async |limit, cursor| {
        let query = PageQuery { limit: Some(limit), cursor };
        context.read(store, None, move |db, attempt| workers::list(db, attempt, &query)).await
    };
    all(None, page).await
}

fn text(workers: &Vec<Worker>) -> String {
    let row = |it: &Worker| {
        let result = it.last_result.map(|ended| ended.to_string()).unwrap_or_default();
        [
            it.gateway.clone(),
            it.name.clone(),
            it.state.to_string(),
            it.runs.to_string(),
            it.failures.to_string(),
            time(it.last_ended_at),
            result,
            time(Some(it.reported_at)),
        ]
    };
    let head = ["GATEWAY", "WORKER", "STATE", "RUNS", "FAILED", "LAST ENDED", "RESULT", "REPORTED"];
    let none = "No gateway runs, or it has only just started: `rollcall serve` starts one.";
    let mut text = table(head, workers.iter().map(row).collect(), none);
    for it in workers {
        if let Some(problem) = &it.problem {
            let since = time(it.failing_since);
            text.push_str(&plain(&format!(
                "\n{} of {} fails since {since}: {}\ndo: {}\n",
                it.name, it.gateway, problem.detail, problem.remedy
            )));
        }
    }
    text
}
