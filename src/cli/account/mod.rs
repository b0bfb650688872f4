//! `rollcall account`.

use std::io;

use crate::{
    domain::{secret::Secret, words::Role},
    service::{
        accounts::{self, Account, AccountDraft},
        page::PageQuery,
        sign_in::verify,
    },
    store::Store,
};

use super::{
    Result,
    assignments::alone,
    context::Context,
    pages::all,
    text::{self, fields, table, time},
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add an account: a person who may sign in
    #[command(
        after_help = "Example:\n  rollcall account add ana@example.com --role account-admin --name \"Ana Ng\" --password-stdin --json"
    )]
    Add {
        /// The e-mail, which is the user name as well
        email: String,
        /// The person's name [default: what stands before the @]
        #[arg(long)]
        name: Option<String>,
        /// account-admin (everything), or user (its companies)
        #[arg(long, default_value = "user", value_parser = word_parser!(Role))]
        role: Role,
        /// A company that a user is to see, by name or ID; may be given several times
        #[arg(long = "company", value_name = "COMPANY")]
        companies: Vec<String>,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the accounts
    #[command(after_help = "Example:\n  rollcall account list")]
    List,
    /// Show an account
    #[command(after_help = "Example:\n  rollcall account show ana@example.com")]
    Show {
        /// Its e-mail or ID
        account: String,
    },
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = match command {
        Command::Add { .. } => context.store_or_new().await?,
        _ => context.store().await?,
    };
    match command {
        Command::Add { email, name, role, companies, password_stdin } => {
            let draft = AccountDraft { email, name, role, companies };
            add(context, &store, draft, password_stdin).await
        }
        Command::List => list(context, &store).await,
        Command::Show { account } => {
            let shown = context.read(&store, None, move |db, attempt| accounts::show(db, attempt, &account));
            show(context, &shown.await?)
        }
    }
}

async fn add(context: &Context, store: &Store, draft: AccountDraft, password_stdin: bool) -> Result {
    let hash = match password_stdin {
        true => Some(verify::hash(password()?, &context.ambient).await?),
        false => None,
    };
    let ambient = context.ambient.clone();
    let added = context
        .write(store, None, move |db, attempt| accounts::add(db, &ambient, attempt, &draft, hash.as_deref()));
    show(context, &added.await?)
}

/// The password that standard input holds.
fn password() -> Result<Secret> {
    let remedy =
        "Pipe the password alone into the command: `rollcall account add EMAIL --password-stdin < FILE`.";
    alone("standard input", remedy, io::read_to_string(io::stdin()))
}

fn show(context: &Context, account: &Account) -> Result {
    context.out.answer(account, |account| {
        fields(&[
            ("id", account.id.clone()),
            ("e-mail", account.email.clone()),
            ("name", account.name.clone()),
            ("role", account.role.to_string()),
            ("companies", companies(account)),
            ("active", text::yes(account.active)),
            ("password", if account.has_password { "set".into() } else { "none".into() }),
            ("second factor", if account.second_factor { "set".into() } else { "none".into() }),
        ])
    })
}

fn companies(account: &Account) -> String {
    match account.role {
        Role::AccountAdmin => "all".into(),
        Role::User => account.companies.join(", "),
    }
}

async fn list(context: &Context, store: &Store) -> Result {
    let page = async |limit, cursor| {
        let query = PageQuery { limit: Some(limit), cursor };
        context.read(store, None, move |db, attempt| accounts::list(db, attempt, &query)).await
    };
    let accounts: Vec<Account> = all(None, page).await?;
    context.out.answer(&accounts, |accounts| {
        let row = |it: &Account| {
            let (role, active) = (it.role.to_string(), text::yes(it.active));
            [it.email.clone(), it.name.clone(), it.id.clone(), role, active, time(Some(it.created_at))]
        };
        table(
            ["E-MAIL", "NAME", "ID", "ROLE", "ACTIVE", "CREATED"],
            accounts.iter().map(row).collect(),
            "There are no accounts: `rollcall account add EMAIL --role account-admin --password-stdin` adds one.",
        )
    })
}
