//! `rollcall link`.

use crate::{
    domain::{
        access::{Attempt, action},
        words::List,
    },
    service::{
        links::{self, Link, LinksQuery},
        records::{self, Change, HistoryQuery},
    },
    store::{Db, Store},
};

use super::{
    Result,
    confirm::Consent,
    context::Context,
    pages::all,
    record::list_of,
    text::{fields, plain, table, time},
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List the links: of all apps, or of one
    #[command(after_help = "Example:\n  rollcall link list --app Timesheets --company Acme")]
    List {
        /// Only this app's, by name or ID
        #[arg(long)]
        app: Option<String>,
        /// Only this company's, by name or ID
        #[arg(long)]
        company: Option<String>,
        /// Only those of this list: employee or customer
        #[arg(long, value_parser = word_parser!(List))]
        list: Option<List>,
        /// At most so many [default: all]
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
    },
    /// Link a record to a profile; nothing is moved where either side is linked already
    #[command(after_help = "Example:\n  rollcall link add emp_0199… u-101 --app Timesheets")]
    Add {
        /// The record's ID, emp_… or cus_…, or a unique beginning of it
        record: String,
        /// The app's ID of the profile
        profile_id: String,
        /// The app, by name or ID; need not be said where there is one
        #[arg(long)]
        app: Option<String>,
    },
    /// Unlink a record: both sides are free again
    #[command(after_help = "Examples:
  rollcall link remove emp_0199… --app Timesheets --dry-run
  rollcall link remove emp_0199… --app Timesheets --yes")]
    Remove {
        /// The record's ID, emp_… or cus_…, or a unique beginning of it
        record: String,
        /// The app, by name or ID; need not be said where there is one
        #[arg(long)]
        app: Option<String>,
        #[command(flatten)]
        consent: Consent,
    },
    /// Undo a link or an unlink, by its position in the company's feed
    #[command(after_help = "Example:\n  rollcall link undo 4711 --company Acme --app Timesheets")]
    Undo {
        /// The position that `rollcall link history` shows
        position: i64,
        /// The company, by name or ID; need not be said where there is one
        #[arg(long)]
        company: Option<String>,
        /// The app, by name or ID; need not be said where there is one
        #[arg(long)]
        app: Option<String>,
    },
    /// Show what happened to a record and its links, newest first
    #[command(after_help = "Example:\n  rollcall link history emp_0199…")]
    History {
        /// The record's ID, emp_… or cus_…, or a unique beginning of it
        record: String,
        /// Changes of a page [default: 100]
        #[arg(long, value_name = "NUMBER")]
        limit: Option<i64>,
        /// next_cursor of the page before
        #[arg(long)]
        cursor: Option<String>,
    },
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    let ambient = context.ambient.clone();
    match command {
        Command::List { app, company, list, limit } => {
            let page = async |limit, cursor| {
                let (company, limit) = (company.clone(), Some(limit));
                let query = LinksQuery { company, list, app: app.clone(), limit, cursor };
                let app = app.clone();
                context.read(&store, app, move |db, attempt| links::list(db, attempt, &query)).await
            };
            let rows = all(limit, page).await?;
            context.out.answer(&rows, |rows| {
                let row = |it: &Link| {
                    let (profile, name) = (it.profile_id.clone(), it.profile_name.clone());
                    [profile, name, it.record_id.clone(), time(Some(it.linked_at)), it.linked_by.clone()]
                };
                let head = ["PROFILE", "NAME", "RECORD", "LINKED", "BY"];
                table(head, rows.iter().map(row).collect(), "There are no such links.")
            })
        }
        Command::Add { record, profile_id, app } => {
            let list = list_of(&record)?;
            let added = context.write(&store, app, move |db, attempt| {
                links::add(db, &ambient, attempt, list, &record, &profile_id)
            });
            let (link, created) = added.await?;
            context.out.answer(&link, text)?;
            if !created {
                context.out.note("They were linked already: nothing was changed.");
            }
            Ok(())
        }
        Command::Remove { record, app, consent } => remove(context, &store, &record, app, &consent).await,
        Command::Undo { position, company, app } => {
            let undone = context.write(&store, app, move |db, attempt| {
                links::undo(db, &ambient, attempt, company.as_deref(), position)
            });
            context.out.answer(&undone.await?, |undone| match &undone.link {
                Some(link) => text(link),
                None => "Undone: the link is gone.\n".into(),
            })
        }
        Command::History { record, limit, cursor } => {
            let list = list_of(&record)?;
            let query = HistoryQuery { app: None, limit, cursor };
            let read = context
                .read(&store, None, move |db, attempt| records::history(db, attempt, list, &record, &query));
            context.out.answer(&read.await?, |history| {
                let rows = history.changes.iter().map(change).collect();
                table(["POSITION", "AT", "WHAT", "PROFILE", "BY"], rows, "Nothing is kept of it.")
            })
        }
    }
}

async fn remove(
    context: &Context,
    store: &Store,
    record: &str,
    app: Option<String>,
    consent: &Consent,
) -> Result {
    let list = list_of(record)?;
    let wanted = record.to_owned();
    let look = move |db: &mut Db, attempt: &Attempt<action::Link>| links::of(db, attempt, list, &wanted);
    let linked = context.read(store, app.clone(), look).await?;
    if let Some(link) = &linked {
        let question = format!("Unlink {} from {}?", link.record_id, plain(&link.profile_id));
        if !consent.given(context.out, link, text, &question)? {
            return Ok(());
        }
    }
    let (ambient, record) = (context.ambient.clone(), record.to_owned());
    let removed =
        context.write(store, app, move |db, attempt| links::remove(db, &ambient, attempt, list, &record));
    context.out.answer(&removed.await?, |link| match link {
        Some(link) => format!("Unlinked {} from {}.\n", link.record_id, plain(&link.profile_id)),
        None => "It had no link.\n".into(),
    })
}

fn text(link: &Link) -> String {
    fields(&[
        ("id", link.id.clone()),
        ("record", link.record_id.clone()),
        ("profile", format!("{} ({})", link.profile_id, link.profile_name)),
        ("linked", time(Some(link.linked_at))),
        ("by", link.linked_by.clone()),
    ])
}

fn change(change: &Change) -> [String; 5] {
    [
        change.position.to_string(),
        time(Some(change.at)),
        change.kind.to_string(),
        change.profile_id.clone().unwrap_or_default(),
        change.actor.clone().unwrap_or_default(),
    ]
}
