//! `IN` with one bind for any number of texts, on SQLite: the statement is prepared once and kept. With a bind for each
//! it would be built and prepared each time. PostgreSQL has `= ANY` for it, which Diesel's `eq_any` writes.

use diesel::{
    QueryResult,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Bool, Text},
    sqlite::Sqlite,
};

/// Whether a column of texts is one of some.
#[derive(Debug, Clone, QueryId)]
pub(super) struct Among<C> {
    column: C,
    /// The texts, as an array in JSON.
    texts: String,
}

/// Whether `column` is one of `texts`.
pub(super) fn among<C: Expression<SqlType = Text>>(column: C, texts: &[&str]) -> Among<C> {
    // Texts are always JSON.
    Among { column, texts: serde_json::to_string(texts).unwrap_or_default() }
}

impl<C: Expression<SqlType = Text>> Expression for Among<C> {
    type SqlType = Bool;
}

impl<C> ValidGrouping<()> for Among<C> {
    type IsAggregate = is_aggregate::No;
}

impl<C: AppearsOnTable<QS>, QS> AppearsOnTable<QS> for Among<C> where Self: Expression {}

impl<C: SelectableExpression<QS>, QS> SelectableExpression<QS> for Among<C> where Self: AppearsOnTable<QS> {}

impl<C: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Among<C> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" IN (SELECT value FROM json_each(");
        out.push_bind_param::<Text, _>(&self.texts)?;
        out.push_sql("))");
        Ok(())
    }
}
