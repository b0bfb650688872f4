//! Connections: the links to source systems.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `view` | the views of connections |
//! | `change` | adds and changes connections, and returns secrets that are shown once |
//! | `guard` | keeps apps from changing where a connection leads |
//! | `poll` | «Get Users», and the runs |
//! | `source` | the views of what calls the source: the test, the callbacks |
//! | `removal` | what goes with a connection that is deleted |

mod change;
mod guard;
mod poll;
mod removal;
mod source;
mod view;

use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    clock::Ambient,
    connectors::{self, Moves},
    domain::{
        access::{Acts, Attempt, Decision, Grant, action, decide},
        name::slug,
        words::{Action, ConnectionState, Kind},
    },
    store::{Db, companies, connections},
    sync::{calls_in, source_access::SourceAccess, vault::Vault},
};

use super::{
    Refusal, Result, find,
    page::{self, PageBody},
    schema,
};

pub use change::{Draft, Password, WebhookSecret, add, change, new_password, new_secret, new_webhook_secret};
pub use poll::{PollRequest, poll, runs};
pub use removal::{Removal, to_remove};
pub use source::{Callback, CallbackState, Callbacks, TestResult};
pub use view::{Connection, ConnectionProblem, ConnectionStatus, Desktop, NewConnection, Webhook};

/// What it takes to make and show connections: the gateway has it, and so has a command that calls no sources.
pub trait Environment {
    fn ambient(&self) -> &Ambient;
    fn vault(&self) -> &Vault;
    /// The address by which others reach the gateway.
    fn public_url(&self) -> &url::Url;
}

impl Environment for SourceAccess {
    fn ambient(&self) -> &Ambient {
        &self.ambient
    }

    fn vault(&self) -> &Vault {
        &self.vault
    }

    fn public_url(&self) -> &url::Url {
        &self.public_url
    }
}

/// Which connections are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConnectionsQuery {
    /// Only this company's, by ID or name.
    pub company: Option<String>,
    /// Only those of this kind.
    #[param(schema_with = schema::kinds)]
    pub kind: Option<Kind>,
    /// Only those in this state, such as `held`.
    #[param(schema_with = schema::connection_states)]
    pub state: Option<ConnectionState>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// A page of connections, oldest first.
///
/// # Errors
/// `company_not_found`; `bad_cursor` and what [`page`] refuses.
pub fn list(
    db: &mut Db,
    env: &impl Environment,
    attempt: &Attempt<action::Read>,
    query: &ConnectionsQuery,
) -> Result<PageBody<Connection>> {
    let (limit, after) = page::read::<String>(query.limit, query.cursor.as_deref())?;
    let one = query.company.as_deref().map(|name| find::company(db, attempt, name)).transpose()?;
    let one = one.map(|company| [company.id]);
    let grant = attempt.throughout()?;
    let among = one.as_ref().map_or_else(|| grant.companies().ids(), |one| Some(one.as_slice()));
    let (mut rows, mut after) = (Vec::new(), after);
    // The state is not a column: pages are read until there are enough connections in it.
    let mut unread = true;
    while unread && rows.len() <= limit.rows() {
        let page = connections::page(db, among, after.as_deref(), limit)?;
        (after, unread) = (page.rows.last().map(|connection| connection.id.to_string()), page.more);
        let of_kind = page.rows.into_iter().filter(|row| query.kind.is_none_or(|kind| row.kind == kind));
        let read = Connection::read_all(db, of_kind.collect(), env.public_url(), env.ambient().now())?;
        rows.extend(read.into_iter().filter(|row| query.state.is_none_or(|state| row.status.state == state)));
    }
    let more = rows.len() > limit.rows();
    rows.truncate(limit.rows());
    let next = rows.last().filter(|_| more || unread).map(|row| row.id.clone());
    PageBody::new(rows.into_iter().map(|row| for_caller(attempt, row)).collect(), next.as_ref())
}

/// A connection.
///
/// # Errors
/// `connection_not_found`.
pub fn show(
    db: &mut Db,
    env: &impl Environment,
    attempt: &Attempt<action::Read>,
    id: &str,
) -> Result<Connection> {
    let (_, connection) = found(db, attempt, id)?;
    let shown = Connection::read(db, connection, env.public_url(), env.ambient().now())?;
    Ok(for_caller(attempt, shown))
}

/// The `.qwc` file of a connection, and the name under which it is kept.
///
/// # Errors
/// `connection_not_found`, `not_quickbooks_desktop`; `no_qwc_file`.
pub fn qwc(
    db: &mut Db,
    env: &impl Environment,
    attempt: &Attempt<action::ManageConnections>,
    id: &str,
) -> Result<(String, String)> {
    let (_, connection) = found(db, attempt, id)?;
    need_desktop(&connection)?;
    let text = calls_in::setup_file(db, &connection.id, env.public_url())?;
    let company = companies::get(db, &connection.company_id)?.name;
    Ok((text, format!("{}.qwc", slug(&company))))
}

/// A connection, by ID, its unique beginning, name, or `Company/Name`, and the grant for the action.
///
/// # Errors
/// `connection_not_found`; the policy's where it is there and the caller may not.
pub fn found<A: Acts>(
    db: &mut Db,
    attempt: &Attempt<A>,
    id: &str,
) -> Result<(Grant<A>, connections::Connection)> {
    let connection = find::connection(db, attempt, id)?;
    Ok((attempt.at(&connection.company_id, "connection")?, connection))
}

/// Hides what only those may see who manage connections.
fn for_caller<A>(attempt: &Attempt<A>, shown: Connection) -> Connection {
    match decide(attempt.principal(), Action::ManageConnections, Some(&shown.company_id.as_str().into())) {
        Decision::Allowed => shown,
        Decision::Forbidden | Decision::NotThere => shown.for_all(),
    }
}

/// # Errors
/// `not_quickbooks_desktop`.
fn need_desktop(connection: &connections::Connection) -> Result<()> {
    let kind = connection.kind;
    if connectors::spec(kind).is_some_and(|spec| spec.moves == Moves::CallsIn) {
        return Ok(());
    }
    Err(Refusal::conflict(
        "not_quickbooks_desktop",
        format!("The connection is of kind {kind}; only QuickBooks Desktop has this."),
        "Choose a connection of kind quickbooks_desktop.",
    ))
}
