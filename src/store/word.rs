//! Words of closed vocabularies, written into a statement instead of bound to it: an index of what has a word is taken only
//! by a statement that says so itself, whatever is bound to it later.

use diesel::{
    QueryResult,
    backend::Backend,
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::Text,
};

/// A word of letters and underscores.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word(&'static str);

/// `word`, which is one of our own: never what others have written.
pub(super) fn word(word: &'static str) -> Word {
    Word(word)
}

impl Expression for Word {
    type SqlType = Text;
}

impl ValidGrouping<()> for Word {
    type IsAggregate = is_aggregate::Never;
}

impl<QS> AppearsOnTable<QS> for Word {}

impl<QS> SelectableExpression<QS> for Word {}

/// None that is known beforehand: statements with different words differ.
impl QueryId for Word {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for Word {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql("'");
        out.push_sql(self.0);
        out.push_sql("'");
        Ok(())
    }
}
