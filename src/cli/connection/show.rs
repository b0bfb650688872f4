//! `rollcall connection list`, `show` and `runs`.

use crate::{
    cli::{
        Result,
        context::Context,
        pages::all,
        run::rows_text,
        text::{fields, plain, table, time, yes},
    },
    domain::words::{ConnectionState, Kind},
    service::{
        connections::{self, Connection, ConnectionsQuery},
        runs::{self, RunsQuery},
    },
    store::Store,
};

pub(super) async fn list(
    context: &Context,
    store: &Store,
    company: Option<String>,
    kind: Option<Kind>,
    state: Option<ConnectionState>,
) -> Result {
    let env = context.environment()?;
    let page = async |limit, cursor| {
        let (env, company) = (env.clone(), company.clone());
        let query = ConnectionsQuery { company, kind, state, limit: Some(limit), cursor };
        context.read(store, None, move |db, attempt| connections::list(db, &env, attempt, &query)).await
    };
    let views = all(None, page).await?;
    let names = context.names(store).await?;
    context.out.answer(&views, |views| {
        let row = |it: &Connection| {
            let state = match it.paused {
                true => "paused".into(),
                false => it.status.state.to_string(),
            };
            let company = names.company(&it.company_id).to_owned();
            [it.name.clone(), it.id.clone(), it.kind.to_string(), company, state, time(it.last_seen_at)]
        };
        table(
            ["NAME", "ID", "KIND", "COMPANY", "STATE", "LAST SEEN"],
            views.iter().map(row).collect(),
            "There are no connections: `rollcall connection add quickbooks_desktop --company COMPANY` adds one.",
        )
    })
}

pub(super) async fn show(context: &Context, store: &Store, id: String) -> Result {
    let env = context.environment()?;
    let shown = context.read(store, None, move |db, attempt| connections::show(db, &env, attempt, &id));
    context.out.answer(&shown.await?, text)
}

/// A connection for people.
pub(super) fn text(view: &Connection) -> String {
    let mut pairs = vec![
        ("id", view.id.clone()),
        ("name", view.name.clone()),
        ("kind", view.kind.to_string()),
        ("company", view.company_id.clone()),
        ("paused", yes(view.paused)),
        ("created", time(Some(view.created_at))),
        ("last seen", time(view.last_seen_at)),
        ("state", view.status.state.to_string()),
        ("since", time(view.status.since)),
        ("next attempt", time(view.status.next_attempt_at)),
    ];
    if let Some(desktop) = &view.desktop {
        pairs.extend([
            ("username", desktop.username.clone()),
            ("company file", desktop.company_name.clone().unwrap_or_default()),
            ("its path", desktop.company_file.clone().unwrap_or_default()),
            ("qbXML", desktop.qbxml_version.clone().unwrap_or_default()),
        ]);
    }
    pairs.extend(view.webhook_url.clone().map(|url| ("webhooks", url)));
    if !view.secrets.is_empty() {
        pairs.push(("secrets", view.secrets.join(", ")));
    }
    if let Some(webhook) = &view.webhook {
        pairs.push(("last webhook", time(webhook.last_received_at)));
        if webhook.subscribed {
            pairs.push(("callbacks", format!("subscribed, last seen there {}", time(webhook.checked_at))));
        }
        if let Some(code) = &webhook.verification_code {
            pairs.push(("verification code", format!("{code} (of {})", time(webhook.verification_at))));
        }
    }
    let mut text = fields(&pairs);
    text.push_str("settings\n");
    for (name, value) in view.settings.as_object().into_iter().flatten() {
        text.push_str(&format!("  {name} = {}\n", plain(value.as_str().unwrap_or(&value.to_string()))));
    }
    text.push_str(&format!("\n{}: {}\n", view.status.state, plain(&view.status.detail)));
    if let Some(remedy) = &view.status.remedy {
        text.push_str(&format!("do: {}\n", plain(remedy)));
    }
    text
}

pub(super) async fn runs(context: &Context, store: &Store, id: String, limit: u16) -> Result {
    let page = async |limit, cursor| {
        let query =
            RunsQuery { connection: Some(id.clone()), limit: Some(limit), cursor, ..RunsQuery::default() };
        context.read(store, None, move |db, attempt| runs::list(db, attempt, &query)).await
    };
    let rows = all(Some(limit.into()), page).await?;
    let names = context.names(store).await?;
    context.out.answer(&rows, |rows| {
        rows_text(rows, &names, "There are no runs yet: `rollcall connection poll ID` asks for one.")
    })
}
