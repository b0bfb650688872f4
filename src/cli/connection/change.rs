//! `rollcall connection set`, `password` and `secret`.

use serde::Serialize;
use serde_json::json;

use crate::{
    cli::{
        Result,
        assignments::{self, Assignment, SecretAssignment},
        confirm::Consent,
        context::Context,
        text::{fields, plain},
    },
    domain::access::{Attempt, action},
    service::connections::{self, Password},
    store::{Db, Store, WriteDb},
    sync::register::ConnectionChange,
};

use super::show;

/// Change a connection
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true), after_help = "Example:\n  rollcall connection set con_0199… --set run_every_minutes=30 --resume

`rollcall connection add --help` tells the settings of each kind; an empty value puts one back to its default.")]
pub(crate) struct SetArgs {
    /// The connection's name or ID, con_…
    connection: String,
    /// A setting of the kind; may be given several times
    #[arg(long = "set", group = "what", value_name = "NAME=VALUE", value_parser = assignments::assignment)]
    settings: Vec<Assignment>,
    /// A secret of the kind; NAME=@FILE reads it from a file, NAME=@- from standard input; may be given several times
    #[arg(long = "secret", group = "what", value_name = "NAME=VALUE", value_parser = assignments::secret_assignment)]
    secrets: Vec<SecretAssignment>,
    /// What people call it
    #[arg(long, group = "what")]
    name: Option<String>,
    /// Start no more runs, until --resume
    #[arg(long, group = "what", conflicts_with = "resume")]
    pause: bool,
    /// Start runs again
    #[arg(long, group = "what")]
    resume: bool,
    /// Take the next company file that answers, whichever it is, and its FileID: after it was moved or restored
    #[arg(long, group = "what")]
    forget_company_file: bool,
    /// Say that the company file in doubt, with another name and path, is the same company's
    #[arg(long, group = "what", conflicts_with = "forget_company_file")]
    same_company_file: bool,
}

pub(super) async fn set(context: &Context, store: &Store, args: SetArgs) -> Result {
    let change = ConnectionChange {
        name: args.name,
        paused: args.pause.then_some(true).or(args.resume.then_some(false)),
        settings: assignments::settings(args.settings)?,
        secrets: assignments::secrets(args.secrets)?,
        forget_company_file: args.forget_company_file,
        same_company_file: args.same_company_file,
        new_ids: false,
    };
    let (id, env) = (args.connection, context.environment()?);
    let set =
        context.write(store, None, move |db, attempt| connections::change(db, &env, attempt, &id, &change));
    context.out.answer(&set.await?, show::text)
}

pub(super) async fn password(context: &Context, store: &Store, id: String, consent: &Consent) -> Result {
    let (env, wanted) = (context.environment()?, id.clone());
    let replaces = {
        let env = env.clone();
        move |db: &mut WriteDb, attempt: &Attempt<action::ManageConnections>| {
            connections::new_password(db, &env, attempt, &wanted)
        }
    };
    context.rehearse(store, None, replaces).await?;
    if !agreed(context, store, &id, "password", consent).await? {
        return Ok(());
    }
    let made =
        context.write(store, None, move |db, attempt| connections::new_password(db, &env, attempt, &id));
    let Password { id, username, password } = made.await?;
    let answer = json!({ "id": id, "username": username, "password": password });
    context.out.answer(&answer, |_| fields(&[("username", username), ("password", password)]))?;
    if !context.out.is_json() {
        context.out.note("\nThe password is shown only now. Enter it in the Web Connector: click the password field there.");
    }
    Ok(())
}

pub(super) async fn secret(
    context: &Context,
    store: &Store,
    id: String,
    name: String,
    consent: &Consent,
) -> Result {
    let (env, called) = (context.environment()?, name.clone());
    let replaces = {
        let (env, id, name) = (env.clone(), id.clone(), name.clone());
        move |db: &mut WriteDb, attempt: &Attempt<action::ManageConnections>| {
            connections::new_secret(db, &env, attempt, &id, &name)
        }
    };
    context.rehearse(store, None, replaces).await?;
    if !agreed(context, store, &id, &name, consent).await? {
        return Ok(());
    }
    let made =
        context.write(store, None, move |db, attempt| connections::new_secret(db, &env, attempt, &id, &name));
    let (connection, secret) = made.await?;
    let answer: serde_json::Map<String, serde_json::Value> =
        [("id".to_owned(), connection.id.as_str().into()), (called.clone(), secret.reveal().into())]
            .into_iter()
            .collect();
    context.out.answer(&answer, |_| fields(&[(called.as_str(), secret.reveal().to_owned())]))?;
    if !context.out.is_json() {
        context.out.note("\nThe secret is shown only now. Give it to the sender: the old one works no more.");
    }
    Ok(())
}

/// What is replaced: the old one stops working.
#[derive(Debug, Serialize)]
struct Replaced {
    /// The connection's ID.
    id: String,
    name: String,
    replaces: String,
}

/// Whether a secret may be replaced: whoever uses the old one is locked out until he has the new one.
async fn agreed(context: &Context, store: &Store, id: &str, what: &str, consent: &Consent) -> Result<bool> {
    let id = id.to_owned();
    let look =
        move |db: &mut Db, attempt: &Attempt<action::ManageConnections>| connections::found(db, attempt, &id);
    let (_, connection) = context.read(store, None, look).await?;
    let replaced = Replaced { id: connection.id.into(), name: connection.name, replaces: what.to_owned() };
    let goes = |replaced: &Replaced| {
        fields(&[
            ("connection", format!("{} ({})", replaced.name, replaced.id)),
            ("stops working", format!("its present {}", replaced.replaces)),
        ])
    };
    let question = format!("Replace the {what} of {} ({})?", plain(&replaced.name), replaced.id);
    consent.given(context.out, &replaced, goes, &question)
}
