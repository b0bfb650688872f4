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
    confirm::Consent,
    context::Context,
    text::{fields, table, time},
    word_parser::word_parser,
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
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
        #[arg(long = "scope", value_name = "SCOPE", value_parser = word_parser!(Scope))]
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
    #[command(after_help = "Example:\n  rollcall app token revoke Timesheets tok_0199… --yes")]
    Revoke {
        /// The app's name or ID
        app: String,
        /// The token's ID, tok_…, or a unique beginning of it
        token: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(super) async fn run(context: &Context, store: &Store, command: Command) -> Result {
    let ambient = context.ambient.clone();
    match command {
        Command::Add { app, name, scopes, expires_in_days } => {
            let scopes = (!scopes.is_empty()).then(|| Scopes::new(&scopes));
            let draft = TokenDraft { name, scopes, expires_in_days };
            let added = context
                .write(store, None, move |db, attempt| tokens::add(db, &ambient, attempt, &app, &draft));
            let NewToken { made, token, app_id } = added.await?;
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
        Command::List { app } => list(context, store, app).await,
        Command::Revoke { app, token, consent } => revoke(context, store, app, token, consent).await,
    }
}

async fn list(context: &Context, store: &Store, app: String) -> Result {
    let now = context.ambient.now();
    let tokens = context.read(store, None, move |db, attempt| tokens::list(db, attempt, &app)).await?;
    context.out.answer(&tokens, |tokens| {
        let row = |it: &Token| {
            let expires = match it.expires_at {
                Some(at) if at <= now => format!("{} (expired)", time(Some(at))),
                at => time(at),
            };
            [
                it.id.clone(),
                it.name.clone().unwrap_or_default(),
                scope_words(it),
                time(Some(it.created_at)),
                expires,
                time(it.last_used_at),
                time(it.revoked_at),
            ]
        };
        let head = ["ID", "NAME", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED"];
        table(head, tokens.iter().map(row).collect(), "The app has no tokens.")
    })
}

async fn revoke(context: &Context, store: &Store, app: String, token: String, consent: Consent) -> Result {
    let wanted = app.clone();
    let token =
        context.read(store, None, move |db, attempt| tokens::show(db, attempt, &wanted, &token)).await?;
    let goes = |token: &Token| {
        fields(&[
            ("token", token.id.clone()),
            ("name", token.name.clone().unwrap_or_default()),
            ("last used", time(token.last_used_at)),
        ])
    };
    if !consent.given(context.out, &token, goes, &format!("Revoke the token {}?", token.id))? {
        return Ok(());
    }
    let now = context.ambient.now();
    let revoked = context
        .write(store, None, move |db, attempt| tokens::revoke(db, attempt, &app, &token.id, now))
        .await?;
    let answer = json!({ "id": revoked.id, "revoked": true });
    context.out.answer(&answer, |_| format!("Revoked {}.\n", revoked.id))
}

fn scope_words(token: &Token) -> String {
    let words: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
    words.join(" ")
}
