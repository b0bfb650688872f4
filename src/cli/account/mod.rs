//! `rollcall account`.

mod credentials;
mod quicklink;
mod second_factor;
mod sessions;

use std::io;

use crate::{
    domain::{secret::Secret, words::Role},
    service::{
        accounts::{
            self, Account, AccountDraft,
            change::{self, Change},
            links,
            passwords::{self, NewPassword, Whose},
            standing,
        },
        page::PageQuery,
        sign_in::verify,
    },
    store::Store,
};

use super::{
    Result,
    assignments::alone,
    confirm::Consent,
    context::Context,
    pages::all,
    text::{self, fields, plain, table, time},
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
    /// Change an account: its e-mail, its name, its role, or the companies that a user sees
    #[command(
        after_help = "Example:\n  rollcall account set ana@example.com --role user --company Acme --company Birch\n
A company that is not named is taken away. With another role the person must sign in again."
    )]
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Set {
        /// Its e-mail or ID
        account: String,
        /// Another e-mail
        #[arg(long, group = "what")]
        email: Option<String>,
        /// Another name
        #[arg(long, group = "what")]
        name: Option<String>,
        /// account-admin (everything), or user (its companies)
        #[arg(long, group = "what", value_parser = word_parser!(Role))]
        role: Option<Role>,
        /// All companies that a user is to see, by name or ID: to be given for each
        #[arg(long = "company", value_name = "COMPANY", group = "what")]
        companies: Vec<String>,
        /// Read another password from standard input
        #[arg(long, group = "what")]
        password_stdin: bool,
    },
    /// Disable an account: its person is signed out, and its tokens are revoked
    #[command(after_help = "Example:\n  rollcall account disable ana@example.com --yes")]
    Disable {
        /// Its e-mail or ID
        account: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Enable an account: its person may sign in again
    #[command(after_help = "Example:\n  rollcall account enable ana@example.com")]
    Enable {
        /// Its e-mail or ID
        account: String,
    },
    /// Make a link to choose another password: it works once, for an hour
    #[command(after_help = "Example:\n  rollcall account reset-link ana@example.com")]
    ResetLink {
        /// Its e-mail or ID
        account: String,
    },
    /// Take a lost second factor from an account: all its sessions end, and a password is enough until another is set
    #[command(after_help = "Example:\n  rollcall account reset-second-factor ana@example.com --yes\n
A password that is too short to be the only proof goes with it: make a link for another one then.")]
    ResetSecondFactor {
        /// Its e-mail or ID
        account: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// List where a person is signed in, or sign it out
    #[command(
        after_help = "Example:\n  rollcall account sessions ana@example.com\n  rollcall account sessions ana@example.com --end-all"
    )]
    Sessions {
        /// The e-mail or ID of the account
        account: String,
        /// End the session of this ID
        #[arg(long, value_name = "SESSION", conflicts_with = "end_all")]
        end: Option<String>,
        /// End all of them
        #[arg(long)]
        end_all: bool,
    },
    /// Manage Quicklinks: links that open one company's lists without a sign-in
    #[command(subcommand)]
    Quicklink(quicklink::Command),
    /// Manage what an account keeps for sources, such as a member's password at ConnectWise
    #[command(subcommand)]
    Credentials(credentials::Command),
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
        Command::Quicklink(command) => quicklink::run(context, &store, command).await,
        Command::Credentials(command) => credentials::run(context, &store, command).await,
        Command::Show { account } => {
            let shown = context.read(&store, None, move |db, attempt| accounts::show(db, attempt, &account));
            show(context, &shown.await?)
        }
        Command::Set { account, email, name, role, companies, password_stdin } => {
            let companies = (!companies.is_empty()).then_some(companies);
            let change = Change { email, name, role, companies, active: None };
            set(context, &store, account, change, password_stdin).await
        }
        Command::Disable { account, consent } => disable(context, &store, account, consent).await,
        Command::Enable { account } => {
            let ambient = context.ambient.clone();
            let enabled = context
                .write(&store, None, move |db, attempt| standing::enable(db, &ambient, attempt, &account));
            show(context, &enabled.await?)
        }
        Command::ResetLink { account } => {
            let (ambient, public_url) = (context.ambient.clone(), context.public_url()?);
            let made = context.write(&store, None, move |db, attempt| {
                links::reset_link(db, &ambient, attempt, &account, &public_url)
            });
            context.out.answer(&made.await?, |link| {
                fields(&[("link", link.url.clone()), ("expires", time(Some(link.expires_at)))])
            })
        }
        Command::ResetSecondFactor { account, consent } => {
            second_factor::reset(context, &store, account, consent).await
        }
        Command::Sessions { account, end, end_all } => {
            sessions::run(context, &store, account, end, end_all).await
        }
    }
}

async fn set(
    context: &Context,
    store: &Store,
    account: String,
    change: Change,
    password_stdin: bool,
) -> Result {
    if password_stdin {
        let whose = Whose::Of(account.clone());
        let new = NewPassword { password: password()?, current: None };
        let set = passwords::set(store, &context.ambient, context.call_context(None), whose, new);
        set.await.result?;
    }
    let now = context.ambient.now();
    let changed =
        context.write(store, None, move |db, attempt| change::change(db, attempt, &account, &change, now));
    show(context, &changed.await?)
}

async fn disable(context: &Context, store: &Store, wanted: String, consent: Consent) -> Result {
    let account = context.read(store, None, move |db, attempt| accounts::show(db, attempt, &wanted)).await?;
    let now = context.ambient.now();
    if consent.is_dry_run() {
        let id = account.id.clone();
        let rehearsed =
            context.rehearse(store, None, move |db, attempt| standing::disable(db, attempt, &id, true, now));
        rehearsed.await?;
    }
    let goes = |account: &Account| {
        fields(&[
            ("account", format!("{} ({})", account.email, account.id)),
            ("its tokens", "are revoked".into()),
        ])
    };
    let question = format!("Disable the account {} ({})?", plain(&account.email), account.id);
    if !consent.given(context.out, &account, goes, &question)? {
        return Ok(());
    }
    let disabled =
        context.write(store, None, move |db, attempt| standing::disable(db, attempt, &account.id, true, now));
    show(context, &disabled.await?)
}

async fn add(context: &Context, store: &Store, draft: AccountDraft, password_stdin: bool) -> Result {
    let hash = match password_stdin {
        true => {
            let (password, new, ambient) = (password()?, draft.clone(), context.ambient.clone());
            let looked = password.clone();
            let checked = context
                .read(store, None, move |db, attempt| accounts::check(db, &ambient, attempt, &new, &looked));
            checked.await?;
            Some(verify::hash(password, &context.ambient).await?)
        }
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
