//! `rollcall audit`: who did what, and whether all of it is there.

mod export;
mod verify;

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::{
    domain::words::AuditAction,
    service::audit::{self, AuditEntry, AuditMember, AuditQuery},
};

use super::{
    Result,
    context::Context,
    pages::all,
    text::{table, time},
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// List who did what, newest first
    #[command(after_help = "Examples:
  rollcall audit list --company Acme
  rollcall audit list --action token_added --from 2026-01-01T00:00:00Z")]
    List(ListArgs),
    /// Look whether the audit is whole: nothing changed, removed, put in between, or taken from its end
    ///
    /// Each row has a hash of itself and of the row before it, made with a key that is not in the database. What is taken from
    /// the end, or written anew with the key, shows only against checkpoints that were kept elsewhere: --against names a file
    /// of them, that of ROLLCALL_AUDIT_CHECKPOINT_FILE or a log in JSON. Exits 1 where something is wrong.
    #[command(after_help = "Example:\n  rollcall audit verify --against checkpoints.jsonl")]
    Verify {
        /// The file of checkpoints [default: ROLLCALL_AUDIT_CHECKPOINT_FILE, if it is there]
        #[arg(long, value_name = "FILE")]
        against: Option<PathBuf>,
    },
    /// Write the audit to standard output, one line of JSON a row, each chain from its beginning, with the hashes
    #[command(after_help = "Example:\n  rollcall audit export > audit.jsonl")]
    Export {
        /// Only this company's, by name or ID; `global` for what belongs to none
        #[arg(long)]
        company: Option<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct ListArgs {
    /// Only this company's, by name or ID; `global` for what belongs to none
    #[arg(long)]
    company: Option<String>,
    /// Only what was done by this app, account or worker, by its ID
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only this, such as linked or token_added
    #[arg(long, value_parser = word_parser!(AuditAction))]
    action: Option<AuditAction>,
    /// Only what was done at this time or later, such as 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<DateTime<Utc>>,
    /// Only what was done before this time
    #[arg(long, value_name = "TIME")]
    to: Option<DateTime<Utc>>,
    /// At most so many [default: 100]
    #[arg(long, value_name = "NUMBER", default_value = "100", hide_default_value = true)]
    limit: usize,
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    match command {
        Command::List(args) => list(context, &args).await,
        Command::Verify { against } => verify::run(context, against).await,
        Command::Export { company } => export::run(context, company).await,
    }
}

async fn list(context: &Context, args: &ListArgs) -> Result {
    let store = context.store().await?;
    let page = async |limit, cursor| {
        let query = AuditQuery {
            company: args.company.clone(),
            actor: args.actor.clone(),
            action: args.action,
            from: args.from,
            to: args.to,
            limit: Some(limit),
            cursor,
        };
        context.read(&store, None, move |db, attempt| audit::list(db, attempt, &query)).await
    };
    let entries = all(Some(args.limit), page).await?;
    context.out.answer(&entries, |entries| {
        let rows = entries.iter().map(row).collect();
        table(["TIME", "WHO", "WHAT", "OBJECT", "MEMBERS"], rows, "There are no such entries.")
    })
}

fn row(entry: &AuditEntry) -> [String; 5] {
    let members: Vec<String> = entry.members.iter().map(member).collect();
    [
        time(Some(entry.at)),
        entry.actor.clone(),
        entry.action.clone(),
        format!("{} {}", entry.object_kind, entry.object_id),
        members.join(", "),
    ]
}

fn member(AuditMember { field, before, after }: &AuditMember) -> String {
    match (before, after) {
        (None, None) => field.clone(),
        (None, Some(after)) => format!("{field}={after}"),
        (Some(before), None) => format!("{field}={before}→-"),
        (Some(before), Some(after)) => format!("{field}={before}→{after}"),
    }
}
