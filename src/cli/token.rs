//! `rollcall app token`.

use serde_json::json;

use crate::{
    domain::{access::Scopes, words::Scope},
    service::tokens::{self, NewToken, Token},
    store::Store,
    sync::register::TokenDraft,
};

use super::{
    Result,
    context::Context,
    failure::Failure,
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
            let wanted = app.clone();
            let added = context
                .write(store, None, move |db, attempt| tokens::add(db, &ambient, attempt, &wanted, &draft))
                .await;
            let NewToken { made, token, app_id } =
                added.map_err(|failure| failure.of_setup().named("app", &app))?;
            let answer = json!({
                "id": made.id, "app_id": app_id, "name": made.name, "scopes": made.scopes,
                "expires_at": made.expires_at, "token": token,
            });
            context.out.answer(&answer, |_| {
                fields(&[
                    ("id", made.id.clone()),
                    ("scopes", scope_words(&made)),
                    ("expires", time(made.expires_at)),
                    ("token", token.clone()),
                ])
            })?;
            if !context.out.is_json() {
                context.out.note("\nThe token is shown only now.");
            }
            Ok(())
        }
        Command::List { app } => {
            let wanted = app.clone();
            let tokens =
                context.read(store, None, move |db, attempt| tokens::list(db, attempt, &wanted)).await;
            let tokens = tokens.map_err(|failure| failure.named("app", &app))?;
            context.out.answer(&tokens, |tokens| {
                let row = |it: &Token| {
                    [
                        it.id.clone(),
                        it.name.clone().unwrap_or_default(),
                        scope_words(it),
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
            let (wanted, id, now) = (app.clone(), token.clone(), ambient.now());
            let revoked = context
                .write(store, None, move |db, attempt| tokens::revoke(db, attempt, &wanted, &id, now))
                .await;
            revoked.map_err(|failure| match failure {
                Failure::Problem { problem, .. } if problem.code == "token_not_found" => Failure::new(
                    "not_found",
                    format!("The app `{app}` has no token `{token}`."),
                    format!("`rollcall app token list {app:?}` shows their IDs."),
                ),
                other => other.named("app", &app),
            })?;
            context.out.answer(&json!({ "id": token, "revoked": true }), |_| format!("Revoked {token}.\n"))
        }
    }
}

fn scope_words(token: &Token) -> String {
    let words: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    words.join(" ")
}
