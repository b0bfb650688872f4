//! `rollcall connection subscribe` and `unsubscribe`.

use serde_json::json;

use crate::{
    cli::{Result, context::Context},
    service::connections::{self, Callback, Callbacks},
    store::Store,
    sync::subscribe,
};

pub(super) async fn subscribe(context: &Context, store: &Store, id: String) -> Result {
    let (grant, connection) =
        context.read(store, None, move |db, attempt| connections::found(db, attempt, &id)).await?;
    let id = connection.id;
    let done = subscribe::subscribe(&context.sources(store)?, &grant, &id).await?;
    context.out.answer(&Callbacks::new(id.into(), done), |stand| {
        let line = |callback: &Callback| format!("{}: {}\n", callback.kind, callback.state.words());
        stand.callbacks.iter().map(line).collect()
    })
}

pub(super) async fn unsubscribe(context: &Context, store: &Store, id: String) -> Result {
    let (grant, connection) =
        context.read(store, None, move |db, attempt| connections::found(db, attempt, &id)).await?;
    let id = connection.id;
    let removed = subscribe::unsubscribe(&context.sources(store)?, &grant, &id).await?;
    let answer = json!({ "id": id, "removed": removed });
    context.out.answer(&answer, |_| match removed {
        0 => "There were no callbacks.\n".into(),
        1 => "Took 1 callback back; polling goes on.\n".into(),
        _ => format!("Took {removed} callbacks back; polling goes on.\n"),
    })
}
