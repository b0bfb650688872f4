//! `rollcall audit export`.

use serde::Serialize;

use crate::{
    cli::{Result, context::Context},
    codec::audit::hex,
    domain::audit::{Member, Row},
    service::audit::chain,
    store::{PageLimit, Store, audit},
};

/// A row as it is written out.
#[derive(Serialize)]
struct Line<'a> {
    chain: &'a str,
    seq: i64,
    at: chrono::DateTime<chrono::Utc>,
    actor_kind: &'a str,
    actor_id: Option<&'a str>,
    action: &'a str,
    object_kind: &'a str,
    object_id: &'a str,
    members: Vec<Member>,
    request_id: Option<&'a str>,
    address: Option<&'a str>,
    credential: Option<&'a str>,
    key_id: &'a str,
    hash: String,
}

impl<'a> From<&'a Row> for Line<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            chain: &row.chain,
            seq: row.seq,
            at: row.at,
            actor_kind: &row.actor_kind,
            actor_id: row.actor_id.as_deref(),
            action: &row.action,
            object_kind: &row.object_kind,
            object_id: &row.object_id,
            members: row.members(),
            request_id: row.request_id.as_deref(),
            address: row.address.as_deref(),
            credential: row.credential.as_deref(),
            key_id: &row.key_id,
            hash: hex(&row.hash),
        }
    }
}

pub(super) async fn run(context: &Context, company: Option<String>) -> Result {
    let store = context.store().await?;
    if let Some(wanted) = company {
        let named = context.read(&store, None, move |db, attempt| chain(db, attempt, &wanted)).await?;
        return one(context, &store, &named).await;
    }
    let mut after: Option<String> = None;
    loop {
        let page = store.read(move |db| audit::heads(db, after.as_deref(), PageLimit::SCAN)).await?;
        for head in &page.rows {
            one(context, &store, &head.chain).await?;
        }
        after = page.rows.last().map(|head| head.chain.clone());
        if !page.more {
            return Ok(());
        }
    }
}

/// One chain, from its beginning.
async fn one(context: &Context, store: &Store, chain: &str) -> Result {
    let mut after = 0;
    loop {
        let name = chain.to_owned();
        let rows = store.read(move |db| audit::rows(db, &name, after, i64::MAX, PageLimit::SCAN)).await?;
        let Some(last) = rows.last() else { return Ok(()) };
        after = last.seq;
        for row in &rows {
            context.out.json(&Line::from(row))?;
        }
    }
}
