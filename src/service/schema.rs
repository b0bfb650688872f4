//! Schemas of the vocabularies, one for each, so that a generated client has one type for it; and schemas that several
//! views share.

use std::{borrow::Cow, fmt::Display};

use serde::Serialize;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, RefOr, Schema, Type},
};

use crate::domain::{
    details,
    problem::Problem,
    words::{
        AuditAction, Cause, ChangeKind, ConnectionState, Ended, Kind, List, MessageState, Mode, Role,
        RunState, Scope, SignInMethod, WorkerState,
    },
};

/// The vocabularies by the names of their schemas, from the enums themselves.
pub fn vocabularies() -> [(&'static str, RefOr<Schema>); 14] {
    [
        (LIST, words(List::ALL)),
        (KIND, words(Kind::ALL)),
        (CAUSE, words(Cause::ALL)),
        (CONNECTION_STATE, words(ConnectionState::ALL)),
        (MESSAGE_STATE, words(MessageState::ALL)),
        (MODE, words(Mode::ALL)),
        (RUN_STATE, words(RunState::ALL)),
        (CHANGE_KIND, words(ChangeKind::ALL)),
        (SCOPE, words(Scope::ALL)),
        (ROLE, words(Role::ALL)),
        (SIGN_IN_METHOD, words(SignInMethod::ALL)),
        (WORKER_STATE, words(WorkerState::ALL)),
        (WORKER_RESULT, words(Ended::ALL)),
        (AUDIT_ACTION, words(AuditAction::ALL)),
    ]
}

const LIST: &str = "List";
const KIND: &str = "Kind";
const CAUSE: &str = "Cause";
const CONNECTION_STATE: &str = "ConnectionState";
const MESSAGE_STATE: &str = "MessageState";
const MODE: &str = "Mode";
const RUN_STATE: &str = "RunState";
const CHANGE_KIND: &str = "ChangeKind";
const SCOPE: &str = "Scope";
const ROLE: &str = "Role";
const SIGN_IN_METHOD: &str = "SignInMethod";
const WORKER_STATE: &str = "WorkerState";
const WORKER_RESULT: &str = "WorkerResult";
const AUDIT_ACTION: &str = "AuditAction";

pub fn words<W: Display>(all: &[W]) -> RefOr<Schema> {
    let words = ObjectBuilder::new().schema_type(Type::String);
    RefOr::T(words.enum_values(Some(all.iter().map(ToString::to_string))).build().into())
}

fn named(vocabulary: &str) -> RefOr<Schema> {
    RefOr::Ref(Ref::from_schema_name(vocabulary))
}

pub fn lists() -> RefOr<Schema> {
    named(LIST)
}

/// The list as a part of a path.
#[derive(Debug)]
pub struct ListWord;

impl PartialSchema for ListWord {
    fn schema() -> RefOr<Schema> {
        words(List::ALL)
    }
}

impl ToSchema for ListWord {
    fn name() -> Cow<'static, str> {
        LIST.into()
    }
}

pub fn roles() -> RefOr<Schema> {
    named(ROLE)
}

/// What may be null as well.
pub fn or_none(schema: RefOr<Schema>) -> RefOr<Schema> {
    let none = ObjectBuilder::new().schema_type(Type::Null);
    RefOr::T(OneOfBuilder::new().item(none).item(schema).build().into())
}

/// A role that may be left out, or be null.
pub fn role_or_none() -> RefOr<Schema> {
    or_none(named(ROLE))
}

pub fn sign_in_methods() -> RefOr<Schema> {
    named(SIGN_IN_METHOD)
}

pub fn kinds() -> RefOr<Schema> {
    named(KIND)
}

pub fn causes() -> RefOr<Schema> {
    named(CAUSE)
}

pub fn connection_states() -> RefOr<Schema> {
    named(CONNECTION_STATE)
}

pub fn message_states() -> RefOr<Schema> {
    named(MESSAGE_STATE)
}

pub fn modes() -> RefOr<Schema> {
    named(MODE)
}

pub fn run_states() -> RefOr<Schema> {
    named(RUN_STATE)
}

pub fn change_kinds() -> RefOr<Schema> {
    named(CHANGE_KIND)
}

pub fn worker_states() -> RefOr<Schema> {
    named(WORKER_STATE)
}

pub fn worker_results() -> RefOr<Schema> {
    named(WORKER_RESULT)
}

pub fn audit_actions() -> RefOr<Schema> {
    named(AUDIT_ACTION)
}

/// Scopes: `utoipa` has no array of a schema with a name of its own.
pub fn scope_list() -> RefOr<Schema> {
    RefOr::T(ArrayBuilder::new().items(named(SCOPE)).build().into())
}

/// Where a customer is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Address {
    /// What stands above the city: street, building, `c/o`.
    pub lines: Vec<String>,
    pub city: Option<String>,
    /// A state, province or county, as the source writes it.
    pub region: Option<String>,
    pub postal_code: Option<String>,
    /// Its name or code, as the source writes it.
    pub country: Option<String>,
}

impl Address {
    /// As one would write it on one line.
    pub fn on_one_line(&self) -> String {
        let rest = [&self.city, &self.region, &self.postal_code, &self.country];
        let parts: Vec<&str> =
            self.lines.iter().chain(rest.into_iter().flatten()).map(String::as_str).collect();
        parts.join(", ")
    }
}

impl From<details::Address> for Address {
    fn from(address: details::Address) -> Self {
        let details::Address { lines, city, region, postal_code, country } = address;
        Self { lines, city, region, postal_code, country }
    }
}

/// What stands in the way, and what to do about it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Hint {
    pub code: String,
    pub detail: String,
    pub remedy: String,
}

impl From<Problem> for Hint {
    fn from(problem: Problem) -> Self {
        Self { code: problem.code, detail: problem.detail, remedy: problem.remedy }
    }
}
