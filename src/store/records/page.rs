//! How lists are read: in pages by keyset, filtered and searched.
//!
//! A list by name is read connection by connection and merged, each from the index of the rarest thing that is asked
//! for: those that are absent, inactive or linked by an app have indexes of their own, in the order of names as well.
//! Keyset as `a >= x AND (a > x OR b > y)`: the form that both databases answer from the index at any depth.
//!
//! What many records contain is found soon by going through the list; what few contain is not, and is left to the search
//! index. Which of the two it is shows after some of the list.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};

use crate::{
    domain::{fold::fold, words::List},
    store::{
        Db, Page, PageLimit, Result, connections,
        db::AnyBackend,
        dsl::*,
        schema::{connections as connection, links, records},
        values::{at, contains},
    },
};

use super::{LOOKUP, Staged, search};

/// Whether records are linked: by this app, or by any where none is given.
#[derive(Debug, Clone)]
pub struct Linked {
    pub linked: bool,
    pub app_id: Option<String>,
}

/// Which records of a company are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub connection_id: Option<String>,
    pub linked: Option<Linked>,
    pub active: Option<bool>,
    pub absent: Option<bool>,
    /// Found anywhere in names, e-mail, number and external ID, case and accents aside.
    pub search: Option<String>,
    pub changed_since: Option<DateTime<Utc>>,
}

/// What a page is sorted by; the ID decides between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Name,
    Update,
}

/// Where the page before ended: the sort key and the ID of its last row.
#[derive(Debug, Clone)]
pub enum Position {
    Name(String, String),
    Update(DateTime<Utc>, String),
}

impl Position {
    /// The place of `staged` in `order`.
    pub fn of(staged: &Staged, order: Order) -> Self {
        match order {
            Order::Name => Self::Name(staged.sort_name.clone(), staged.id.clone()),
            Order::Update => Self::Update(staged.updated_at, staged.id.clone()),
        }
    }
}

/// How far a list is gone through for what is searched for, before the index is asked, and how far where that found
/// enough to go on.
const REACHES: [i64; 2] = [1_000, 10_000];

/// What the first of them must find.
const ENOUGH: usize = 10;

/// So few records are gone through sooner than all that an app has linked.
const FEW: i64 = 2_000;

/// A place in a list by name: the name that it is sorted by, and the ID.
type Place = (String, String);

/// A part of a list by name.
#[derive(Debug, Clone, Default)]
struct Slice {
    after: Option<Place>,
    up_to: Option<Place>,
}

/// A list of one connection as it is asked for.
struct Asked<'a> {
    company_id: &'a str,
    connection_id: &'a str,
    list: List,
    filter: &'a Filter,
    /// What is searched for, folded.
    part: Option<String>,
    /// The app whose links the list is read from, in place of the records.
    linked_by: Option<String>,
    limit: PageLimit,
}

/// A page of one company's list.
pub fn page(
    db: &mut Db,
    company_id: &str,
    list: List,
    filter: &Filter,
    order: Order,
    after: Option<&Position>,
    limit: PageLimit,
) -> Result<Page<Staged>> {
    let part = filter.search.as_deref().map(fold).filter(|part| !part.is_empty());
    if order == Order::Update {
        return by_update(db, company_id, list, filter, part.as_deref(), after, limit);
    }
    let mut of_company = connection::table
        .filter(connection::company_id.eq(company_id.to_owned()).and(connection::deleted_at.is_null()))
        .select(connection::id)
        .into_boxed();
    if let Some(id) = &filter.connection_id {
        of_company = of_company.filter(connection::id.eq(id.clone()));
    }
    let ids: Vec<String> = of_company.load(db)?;
    let after = after.and_then(|after| match after {
        Position::Name(name, id) => Some((name.clone(), id.clone())),
        Position::Update(..) => None,
    });
    let mut rows = Vec::new();
    for connection_id in &ids {
        let part = part.clone();
        let mut asked = Asked { company_id, connection_id, list, filter, part, linked_by: None, limit };
        asked.linked_by = asked.app(db)?;
        rows.extend(asked.rows(db, after.clone())?);
    }
    if ids.len() > 1 {
        by_name(&mut rows);
    }
    Ok(Page::cut(rows, limit))
}

fn by_name(rows: &mut [Staged]) {
    rows.sort_unstable_by(|a, b| (&a.sort_name, &a.id).cmp(&(&b.sort_name, &b.id)));
}

/// Narrows a boxed query of records to what has a partial index: once in the words of the index's condition, and once
/// for its column.
macro_rules! narrow_rare {
    ($query:ident, $filter:expr) => {
        if $filter.active == Some(false) {
            $query = $query.filter(not(records::active).and(records::active.eq(false)));
        }
        if $filter.absent == Some(true) {
            let absent = records::absent_at.is_not_null();
            $query = $query.filter(absent.and(absent.eq(true)));
        }
    };
}

/// Narrows a boxed query of records to what a filter says of each.
macro_rules! narrow {
    ($query:ident, $filter:expr, $part:expr) => {
        narrow_rare!($query, $filter);
        if $filter.active == Some(true) {
            $query = $query.filter(records::active);
        }
        if $filter.absent == Some(false) {
            $query = $query.filter(records::absent_at.is_null());
        }
        if let Some(since) = $filter.changed_since {
            $query = $query.filter(records::updated_at.ge(at(since)));
        }
        if let Some(part) = $part {
            $query = $query.filter(records::search_text.like(contains(part)).escape('\\'));
        }
    };
}

/// Narrows a boxed query of records to those that are linked, or to those that are not.
macro_rules! narrow_linked {
    ($query:ident, $linked:expr) => {
        $query = match $linked.clone() {
            Some(Linked { linked, app_id: Some(app) }) => {
                let link = links::table.filter(links::record_id.eq(records::id).and(links::app_id.eq(app)));
                if linked { $query.filter(exists(link)) } else { $query.filter(not(exists(link))) }
            }
            Some(Linked { linked, app_id: None }) => {
                let link = links::table.filter(links::record_id.eq(records::id));
                if linked { $query.filter(exists(link)) } else { $query.filter(not(exists(link))) }
            }
            None => $query,
        };
    };
}

/// Narrows a boxed query to a part of a list by name.
macro_rules! narrow_slice {
    ($query:ident, $name:expr, $id:expr, $slice:expr) => {
        if let Some((name, id)) = $slice.after.clone() {
            $query = $query.filter($name.ge(name.clone())).filter($name.gt(name).or($id.gt(id)));
        }
        if let Some((name, id)) = $slice.up_to.clone() {
            $query = $query.filter($name.le(name.clone())).filter($name.lt(name).or($id.le(id)));
        }
    };
}

/// Narrows a boxed query of records to those of a list. The company is for the index of all of them, which is not to be
/// taken where a partial one can be.
macro_rules! narrow_list {
    ($query:ident, $asked:expr) => {
        $query = $query
            .filter(records::connection_id.eq($asked.connection_id.to_owned()))
            .filter(records::list.eq($asked.list.as_str()));
        if !$asked.is_of_few() {
            $query = $query.filter(records::company_id.eq($asked.company_id.to_owned()));
        }
    };
}

impl Asked<'_> {
    /// Whether it is asked for what a partial index holds.
    fn is_of_few(&self) -> bool {
        self.filter.absent == Some(true) || self.filter.active == Some(false)
    }

    /// The app whose links are to be read, where those that it has linked are asked for and others are not the few.
    fn app(&self, db: &mut Db) -> Result<Option<String>> {
        let Some(Linked { linked: true, app_id: Some(app) }) = &self.filter.linked else { return Ok(None) };
        if self.is_of_few() && self.place_at(db, None, FEW)?.is_none() {
            return Ok(None);
        }
        Ok(Some(app.clone()))
    }

    /// One row more than the page holds, where there are as many.
    fn rows(&self, db: &mut Db, after: Option<Place>) -> Result<Vec<Staged>> {
        let Some(part) = &self.part else {
            return self.read(db, &Slice { after, up_to: None });
        };
        for reach in REACHES {
            let up_to = self.place_at(db, after.as_ref(), reach)?;
            let is_all = up_to.is_none();
            let rows = self.read(db, &Slice { after: after.clone(), up_to })?;
            if is_all || rows.len() > self.limit.rows() {
                return Ok(rows);
            }
            if rows.len() < ENOUGH {
                break;
            }
        }
        let slice = Slice { after, up_to: None };
        match search::candidates(db, self.connection_id, self.list, part)? {
            Some(ids) => self.read_of(db, &slice, &ids.into_iter().collect::<Vec<_>>()),
            None => self.read(db, &slice),
        }
    }

    /// Those of a part of the list, in its order.
    fn read(&self, db: &mut Db, slice: &Slice) -> Result<Vec<Staged>> {
        Ok(match &self.linked_by {
            None => {
                let mut query = records::table
                    .select(Staged::as_select())
                    .order((records::sort_name, records::id))
                    .limit(self.limit.and_one())
                    .into_boxed::<AnyBackend>();
                narrow_list!(query, self);
                narrow_slice!(query, records::sort_name, records::id, slice);
                narrow!(query, self.filter, self.part.as_deref());
                narrow_linked!(query, self.filter.linked);
                query.load(db)?
            }
            Some(app) => {
                let mut query = links::table
                    .inner_join(records::table)
                    .filter(links::app_id.eq(app.clone()))
                    .filter(links::connection_id.eq(self.connection_id.to_owned()))
                    .filter(links::list.eq(self.list.as_str()))
                    .select(Staged::as_select())
                    .order((links::sort_name, links::record_id))
                    .limit(self.limit.and_one())
                    .into_boxed::<AnyBackend>();
                narrow_slice!(query, links::sort_name, links::record_id, slice);
                narrow!(query, self.filter, self.part.as_deref());
                query.load(db)?
            }
        })
    }

    /// Those of `ids` that are in a part of the list, in its order.
    fn read_of(&self, db: &mut Db, slice: &Slice, ids: &[String]) -> Result<Vec<Staged>> {
        let mut found: Vec<Staged> = Vec::new();
        for some in ids.chunks(LOOKUP) {
            let mut query = records::table
                .filter(records::id.eq_any(some.to_vec()))
                .select(Staged::as_select())
                .into_boxed::<AnyBackend>();
            narrow_slice!(query, records::sort_name, records::id, slice);
            narrow!(query, self.filter, self.part.as_deref());
            narrow_linked!(query, self.filter.linked);
            for staged in query.load::<Staged>(db)? {
                if staged.connection_id == self.connection_id && staged.list == self.list {
                    found.push(staged);
                }
            }
            by_name(&mut found);
            found.truncate(self.limit.rows() + 1);
        }
        Ok(found)
    }

    /// The place `reach` rows after another in what is gone through: the app's links, or the records that are absent or
    /// inactive where those are asked for. `None` where there are fewer.
    fn place_at(&self, db: &mut Db, after: Option<&Place>, reach: i64) -> Result<Option<Place>> {
        let slice = Slice { after: after.cloned(), up_to: None };
        let place = match &self.linked_by {
            None => {
                let mut query = records::table
                    .select((records::sort_name, records::id))
                    .order((records::sort_name, records::id))
                    .into_boxed::<AnyBackend>();
                narrow_list!(query, self);
                narrow_slice!(query, records::sort_name, records::id, slice);
                narrow_rare!(query, self.filter);
                query.offset(reach).limit(1).first(db)
            }
            Some(app) => {
                let mut query = links::table
                    .filter(links::app_id.eq(app.clone()).and(links::list.eq(self.list.as_str())))
                    .filter(links::connection_id.eq(self.connection_id.to_owned()))
                    .select((links::sort_name, links::record_id))
                    .order((links::sort_name, links::record_id))
                    .into_boxed::<AnyBackend>();
                narrow_slice!(query, links::sort_name, links::record_id, slice);
                query.offset(reach).limit(1).first(db)
            }
        };
        Ok(place.optional()?)
    }
}

/// A page in the order of updates.
fn by_update(
    db: &mut Db,
    company_id: &str,
    list: List,
    filter: &Filter,
    part: Option<&str>,
    after: Option<&Position>,
    limit: PageLimit,
) -> Result<Page<Staged>> {
    let mut query = records::table
        .filter(records::company_id.eq(company_id.to_owned()).and(records::list.eq(list.as_str())))
        .filter(records::connection_id.ne_all(connections::deleted()))
        .select(Staged::as_select())
        .order((records::updated_at, records::id))
        .limit(limit.and_one())
        .into_boxed::<AnyBackend>();
    if let Some(Position::Update(time, id)) = after.cloned() {
        query = query
            .filter(records::updated_at.ge(at(time)))
            .filter(records::updated_at.gt(at(time)).or(records::id.gt(id)));
    }
    if let Some(connection_id) = &filter.connection_id {
        query = query.filter(records::connection_id.eq(connection_id.clone()));
    }
    narrow!(query, filter, part);
    narrow_linked!(query, filter.linked);
    Ok(Page::cut(query.load(db)?, limit))
}
