//! `rollcall connection add`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    cli::{
        Result,
        context::Context,
        failure::Failure,
        find,
        pairs::{self, Pair, SecretPair},
        text::fields,
    },
    domain::{secret::Secret, words::Kind},
    http::api::connections::{Connection, NewConnection},
    store::{Db, Store},
    sync::register,
};

/// Add a connection to a source system, and show once what it needs to sign in
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  rollcall connection add quickbooks_desktop --company Acme --json
  rollcall connection add quickbooks_desktop --company Acme \\
    --set run_every_minutes=30 --set \"window=22:00-06:00 America/New_York\"

Settings of quickbooks_desktop:
  app_name               what the Web Connector shows as the application's name
  company_file           full Windows path of the company file; empty for the one that is open
  page_size              customers a page, 1 to 10000 [500]
  run_every_minutes      how often the Web Connector calls, 1 to 10080 [15]
  min_interval_seconds   a call sooner after the last run finds nothing due [60]
  full_every_hours       how often the whole list is read, 0 (every time) to 24 [24]
  delta_overlap_minutes  how far a delta reaches back [70]
  window                 hours in which it may run: 22:00-06:00 America/New_York; empty for always")]
pub struct Args {
    /// The source system: quickbooks_desktop
    kind: Kind,
    /// The company that the lists belong to, by name or ID
    #[arg(long, value_name = "COMPANY")]
    company: String,
    /// What people call it; without it, it is called after its kind
    #[arg(long)]
    name: Option<String>,
    /// A setting of the kind; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pairs::pair)]
    settings: Vec<Pair>,
    /// A secret of the kind; NAME=@FILE reads it from a file; may be given several times
    #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = pairs::secret_pair)]
    secrets: Vec<SecretPair>,
}

/// A connection just made: with what is shown once.
#[derive(Debug, Serialize)]
struct Added {
    #[serde(flatten)]
    new: NewConnection,
    /// Where the `.qwc` file can be fetched with an app's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    qwc_url: Option<String>,
}

pub async fn run(context: &Context, store: &Store, args: Args) -> Result {
    let Args { kind, company, name, settings, secrets } = args;
    let settings = pairs::settings(settings)?;
    no_secrets(kind, &pairs::secrets(secrets)?)?;
    let ambient = context.ambient.clone();
    let add = move |db: &mut Db| -> Result<_> {
        let company = find::company(db, &company)?;
        let made = register::connection(db, &ambient, kind, &company.id, name.as_deref(), &settings)
            .map_err(|error| taken(error.into(), &company.name))?;
        let connection = Connection::read(db, made.connection, ambient.now())?;
        Ok(NewConnection::new(connection, made.credentials))
    };
    let new = store.write(add).await?;
    let origin = context.settings.http.public_url();
    let id = new.connection.id.clone();
    let qwc_url = new.connection.desktop.is_some().then(|| format!("{origin}/v1/connections/{id}/qwc"));
    let added = Added { new, qwc_url };
    context.out.answer(&added, text)?;
    if !context.out.is_json() && added.qwc_url.is_some() {
        next_steps(context, &id, &origin);
    }
    Ok(())
}

/// What no connector takes is refused rather than kept.
fn no_secrets(kind: Kind, secrets: &BTreeMap<String, Secret>) -> Result {
    match secrets.keys().next() {
        None => Ok(()),
        Some(name) => Err(Failure::usage(
            format!("A connection of kind {kind} takes no secret `{name}`."),
            "Leave --secret out; Rollcall makes what quickbooks_desktop needs, and shows it once.",
        )),
    }
}

fn taken(failure: Failure, company: &str) -> Failure {
    failure.if_duplicate(
        format!("The company `{company}` has a connection of that name already."),
        format!(
            "Give this one another --name, or use that one: `rollcall connection list --company {company:?}`."
        ),
    )
}

fn text(added: &Added) -> String {
    let NewConnection { connection, username, password } = &added.new;
    let mut pairs = vec![("id", connection.id.clone()), ("name", connection.name.clone())];
    pairs.extend(username.clone().map(|username| ("username", username)));
    pairs.extend(password.clone().map(|password| ("password", password)));
    fields(&pairs)
}

fn next_steps(context: &Context, id: &str, origin: &str) {
    context.out.note(&format!(
        "\nThe password is shown only now (`rollcall connection password {id}` makes a new one). Next:
  1. rollcall qwc {id} > rollcall.qwc
  2. Copy the file to the computer of QuickBooks, log in to the company file as Admin, and open the file:
     the Web Connector starts, and QuickBooks asks whether to let it in.
  3. Enter the password in the Web Connector, tick Auto-Run, and press Update Selected.
The Web Connector will call {origin}/qbwc: `rollcall doctor` tells whether it can."
    ));
}
