//! Messages are kept by one statement, which is a transaction by itself: PostgreSQL is asked once for a whole batch, and
//! looks after all that a transaction of several statements looks after. It keeps all messages or, where anything is not
//! as expected, none: the ordinary way finds out why.

use std::collections::{BTreeSet, HashSet};

use chrono::NaiveDateTime;
use diesel::{
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Array, Binary, Nullable, Text, Timestamp},
};

use crate::{
    domain::ids::MessageId,
    store::{Result, WriteDb, db::Backend, dsl::*, secrets::SealedSecret},
};

use super::{
    keep::{Kept, that_differ},
    new_message::{NewMessage, NewRow},
};

/// With what messages of a connection were verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub connection_id: String,
    pub settings: String,
    /// In one text, as the statement puts it together.
    secrets: String,
}

impl Verified {
    pub fn new(connection_id: &str, settings: &str, secrets: &[SealedSecret]) -> Self {
        let mut secrets: Vec<&SealedSecret> = secrets.iter().collect();
        secrets.sort_by_key(|secret| &secret.name);
        let text = |secret: &&SealedSecret| {
            let digits: String = secret.sealed.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{} {} {digits}", secret.name, secret.key_id)
        };
        Self {
            connection_id: connection_id.to_owned(),
            settings: settings.to_owned(),
            secrets: secrets.iter().map(text).collect::<Vec<_>>().join("\n"),
        }
    }
}

/// Keeps messages whose (connection, sender's ID) is not there yet, and that were `verified` with what still stands; a
/// connection that is not among these must be there, and no more. `None` where it is to be done in the ordinary way:
/// nothing was kept then.
///
/// # Errors
/// The database's: nothing was kept.
pub fn insert_at_once(db: &mut WriteDb, new: &[&NewMessage], verified: &[&Verified]) -> Result<Option<Kept>> {
    let Backend::Postgres(connection) = db.backend() else { return Ok(None) };
    let connections: HashSet<&str> = verified.iter().map(|known| known.connection_id.as_str()).collect();
    if connections.len() < verified.len() || new.iter().any(|message| message.sealed.is_some()) {
        return Ok(None);
    }
    let others: BTreeSet<&str> = new.iter().map(|message| message.connection_id.as_str()).collect();
    let others = others.into_iter().filter(|id| !connections.contains(id)).map(|id| (id, None, None));
    let mut known: Vec<Known<'_>> = Vec::new();
    for Verified { connection_id, settings, secrets } in verified {
        known.push((connection_id, Some(settings), Some(secrets)));
    }
    known.extend(others);
    let statement = Statement::new(known, NewRow::in_order(new));
    let kept: HashSet<MessageId> =
        WriteDsl::all_returned::<MessageId>(statement, connection)?.into_iter().collect();
    if kept.is_empty() {
        return Ok(None);
    }
    let known: Vec<&NewMessage> = new.iter().copied().filter(|message| !kept.contains(&message.id)).collect();
    Ok(Some(Kept { other: that_differ(db, &known)?, new: kept }))
}

/// A connection, and with what settings and secrets its messages were verified.
type Known<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// A statement that is prepared once and kept. Its columns stand each in one array, so that it reads the same for many
/// rows as for one.
struct Statement<'a> {
    connections: Vec<&'a str>,
    known: [Vec<Option<&'a str>>; 2],
    ids: [Vec<&'a str>; 5],
    texts: [Vec<Option<&'a str>>; 4],
    received_at: Vec<NaiveDateTime>,
    told_at: Vec<Option<NaiveDateTime>>,
    content_hash: Vec<Option<&'a [u8]>>,
}

impl<'a> Statement<'a> {
    fn new(known: Vec<Known<'a>>, rows: Vec<NewRow<'a>>) -> Self {
        macro_rules! columns {
            ($from:ident: $($name:ident),+) => {
                [$($from.iter().map(|row| row.$name).collect()),+]
            };
        }
        Self {
            connections: known.iter().map(|known| known.0).collect(),
            known: [known.iter().map(|known| known.1).collect(), known.iter().map(|known| known.2).collect()],
            ids: columns!(rows: id, connection_id, message_id, event, state),
            texts: columns!(rows: body, code, detail, remedy),
            received_at: rows.iter().map(|row| row.received_at.time).collect(),
            told_at: rows.iter().map(|row| row.told_at).collect(),
            content_hash: rows.iter().map(|row| row.content_hash).collect(),
        }
    }
}

impl QueryId for Statement<'_> {
    type QueryId = Statement<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for Statement<'_> {
    type SqlType = Text;
}

runs_on_postgres!(Statement);

impl QueryFragment<Pg> for Statement<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH known AS (SELECT * FROM unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.connections)?;
        for column in &self.known {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<Text>>, _>(column)?;
        }
        out.push_sql(") AS known (id, settings, secrets)), new AS MATERIALIZED (SELECT * FROM unnest(");
        for column in &self.ids {
            out.push_bind_param::<Array<Text>, _>(column)?;
            out.push_sql(", ");
        }
        for column in &self.texts {
            out.push_bind_param::<Array<Nullable<Text>>, _>(column)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Array<Timestamp>, _>(&self.received_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Timestamp>>, _>(&self.told_at)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Binary>>, _>(&self.content_hash)?;
        out.push_sql(KEEP);
        Ok(())
    }
}

/// Locks in the order in which others go: the connection and its company, which nobody may begin to take away before the
/// commit, then the clock of its inbox. Under the locks each row is looked at as it is then, not as it was before them.
const KEEP: &str = ") AS new (id, connection_id, message_id, event, state, body, code, detail, remedy, received_at, told_at,
    content_hash)),
standing AS MATERIALIZED (
    SELECT connections.id, inbox_clocks.latest FROM known
        JOIN connections ON connections.id = known.id
        JOIN companies ON companies.id = connections.company_id
        JOIN inbox_clocks ON inbox_clocks.connection_id = connections.id
    WHERE connections.deleted_at IS NULL AND companies.closing_at IS NULL
        AND (known.settings IS NULL OR connections.settings = known.settings)
        AND (known.secrets IS NULL OR known.secrets = (
            SELECT coalesce(string_agg(name || ' ' || key_id || ' ' || encode(sealed, 'hex'), E'\\n' ORDER BY name COLLATE \"C\"), '')
            FROM connection_secrets
            WHERE connection_secrets.connection_id = connections.id AND name <> 'message_key'))
    ORDER BY connections.id
    FOR KEY SHARE OF connections, companies FOR NO KEY UPDATE OF inbox_clocks
), times AS MATERIALIZED (
    SELECT standing.id, max(new.received_at) AS last,
        greatest(standing.latest + interval '1 microsecond' - min(new.received_at), interval '0') AS later
    FROM standing JOIN new ON new.connection_id = standing.id
    WHERE (SELECT count(*) FROM standing) = (SELECT count(*) FROM known)
    GROUP BY standing.id, standing.latest
), clocks AS (
    UPDATE inbox_clocks SET latest = times.last + times.later FROM times WHERE inbox_clocks.connection_id = times.id
)
INSERT INTO inbox (id, connection_id, message_id, event, state, body, code, detail, remedy, received_at, told_at,
    content_hash, attempts, updated_at, pending_since, next_at)
SELECT new.id, new.connection_id, new.message_id, new.event, new.state, new.body, new.code, new.detail, new.remedy,
    new.received_at + times.later, new.told_at, new.content_hash, 0, new.received_at, new.received_at, new.received_at
FROM new JOIN times ON times.id = new.connection_id
ORDER BY new.connection_id, new.message_id
ON CONFLICT DO NOTHING RETURNING id";
