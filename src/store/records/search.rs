//! The search index: which records may contain a text, found by trigrams (FTS5 on SQLite, a GIN index on PostgreSQL).
//!
//! Indexing a record takes longer than staging it. So the transaction that writes records only notes their IDs, and a
//! worker indexes them in steps of its own, soon afterwards. A search looks through those that are noted one by one, so
//! that it finds what is staged at any time.

use std::collections::{BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{exists, not},
    sql_types::{Array, Text},
};

use crate::{
    domain::{
        trigrams::{self, Sought},
        words::{List, RunState},
    },
    store::{
        Db, Error, Result, WriteDb, connections,
        db::Backend,
        dsl::*,
        locks::{self, Locked},
        schema::{connections as connection, records, runs, search_entries, search_lists, search_pending},
        values::at,
    },
};

use super::LOOKUP;

/// Records of one step of the worker, about: what waits for the database meanwhile waits for no more.
const STEP: usize = 1000;

/// Noted records up to which a search looks through them; with more of them, the list itself is gone through.
const MOST_PENDING: usize = 5000;

diesel::table! {
    /// SQLite's index: a virtual table, so not one of the schema.
    search_trigrams (rowid) {
        rowid -> BigInt,
        trigrams -> Text,
    }
}

/// Notes that records were written.
pub(super) fn queue(db: &mut WriteDb, lock: &Locked<List>, record_ids: &[&str]) -> Result<()> {
    let (connection_id, list) = (lock.connection_id(), lock.what());
    if record_ids.is_empty() {
        return Ok(());
    }
    let number = match number(db, connection_id, list)? {
        Some(number) => number,
        None => diesel::insert_into(search_lists::table)
            .values((search_lists::connection_id.eq(connection_id), search_lists::list.eq(list.as_str())))
            .returning(search_lists::seq)
            .returned(db)?,
    };
    for some in record_ids.chunks(STEP) {
        diesel::insert_into(search_pending::table)
            .values((
                search_pending::search_list.eq(number),
                search_pending::count.eq(i32::try_from(some.len()).unwrap_or(i32::MAX)),
                search_pending::record_ids.eq(some.join(" ")),
            ))
            .execute(db)?;
    }
    Ok(())
}

/// The number of a list that was ever written to.
fn number(db: &mut Db, connection_id: &str, list: List) -> Result<Option<i64>> {
    let lists = search_lists::table
        .filter(search_lists::connection_id.eq(connection_id).and(search_lists::list.eq(list.as_str())));
    Ok(lists.select(search_lists::seq).first(db).optional()?)
}

/// The records of a list that may contain `part`, which is folded and not empty: all that do, some that do not.
/// `None` where too much of the list is not indexed yet.
pub(super) fn candidates(
    db: &mut Db,
    connection_id: &str,
    list: List,
    part: &str,
) -> Result<Option<BTreeSet<String>>> {
    let (Some(number), Some(sought)) = (number(db, connection_id, list)?, trigrams::of_part(part)) else {
        return Ok(None);
    };
    // First what is noted: a record is indexed in the transaction that takes its note away.
    let pending = search_pending::table.filter(search_pending::search_list.eq(number));
    let most = i64::try_from(MOST_PENDING).unwrap_or(i64::MAX);
    let counts: Vec<i32> = pending.select(search_pending::count).limit(most).load(db)?;
    let count: i64 = counts.iter().copied().map(i64::from).sum();
    if count >= most {
        return Ok(None);
    }
    let noted: Vec<String> = pending.select(search_pending::record_ids).limit(most).load(db)?;
    let mut found: BTreeSet<String> =
        noted.iter().flat_map(|ids| ids.split(' ')).map(str::to_owned).collect();
    found.extend(indexed(db, number, &sought)?);
    Ok(Some(found))
}

#[derive(QueryableByName)]
struct Hit {
    #[diesel(sql_type = Text)]
    record_id: String,
}

fn indexed(db: &mut Db, number: i64, sought: &Sought) -> Result<impl Iterator<Item = String> + use<>> {
    let hits: Vec<Hit> = match db.backend() {
        Backend::Sqlite(mut connection) => diesel::sql_query(
            "SELECT record_id FROM search_trigrams \
             JOIN search_entries ON search_entries.seq = search_trigrams.rowid WHERE search_trigrams MATCH ?",
        )
        .bind::<Text, _>(match sought {
            Sought::Every(trigrams) => joined(trigrams, " AND ", |t| format!("\"{}\"", word_of(number, t))),
            Sought::Beginning(beginning) => format!("\"{}\" *", word_of(number, beginning)),
        })
        .load_sql(&mut connection)?,
        Backend::Postgres(mut connection) => {
            diesel::sql_query("SELECT record_id FROM search_entries WHERE trigrams @@ CAST($1 AS tsquery)")
                .bind::<Text, _>(match sought {
                    Sought::Every(trigrams) => {
                        joined(trigrams, " & ", |t| format!("'{}'", word_of(number, t)))
                    }
                    Sought::Beginning(beginning) => format!("'{}':*", word_of(number, beginning)),
                })
                .load_sql(&mut connection)?
        }
    };
    Ok(hits.into_iter().map(|hit| hit.record_id))
}

fn joined(trigrams: &BTreeSet<String>, between: &str, word: impl Fn(&String) -> String) -> String {
    trigrams.iter().map(word).collect::<Vec<_>>().join(between)
}

/// A trigram as the index holds it: each list has words of its own, so that no list makes another's searches slow. The
/// character after the number is none that quotes, ends a word or means anything to an index.
fn word_of(number: i64, trigram: &str) -> String {
    format!("{number}\u{ba}{trigram}")
}

/// The lists that have something to index, by their numbers. One that a run wrote to after `since` is left alone: there
/// is more to come, which must not wait.
pub fn waiting(db: &mut Db, since: DateTime<Utc>) -> Result<Vec<i64>> {
    let busy = runs::table
        .filter(runs::connection_id.eq(search_lists::connection_id).and(runs::list.eq(search_lists::list)))
        .filter(runs::state.eq(RunState::Running.as_str()).and(runs::updated_at.gt(at(since))));
    let pending = search_pending::table.filter(search_pending::search_list.eq(search_lists::seq));
    let lists = search_lists::table
        .filter(exists(pending))
        .filter(not(exists(busy)))
        .filter(search_lists::connection_id.ne_all(connections::deleted()));
    Ok(lists.select(search_lists::seq).order(search_lists::seq).load(db)?)
}

/// Indexes some of a list's noted records. Whether all are indexed.
///
/// # Errors
/// [`Error::NotFound`] where the connection was deleted meanwhile.
pub fn step(db: &mut WriteDb, number: i64) -> Result<bool> {
    let list = search_lists::table.find(number).select((search_lists::connection_id, search_lists::list));
    let (connection_id, list): (String, List) =
        list.first(db).optional()?.ok_or(Error::NotFound("connection"))?;
    match locks::of(&connection_id).list(db, list) {
        Err(Error::Referred(_)) => return Err(Error::NotFound("connection")),
        taken => drop(taken?),
    }
    let there = connection::table.find(&connection_id).filter(connection::deleted_at.is_null());
    if !diesel::select(exists(there)).get_result::<bool>(db)? {
        return Err(Error::NotFound("connection"));
    }
    let (last, ids, done) = next(db, number)?;
    for some in ids.iter().collect::<Vec<_>>().chunks(LOOKUP) {
        let texts: Vec<(String, String)> = records::table
            .filter(records::id.eq_any(some.iter().map(|id| (*id).clone()).collect::<Vec<_>>()))
            .select((records::id, records::search_text))
            .load(db)?;
        put(db, number, &texts)?;
    }
    let noted = search_pending::table.filter(search_pending::search_list.eq(number));
    diesel::delete(noted.filter(search_pending::seq.le(last))).execute(db)?;
    Ok(done)
}

/// The records that were noted first, the last note of them, and whether there are no more.
fn next(db: &mut Db, number: i64) -> Result<(i64, HashSet<String>, bool)> {
    let most = i64::try_from(STEP).unwrap_or(i64::MAX);
    let pending = search_pending::table
        .filter(search_pending::search_list.eq(number))
        .order(search_pending::seq)
        .limit(most);
    let sizes: Vec<(i64, i32)> = pending.select((search_pending::seq, search_pending::count)).load(db)?;
    let (mut last, mut taken, mut notes) = (0, 0, 0);
    for (seq, count) in &sizes {
        if notes > 0 && taken + count > i32::try_from(STEP).unwrap_or(i32::MAX) {
            break;
        }
        (last, taken, notes) = (*seq, taken + count, notes + 1);
    }
    let taken: Vec<String> =
        pending.filter(search_pending::seq.le(last)).select(search_pending::record_ids).load(db)?;
    let ids = taken.iter().flat_map(|ids| ids.split(' ')).map(str::to_owned).collect();
    Ok((last, ids, notes == sizes.len() && notes < STEP))
}

/// Puts records into the index, in place of what it has of them.
fn put(db: &mut WriteDb, number: i64, texts: &[(String, String)]) -> Result<()> {
    let (ids, texts): (Vec<&str>, Vec<&str>) =
        texts.iter().map(|(id, text)| (id.as_str(), text.as_str())).unzip();
    diesel::delete(search_entries::table.filter(search_entries::record_id.eq_any(ids.clone())))
        .execute(db)?;
    let words = |text: &str| joined(&trigrams::of_text(text), " ", |trigram| word_of(number, trigram));
    let words: Vec<String> = texts.into_iter().map(words).collect();
    match db.backend() {
        Backend::Postgres(connection) => {
            diesel::sql_query(
                "INSERT INTO search_entries (record_id, trigrams) \
                 SELECT id, array_to_tsvector(string_to_array(words, ' ')) FROM unnest($1, $2) AS new (id, words)",
            )
            .bind::<Array<Text>, _>(ids)
            .bind::<Array<Text>, _>(words)
            .execute(connection)?;
        }
        // A statement for one row is prepared once and kept. All of one table first: FTS5 would write what it has gathered
        // to disk before each statement that returns something.
        Backend::Sqlite(connection) => {
            let mut numbers = Vec::with_capacity(ids.len());
            for id in ids {
                let new = diesel::insert_into(search_entries::table).values(search_entries::record_id.eq(id));
                numbers.push(new.returning(search_entries::seq).returned::<i64>(connection)?);
            }
            for (seq, words) in numbers.into_iter().zip(words) {
                diesel::insert_into(search_trigrams::table)
                    .values((search_trigrams::rowid.eq(seq), search_trigrams::trigrams.eq(words)))
                    .execute(connection)?;
            }
        }
    }
    Ok(())
}
