//! `rollcall company remove`: removes a company and all that belongs to it, in one step.

use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{
    cli::{
        Result,
        confirm::Consent,
        connection::gone,
        context::Context,
        pages::all,
        text::{fields, plain},
    },
    domain::{name::slug, words::List},
    service::{
        apps::App,
        companies::{self, CompanyRemoval},
        connections,
        profiles::{self, ProfilesQuery},
    },
    store::Store,
};

use super::export::{Export, apps_of};

/// Profiles that are deleted in one transaction.
const SOME: usize = 500;

/// Remove a company with all that is kept of it
///
/// It tells how much goes, and asks. First it writes an export: a line of JSON for each record, profile, link, run and
/// connection, without secrets. Then it removes the company's connections with their records and links, the profiles that
/// apps have in it, and the company itself. Should it be stopped in between, run it again.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall company remove Acme --dry-run
  rollcall company remove Acme --yes --export acme.jsonl")]
pub(crate) struct Args {
    /// Its name or ID
    company: String,
    /// Where to write the export; never over a file that is there [default: the company's name and the date]
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Write no export
    #[arg(long, conflicts_with = "export")]
    no_export: bool,
    #[command(flatten)]
    consent: Consent,
}

/// What has gone, and where it is kept.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(flatten)]
    removal: CompanyRemoval,
    /// The file of the export; null without one.
    export: Option<PathBuf>,
}

pub(super) async fn run(context: &Context, store: &Store, args: Args) -> Result {
    let Args { company, export, no_export, consent } = args;
    let removal =
        context.read(store, None, move |db, attempt| companies::to_remove(db, attempt, &company)).await?;
    let path = (!no_export).then(|| export.unwrap_or_else(|| default_path(context, &removal.name)));
    let question = format!("Remove the company {} ({}) with all of this?", plain(&removal.name), removal.id);
    if !consent.given(context.out, &removal, goes, &question)? {
        return Ok(());
    }
    let apps = apps_of(context, store, &removal.id).await?;
    if let Some(path) = &path {
        keep(context, store, &removal, &apps, path).await?;
    }
    for id in removal.connections.clone() {
        let found = context.read(store, None, move |db, attempt| connections::to_remove(db, attempt, &id));
        let (grant, extent) = found.await?;
        gone(context, store, &grant, &extent).await?;
    }
    for app in &apps {
        remove_profiles(context, store, &removal.id, app).await?;
    }
    let id = removal.id.clone();
    context.write(store, None, move |db, attempt| companies::remove(db, attempt, &id)).await?;
    let answer = Answer { removal: CompanyRemoval { removed: true, ..removal }, export: path };
    context.out.answer(&answer, |Answer { removal, export }| {
        let kept =
            export.as_ref().map(|path| format!("Its export is in {}.\n", plain(&path.display().to_string())));
        format!("Removed {} ({}).\n{}", plain(&removal.name), removal.id, kept.unwrap_or_default())
    })
}

async fn keep(
    context: &Context,
    store: &Store,
    removal: &CompanyRemoval,
    apps: &[App],
    path: &Path,
) -> Result {
    let export = Export::create(path)?;
    let spinner = context.out.spinner("exporting");
    let lines = export.write(context, store, removal, apps, &spinner).await?;
    drop(spinner);
    context.out.note(&format!("exported {lines} lines to {}", plain(&path.display().to_string())));
    Ok(())
}

/// Deletes what an app has of its own in the company.
async fn remove_profiles(context: &Context, store: &Store, company: &str, app: &App) -> Result {
    for list in List::ALL.iter().copied() {
        let named = || (Some(app.id.clone()), Some(company.to_owned()));
        let page = async |limit, cursor| {
            let (app, company) = named();
            let query =
                ProfilesQuery { company, app: app.clone(), limit: Some(limit), cursor, ..Default::default() };
            context.read(store, app, move |db, attempt| profiles::list(db, attempt, list, &query)).await
        };
        let ids: Vec<String> = all(None, page).await?.into_iter().map(|profile| profile.profile_id).collect();
        for some in ids.chunks(SOME) {
            let (some, ambient) = (some.to_vec(), context.ambient.clone());
            let remove = context.write(store, Some(app.id.clone()), move |db, attempt| {
                some.iter().try_for_each(|id| profiles::remove(db, &ambient, attempt, list, id).map(|_| ()))
            });
            remove.await?;
        }
    }
    Ok(())
}

/// `acme-2026-01-31.jsonl`, in the folder where the command runs.
fn default_path(context: &Context, name: &str) -> PathBuf {
    format!("{}-{}.jsonl", slug(name), context.ambient.now().format("%Y-%m-%d")).into()
}

/// What goes, for people.
fn goes(removal: &CompanyRemoval) -> String {
    fields(&[
        ("company", format!("{} ({})", removal.name, removal.id)),
        ("connections", removal.connections.len().to_string()),
        ("employees", removal.employees.to_string()),
        ("customers", removal.customers.to_string()),
        ("links", removal.links.to_string()),
        ("profiles", removal.profiles.to_string()),
        ("runs", removal.runs.to_string()),
        ("messages", removal.messages.to_string()),
    ])
}
