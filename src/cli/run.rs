//! `rollcall run`: look at a run, and decide a hold.

use serde::Serialize;

use crate::{
    clock::Ambient,
    domain::words::RunState,
    http::api::runs::{Absence, Run},
    store::{Db, PageLimit, records, runs},
    sync::{
        backlog::{self, Task},
        hold,
    },
};

use super::{
    Result,
    context::Context,
    failure::Failure,
    find,
    text::{fields, plain, time},
};

/// How many absent records are named; the API pages through all.
const NAMED: u16 = 50;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show a run, with the names of those that it found absent
    #[command(after_help = "Example:\n  rollcall run show run_0199…")]
    Show {
        /// The run's ID, run_…, or its beginning
        run: String,
    },
    /// Approve a held run: those that it names are marked absent
    #[command(after_help = "Example:\n  rollcall run approve run_0199…")]
    Approve {
        /// The run's ID, run_…, or its beginning
        run: String,
    },
    /// Reject a held run: everybody stays as they are
    #[command(after_help = "Example:\n  rollcall run reject run_0199…")]
    Reject {
        /// The run's ID, run_…, or its beginning
        run: String,
    },
}

pub async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    let ambient = context.ambient.clone();
    match command {
        Command::Show { run } => {
            let shown = store.read(move |db| load(db, &run)).await?;
            context.out.answer(&shown, text)
        }
        Command::Approve { run } => {
            let mut decided = store.write(move |db| decide(db, &ambient, &run, true)).await?;
            // Should this be stopped, a gateway goes on.
            while decided.to_mark.is_some() {
                let task = Task::Mark { run_id: decided.id.clone() };
                backlog::step(&store, &context.ambient, &task).await?;
                decided = store.read(move |db| runs::get(db, &decided.id)).await?;
            }
            context.out.answer(&Run::from(decided), |run| {
                format!("Approved {}: {} {} marked absent.\n", run.id, run.absent, run.list.plural())
            })
        }
        Command::Reject { run } => {
            let decided = store.write(move |db| decide(db, &ambient, &run, false)).await?;
            context
                .out
                .answer(&Run::from(decided), |run| format!("Rejected {}: nobody is marked absent.\n", run.id))
        }
    }
}

fn decide(db: &mut Db, ambient: &Ambient, id: &str, approve: bool) -> Result<runs::Run> {
    let run = find::run(db, id)?;
    if run.state != RunState::Held {
        let since = match &run.decision {
            Some(decision) => format!("it was {} by {}", decision.decision, decision.by),
            None => format!("it is {}", run.state),
        };
        return Err(Failure::new(
            "not_held",
            format!("The run `{}` waits for no decision: {since}.", run.id),
            "`rollcall connection runs CONNECTION` shows which runs are held.",
        ));
    }
    let verb = if approve { hold::approve } else { hold::reject };
    Ok(verb(db, &run.id, "command line", ambient.now())?)
}

/// A run, and the first of those that it found absent.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    run: Run,
    absences: Vec<Absence>,
    more_absences: bool,
}

fn load(db: &mut Db, id: &str) -> Result<Shown> {
    let run = find::run(db, id)?;
    let limit = PageLimit::new(NAMED).unwrap_or(PageLimit::DEFAULT);
    let page = records::of_absences(db, &run.id, None, limit)?;
    let absences = page.rows.into_iter().map(Absence::from).collect();
    Ok(Shown { run: run.into(), absences, more_absences: page.more })
}

fn text(shown: &Shown) -> String {
    let Shown { run, absences, more_absences } = shown;
    let mut text = fields(&[
        ("id", run.id.clone()),
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
