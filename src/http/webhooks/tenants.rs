//! `POST /webhooks/{kind}`: one address for all of a vendor's tenants, whose webhooks may be registered there by hand. The
//! body says whose it is; each connection of those tenants verifies and keeps it by itself.
//!
//! Whoever is not verified hears the same as everywhere, whether there is a connection of the tenant or not, and costs one
//! look into an index.

use std::collections::BTreeMap;

use axum::extract::Request;

use super::{Webhooks, body, keep, response::Refusal};
use crate::{
    connectors::{
        self,
        hook::{self, Refused},
        spec::FoundBy,
    },
    domain::words::Kind,
    http::peer,
    store::connections,
    sync::inbox::Accepted,
};

/// More tenants than one body names in earnest.
const MOST: usize = 100;

/// The kind that this part of the address names, if its webhooks may come to one address for all tenants.
pub(super) fn kind(segment: &str) -> Option<Kind> {
    let kind = connectors::kind(segment).ok()?;
    let webhooks = connectors::spec(kind)?.webhooks?;
    (webhooks.found == FoundBy::AddressOrTenant).then_some(kind)
}

/// Takes a message for the connections that it concerns.
pub(super) async fn take(webhooks: &Webhooks, kind: Kind, request: Request) -> Result<Accepted, Refusal> {
    let (parts, body) = request.into_parts();
    let hook = hook::of(kind)?;
    // By the headers alone, before the body is read: no settings are known yet.
    hook.can_be("{}", &BTreeMap::default(), &parts.headers)?;
    let gateway = &webhooks.gateway;
    let mut reservation = gateway.unverified_bodies.reserve(peer::caller(&parts.extensions));
    let body = body::receive(body, &parts.headers, webhooks.most, &mut reservation).await?;
    let tenants = hook.tenants(&body);
    if tenants.is_empty() || tenants.len() > MOST {
        return Err(Refusal::Unknown);
    }
    let ids = gateway.store.read(move |db| connections::of_tenants(db, kind, &tenants)).await?;
    let mut taken = None;
    for id in ids {
        match keep(webhooks, &id, None, &parts, &body).await {
            // New for one of them is news.
            Ok(accepted) => taken = taken.filter(|before| *before == Accepted::New).or(Some(accepted)),
            Err(refusal) if is_not_its(&refusal) => {}
            // To be sent again: who has it already recognises it then.
            Err(refusal) => return Err(refusal),
        }
    }
    taken.ok_or(Refusal::Unknown)
}

/// Whether the message is none of this connection's, or not known to be. A key that cannot be fetched counts as that: a
/// stranger would else learn that there is a connection of the tenant, and a vendor sends it again in any case.
fn is_not_its(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::Unknown => true,
        Refusal::Refused(refused) => !matches!(refused, Refused::Unreadable(_)),
        _ => false,
    }
}
