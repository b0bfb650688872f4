//! `rollcall account credentials`.

use crate::{
    cli::{
        Result,
        assignments::{self, SecretAssignment},
        confirm::Consent,
        connection,
        context::Context,
        failure::Failure,
        text::{fields, plain},
    },
    domain::words::Kind,
    service::{
        connections::TestResult,
        member_credentials::{self, MemberCredentials},
    },
    store::Store,
    sync::connection_test,
};

/// Whose credentials, and for which kind of source.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Whose {
    /// The account's e-mail or ID
    account: String,
    /// The kind of connection that takes them, such as connectwise
    #[arg(value_parser = connection::kinds())]
    kind: Kind,
}

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Keep credentials of an account, in place of those before
    #[command(after_help = "Examples:
  rollcall account credentials set ana@example.com connectwise --secret member_id=ana --secret password=@-
  rollcall account credentials set ana@example.com connectwise --secret public_key=@public.txt --secret private_key=@private.txt

A connection uses them by `rollcall connection set CONNECTION --set credentials=account:ana@example.com`.")]
    Set {
        #[command(flatten)]
        whose: Whose,
        /// One of the two; NAME=@FILE reads it from a file, NAME=@- from standard input
        #[arg(long = "secret", value_name = "NAME=VALUE", value_parser = assignments::secret_assignment)]
        secrets: Vec<SecretAssignment>,
    },
    /// Forget them
    #[command(
        after_help = "Example:\n  rollcall account credentials remove ana@example.com connectwise --yes"
    )]
    Remove {
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        consent: Consent,
    },
    /// Sign in with them at the source of a connection; exit code 1 if that fails
    #[command(after_help = "Example:\n  rollcall account credentials test ana@example.com connectwise")]
    Test {
        #[command(flatten)]
        whose: Whose,
        /// The connection, by name or ID [default: one that uses them, or the only one of its kind]
        #[arg(long, value_name = "CONNECTION")]
        connection: Option<String>,
    },
}

pub(in crate::cli) async fn run(context: &Context, store: &Store, command: Command) -> Result {
    let (ambient, vault) = (context.ambient.clone(), context.vault.clone());
    match command {
        Command::Set { whose: Whose { account, kind }, secrets } => {
            let given = assignments::secrets(secrets)?;
            let kept = context.write(store, None, move |db, attempt| {
                member_credentials::put(db, &ambient, &vault, attempt, &account, kind, &given)
            });
            context.out.answer(&kept.await?, |kept| shown("kept", kept))
        }
        Command::Remove { whose: Whose { account, kind }, consent } => {
            let goes = serde_json::json!({ "account": account, "kind": kind });
            let text =
                |_: &serde_json::Value| fields(&[("account", account.clone()), ("kind", kind.to_string())]);
            if !consent.given(context.out, &goes, text, "Forget these credentials?")? {
                return Ok(());
            }
            let removed = context.write(store, None, move |db, attempt| {
                member_credentials::remove(db, &vault, attempt, &account, kind)
            });
            context.out.answer(&removed.await?, |removed| shown("forgotten", removed))
        }
        Command::Test { whose: Whose { account, kind }, connection } => {
            test(context, store, account, kind, connection).await
        }
    }
}

fn shown(what: &str, credentials: &MemberCredentials) -> String {
    fields(&[
        (what, credentials.kind.to_string()),
        ("account", credentials.account_id.clone()),
        ("used by", credentials.connections.join(", ")),
    ])
}

async fn test(
    context: &Context,
    store: &Store,
    account: String,
    kind: Kind,
    named: Option<String>,
) -> Result {
    let found = context.read(store, None, move |db, attempt| {
        member_credentials::to_test(db, attempt, &account, kind, named.as_deref())
    });
    let (account, connection) = found.await?;
    let check = connection_test::probe_account(&context.sources(store)?, &connection.id, &account.id).await?;
    let verdict = check.state.clone();
    let tested = TestResult::new(&connection, check);
    context.out.answer(&tested, |tested| {
        let mut text = format!("{verdict}: {}\n", plain(&tested.detail));
        if let Some(remedy) = &tested.remedy {
            text.push_str(&format!("do: {}\n", plain(remedy)));
        }
        text
    })?;
    if tested.ok { Ok(()) } else { Err(Failure::Answered) }
}
