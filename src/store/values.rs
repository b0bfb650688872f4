//! How values cross between the tables and the domain.

use chrono::{DateTime, Datelike, NaiveDateTime, SubsecRound, Timelike, Utc};

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::Pg,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::{Nullable, Text, Timestamp},
    sqlite::Sqlite,
};

use crate::domain::{
    access::Scopes,
    ids::{
        AppId, CompanyId, ConnectionId, LinkId, MessageId, ProfileKey, QuicklinkId, RecordId, RunId, TokenId,
    },
    words::{
        ActorKind, ChangeKind, Ended, Kind, LinkPurpose, List, MessageState, Mode, Role, RunState,
        SessionState, SignInMethod, WorkerState,
    },
};

use super::{Error, dsl::*};

/// A time as the tables hold it: UTC without an offset, cut to microseconds.
pub(super) fn at(time: DateTime<Utc>) -> NaiveDateTime {
    time.naive_utc().trunc_subsecs(6)
}

pub(super) fn utc(time: NaiveDateTime) -> DateTime<Utc> {
    time.and_utc()
}

/// A time as it is written into many rows or columns. SQLite holds times as texts, and Diesel's way to make one takes as
/// long as some columns of a row: it is made once.
#[derive(Debug, Clone, Copy, AsExpression)]
#[diesel(sql_type = Timestamp)]
pub(super) struct Stamp {
    pub time: NaiveDateTime,
    text: [u8; 26],
    /// How much of the text there is; nothing where it is left to Diesel.
    length: usize,
}

impl From<NaiveDateTime> for Stamp {
    fn from(time: NaiveDateTime) -> Self {
        let mut text = *b"0000-00-00 00:00:00.000000";
        let micros = time.nanosecond() / 1000;
        let parts = [
            (0..4, time.year().unsigned_abs()),
            (5..7, time.month()),
            (8..10, time.day()),
            (11..13, time.hour()),
            (14..16, time.minute()),
            (17..19, time.second()),
            (20..26, micros),
        ];
        for (place, mut number) in parts {
            for digit in text.get_mut(place).unwrap_or_default().iter_mut().rev() {
                *digit += (number % 10) as u8;
                number /= 10;
            }
        }
        // As `%.f` has it.
        let length = match micros {
            _ if !(0..=9999).contains(&time.year())
                || !time.nanosecond().is_multiple_of(1000)
                || micros > 999_999 =>
            {
                0
            }
            0 => 19,
            micros if micros % 1000 == 0 => 23,
            _ => 26,
        };
        Self { time, text, length }
    }
}

impl ToSql<Timestamp, Pg> for Stamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Timestamp, Pg>::to_sql(&self.time, out)
    }
}

impl ToSql<Timestamp, Sqlite> for Stamp {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        match self.text.get(..self.length).map(std::str::from_utf8) {
            Some(Ok(text)) if !text.is_empty() => {
                out.set_value(text);
                Ok(IsNull::No)
            }
            _ => ToSql::<Timestamp, Sqlite>::to_sql(&self.time, out),
        }
    }
}

/// A column of times as a row holds it: `#[diesel(deserialize_as = Time)]`.
#[derive(Debug, FromSqlRow)]
pub struct Time(DateTime<Utc>);

impl<DB: Backend> FromSql<Timestamp, DB> for Time
where
    NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        NaiveDateTime::from_sql(bytes).map(|time| Self(utc(time)))
    }
}

impl From<Time> for DateTime<Utc> {
    fn from(time: Time) -> Self {
        time.0
    }
}

/// The same of a column that may be empty.
#[derive(Debug, FromSqlRow)]
pub struct MaybeTime(Option<DateTime<Utc>>);

impl<DB: Backend> FromSql<Nullable<Timestamp>, DB> for MaybeTime
where
    NaiveDateTime: FromSql<Timestamp, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
        NaiveDateTime::from_sql(bytes).map(|time| Self(Some(utc(time))))
    }

    fn from_nullable_sql(bytes: Option<DB::RawValue<'_>>) -> deserialize::Result<Self> {
        bytes.map_or(Ok(Self(None)), Self::from_sql)
    }
}

impl From<MaybeTime> for Option<DateTime<Utc>> {
    fn from(time: MaybeTime) -> Self {
        time.0
    }
}

/// Words of closed vocabularies, as they are read from columns of text: rows hold the words themselves.
macro_rules! words {
    ($($word:ty),+ $(,)?) => {$(
        impl<DB: Backend> FromSql<Text, DB> for $word
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(String::from_sql(bytes)?.parse::<$word>().map_err(Error::from)?)
            }
        }

        impl<DB: Backend> Queryable<Text, DB> for $word
        where
            Self: FromSql<Text, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }
    )+};
}

words!(
    ActorKind,
    ChangeKind,
    Ended,
    Kind,
    LinkPurpose,
    List,
    MessageState,
    Mode,
    Role,
    RunState,
    Scopes,
    SessionState,
    SignInMethod,
    WorkerState
);

/// IDs, as columns of text hold them.
macro_rules! ids {
    ($($id:ty),+ $(,)?) => {$(
        impl<DB: Backend> FromSql<Text, DB> for $id
        where
            String: FromSql<Text, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> deserialize::Result<Self> {
                String::from_sql(bytes).map(Self::from)
            }
        }

        impl<DB: Backend> Queryable<Text, DB> for $id
        where
            Self: FromSql<Text, DB>,
        {
            type Row = Self;
            fn build(row: Self) -> deserialize::Result<Self> {
                Ok(row)
            }
        }

        impl<DB: Backend> ToSql<Text, DB> for $id
        where
            str: ToSql<Text, DB>,
        {
            fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
                <str as ToSql<Text, DB>>::to_sql(self, out)
            }
        }

        ids!($id as Text);
        ids!($id as Nullable<Text>);
    )+};
    ($id:ty as $column:ty) => {
        impl AsExpression<$column> for $id {
            type Expression = <String as AsExpression<$column>>::Expression;
            fn as_expression(self) -> Self::Expression {
                <String as AsExpression<$column>>::as_expression(self.into())
            }
        }

        impl<'a> AsExpression<$column> for &'a $id {
            type Expression = <&'a str as AsExpression<$column>>::Expression;
            fn as_expression(self) -> Self::Expression {
                <&'a str as AsExpression<$column>>::as_expression(self)
            }
        }

        impl<'a> AsExpression<$column> for &'_ &'a $id {
            type Expression = <&'a str as AsExpression<$column>>::Expression;
            fn as_expression(self) -> Self::Expression {
                <&'a str as AsExpression<$column>>::as_expression(self)
            }
        }
    };
}

ids!(AppId, CompanyId, ConnectionId, LinkId, MessageId, ProfileKey, QuicklinkId, RecordId, RunId, TokenId);

/// Has a struct loaded as the row that it is made from: `.select(Run::as_select()).load(db)`.
macro_rules! loaded_as {
    ($row:ident => $made:ident) => {
        impl<ST, DB: diesel::backend::Backend> Queryable<ST, DB> for $made
        where
            $row: Queryable<ST, DB>,
        {
            type Row = <$row as Queryable<ST, DB>>::Row;
            fn build(row: Self::Row) -> diesel::deserialize::Result<Self> {
                Ok($row::build(row)?.try_into()?)
            }
        }

        impl<DB: diesel::backend::Backend> Selectable<DB> for $made
        where
            $row: Selectable<DB>,
        {
            type SelectExpression = <$row as Selectable<DB>>::SelectExpression;
            fn construct_selection() -> Self::SelectExpression {
                $row::construct_selection()
            }
        }
    };
}
pub(super) use loaded_as;

/// A count as the tables hold it.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn uncount(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The text of a `LIKE` pattern that matches `text` anywhere; `\` escapes.
pub(super) fn contains(text: &str) -> String {
    format!("%{}%", escaped(text))
}

/// Text that stands for itself within a `LIKE` pattern; `\` escapes.
pub(super) fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
}

/// How many rows a page holds: 1 to 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    pub const DEFAULT: Self = Self(100);
    pub const MAX: u16 = 500;
    /// For the program's own passes over a whole list.
    pub const SCAN: Self = Self(5000);

    /// `None` where `rows` is 0 or more than [`PageLimit::MAX`].
    pub fn new(rows: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&rows).then_some(Self(rows))
    }

    pub fn rows(self) -> usize {
        usize::from(self.0)
    }

    /// One more than fits: it tells whether there is a next page.
    pub(super) fn and_one(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// Some rows, and whether more follow.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub rows: Vec<T>,
    pub more: bool,
}

impl<T> Page<T> {
    /// From rows read with [`PageLimit::and_one`].
    pub(super) fn cut(mut rows: Vec<T>, limit: PageLimit) -> Self {
        let more = rows.len() > limit.rows();
        rows.truncate(limit.rows());
        Self { rows, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_reads_as_diesel_writes_times() {
        let times = [
            "2026-11-27T06:05:04Z",
            "2026-01-01T00:00:00.5Z",
            "1999-12-31T23:59:59.000001Z",
            "0001-02-03T04:05:06.12Z",
            "2026-11-27T06:05:04.123456Z",
        ];
        for time in times {
            let time = at(time.parse().unwrap());
            let stamp = Stamp::from(time);
            let text = std::str::from_utf8(&stamp.text[..stamp.length]).unwrap();
            assert_eq!(text, time.format("%F %T%.f").to_string());
        }
        assert_eq!(Stamp::from(NaiveDateTime::MAX).length, 0, "left to Diesel");
    }
}
