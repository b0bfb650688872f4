//! `rollcall app token`.

use serde_json::json;

use crate::{
    http::api::tokens::Token,
    store::{self, Db, Store, apps},
    sync::register,
};

use super::{
    Result,
    context::Context,
    failure::Failure,
    find,
    text::{fields, table, time},
};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make another token, which is shown once; those before keep working
    #[command(after_help = "Example:\n  rollcall app token add Timesheets --json")]
    Add {
        /// The app's name or ID
        app: String,
    },
    /// List the tokens of an app, without their secrets
    #[command(after_help = "Example:\n  rollcall app token list Timesheets")]
    List {
        /// The app's name or ID
        app: String,
    },
    /// Revoke a token: it stops working at once
    #[command(after_help = "Example:\n  rollcall app token revoke Timesheets tok_0199…")]
    Revoke {
        /// The app's name or ID
        app: String,
        /// The token's ID, tok_…
        token: String,
    },
}

pub async fn run(context: &Context, store: &Store, command: Command) -> Result {
    let ambient = context.ambient.clone();
    match command {
        Command::Add { app } => {
            let add = move |db: &mut Db| -> Result<_> {
                let app = find::app(db, &app)?;
                let (id, secret) = register::token(db, &ambient, &app.id)?;
                Ok((id, app.id, secret))
            };
            let (id, app_id, secret) = store.write(add).await?;
            let answer = json!({ "id": id, "app_id": app_id, "token": secret.reveal() });
            context.out.answer(&answer, |_| fields(&[("id", id), ("token", secret.reveal().to_owned())]))?;
            if !context.out.is_json() {
                context.out.note("\nThe token is shown only now.");
            }
            Ok(())
        }
        Command::List { app } => {
            let list = move |db: &mut Db| -> Result<_> {
                let app = find::app(db, &app)?;
                Ok(apps::tokens(db, &app.id)?)
            };
            let tokens: Vec<Token> = store.read(list).await?.into_iter().map(Token::from).collect();
            context.out.answer(&tokens, |tokens| {
                let rows =
                    tokens.iter().map(|it| [it.id.clone(), time(Some(it.created_at)), time(it.revoked_at)]);
                table(["ID", "CREATED", "REVOKED"], rows.collect(), "The app has no tokens.")
            })
        }
        Command::Revoke { app, token } => {
            let id = token.clone();
            let revoke = move |db: &mut Db| -> Result {
                let app = find::app(db, &app)?;
                apps::revoke_token(db, &app.id, &token, ambient.now()).map_err(|error| match error {
                    store::Error::NotFound(_) => Failure::new(
                        "not_found",
                        format!("The app `{}` has no token `{token}`.", app.name),
                        format!("`rollcall app token list {:?}` shows their IDs.", app.name),
                    ),
                    other => other.into(),
                })
            };
            store.write(revoke).await?;
            context.out.answer(&json!({ "id": id, "revoked": true }), |_| format!("Revoked {id}.\n"))
        }
    }
}
