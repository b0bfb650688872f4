//! `rollcall run`: shows runs, and approves or rejects a hold.

use serde::Serialize;

use crate::{
    domain::words::RunState,
    service::{
        find::Names,
        page::PageQuery,
        runs::{self, Absence, Run, RunsQuery},
    },
    store::Store,
    sync::backlog::{self, Task},
};

use super::{
    Result,
    confirm::Consent,
    context::Context,
    pages::all,
    text::{fields, plain, table, time},
    word_parser::word_parser,
};

/// How many absent records are named; the API pages through all.
const NAMED: i64 = 50;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the runs of all connections, newest first
    #[command(after_help = "Example:\n  rollcall run list --state held")]
    List {
        /// Only this company's, by name or ID
        #[arg(long)]
        company: Option<String>,
        /// Only this connection's, by name or ID
        #[arg(long)]
        connection: Option<String>,
        /// Only those in this state: queued, running, held, complete, failed
        #[arg(long, value_parser = word_parser!(RunState))]
        state: Option<RunState>,
        /// At most so many [default: 100]
        #[arg(long, value_name = "NUMBER", default_value = "100", hide_default_value = true)]
        limit: usize,
    },
    /// Show a run, with the names of those that it found absent
    #[command(after_help = "Example:\n  rollcall run show run_0199…")]
    Show {
        /// The run's ID, run_…, or its beginning
        run: String,
    },
    /// Approve a held run: those that it names are marked absent
    #[command(
        after_help = "Examples:\n  rollcall run approve run_0199… --dry-run\n  rollcall run approve run_0199… --yes"
    )]
    Approve {
        /// The run's ID, run_…, or its beginning
        run: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Reject a held run: everybody stays as they are
    #[command(
        after_help = "Examples:\n  rollcall run reject run_0199… --dry-run\n  rollcall run reject run_0199… --yes"
    )]
    Reject {
        /// The run's ID, run_…, or its beginning
        run: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::List { company, connection, state, limit } => {
            let page = async |limit, cursor| {
                let (company, connection) = (company.clone(), connection.clone());
                let query = RunsQuery { company, connection, state, limit: Some(limit), cursor };
                context.read(&store, None, move |db, attempt| runs::list(db, attempt, &query)).await
            };
            let rows = all(Some(limit), page).await?;
            let names = context.names(&store).await?;
            context.out.answer(&rows, |rows| rows_text(rows, &names, "There are no such runs."))
        }
        Command::Show { run } => {
            let shown = context.read(&store, None, move |db, attempt| {
                let first = PageQuery { limit: Some(NAMED), cursor: None };
                let page = runs::absences(db, attempt, &run, &first)?;
                // Its names are among the absences.
                let run = Run { hold: None, ..runs::show(db, attempt, &run)? };
                Ok(Shown { run, absences: page.data, more_absences: page.next_cursor.is_some() })
            });
            let shown = shown.await?;
            let names = context.names(&store).await?;
            context.out.answer(&shown, |shown| text(shown, &names))
        }
        Command::Approve { run, consent } => approve(context, &store, run, consent).await,
        Command::Reject { run, consent } => reject(context, &store, run, consent).await,
    }
}

async fn reject(context: &Context, store: &Store, run: String, consent: Consent) -> Result {
    let held = context.read(store, None, move |db, attempt| runs::to_approve(db, attempt, &run)).await?;
    let names = context.names(store).await?;
    let stays = |run: &Run| {
        fields(&[
            ("run", run.id.clone()),
            ("connection", names.connection(&run.connection_id).to_owned()),
            ("not to be marked absent", format!("{} {}", run.absent, run.list.plural())),
        ])
    };
    let question = format!("Leave these {} {} as they are, for good?", held.absent, held.list.plural());
    if !consent.given(context.out, &held, stays, &question)? {
        return Ok(());
    }
    let now = context.ambient.now();
    let decided = context.write(store, None, move |db, attempt| runs::reject(db, attempt, &held.id, now));
    context.out.answer(&decided.await?, |run| format!("Rejected {}: nobody is marked absent.\n", run.id))
}

async fn approve(context: &Context, store: &Store, run: String, consent: Consent) -> Result {
    let held = context.read(store, None, move |db, attempt| runs::to_approve(db, attempt, &run)).await?;
    let names = context.names(store).await?;
    let goes = |run: &Run| {
        fields(&[
            ("run", run.id.clone()),
            ("connection", names.connection(&run.connection_id).to_owned()),
            (
                "to be marked absent",
                format!("{} of {} {}", run.absent, run.present_before, run.list.plural()),
            ),
        ])
    };
    let question = format!("Mark these {} {} absent?", held.absent, held.list.plural());
    if !consent.given(context.out, &held, goes, &question)? {
        return Ok(());
    }
    let now = context.ambient.now();
    let decided = context.write(store, None, move |db, attempt| runs::approve(db, attempt, &held.id, now));
    let mut decided = decided.await?;
    let spinner = context.out.spinner("marking");
    // Should this be stopped, a gateway goes on.
    while let Some(left) = decided.to_mark {
        spinner.at(&format!("marking, up to {left} more"));
        let task = Task::Mark { run_id: decided.id.clone().into() };
        backlog::step(store, &context.ambient, &task).await?;
        decided = context.read(store, None, move |db, attempt| runs::show(db, attempt, &decided.id)).await?;
    }
    drop(spinner);
    context.out.answer(&decided, |run| {
        format!("Approved {}: {} {} marked absent.\n", run.id, run.absent, run.list.plural())
    })
}

/// Runs for people, or `none`.
pub(super) fn rows_text(runs: &[Run], names: &Names, none: &str) -> String {
    let row = |run: &Run| {
        let problem = run.problem.as_ref().map(|problem| problem.code.clone()).unwrap_or_default();
        [
            run.id.clone(),
            names.connection(&run.connection_id).to_owned(),
            run.list.plural().to_owned(),
            run.mode.to_string(),
            run.state.to_string(),
            time(run.started_at),
            run.received.to_string(),
            run.created.to_string(),
            run.updated.to_string(),
            run.absent.to_string(),
            problem,
        ]
    };
    table(
        [
            "ID",
            "CONNECTION",
            "LIST",
            "MODE",
            "STATE",
            "STARTED",
            "RECEIVED",
            "NEW",
            "CHANGED",
            "ABSENT",
            "PROBLEM",
        ],
        runs.iter().map(row).collect(),
        none,
    )
}

/// A run, and the first of those that it found absent.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    run: Run,
    absences: Vec<Absence>,
    more_absences: bool,
}

fn text(shown: &Shown, names: &Names) -> String {
    let Shown { run, absences, more_absences } = shown;
    let mut text = fields(&[
        ("id", run.id.clone()),
        ("connection", names.connection(&run.connection_id).to_owned()),
        ("list", run.list.plural().into()),
        ("mode", run.mode.to_string()),
        ("state", run.state.to_string()),
        ("started", time(run.started_at)),
        ("ended", time(run.ended_at)),
        ("received", run.received.to_string()),
        ("created", run.created.to_string()),
        ("updated", run.updated.to_string()),
        ("absent", format!("{} of {}", run.absent, run.present_before)),
    ]);
    if let Some(left) = run.to_mark {
        text.push_str(&format!("\nApproved: up to {left} more are being marked absent.\n"));
    }
    if let Some(decision) = &run.decision {
        let (what, by, at) = (&decision.decision, plain(&decision.by), time(Some(decision.at)));
        text.push_str(&format!("\nIts absences were held: {what} by {by} at {at}.\n"));
    } else if let Some(problem) = &run.problem {
        text.push_str(&format!("\n{}\ndo: {}\n", plain(&problem.detail), plain(&problem.remedy)));
    }
    if !absences.is_empty() {
        text.push_str("\nAbsent:\n");
    }
    for absence in absences {
        text.push_str(&format!("  {}  {}\n", plain(&absence.name), absence.id));
    }
    if *more_absences {
        text.push_str("  … and more\n");
    }
    text
}
