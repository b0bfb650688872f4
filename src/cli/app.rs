//! `rollcall app`.

use crate::{
    domain::{access::Scopes, words::Scope},
    http::api::apps::{App, NewApp},
    store::{Db, Store, apps},
    sync::register::{self, AppDraft, TokenDraft},
};

use super::{
    Result,
    context::Context,
    failure::Failure,
    find,
    text::{fields, plain, table, time, yes},
    token,
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
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
        #[arg(long = "scope", value_name = "SCOPE", conflicts_with = "admin")]
        scopes: Vec<Scope>,
    },
    /// Change an app's name, or the companies that it may see
    #[command(after_help = "Example:\n  rollcall app set \"Timesheets\" --company Acme --company Birch\n
A company that is not named is taken away, unless the app has profiles in it.")]
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
    },
    /// List the apps
    #[command(after_help = "Example:\n  rollcall app list")]
    List,
    /// Remove an app that has no profiles; its tokens stop working
    #[command(after_help = "Example:\n  rollcall app remove Timesheets")]
    Remove {
        /// Its name or ID
        app: String,
    },
    /// Manage the tokens of an app
    #[command(subcommand)]
    Token(token::Command),
}

pub async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::Add { name, companies, admin, scopes } => {
            let scopes = if scopes.is_empty() { Scopes::default() } else { Scopes::new(&scopes) };
            add(context, &store, AppDraft { name, companies, admin, scopes }).await
        }
        Command::Set { app, name, companies } => set(context, &store, app, name, companies).await,
        Command::List => {
            let list = |db: &mut Db| -> Result<_> {
                let apps = find::all(db, |app: &apps::App| &app.id, apps::page)?;
                Ok((apps, find::CompanyNames::read(db)?))
            };
            let (apps, names) = store.read(list).await?;
            list_apps(context, apps, &names)
        }
        Command::Remove { app } => {
            let remove = move |db: &mut Db| -> Result<apps::App> {
                let app = find::app(db, &app)?;
                apps::delete(db, &app.id).map_err(|error| in_use(error.into(), &app.name))?;
                Ok(app)
            };
            let app = App::from(store.write(remove).await?);
            context.out.answer(&app, |app| format!("Removed {} ({}).\n", plain(&app.name), app.id))
        }
        Command::Token(command) => token::run(context, &store, command).await,
    }
}

/// `draft` names its companies as they were typed.
async fn add(context: &Context, store: &Store, draft: AppDraft) -> Result {
    let ambient = context.ambient.clone();
    let add = move |db: &mut Db| -> Result<_> {
        let mut ids = Vec::new();
        for company in &draft.companies {
            ids.push(find::company(db, company)?.id);
        }
        let draft = AppDraft { companies: ids, ..draft };
        let made = register::new_app(db, &ambient, &draft, &TokenDraft::default());
        made.map_err(|error| taken(error.into(), &draft.name))
    };
    let (app, made) = store.write(add).await?;
    let new = NewApp { app: app.into(), token: made.secret.reveal().to_owned() };
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

async fn set(
    context: &Context,
    store: &Store,
    app: String,
    name: Option<String>,
    companies: Vec<String>,
) -> Result {
    let set = move |db: &mut Db| -> Result<_> {
        let app = find::app(db, &app)?;
        let mut ids = Vec::new();
        for company in &companies {
            ids.push(find::company(db, company)?.id);
        }
        let ids = (!ids.is_empty()).then_some(ids);
        let changed = register::change_app(db, &app.id, name.as_deref(), ids.as_deref());
        let changed = changed.map_err(|error| taken(error.into(), name.as_deref().unwrap_or(&app.name)))?;
        Ok((App::from(changed), find::CompanyNames::read(db)?))
    };
    let (app, names) = store.write(set).await?;
    context.out.answer(&app, |app| {
        let companies: Vec<&str> = app.companies.iter().map(|id| names.of(id)).collect();
        let companies = if app.admin { "all".into() } else { companies.join(", ") };
        fields(&[("id", app.id.clone()), ("name", app.name.clone()), ("companies", companies)])
    })
}

/// An admin's app may do everything.
fn scopes(app: &App) -> String {
    let words: Vec<&str> = app.scopes.iter().map(|scope| scope.as_str()).collect();
    if app.admin { "all".into() } else { words.join(" ") }
}

fn taken(failure: Failure, name: &str) -> Failure {
    failure.if_duplicate(
        format!("There is an app named `{}` already.", name.trim()),
        "Use that one (`rollcall app token add` makes it another token), or choose another name.",
    )
}

fn in_use(failure: Failure, name: &str) -> Failure {
    failure.if_in_use(
        format!("The app `{name}` still has profiles."),
        "Unlink and remove its profiles by the API first: DELETE /v1/profiles/{list}/{profile_id}.",
    )
}

fn list_apps(context: &Context, apps: Vec<apps::App>, names: &find::CompanyNames) -> Result {
    let apps: Vec<App> = apps.into_iter().map(App::from).collect();
    context.out.answer(&apps, |apps| {
        let row = |app: &App| {
            let companies: Vec<&str> = app.companies.iter().map(|id| names.of(id)).collect();
            let companies = if app.admin { "all".into() } else { companies.join(", ") };
            [app.name.clone(), app.id.clone(), yes(app.admin), companies, time(Some(app.created_at))]
        };
        let head = ["NAME", "ID", "ADMIN", "COMPANIES", "CREATED"];
        table(
            head,
            apps.iter().map(row).collect(),
            "There are no apps: `rollcall app add NAME --company COMPANY` adds one.",
        )
    })
}
