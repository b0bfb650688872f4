//! `rollcall company`.

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
    failure::Failure,
    pages::all,
    text::{fields, plain, table, time},
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Add a company
    #[command(after_help = "Example:\n  rollcall company add \"Acme\" --json")]
    Add {
        /// What people call it; no two companies have the same name
        name: String,
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
    /// Remove a company that has no connections and no profiles
    #[command(after_help = "Example:\n  rollcall company remove Acme")]
    Remove {
        /// Its name or ID
        company: String,
    },
}

pub async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::Add { name } => {
            let (new, ambient) = (name.clone(), context.ambient.clone());
            let added =
                context.write(&store, None, move |db, attempt| companies::add(db, &ambient, attempt, &new));
            show(context, &added.await.map_err(|failure| taken(failure.of_setup(), &name))?)
        }
        Command::List => list(context, &every(context, &store).await?),
        Command::Rename { company, new_name } => {
            let (wanted, new) = (company.clone(), new_name.clone());
            let renamed = context
                .write(&store, None, move |db, attempt| companies::rename(db, attempt, &wanted, &new))
                .await;
            let failure = |it: Failure| taken(it.of_setup(), &new_name).named("company", &company);
            show(context, &renamed.map_err(failure)?)
        }
        Command::Remove { company } => {
            let wanted = company.clone();
            let removed =
                context.write(&store, None, move |db, attempt| companies::remove(db, attempt, &wanted)).await;
            let failure = |it: Failure| in_use(it.of_setup(), &company).named("company", &company);
            context.out.answer(&removed.map_err(failure)?, |company| {
                format!("Removed {} ({}).\n", plain(&company.name), company.id)
            })
        }
    }
}

/// All companies.
pub async fn every(context: &Context, store: &Store) -> Result<Vec<Company>> {
    let page = async |limit, cursor| {
        let query = PageQuery { limit: Some(limit), cursor };
        context.read(store, None, move |db, attempt| companies::list(db, attempt, &query)).await
    };
    all(None, page).await
}

fn taken(failure: Failure, name: &str) -> Failure {
    failure.if_duplicate(
        format!("There is a company named `{}` already.", name.trim()),
        "Use that one (`rollcall company list`), or choose another name.",
    )
}

fn in_use(failure: Failure, name: &str) -> Failure {
    failure.if_in_use(
        format!("The company `{name}` still has connections, or apps have profiles in it."),
        format!("Remove them first: `rollcall connection list --company {name:?}` shows its connections."),
    )
}

fn show(context: &Context, company: &Company) -> Result {
    context
        .out
        .answer(company, |company| fields(&[("id", company.id.clone()), ("name", company.name.clone())]))
}

fn list(context: &Context, companies: &[Company]) -> Result {
    context.out.answer(&companies, |companies| {
        let rows =
            companies.iter().map(|it| [it.name.clone(), it.id.clone(), time(Some(it.created_at))]).collect();
        table(
            ["NAME", "ID", "CREATED"],
            rows,
            "There are no companies: `rollcall company add NAME` adds one.",
        )
    })
}
