//! Diesel's prelude for this room, with the running of statements told apart: a SELECT is run on whatever [`Reads`], all
//! else only on what [`Writes`]. Diesel's own `RunQueryDsl`, which runs anything on any connection, is left out.

pub(super) use diesel::{
    ExecuteCopyFromDsl, Insertable, JoinOnDsl, OptionalExtension, QueryDsl, QueryResult, Queryable,
    QueryableByName, Selectable, SelectableHelper, expression_methods::*,
};

use diesel::{
    RunQueryDsl,
    query_builder::{AsQuery, SelectQuery},
    query_dsl::methods::{ExecuteDsl, LimitDsl, LoadQuery},
};

use super::db::{Reads, Writes};

/// Runs a SELECT.
pub(super) trait ReadDsl<H: Reads>: Sized {
    fn load<'query, U>(self, handle: &mut H) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'query, H::Connection, U>,
    {
        RunQueryDsl::load(self, handle.connection())
    }

    fn get_result<'query, U>(self, handle: &mut H) -> QueryResult<U>
    where
        Self: LoadQuery<'query, H::Connection, U>,
    {
        RunQueryDsl::get_result(self, handle.connection())
    }

    fn first<'query, U>(self, handle: &mut H) -> QueryResult<U>
    where
        Self: LimitDsl + RunQueryDsl<H::Connection>,
        diesel::dsl::Limit<Self>: LoadQuery<'query, H::Connection, U>,
    {
        RunQueryDsl::first(self, handle.connection())
    }
}

impl<T, H> ReadDsl<H> for T
where
    H: Reads,
    T: AsQuery,
    T::Query: SelectQuery,
{
}

/// Runs SQL of our own that is a SELECT: nothing but its author says so.
pub(super) trait ReadSql<H: Reads>: Sized {
    fn load_sql<'query, U>(self, handle: &mut H) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'query, H::Connection, U>,
    {
        RunQueryDsl::load(self, handle.connection())
    }
}

impl<T, H> ReadSql<H> for T
where
    H: Reads,
    T: RunQueryDsl<H::Connection>,
{
}

/// Runs a statement that writes.
pub(super) trait WriteDsl<H: Writes>: Sized {
    /// How many rows it wrote.
    fn execute(self, handle: &mut H) -> QueryResult<usize>
    where
        Self: ExecuteDsl<H::Connection>;

    /// The row that it returns.
    fn returned<'query, U>(self, handle: &mut H) -> QueryResult<U>
    where
        Self: LoadQuery<'query, H::Connection, U>;

    /// The rows that it returns.
    fn all_returned<'query, U>(self, handle: &mut H) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'query, H::Connection, U>;
}

impl<T, H> WriteDsl<H> for T
where
    H: Writes,
    T: RunQueryDsl<H::Connection>,
{
    fn execute(self, handle: &mut H) -> QueryResult<usize>
    where
        Self: ExecuteDsl<H::Connection>,
    {
        RunQueryDsl::execute(self, handle.connection())
    }

    fn returned<'query, U>(self, handle: &mut H) -> QueryResult<U>
    where
        Self: LoadQuery<'query, H::Connection, U>,
    {
        RunQueryDsl::get_result(self, handle.connection())
    }

    fn all_returned<'query, U>(self, handle: &mut H) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'query, H::Connection, U>,
    {
        RunQueryDsl::load(self, handle.connection())
    }
}

/// Lets a statement that is put together by hand be run: nothing but its author says that it writes.
macro_rules! runs_on_postgres {
    ($statement:ident) => {
        impl diesel::RunQueryDsl<diesel::PgConnection> for $statement<'_> {}
    };
}
pub(super) use runs_on_postgres;
