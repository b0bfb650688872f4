//! `rollcall account sessions`.

use serde_json::json;

use crate::{
    cli::{
        Result,
        context::Context,
        text::{table, time},
    },
    service::{accounts::sessions, sign_in::Session},
    store::Store,
};

/// Lists the sessions of an account, or ends one or all of them.
pub(super) async fn run(
    context: &Context,
    store: &Store,
    account: String,
    end: Option<String>,
    end_all: bool,
) -> Result {
    if let Some(session) = end {
        let id = session.clone();
        let ended =
            context.write(store, None, move |db, attempt| sessions::end_one(db, attempt, &account, &session));
        ended.await?;
        return context.out.answer(&json!({ "id": id, "ended": true }), |_| format!("Ended {id}.\n"));
    }
    if end_all {
        let ended =
            context.write(store, None, move |db, attempt| sessions::end_others(db, attempt, &account));
        let ended = ended.await?;
        return context.out.answer(&json!({ "ended": ended }), |_| format!("Ended {ended} sessions.\n"));
    }
    let now = context.ambient.now();
    let all = context.read(store, None, move |db, attempt| sessions::list(db, attempt, &account, now));
    context.out.answer(&all.await?.data, |all| {
        let row = |it: &Session| {
            [
                it.id.clone(),
                time(Some(it.created_at)),
                time(Some(it.last_seen_at)),
                it.method.to_string(),
                it.address.clone().unwrap_or_default(),
                it.user_agent.clone().unwrap_or_default(),
            ]
        };
        let head = ["ID", "SINCE", "LAST SEEN", "BY", "ADDRESS", "BROWSER"];
        table(head, all.iter().map(row).collect(), "The person is signed in nowhere.")
    })
}
