//! The audit: who did what.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    domain::{
        access::{Actor, Attempt, action},
        audit::{GLOBAL, Row},
        words::AuditAction,
    },
    store::{Db, audit},
};

use super::{
    Result,
    actor_names::ActorNames,
    find,
    page::{self, PageBody},
    schema,
};

/// Something that was done.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntry {
    /// The company whose it is; null for what belongs to none.
    pub company_id: Option<String>,
    /// Its place in the company's audit, or in that of what belongs to none: without gaps.
    pub number: i64,
    /// When the call came. Numbers are not in the order of these times.
    pub at: DateTime<Utc>,
    /// Who did it: `app`, `account`, `quicklink`, `command_line`, `worker`.
    #[schema(example = "app")]
    pub actor_kind: String,
    /// The ID; null for the command line.
    pub actor_id: Option<String>,
    /// Who did it, as people call it now.
    pub actor: String,
    /// What was done, such as `connection_changed`.
    #[schema(example = "connection_changed")]
    pub action: String,
    /// What it was done to: the kind and the ID.
    #[schema(example = "connection")]
    pub object_kind: String,
    pub object_id: String,
    /// Which members of it were given, changed or taken away.
    pub members: Vec<AuditMember>,
    /// Finds the request in the gateway's log; null for the command line and for workers.
    pub request_id: Option<String>,
    /// The caller's address.
    pub address: Option<String>,
    /// The ID of the token that was shown.
    pub credential: Option<String>,
}

/// A member of an object, before and after. Values are IDs, numbers and words; of all else only the name is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditMember {
    pub field: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

impl AuditEntry {
    fn new(row: Row, names: &ActorNames) -> Self {
        let members = row.members().into_iter();
        let members = members.map(|it| AuditMember { field: it.field, before: it.before, after: it.after });
        Self {
            members: members.collect(),
            actor: actor(&row).map_or_else(|| row.actor_kind.clone(), |actor| names.text(&actor, None)),
            company_id: Some(row.chain).filter(|chain| chain != GLOBAL),
            number: row.seq,
            at: row.at,
            actor_kind: row.actor_kind,
            actor_id: row.actor_id,
            action: row.action,
            object_kind: row.object_kind,
            object_id: row.object_id,
            request_id: row.request_id,
            address: row.address,
            credential: row.credential,
        }
    }
}

/// Who did it; `None` for a kind that this version does not know.
fn actor(row: &Row) -> Option<Actor> {
    Some(Actor { kind: row.actor_kind.parse().ok()?, id: row.actor_id.clone() })
}

/// Which entries are wanted, and which page of them.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// Only this company's, by ID or name, one that is gone by its ID; `global` for what belongs to none.
    pub company: Option<String>,
    /// Only what was done by this app, account or worker, by its ID.
    pub actor: Option<String>,
    /// Only this.
    #[param(schema_with = schema::audit_actions)]
    pub action: Option<AuditAction>,
    /// Only what was done at this time or later.
    #[serde(default, deserialize_with = "page::read_time")]
    pub from: Option<DateTime<Utc>>,
    /// Only what was done before this time.
    #[serde(default, deserialize_with = "page::read_time")]
    pub to: Option<DateTime<Utc>>,
    /// Rows of a page; 100 where it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before; empty for the first page.
    pub cursor: Option<String>,
}

/// A page of the audit, newest first.
///
/// # Errors
/// `company_not_found`, `invalid_from`, `invalid_to`; what [`page`] refuses.
pub fn list(
    db: &mut Db,
    attempt: &Attempt<action::Administer>,
    query: &AuditQuery,
) -> Result<PageBody<AuditEntry>> {
    let (limit, before) = page::read::<audit::Position>(query.limit, query.cursor.as_deref())?;
    if before.as_ref().is_some_and(|(at, ..)| !crate::domain::time::is_usable(at)) {
        return Err(page::bad_cursor());
    }
    let chain = query.company.as_deref().map(|wanted| chain(db, attempt, wanted)).transpose()?;
    attempt.throughout()?;
    let filter = audit::Filter {
        chain,
        actor_id: query.actor.clone(),
        action: query.action,
        from: page::time("from", query.from)?,
        to: page::time("to", query.to)?,
    };
    let page = audit::page(db, &filter, before.as_ref(), limit)?;
    let next = page.rows.last().filter(|_| page.more).map(|row| (row.at, row.chain.clone(), row.seq));
    let actors: Vec<Actor> = page.rows.iter().filter_map(actor).collect();
    let names = ActorNames::read(db, actors.iter().map(|actor| (actor, None)))?;
    let entries = page.rows.into_iter().map(|row| AuditEntry::new(row, &names));
    PageBody::new(entries.collect(), next.as_ref())
}

/// The chain of a company, which may be gone.
///
/// # Errors
/// `company_not_found`.
pub fn chain(db: &mut Db, attempt: &Attempt<action::Administer>, wanted: &str) -> Result<String> {
    if wanted == GLOBAL {
        return Ok(wanted.to_owned());
    }
    match find::company(db, attempt, wanted) {
        Ok(company) => Ok(company.id.into()),
        Err(_) if attempt.throughout().is_ok() && audit::head(db, wanted)?.is_some() => Ok(wanted.to_owned()),
        Err(refused) => Err(refused),
    }
}
