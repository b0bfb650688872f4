//! `rollcall app`.

use crate::{
    domain::{access::Scopes, words::Scope},
    service::{
        apps::{self, App, Change, Draft, NewApp},
        companies::Company,
        page::PageQuery,
    },
    store::Store,
};

use super::{
    Result, company,
    confirm::Consent,
    context::Context,
    pages::all,
    text::{self, fields, plain, table, time},
    token,
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add an app, and show its first token once
    #[command(after_help = "Example:\n  rollcall app add \"Timesheets\" --company Acme --json")]
    Add {
        /// What people call it; no two apps have the same name
        name: String,
        /// A company that it may see, by name or ID; may be given several times
        #[arg(long = "company", value_name = "COMPANY", required_unless_present = "admin")]
        companies: Vec<String>,
        /// Let it see all companies and manage everything
        #[arg(long, conflicts_with = "companies")]
        admin: bool,
        /// What its tokens may be used for at most: read, link, poll, manage; may be given several times [default: read link
        /// poll]
        #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "admin", value_parser = word_parser!(Scope))]
        scopes: Vec<Scope>,
    },
    /// Change an app's name, the companies that it may see, or what its tokens may be used for
    #[command(after_help = "Example:\n  rollcall app set \"Timesheets\" --company Acme --company Birch\n
A company that is not named is taken away, unless the app has profiles in it. So is a scope that is not named, where one \
is: its tokens lose it at once.")]
    #[command(group = clap::ArgGroup::new("what").required(true).multiple(true))]
    Set {
        /// Its name or ID
        app: String,
        /// What people are to call it
        #[arg(long, group = "what")]
        name: Option<String>,
        /// All of its companies, by name or ID: to be given for each
        #[arg(long = "company", value_name = "COMPANY", group = "what")]
        companies: Vec<String>,
        /// All that its tokens may be used for at most: read, link, poll, manage; to be given for each
        #[arg(long = "scope", value_name = "SCOPE", group = "what", value_parser = word_parser!(Scope))]
        scopes: Vec<Scope>,
    },
    /// List the apps
    #[command(after_help = "Example:\n  rollcall app list")]
    List,
    /// Remove an app that has no profiles; its tokens stop working
    #[command(after_help = "Example:\n  rollcall app remove Timesheets --yes")]
    Remove {
        /// Its name or ID
        app: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Manage the tokens of an app
    #[command(subcommand)]
    Token(token::Command),
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = match command {
        Command::Add { .. } => context.store_or_new().await?,
        _ => context.store().await?,
    };
    match command {
        Command::Add { name, companies, admin, scopes } => {
            let scopes = if scopes.is_empty() { Scopes::default() } else { Scopes::new(&scopes) };
            add(context, &store, Draft { name, companies, admin, scopes }).await
        }
        Command::Set { app, name, companies, scopes } => {
            let companies = (!companies.is_empty()).then_some(companies);
            let scopes = (!scopes.is_empty()).then(|| Scopes::new(&scopes));
            set(context, &store, app, Change { name, companies, scopes }).await
        }
        Command::List => {
            let page = async |limit, cursor| {
                let query = PageQuery { limit: Some(limit), cursor };
                context.read(&store, None, move |db, attempt| apps::list(db, attempt, &query)).await
            };
            let apps = all(None, page).await?;
            list_apps(context, &apps, &company::every(context, &store).await?)
        }
        Command::Remove { app, consent } => remove(context, &store, app, consent).await,
        Command::Token(command) => token::run(context, &store, command).await,
    }
}

/// `draft` names its companies as they were typed.
async fn add(context: &Context, store: &Store, draft: Draft) -> Result {
    let ambient = context.ambient.clone();
    let new = context.write(store, None, move |db, attempt| apps::add(db, &ambient, attempt, &draft)).await?;
    context.out.answer(&new, |NewApp { app, token }| {
        fields(&[
            ("id", app.id.clone()),
            ("name", app.name.clone()),
            ("companies", if app.admin { "all".into() } else { app.companies.join(", ") }),
            ("scopes", scopes(app)),
            ("token", token.clone()),
        ])
    })?;
    if !context.out.is_json() {
        context
            .out
            .note("\nThe token is shown only now. Send it with each request: Authorization: Bearer TOKEN");
    }
    Ok(())
}

async fn set(context: &Context, store: &Store, app: String, change: Change) -> Result {
    let changed = context.write(store, None, move |db, attempt| apps::change(db, attempt, &app, &change));
    let app = changed.await?;
    let known = company::every(context, store).await?;
    context.out.answer(&app, |app| {
        let (id, name) = (app.id.clone(), app.name.clone());
        let companies = ("companies", companies_of(app, &known));
        fields(&[("id", id), ("name", name), companies, ("scopes", scopes(app))])
    })
}

/// The names of the companies that an app may see.
fn companies_of(app: &App, known: &[Company]) -> String {
    let name = |id: &String| known.iter().find(|it| it.id == *id).map_or(id.clone(), |it| it.name.clone());
    let names: Vec<String> = app.companies.iter().map(name).collect();
    if app.admin { "all".into() } else { names.join(", ") }
}

/// An admin's app may do everything.
fn scopes(app: &App) -> String {
    let words: Vec<&str> = app.scopes.iter().map(|scope| scope.as_str()).collect();
    if app.admin { "all".into() } else { words.join(" ") }
}

async fn remove(context: &Context, store: &Store, wanted: String, consent: Consent) -> Result {
    let app = context.read(store, None, move |db, attempt| apps::show(db, attempt, &wanted)).await?;
    let goes = |app: &App| {
        fields(&[("app", format!("{} ({})", app.name, app.id)), ("its tokens", "stop working".into())])
    };
    let question = format!("Remove the app {} ({}) and all its tokens?", plain(&app.name), app.id);
    if consent.is_dry_run() {
        let id = app.id.clone();
        context.rehearse(store, None, move |db, attempt| apps::remove(db, attempt, &id)).await?;
    }
    if !consent.given(context.out, &app, goes, &question)? {
        return Ok(());
    }
    let removed = context.write(store, None, move |db, attempt| apps::remove(db, attempt, &app.id));
    context.out.answer(&removed.await?, |app| format!("Removed {} ({}).\n", plain(&app.name), app.id))
}

fn list_apps(context: &Context, apps: &[App], known: &[Company]) -> Result {
    context.out.answer(&apps, |apps| {
        let row = |app: &App| {
            let companies = companies_of(app, known);
            [app.name.clone(), app.id.clone(), text::yes(app.admin), companies, time(Some(app.created_at))]
        };
        let head = ["NAME", "ID", "ADMIN", "COMPANIES", "CREATED"];
        table(
            head,
            apps.iter().map(row).collect(),
            "There are no apps: `rollcall app add NAME --company COMPANY` adds one.",
        )
    })
}
