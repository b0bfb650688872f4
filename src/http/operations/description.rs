//! The API's description, as a document and as a page. It is made when it is first asked for: making it takes some
//! megabytes for a moment, and most gateways are never asked.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use serde_json::Value;
use utoipa::openapi::OpenApi;

use crate::{http::representation::FixedJson, threads::Threads};

/// The description. Clones share it.
#[derive(Debug, Clone)]
pub struct Description {
    describe: fn() -> OpenApi,
    render: fn(&Value) -> String,
    made: Arc<OnceLock<Described>>,
    threads: Threads,
}

#[derive(Debug, Clone)]
pub(super) struct Described {
    /// OpenAPI, as JSON.
    pub document: FixedJson,
    /// HTML.
    pub page: Bytes,
}

impl Description {
    /// Both are called once, when the description is asked for; `render` makes the page of the document.
    pub fn new(describe: fn() -> OpenApi, render: fn(&Value) -> String) -> Self {
        Self { describe, render, made: Arc::default(), threads: Threads::new("describe", 1) }
    }

    /// # Errors
    /// A machine that has no thread left.
    pub(super) async fn get(&self) -> io::Result<Described> {
        if let Some(made) = self.made.get() {
            return Ok(made.clone());
        }
        let place = self.threads.place().await?;
        let Self { describe, render, made, .. } = self.clone();
        place.run(move || made.get_or_init(|| Described::of(&describe(), render)).clone()).await
    }
}

impl Described {
    fn of(api: &OpenApi, render: fn(&Value) -> String) -> Self {
        // Serializing maps with text keys and no floats cannot fail.
        let document = api.to_json().unwrap_or_default();
        let page = render(&serde_json::to_value(api).unwrap_or_default());
        Self { document: FixedJson::new(document.into()), page: page.into() }
    }
}
