//! What calls in over HTTP: the Web Connector, the API, the operations routes.

use crate::{clock::Ambient, store::Store};

/// What every route works with.
#[derive(Clone)]
pub struct Gateway {
    pub store: Store,
    pub ambient: Ambient,
    /// How the outside reaches this gateway, without a trailing slash: it goes into `.qwc` files and links.
    pub public_url: url::Url,
}
