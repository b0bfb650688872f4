//! `rollcall company remove`: removes a company and all that belongs to it, in one step.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    cli::{
        Result,
        confirm::Consent,
        connection::gone,
        context::Context,
        failure::Failure,
        pages::all,
        text::{fields, plain, time},
    },
    domain::{name::slug, words::List},
    service::{
        apps::App,
        companies::{self, CompanyRemoval},
        connections,
        profiles::{self, ProfilesQuery},
    },
    store::Store,
    sync::{
        backlog::{self, Task},
        remove::Leave,
    },
};

use super::export::{Export, apps_of, is_there};

/// Profiles that are deleted in one transaction.
const SOME: usize = 500;

/// Remove a company with all that is kept of it
///
/// It tells how much goes, and asks. From then on nothing is taken or changed for the company any more. It writes an
/// export: a line of JSON for each record, message not yet staged, profile, link, run and connection, without secrets, and
/// a last one that says that it is whole. Then it removes the company's connections with their records and links, the
/// profiles that apps have in it, the company itself and its change feed. Should it be stopped in between, run it again: it
/// goes on where it was; or, while nothing is deleted, cancel it with --cancel.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall company remove Acme --dry-run
  rollcall company remove Acme --yes --export acme.jsonl
  rollcall company remove Acme --cancel")]
pub(crate) struct Args {
    /// Its name or ID
    company: String,
    /// Where to write the export; never over a file that is there [default: the company's name and the date]
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
    /// Write no export
    #[arg(long, conflicts_with = "export")]
    no_export: bool,
    /// Cancel a removal that was broken off before anything was deleted: all goes on as before
    #[arg(long, conflicts_with_all = ["export", "no_export", "dry_run"])]
    cancel: bool,
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
    let Args { company, export, no_export, cancel, consent } = args;
    if cancel {
        return reopen(context, store, company).await;
    }
    let removal =
        context.read(store, None, move |db, attempt| companies::to_remove(db, attempt, &company)).await?;
    let question = format!("Remove the company {} ({}) with all of this?", plain(&removal.name), removal.id);
    if !consent.given(context.out, &removal, goes, &question)? {
        return Ok(());
    }
    let (id, now) = (removal.id.clone(), context.ambient.now());
    let closing = context.read(store, None, move |db, attempt| companies::closing(db, attempt, &id)).await?;
    // The date of the first try: another one goes on with the same file.
    let begun = closing.at.unwrap_or(now);
    let path = (!no_export).then(|| export.unwrap_or_else(|| default_path(&removal.name, begun)));
    if let Some(path) = &path {
        // While nothing has changed yet.
        let whole = is_there(path, &removal.id, closing.at)?;
        if let (false, Some(since)) = (whole, closing.deleting_at) {
            return Err(too_late(since));
        }
    }
    let closing_at = close(context, store, &removal).await?;
    // What is there is looked at anew: it does not change any more.
    let id = removal.id.clone();
    let last = context.read(store, None, move |db, attempt| companies::to_remove(db, attempt, &id)).await?;
    let apps = apps_of(context, store, &last.id).await?;
    if let Some(path) = &path {
        keep(context, store, &last, closing_at, &apps, path).await?;
    }
    take_away(context, store, &last, &apps).await?;
    let answer = Answer { removal: CompanyRemoval { removed: true, ..last }, export: path };
    context.out.answer(&answer, |Answer { removal, export }| {
        let kept =
            export.as_ref().map(|path| format!("Its export is in {}.\n", plain(&path.display().to_string())));
        format!("Removed {} ({}).\n{}", plain(&removal.name), removal.id, kept.unwrap_or_default())
    })
}

/// Cancels a removal.
async fn reopen(context: &Context, store: &Store, company: String) -> Result {
    let now = context.ambient.now();
    let reopened =
        context.write(store, None, move |db, attempt| companies::reopen(db, attempt, &company, now));
    let (company, reopened) = reopened.await?;
    context.out.answer(&company, |company| match reopened {
        true => format!("{} ({}) goes on as before.\n", plain(&company.name), company.id),
        false => format!("{} ({}) is not being removed.\n", plain(&company.name), company.id),
    })
}

/// Rows are gone already, so that an export that is written now would lack them.
fn too_late(since: DateTime<Utc>) -> Failure {
    Failure::new(
        "export_too_late",
        format!("The company's rows are deleted since {}: an export would not be whole.", time(Some(since))),
        "Name the export of before by --export, so that it is looked at and kept; or go on with --no-export.",
    )
}

/// Has nothing more written of the company: whoever works on it is waited for, and has lost his lease. Since when.
async fn close(context: &Context, store: &Store, removal: &CompanyRemoval) -> Result<DateTime<Utc>> {
    let (id, now) = (removal.id.clone(), context.ambient.now());
    let closing_at =
        context.write(store, None, move |db, attempt| companies::close(db, attempt, &id, now)).await?;
    // One may have been added since it was looked.
    let id = removal.id.clone();
    let found = context.read(store, None, move |db, attempt| companies::to_remove(db, attempt, &id)).await?;
    for id in found.connections {
        let shut = context.write(store, None, move |db, attempt| companies::shut(db, attempt, &id, now));
        if_there(shut.await, "connection_not_found")?;
    }
    // What was decided before is marked before it is exported.
    for task in store.read(backlog::tasks).await? {
        while matches!(task, Task::Mark { .. }) && !backlog::step(store, &context.ambient, &task).await? {}
    }
    Ok(closing_at)
}

/// Deletes what there is of the company, and itself.
async fn take_away(context: &Context, store: &Store, removal: &CompanyRemoval, apps: &[App]) -> Result {
    let (id, now) = (removal.id.clone(), context.ambient.now());
    let begun =
        context.write(store, None, move |db, attempt| companies::begin_deletion(db, attempt, &id, now));
    if_there(begun.await, "company_not_found")?;
    for id in removal.connections.clone() {
        let found = context.read(store, None, move |db, attempt| connections::to_remove(db, attempt, &id));
        let Some((grant, extent)) = if_there(found.await, "connection_not_found")? else { continue };
        gone(context, store, &grant, &extent, Leave::WithCompany).await?;
    }
    // Those that were deleted before: their rows may be going still.
    let id = removal.id.clone();
    for connection_id in
        context.read(store, None, move |db, attempt| companies::going(db, attempt, &id)).await?
    {
        while !backlog::step(store, &context.ambient, &Task::Purge { connection_id: connection_id.clone() })
            .await?
        {}
    }
    for app in apps {
        remove_profiles(context, store, &removal.id, app).await?;
    }
    let id = removal.id.clone();
    let removed = context.write(store, None, move |db, attempt| companies::remove(db, attempt, &id)).await;
    if_there(removed, "company_not_found")?;
    loop {
        let (id, now) = (removal.id.clone(), context.ambient.now());
        let forget =
            context.write(store, None, move |db, attempt| companies::forget_feed(db, attempt, &id, now));
        if forget.await? == 0 {
            return Ok(());
        }
    }
}

/// `None` where it has gone meanwhile, and somebody else has done the same.
fn if_there<T>(done: Result<T>, missing: &str) -> Result<Option<T>> {
    match done {
        Err(failure) if failure.is(missing) => Ok(None),
        done => done.map(Some),
    }
}

async fn keep(
    context: &Context,
    store: &Store,
    removal: &CompanyRemoval,
    closing_at: DateTime<Utc>,
    apps: &[App],
    path: &Path,
) -> Result {
    let name = plain(&path.display().to_string());
    if is_there(path, &removal.id, Some(closing_at))? {
        context.out.note(&format!("{name} is whole, from the time before: it stays as it is"));
        return Ok(());
    }
    let export = Export::create(path)?;
    let spinner = context.out.spinner("exporting");
    let lines = export.write(context, store, removal, closing_at, apps, &spinner).await?;
    drop(spinner);
    context.out.note(&format!("exported {lines} lines to {name}"));
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
                some.iter().try_for_each(|id| profiles::remove_with_company(db, &ambient, attempt, list, id))
            });
            remove.await?;
        }
    }
    Ok(())
}

/// `acme-2026-01-31.jsonl`, in the folder where the command runs.
fn default_path(name: &str, begun: DateTime<Utc>) -> PathBuf {
    format!("{}-{}.jsonl", slug(name), begun.format("%Y-%m-%d")).into()
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
