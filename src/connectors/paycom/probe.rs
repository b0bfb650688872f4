//! Tests a connection: a few small requests, each sent once, side by side: a person waits.

use crate::{
    connectors::{outbound::problems::failure, source::Failure},
    domain::words::Cause,
};

use super::{
    PaycomSource,
    client::{CHANGES, Client, DIRECTORY, IDS, NoPage, Page},
    list::neither,
    reading::not_enabled,
    settings::ListFrom,
    wire::is_code,
};

/// What was found, as a sentence.
pub(super) async fn probe(source: &PaycomSource) -> Result<String, Failure> {
    let (settings, client) = (&source.settings, source.client.hurried());
    let changed = async { if settings.details { changes(&client).await } else { Ok(()) } };
    let (listed, changed) = tokio::join!(listed(source, &client), changed);
    let (endpoint, page) = listed?;
    if settings.details {
        let code = page.rows.first().and_then(|row| row.code()).filter(|code| is_code(code));
        if let Some(code) = code {
            client.detail(code).await?;
        }
    }
    changed?;
    let count = page.total.map_or_else(|| "employees".to_owned(), |total| format!("{total} employees"));
    Ok(format!("Paycom accepts the SID and the token, and lists {count} (`{endpoint}`)."))
}

/// The first of a list, and which list it is.
async fn listed(source: &PaycomSource, client: &Client) -> Result<(&'static str, Page), Failure> {
    let settings = &source.settings;
    Ok(match (settings.list_from, settings.details) {
        (ListFrom::Directory, _) | (_, false) => (DIRECTORY, first(client, DIRECTORY, "").await?),
        (ListFrom::Ids, _) => (IDS, first(client, IDS, "").await?),
        (ListFrom::Auto, _) => match first(client, IDS, "").await {
            Err(none) if not_enabled(&none) => {
                let page = first(client, DIRECTORY, "").await;
                let page = page
                    .map_err(|none| if not_enabled(&none) { neither(DIRECTORY, IDS) } else { none.failure });
                (DIRECTORY, page?)
            }
            page => (IDS, page?),
        },
    })
}

async fn first(client: &Client, endpoint: &str, query: &str) -> Result<Page, NoPage> {
    client.page(endpoint, &client.first_page(endpoint, query), 1).await
}

/// Whether changes may be asked for: those of the last minute.
async fn changes(client: &Client) -> Result<(), Failure> {
    let now = client.now().timestamp();
    let query = format!("&startdate={}&enddate={now}", now.saturating_sub(60));
    match first(client, CHANGES, &query).await {
        Ok(_) => Ok(()),
        Err(none) if not_enabled(&none) => Err(failure(
            Cause::Permission,
            format!(
                "Paycom lists the employees, but has not enabled `{CHANGES}` for this API user (status 413): every \
                 poll would have to read all of them."
            ),
            format!("In Paycom, User Access and Security, API Setup: tick `{CHANGES}` for this API user."),
        )),
        Err(none) => Err(none.failure),
    }
}
