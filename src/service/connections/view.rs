//! The views of connections.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    domain::{
        ids::ConnectionId,
        secret::Secret,
        words::{ConnectionState, Kind},
    },
    service::schema,
    store::{self, Db, connections, desktop, secrets, webhooks},
    sync::{
        credentials, register,
        status::{self, Status},
        subscribe::webhook_url,
    },
};

/// One configured link from a company to a source system.
#[derive(Debug, Serialize, ToSchema)]
pub struct Connection {
    pub id: String,
    pub company_id: String,
    #[schema(schema_with = schema::kinds)]
    pub kind: Kind,
    pub name: String,
    /// All settings of the kind, the defaults as well.
    #[schema(value_type = Object)]
    pub settings: serde_json::Value,
    /// The names of the secrets that are set; their values are never shown.
    pub secrets: Vec<String>,
    /// Where the source sends its webhooks, if it has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_url: Option<String>,
    pub paused: bool,
    pub created_at: DateTime<Utc>,
    /// When the source was last heard.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// Where it stands.
    pub status: ConnectionStatus,
    /// What stands in the way of the next run.
    pub problem: Option<ConnectionProblem>,
    /// What only QuickBooks Desktop has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desktop: Option<Desktop>,
    /// What only kinds with webhooks have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Webhook>,
}

/// What the source tells by itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct Webhook {
    /// When the newest message came of those that were looked at.
    pub last_received_at: Option<DateTime<Utc>>,
    /// The code that an administrator types in at the vendor; null for who may not manage connections.
    pub verification_code: Option<String>,
    /// When the code came.
    pub verification_at: Option<DateTime<Utc>>,
    /// Whether Rollcall has the source send callbacks, and looks every few hours that it does. Where webhooks are set up
    /// by hand it is false.
    pub subscribed: bool,
    /// When the callbacks were last seen to be there; null where that is to be looked at with the next poll.
    pub checked_at: Option<DateTime<Utc>>,
}

/// Where a connection stands, for people.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionStatus {
    #[schema(schema_with = schema::connection_states)]
    pub state: ConnectionState,
    pub since: Option<DateTime<Utc>>,
    /// When its source is called next, or should call; null where nothing is planned.
    pub next_attempt_at: Option<DateTime<Utc>>,
    pub detail: String,
    /// What to do; null where nothing is.
    pub remedy: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ConnectionProblem {
    pub code: String,
    pub detail: String,
    pub remedy: String,
    pub since: DateTime<Utc>,
}

/// The Web Connector's side of a connection.
#[derive(Debug, Serialize, ToSchema)]
pub struct Desktop {
    pub username: String,
    /// The company that answered first; another company file is refused.
    pub company_name: Option<String>,
    /// The path of the company file that answered first.
    pub company_file: Option<String>,
    pub qbxml_version: Option<String>,
}

/// Connections that are read with one round of queries: more parameters would not fit.
const SOME: usize = 500;

impl Connection {
    /// `public_url` is the address by which others reach the gateway.
    pub fn read(
        db: &mut Db,
        connection: connections::Connection,
        public_url: &url::Url,
        now: DateTime<Utc>,
    ) -> store::Result<Self> {
        let one = Self::read_all(db, vec![connection], public_url, now)?.pop();
        one.ok_or(store::Error::NotFound("connection"))
    }

    /// The same for many connections, in their order; the number of queries does not grow with theirs.
    pub fn read_all(
        db: &mut Db,
        mut connections: Vec<connections::Connection>,
        public_url: &url::Url,
        now: DateTime<Utc>,
    ) -> store::Result<Vec<Self>> {
        let mut read = Vec::with_capacity(connections.len());
        while !connections.is_empty() {
            let rest = connections.split_off(connections.len().min(SOME));
            let ids: Vec<&str> = connections.iter().map(|connection| connection.id.as_str()).collect();
            let mut secrets = secrets::names_of(db, &ids)?;
            let mut hooks = webhooks::of(db, &ids)?;
            let files = desktop::of(db, &ids)?.into_iter().map(|file| (file.connection_id.clone(), file));
            let mut files: HashMap<ConnectionId, desktop::DesktopFile> = files.collect();
            let statuses = status::all(db, &connections, now)?.into_iter().map(|(status, _)| status);
            for (connection, status) in connections.into_iter().zip(statuses) {
                let webhook_url = webhook_url(connection.kind, &connection.id, public_url);
                let hook = hooks.remove(&connection.id).unwrap_or_default();
                let related = Related {
                    status: status.into(),
                    secrets: secrets.remove(&connection.id).unwrap_or_default(),
                    desktop: files.remove(&connection.id).map(Into::into),
                    webhook: webhook_url.is_some().then(|| hook.into()),
                    webhook_url,
                };
                read.push(Self::new(connection, related)?);
            }
            connections = rest;
        }
        Ok(read)
    }

    fn new(connection: connections::Connection, related: Related) -> store::Result<Self> {
        let settings = serde_json::from_str(&connection.settings)
            .map_err(|error| store::Error::Corrupt { what: "setting", why: error.to_string() })?;
        let Related { status, secrets, desktop, webhook, webhook_url } = related;
        Ok(Self {
            secrets,
            webhook_url,
            id: connection.id.into(),
            company_id: connection.company_id.into(),
            kind: connection.kind,
            name: connection.name,
            settings,
            paused: connection.paused,
            created_at: connection.created_at,
            last_seen_at: connection.last_seen_at,
            status,
            problem: connection.problem.map(|(problem, since)| ConnectionProblem {
                code: problem.code,
                detail: problem.detail,
                remedy: problem.remedy,
                since,
            }),
            desktop,
            webhook,
        })
    }

    /// Hides what only those may see who manage connections.
    #[must_use]
    pub(super) fn for_all(mut self) -> Self {
        if let Some(webhook) = &mut self.webhook {
            webhook.verification_code = None;
        }
        self
    }
}

/// The data about a connection in other tables.
struct Related {
    status: ConnectionStatus,
    secrets: Vec<String>,
    desktop: Option<Desktop>,
    webhook: Option<Webhook>,
    webhook_url: Option<String>,
}

impl From<webhooks::WebhookState> for Webhook {
    fn from(hook: webhooks::WebhookState) -> Self {
        let (verification_code, verification_at) = hook.verification.unzip();
        Self {
            last_received_at: hook.last_received_at,
            verification_code,
            verification_at,
            subscribed: hook.subscribed,
            checked_at: hook.checked_at,
        }
    }
}

impl From<Status> for ConnectionStatus {
    fn from(status: Status) -> Self {
        let Status { state, since, next_attempt_at, detail, remedy } = status;
        let remedy = Some(remedy).filter(|remedy| !remedy.is_empty());
        Self { state, since, next_attempt_at, detail, remedy }
    }
}

impl From<desktop::DesktopFile> for Desktop {
    fn from(file: desktop::DesktopFile) -> Self {
        Self {
            username: file.username,
            company_name: file.pinned_name,
            company_file: file.pinned_path,
            qbxml_version: file.qbxml_version,
        }
    }
}

/// A connection just made.
#[derive(Debug, Serialize, ToSchema)]
pub struct NewConnection {
    #[serde(flatten)]
    pub connection: Connection,
    /// The Web Connector's user name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The Web Connector's password, shown only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// The secret of its webhooks where Rollcall made it, shown only here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret: Option<String>,
}

impl NewConnection {
    pub fn read(
        db: &mut Db,
        new: register::NewConnection,
        public_url: &url::Url,
        now: DateTime<Utc>,
    ) -> store::Result<Self> {
        let (username, password) = new.credentials.unzip();
        let reveal = |secret: &Secret| secret.reveal().to_owned();
        Ok(Self {
            connection: Connection::read(db, new.connection, public_url, now)?,
            username,
            password: password.as_ref().map(reveal),
            webhook_secret: new.made.get(credentials::WEBHOOK_SECRET).map(reveal),
        })
    }
}
