//! `rollcall company`.

use crate::{
    http::api::companies::Company,
    store::{Db, companies},
    sync::register,
};

use super::{
    Result,
    context::Context,
    failure::Failure,
    find,
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
    let ambient = context.ambient.clone();
    match command {
        Command::Add { name } => {
            let add = move |db: &mut Db| {
                register::company(db, &ambient, &name).map_err(|error| taken(error.into(), &name))
            };
            show(context, &store.write(add).await?.into())
        }
        Command::List => list(context, store.read(find::companies).await?),
        Command::Rename { company, new_name } => {
            let rename = move |db: &mut Db| {
                let company = find::company(db, &company)?;
                register::rename_company(db, &company.id, &new_name)
                    .map_err(|error| taken(error.into(), &new_name))
            };
            show(context, &store.write(rename).await?.into())
        }
        Command::Remove { company } => {
            let remove = move |db: &mut Db| -> Result<_> {
                let company = find::company(db, &company)?;
                companies::delete(db, &company.id).map_err(|error| in_use(error.into(), &company.name))?;
                Ok(company)
            };
            let company: Company = store.write(remove).await?.into();
            context
                .out
                .answer(&company, |company| format!("Removed {} ({}).\n", plain(&company.name), company.id))
        }
    }
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

fn list(context: &Context, companies: Vec<companies::Company>) -> Result {
    let companies: Vec<Company> = companies.into_iter().map(Into::into).collect();
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
