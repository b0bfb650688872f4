//! `rollcall company`.

mod export;
mod remove;

use crate::{
    service::{
        companies::{self, Company},
        page::PageQuery,
    },
    store::Store,
};

use super::{
    Result,
    context::Context,
    pages::all,
    text::{fields, table, time},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add a company
    #[command(after_help = "Example:\n  rollcall company add \"Acme\" --json")]
    Add {
        /// What people call it; no two companies have the same name
        name: String,
        /// A user who is to see it, by e-mail or ID; may be given several times
        #[arg(long = "user", value_name = "ACCOUNT")]
        users: Vec<String>,
    },
    /// List the companies
    #[command(after_help = "Example:\n  rollcall company list")]
    List,
    /// Give a company another name
    #[command(after_help = "Example:\n  rollcall company rename Acme \"Acme & Sons\"")]
    Rename {
        /// Its name or ID
        company: String,
        new_name: String,
    },
    Remove(remove::Args),
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = match command {
        Command::Add { .. } => context.store_or_new().await?,
        _ => context.store().await?,
    };
    match command {
        Command::Add { name, users } => {
            let ambient = context.ambient.clone();
            let added = context
                .write(&store, None, move |db, attempt| companies::add(db, &ambient, attempt, &name, &users));
            show(context, &added.await?)
        }
        Command::List => list(context, &every(context, &store).await?),
        Command::Rename { company, new_name } => {
            let renamed = context
                .write(&store, None, move |db, attempt| companies::rename(db, attempt, &company, &new_name));
            show(context, &renamed.await?)
        }
        Command::Remove(args) => remove::run(context, &store, args).await,
    }
}

/// All companies.
pub(super) async fn every(context: &Context, store: &Store) -> Result<Vec<Company>> {
    let page = async |limit, cursor| {
        let query = PageQuery { limit: Some(limit), cursor };
        context.read(store, None, move |db, attempt| companies::list(db, attempt, &query)).await
    };
    all(None, page).await
}

fn show(context: &Context, company: &Company) -> Result {
    context
        .out
        .answer(company, |company| fields(&[("id", company.id.clone()), ("name", company.name.clone())]))
}

fn row(it: &Company) -> [String; 4] {
    [it.name.clone(), it.id.clone(), time(Some(it.created_at)), time(it.closing_at)]
}

fn list(context: &Context, companies: &[Company]) -> Result {
    context.out.answer(&companies, |companies| {
        let rows = companies.iter().map(row).collect();
        table(
            ["NAME", "ID", "CREATED", "BEING REMOVED SINCE"],
            rows,
            "There are no companies: `rollcall company add NAME` adds one.",
        )
    })
}
