//! `rollcall connection add`.

use serde::Serialize;

use crate::{
    cli::{
        Result,
        assignments::{self, Assignment, SecretAssignment},
        context::Context,
        text::fields,
    },
    connectors::{self, spec::fill},
    domain::words::Kind,
    service::connections::{self, Draft, NewConnection},
    store::Store,
};

use super::add_help;

/// Add a connection to a source system, and show once what it needs to sign in
#[derive(Debug, clap::Args)]
#[command(after_help = add_help::help())]
pub(crate) struct Args {
    #[arg(value_parser = super::kinds(), help = add_help::kinds())]
    kind: Kind,
    /// The company that the lists belong to, by name or ID
    #[arg(long, value_name = "COMPANY")]
    company: String,
    /// What people call it; without it, it is called after its kind
    #[arg(long)]
    name: Option<String>,
    /// A setting of the kind; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignments::assignment)]
    settings: Vec<Assignment>,
    /// A secret of the kind; NAME=@FILE reads it from a file, NAME=@- from standard input; may be given several times
    #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = assignments::secret_assignment)]
    secrets: Vec<SecretAssignment>,
}

/// A connection just made: with what is shown once.
#[derive(Debug, Serialize)]
struct Added {
    #[serde(flatten)]
    new: NewConnection,
    /// Where the `.qwc` file can be fetched with a token that has the scope `manage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    qwc_url: Option<String>,
}

pub(super) async fn run(context: &Context, store: &Store, args: Args) -> Result {
    let Args { kind, company, name, settings, secrets } = args;
    let (settings, secrets) = (assignments::settings(settings)?, assignments::secrets(secrets)?);
    let draft = Draft { kind, company, name, settings, secrets };
    let (env, origin) = (context.environment()?, context.settings.http.public_url());
    let add = context.write(store, None, move |db, attempt| connections::add(db, &env, attempt, &draft));
    let new = add.await?;
    let id = new.connection.id.clone();
    let qwc_url = new.connection.desktop.is_some().then(|| format!("{origin}/v1/connections/{id}/qwc"));
    let added = Added { new, qwc_url };
    context.out.answer(&added, text)?;
    if !context.out.is_json()
        && let Some(spec) = connectors::spec(kind)
    {
        context.out.note(&format!("\n{}", fill(spec.words.next_steps, &id, &origin)));
    }
    Ok(())
}

fn text(added: &Added) -> String {
    let NewConnection { connection, username, password, webhook_secret } = &added.new;
    let mut pairs = vec![("id", connection.id.clone()), ("name", connection.name.clone())];
    pairs.extend(username.clone().map(|username| ("username", username)));
    pairs.extend(password.clone().map(|password| ("password", password)));
    pairs.extend(connection.webhook_url.clone().map(|url| ("webhooks", url)));
    pairs.extend(webhook_secret.clone().map(|secret| ("webhook secret", secret)));
    fields(&pairs)
}
