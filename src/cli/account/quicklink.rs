//! `rollcall account quicklink`.

use crate::{
    cli::{
        Result,
        confirm::Consent,
        context::Context,
        pages::all,
        text::{fields, table, time},
    },
    service::{
        page::PageQuery,
        quicklinks::{self, NewQuicklink, Quicklink, QuicklinkDraft},
    },
    store::Store,
};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Command {
    /// Make a Quicklink on behalf of an account; its address is shown once
    #[command(
        after_help = "Example:\n  rollcall account quicklink add --account ana@example.com --company Acme --app Timesheets --json"
    )]
    Add {
        /// On whose behalf it opens anything: an account's e-mail or ID
        #[arg(long, value_name = "ACCOUNT")]
        account: String,
        /// The company that it opens, by name or ID
        #[arg(long, value_name = "COMPANY")]
        company: String,
        /// The app that it acts for, by name or ID [default: the bearer chooses]
        #[arg(long, value_name = "APP")]
        app: Option<String>,
        /// The connection that it opens with, by name or ID
        #[arg(long, value_name = "CONNECTION")]
        connection: Option<String>,
        /// After how many days it stops working [default: 365]
        #[arg(long, value_name = "DAYS")]
        expires_in_days: Option<u32>,
    },
    /// List the Quicklinks, and how often each was opened
    #[command(after_help = "Example:\n  rollcall account quicklink list")]
    List,
    /// Revoke a Quicklink: it opens nothing any more
    #[command(after_help = "Example:\n  rollcall account quicklink revoke qul_0199… --yes")]
    Revoke {
        /// Its ID, qul_…
        quicklink: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(in crate::cli) async fn run(context: &Context, store: &Store, command: Command) -> Result {
    match command {
        Command::Add { account, company, app, connection, expires_in_days } => {
            let draft = QuicklinkDraft { company, app, connection, expires_in_days, account: Some(account) };
            add(context, store, draft).await
        }
        Command::List => list(context, store).await,
        Command::Revoke { quicklink, consent } => revoke(context, store, quicklink, consent).await,
    }
}

async fn add(context: &Context, store: &Store, draft: QuicklinkDraft) -> Result {
    let (ambient, public_url) = (context.ambient.clone(), context.public_url()?);
    let added = context
        .write(store, None, move |db, attempt| quicklinks::add(db, &ambient, &public_url, attempt, &draft));
    let added = added.await?;
    context.out.answer(&added, |NewQuicklink { quicklink, url }| {
        fields(&[
            ("id", quicklink.id.clone()),
            ("expires", time(Some(quicklink.expires_at))),
            ("address", url.clone()),
        ])
    })?;
    if !context.out.is_json() {
        context.out.note("\nThe address is shown only now. Whoever has it can open the company's lists.");
    }
    Ok(())
}

async fn list(context: &Context, store: &Store) -> Result {
    let page = async |limit, cursor| {
        let query = PageQuery { limit: Some(limit), cursor };
        context.read(store, None, move |db, attempt| quicklinks::list(db, attempt, &query)).await
    };
    let quicklinks: Vec<Quicklink> = all(None, page).await?;
    context.out.answer(&quicklinks, |quicklinks| {
        let row = |it: &Quicklink| {
            [
                it.id.clone(),
                it.account_id.clone(),
                it.company_id.clone(),
                time(Some(it.expires_at)),
                it.uses.to_string(),
                time(it.last_used_at),
                time(it.revoked_at),
            ]
        };
        let head = ["ID", "ACCOUNT", "COMPANY", "EXPIRES", "USES", "LAST USED", "REVOKED"];
        table(head, quicklinks.iter().map(row).collect(), "There are no Quicklinks.")
    })
}

async fn revoke(context: &Context, store: &Store, id: String, consent: Consent) -> Result {
    let wanted = id.clone();
    let found = context
        .read(store, None, move |db, attempt| quicklinks::found(db, attempt, &wanted).map(Quicklink::from));
    let quicklink = found.await?;
    let goes = |it: &Quicklink| {
        fields(&[
            ("Quicklink", it.id.clone()),
            ("uses", it.uses.to_string()),
            ("last used", time(it.last_used_at)),
        ])
    };
    if !consent.given(context.out, &quicklink, goes, &format!("Revoke the Quicklink {id}?"))? {
        return Ok(());
    }
    let ambient = context.ambient.clone();
    let revoked =
        context.write(store, None, move |db, attempt| quicklinks::revoke(db, &ambient, attempt, &id));
    context.out.answer(&revoked.await?, |it| format!("Revoked {}.\n", it.id))
}
