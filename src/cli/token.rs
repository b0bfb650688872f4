//! `rollcall app token`.

use serde_json::json;

use crate::{
    domain::{access::Scopes, words::Scope},
    http::api::tokens::Token,
    store::{self, Db, Store, apps},
    sync::register::{self, NewToken, TokenDraft},
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
    #[command(
        after_help = "Example:\n  rollcall app token add Timesheets --name \"payroll export\" --scope read --expires-in-days 90 --json"
    )]
    Add {
        /// The app's name or ID
        app: String,
        /// What people call it
        #[arg(long)]
        name: Option<String>,
        /// What it may be used for, within the app's scopes: read, link, poll, manage; may be given several times [default:
        /// those of the app]
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<Scope>,
        /// After how many days it stops working [default: never]
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u32>,
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
        Command::Add { app, name, scopes, expires_in_days } => {
            let scopes = (!scopes.is_empty()).then(|| Scopes::new(&scopes));
            let draft = TokenDraft { name, scopes, expires_in_days };
            let add = move |db: &mut Db| -> Result<_> {
                let app = find::app(db, &app)?;
                let made = register::token(db, &ambient, &app.id, &draft)?;
                Ok((made, app.id))
            };
            let (NewToken { token, secret }, app_id) = store.write(add).await?;
            let answer = json!({
                "id": token.id, "app_id": app_id, "name": token.name, "scopes": token.scopes.as_slice(),
                "expires_at": token.expires_at, "token": secret.reveal(),
            });
            context.out.answer(&answer, |_| {
                fields(&[
                    ("id", token.id.clone()),
                    ("scopes", token.scopes.to_string()),
                    ("expires", time(token.expires_at)),
                    ("token", secret.reveal().to_owned()),
                ])
            })?;
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
                let row = |it: &Token| {
                    let scopes: Vec<&str> = it.scopes.iter().map(|scope| scope.as_str()).collect();
                    [
                        it.id.clone(),
                        it.name.clone().unwrap_or_default(),
                        scopes.join(" "),
                        time(Some(it.created_at)),
                        time(it.expires_at),
                        time(it.last_used_at),
                        time(it.revoked_at),
                    ]
                };
                let head = ["ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED"];
                table(head, tokens.iter().map(row).collect(), "The app has no tokens.")
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
