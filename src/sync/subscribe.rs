//! Callbacks: has a source tell of its changes by itself, and sees to it that it goes on doing so.
//!
//! Whoever ends them says so in the database before it asks the source, and whoever looks after them asks the database
//! after it has asked the source: so none are left behind where both happen at once.

use std::time::Duration;

use chrono::TimeDelta;
use url::{Host, Url};

use crate::{
    connectors::{
        self, Polled, Source,
        outbound::{NotSent, address_guard, problems::failure},
        source::{Failure, Subscribed},
        spec::{FoundBy, SetUp},
    },
    domain::{
        access::{Denied, Grant, action},
        audit::{Act, Told},
        ids::{CompanyId, ConnectionId},
        problem::{Problem, sentence},
        words::{AuditAction, Cause, Kind},
    },
    store::{
        self, WriteDb, audit, connections,
        connections::Connection,
        webhooks::{self, WebhookState},
    },
};

use super::{
    source_access::{OpenError, SourceAccess},
    vault::VaultError,
};

/// How long callbacks that were seen to be there are taken to be there: the vendor switches off what fails for days.
const TRUSTED: TimeDelta = TimeDelta::hours(6);

/// Whoever asks is told within this time.
const LIMIT: Duration = Duration::from_secs(20);

/// The code of a connection's problem where its callbacks could not be looked after.
pub const TROUBLE: &str = "callbacks_not_kept_up";

/// Why the callbacks of a connection were not changed.
#[derive(Debug, thiserror::Error)]
pub enum SubscribeError {
    #[error("no program can set up the webhooks of a connection of kind {0}")]
    ByHand(Kind),
    #[error("connections of kind {0} have no callbacks")]
    NoCallbacks(Kind),
    #[error("the source cannot send callbacks to {url}: {why}")]
    Address { url: Url, why: &'static str },
    #[error(transparent)]
    Source(Failure),
    #[error(transparent)]
    Denied(#[from] Denied),
    #[error(transparent)]
    Vault(VaultError),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Failure> for SubscribeError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NotSent(NotSent::LeaseLost) => Self::Store(store::Error::Stale("lease")),
            Failure::NotSent(NotSent::Unavailable(_)) => Self::Store(store::Error::Busy),
            failure => Self::Source(failure),
        }
    }
}

impl From<OpenError> for SubscribeError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Store(error) | OpenError::Vault(VaultError::Store(error)) => Self::Store(error),
            OpenError::Vault(error) => Self::Vault(error),
            OpenError::Source(failure) => failure.into(),
        }
    }
}

impl SubscribeError {
    /// What happened and what to do; `None` where the policy, the vault or the store has its own words.
    pub fn problem(&self) -> Option<Problem> {
        let (code, remedy) = match self {
            Self::ByHand(kind) | Self::NoCallbacks(kind) => ("no_callbacks", instead(*kind)),
            Self::Address { .. } => (
                "address_not_reachable",
                "Set ROLLCALL_PUBLIC_URL, for the gateway and for this command alike, to the https address at which \
                 the source reaches the gateway. For a source in your own network set `allow_private_address`.",
            ),
            Self::Source(Failure::Source { problem, .. }) => return Some(problem.clone()),
            Self::Source(Failure::NotSent(_)) => (Cause::RateLimit.as_str(), "Try again then."),
            Self::Denied(_) | Self::Vault(_) | Self::Store(_) => return None,
        };
        Some(Problem::new(code, sentence(&self.to_string()), remedy))
    }
}

/// Who sets up the webhooks of a kind; `None` where it has none.
fn set_up(kind: Kind) -> Option<SetUp> {
    Some(connectors::spec(kind)?.webhooks?.set_up)
}

/// What to do where no program sets them up.
fn instead(kind: Kind) -> &'static str {
    match set_up(kind) {
        Some(SetUp::ByHand(what) | SetUp::BySender(what)) => what,
        Some(SetUp::ByProgram) => "Enter the connection's `webhook_url` at the source.",
        None => "Nothing is to be registered: the source is read without them.",
    }
}

/// Where the source of a connection sends its webhooks; `None` where its kind has none.
pub fn webhook_url(kind: Kind, connection_id: &ConnectionId, public_url: &Url) -> Option<String> {
    let webhooks = connectors::spec(kind)?.webhooks?;
    let origin = public_url.as_str().trim_end_matches('/');
    Some(match webhooks.found {
        FoundBy::Address | FoundBy::AddressOrTenant => format!("{origin}/webhooks/{connection_id}"),
    })
}

/// Has the source of a connection send callbacks. Those that are there already stay; those that it has switched off are
/// registered again.
///
/// # Errors
/// See [`SubscribeError`]; nothing is noted then, and it can be asked for again.
pub async fn subscribe(
    sources: &SourceAccess,
    grant: &Grant<action::ManageConnections>,
    connection_id: &ConnectionId,
) -> Result<Subscribed, SubscribeError> {
    let opened = Opened::new(sources, grant, connection_id).await?;
    let done = opened.ensure(sources).await?;
    let (id, now) = (connection_id.to_owned(), sources.ambient.now());
    let told = opened.told(grant, AuditAction::CallbacksRegistered);
    let write = move |db: &mut WriteDb| {
        audit::note_by(db, &told.actor, &told.origin, told.act);
        webhooks::subscribe(db, &id, Some(now))
    };
    sources.store.write(write).await?;
    Ok(done)
}

/// Takes the callbacks of a connection back; how many there were.
///
/// # Errors
/// See [`SubscribeError`]; they are looked after as before then.
pub async fn unsubscribe(
    sources: &SourceAccess,
    grant: &Grant<action::ManageConnections>,
    connection_id: &ConnectionId,
) -> Result<usize, SubscribeError> {
    let opened = Opened::new(sources, grant, connection_id).await?;
    let id = connection_id.to_owned();
    let told = opened.told(grant, AuditAction::CallbacksRemoved);
    let write = move |db: &mut WriteDb| {
        audit::note_by(db, &told.actor, &told.origin, told.act);
        webhooks::unsubscribe(db, &id)
    };
    let wanted = sources.store.write(write).await?;
    let removed = opened.remove().await;
    if removed.is_err() && wanted {
        // Some may be gone already: the next poll looks.
        let id = connection_id.to_owned();
        sources.store.write(move |db| webhooks::subscribe(db, &id, None)).await?;
    }
    removed
}

/// Looks after the callbacks of a connection that is being polled, if it is time to. What a person should know where
/// that failed: the next poll tries again.
pub async fn keep_up(
    sources: &SourceAccess,
    connection: &Connection,
    settings: &dyn Polled,
    source: &dyn Source,
) -> Option<Problem> {
    let error = match try_keep_up(sources, connection, settings, source).await {
        Ok(done) => {
            if !(done.added.is_empty() && done.renewed.is_empty()) {
                tracing::warn!(added = ?done.added, renewed = ?done.renewed, "callbacks were registered again");
            }
            return None;
        }
        Err(error) => error,
    };
    tracing::warn!(%error, "the callbacks could not be looked after");
    // The source's pace, or the database: nothing that a person could do.
    if matches!(error, SubscribeError::Source(Failure::NotSent(_))) {
        return None;
    }
    let problem = error.problem()?;
    let detail =
        format!("Its lists were read, but its callbacks could not be looked after: {}", problem.detail);
    Some(Problem::new(TROUBLE, detail, problem.remedy))
}

async fn try_keep_up(
    sources: &SourceAccess,
    connection: &Connection,
    settings: &dyn Polled,
    source: &dyn Source,
) -> Result<Subscribed, SubscribeError> {
    let (id, now) = (connection.id.clone(), sources.ambient.now());
    let hook = sources.store.read(move |db| webhooks::get(db, &id)).await?;
    if !is_due(&hook, now) {
        return Ok(Subscribed::default());
    }
    let kind = connection.kind;
    let url =
        webhook_url(kind, &connection.id, &sources.public_url).ok_or(SubscribeError::NoCallbacks(kind))?;
    let done = ensure(kind, settings, source, &url, &sources.public_url).await?;
    // A row of its own transaction: whoever works on the inbox locks it before the poll's.
    let id = connection.id.clone();
    if sources.store.write(move |db| webhooks::checked(db, &id, now)).await? {
        return Ok(done);
    }
    // Nobody wants them any more since a moment ago.
    source.remove_callbacks(&url).await.transpose()?;
    Ok(Subscribed::default())
}

fn is_due(hook: &WebhookState, now: chrono::DateTime<chrono::Utc>) -> bool {
    hook.subscribed && hook.checked_at.is_none_or(|checked| now - checked >= TRUSTED)
}

/// A source that is asked beside the polling.
struct Opened {
    company_id: CompanyId,
    connection_id: ConnectionId,
    kind: Kind,
    settings: Box<dyn Polled>,
    source: Box<dyn Source>,
    url: String,
}

impl Opened {
    async fn new(
        sources: &SourceAccess,
        grant: &Grant<action::ManageConnections>,
        connection_id: &ConnectionId,
    ) -> Result<Self, SubscribeError> {
        let id = connection_id.to_owned();
        let connection = sources.store.read(move |db| connections::get(db, &id)).await?;
        grant.covers(&connection.company_id, "connection")?;
        let kind = connection.kind;
        match set_up(kind) {
            Some(SetUp::ByProgram) => {}
            Some(SetUp::ByHand(_)) => return Err(SubscribeError::ByHand(kind)),
            Some(SetUp::BySender(_)) | None => return Err(SubscribeError::NoCallbacks(kind)),
        }
        let url = webhook_url(kind, connection_id, &sources.public_url);
        let url = url.ok_or(SubscribeError::NoCallbacks(kind))?;
        let (_, settings, source) = sources.open(connection_id, None).await?;
        let (company_id, connection_id) = (connection.company_id, connection_id.to_owned());
        Ok(Self { company_id, connection_id, kind, settings, source, url })
    }

    /// What the audit says.
    fn told(&self, grant: &Grant<action::ManageConnections>, action: AuditAction) -> Told {
        let act = Act::new(action, "connection", &self.connection_id).of(&self.company_id);
        Told { act, actor: grant.actor().clone(), origin: grant.origin().clone() }
    }

    async fn ensure(&self, sources: &SourceAccess) -> Result<Subscribed, SubscribeError> {
        let ensure =
            ensure(self.kind, self.settings.as_ref(), self.source.as_ref(), &self.url, &sources.public_url);
        tokio::time::timeout(LIMIT, ensure).await.unwrap_or_else(|_| Err(slow().into()))
    }

    async fn remove(&self) -> Result<usize, SubscribeError> {
        let removed = tokio::time::timeout(LIMIT, self.source.remove_callbacks(&self.url)).await;
        let removed = removed.unwrap_or_else(|_| Some(Err(slow())));
        Ok(removed.ok_or(SubscribeError::ByHand(self.kind))??)
    }
}

async fn ensure(
    kind: Kind,
    settings: &dyn Polled,
    source: &dyn Source,
    url: &str,
    public_url: &Url,
) -> Result<Subscribed, SubscribeError> {
    if let (false, Some(why)) = (settings.allows_private(), unreachable(public_url)) {
        return Err(SubscribeError::Address { url: public_url.clone(), why });
    }
    Ok(source.ensure_callbacks(url).await.ok_or(SubscribeError::ByHand(kind))??)
}

/// Why a source on the internet cannot reach an address; `None` where it may.
fn unreachable(url: &Url) -> Option<&'static str> {
    let own = match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            !name.contains('.') || [".localhost", ".local", ".internal"].iter().any(|end| name.ends_with(end))
        }
        _ => address_guard::literal(url).is_err(),
    };
    match url.scheme() {
        _ if own => Some("it is an address of this machine or its network"),
        "https" => None,
        _ => Some("it does not begin with https://"),
    }
}

fn slow() -> Failure {
    let detail = format!("The source did not answer within {} seconds.", LIMIT.as_secs());
    failure(Cause::Timeout, detail, "Try again: what was done already is not done twice.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_addresses_of_the_internet_can_be_called() {
        for (url, fits) in [
            ("https://rollcall.example.com", true),
            ("https://rollcall.example.com:8443/base", true),
            ("https://93.184.215.14", true),
            ("http://rollcall.example.com", false),
            ("http://localhost:8080", false),
            ("https://localhost", false),
            ("https://gateway", false),
            ("https://gateway.local.", false),
            ("https://10.0.0.5", false),
            ("https://[::1]", false),
        ] {
            assert_eq!(unreachable(&url.parse().unwrap()).is_none(), fits, "{url}");
        }
    }

    #[test]
    fn callbacks_are_looked_at_every_few_hours_and_only_where_they_are_wanted() {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let hook = |subscribed, hours: Option<i64>| WebhookState {
            subscribed,
            checked_at: hours.map(|hours| now - TimeDelta::hours(hours)),
            ..WebhookState::default()
        };
        assert!(is_due(&hook(true, None), now) && is_due(&hook(true, Some(6)), now));
        assert!(!is_due(&hook(true, Some(5)), now));
        assert!(!is_due(&hook(false, None), now) && !is_due(&hook(false, Some(9)), now));
    }
}
