//! Sources that call in: a program beside the source signs in, asks what it is to do, and hands over answers, each in a
//! call of its own.
//!
//! What is asked, and what is made of an answer, is the connector's: a state machine, whose state is kept as text between
//! two calls. Who keeps it (`sync::calls_in`) has the sessions, the runs and the transactions, and lends them as a
//! [`SessionContext`]: all that a call does is one transaction, but for the parts of an answer that are staged as they stream past.

use std::io::Read;

use chrono::{DateTime, TimeDelta, Utc};
use url::Url;

use crate::domain::{
    hold::Gone,
    ids::RunId,
    problem::Problem,
    record::Record,
    words::{List, Mode},
};

/// Why a call could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The error of whoever keeps the session, handed through.
    #[error("{0}")]
    Store(Box<dyn std::error::Error + Send + Sync>),
    /// What was stored of it cannot be read.
    #[error("what is stored of the {what} cannot be read: {why}")]
    Corrupt { what: &'static str, why: String },
}

pub type SessionResult<T> = Result<T, SessionError>;

/// The code of a problem that a person settles by saying that the file is the same company's.
pub const DOUBTED: &str = "company_file_doubted";

/// A kind whose source calls in. `state` is that of a session, as the connector wrote it last.
pub trait CallsIn: Sync {
    /// How often its program is to call; `None` where the settings cannot be read.
    fn every(&self, settings: &str) -> Option<TimeDelta>;

    /// The hours in which it may be synchronised, as they are set; empty for always.
    fn window(&self, settings: &str) -> String;

    /// What people are told of what may go wrong with any source that calls in.
    fn problem(&self, trouble: Trouble, connection_id: &str) -> Problem;

    /// When what was asked for will run, in words.
    fn queued(&self) -> &'static Queued;

    /// Whether its program would take the gateway's address.
    ///
    /// # Errors
    /// [`SetupError::Address`]: what it would refuse.
    fn check_address(&self, public_url: &Url) -> Result<(), SetupError>;

    /// The file with which its program is set up.
    ///
    /// # Errors
    /// An address that the program would refuse.
    fn setup_file(&self, setup: &Setup<'_>, public_url: &Url) -> Result<String, SetupError>;

    /// A new session; `None` where nothing is due.
    fn begin(&self, context: &mut dyn SessionContext) -> SessionResult<Option<Begun>>;

    /// The next request; empty where there is none, and the last error says why.
    fn request(
        &self,
        state: &mut String,
        context: &mut dyn SessionContext,
        offer: &Offer,
    ) -> SessionResult<String>;

    /// The program could not open the source: the file to try, or `None` to give up.
    fn not_opened(
        &self,
        state: &mut String,
        context: &mut dyn SessionContext,
        code: &str,
    ) -> SessionResult<Option<String>>;

    /// Ends what a session was doing: its run fails, nothing more is asked, and the connection shows why.
    fn stop(
        &self,
        state: &mut String,
        context: &mut dyn SessionContext,
        problem: &Problem,
    ) -> SessionResult<()>;

    /// How far a session has come.
    fn standing(&self, state: &str) -> SessionResult<Standing>;

    /// Notes that the program of a session that was replaced called all the same; whether it was not noted yet.
    fn note_rival(&self, state: &mut String) -> SessionResult<bool>;

    /// Takes the answer to the request that is under way. `high_water` is that of its run.
    fn answer(
        &self,
        state: &str,
        high_water: Option<&str>,
        now: DateTime<Utc>,
    ) -> SessionResult<Box<dyn Answer>>;
}

/// An answer that is being received.
pub trait Answer: Send {
    /// Reads it, on a thread that may block. One that cannot be read is no error here: it counts in [`Self::conclude`].
    fn read(&mut self, document: &mut dyn Read, sink: &mut dyn RecordSink) -> SessionResult<()>;

    /// Takes it in once the whole call has arrived: ends the run where its list is done. `error` is what the program said
    /// went wrong, or empty. The answer to the call: percent done, or a negative number.
    fn conclude(
        &mut self,
        state: &mut String,
        context: &mut dyn SessionContext,
        error: &str,
    ) -> SessionResult<i32>;
}

/// Where the parts of an answer go while it is read.
pub trait RecordSink {
    /// Records of a part.
    fn size(&self) -> usize;
    /// Hands records over to be staged; false where the run has ended meanwhile.
    fn stage(&mut self, records: Vec<Record>, high_water: Option<&str>) -> bool;
    /// How many of these are staged already.
    fn known(&mut self, external_ids: Vec<String>) -> SessionResult<usize>;
}

/// What a connector may do with a session's connection, within the transaction of a call.
pub trait SessionContext {
    fn now(&self) -> DateTime<Utc>;
    fn connection_id(&self) -> &str;
    /// The connection's settings, as they are stored.
    fn settings(&mut self) -> SessionResult<String>;
    fn file(&mut self) -> SessionResult<SourceFile>;
    /// Keeps which file it is; nothing is in doubt any more.
    fn pin(&mut self, pin: &Pin) -> SessionResult<()>;
    /// Takes a FileID in place of ours.
    fn take_file_id(&mut self, file_id: &str) -> SessionResult<()>;
    /// Keeps a file of which nobody knows whether it is the same company's.
    fn doubt(&mut self, name: &str, path: &str) -> SessionResult<()>;
    /// Keeps the version of its language that was agreed on.
    fn note_version(&mut self, version: &str) -> SessionResult<()>;
    fn list(&mut self, list: List) -> SessionResult<ListState>;
    /// Starts the run of a list; its ID.
    fn start_run(&mut self, list: List, mode: Mode) -> SessionResult<RunId>;
    /// The list begins anew: what its run saw so far is forgotten.
    fn forget_seen(&mut self, run_id: &RunId) -> SessionResult<()>;
    /// Ends a run: judges who is gone, and holds what looks like a mistake.
    fn finish_run(&mut self, run_id: &RunId, gone: &Gone, warning: Option<&Problem>) -> SessionResult<()>;
    /// Ends a run without a judgement.
    fn fail_run(&mut self, run_id: &RunId, problem: &Problem) -> SessionResult<()>;
    /// The source refused this request: it is not to be sent again in a loop.
    fn refused(&mut self, list: List, request: &str) -> SessionResult<()>;
    fn set_problem(&mut self, problem: Option<&Problem>) -> SessionResult<()>;
    /// Whether two programs seem to use the connection's user name.
    fn has_rivals(&mut self) -> SessionResult<bool>;
}

/// Which file of the source's a connection belongs to, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pin {
    /// The company file has shown our FileID: from then on only that counts.
    pub by_file_id: bool,
    /// It was forgotten, its FileID as well: the next one that is shown is taken.
    pub any_file_id: bool,
    pub name: Option<String>,
    pub path: Option<String>,
}

/// What is kept of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFile {
    /// GUIDs in braces.
    pub owner_id: String,
    pub file_id: String,
    pub pin: Pin,
    /// The version agreed on last.
    pub version: Option<String>,
    /// A file in doubt: its name and path.
    pub doubted: Option<(String, String)>,
}

/// How far a list was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListState {
    /// The newest modification that was seen, in the source's words.
    pub high_water: Option<String>,
    pub last_started_at: Option<DateTime<Utc>>,
    pub last_complete_at: Option<DateTime<Utc>>,
    pub last_full_at: Option<DateTime<Utc>>,
    /// A request that the source refused, and when.
    pub refused: Option<(String, DateTime<Utc>)>,
    /// Whether a whole list is missing, where absences could not be judged.
    pub unjudged_full: Option<bool>,
    /// Somebody asked for it.
    pub asked_for: Option<Mode>,
}

/// What comes with the question for a request.
#[derive(Debug, Clone, Default)]
pub struct Offer {
    pub ticket: String,
    /// What the source says of itself; in the first call of a session only.
    pub about: String,
    pub company_file: String,
    pub major: String,
    pub minor: String,
}

/// A session that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    pub state: String,
    /// The path of the file to open; empty for the one that is open.
    pub company_file: String,
}

/// How far a session has come.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// A request is under way.
    pub asked: bool,
    /// The run of the list that is being read.
    pub run_id: Option<RunId>,
    /// All lists were read, or it was stopped.
    pub done: bool,
    pub problem: Option<Problem>,
    /// The answer to one more call.
    pub progress: i32,
    /// The runs of its lists.
    pub runs: Vec<(List, RunId)>,
}

/// The negative number that sends the program to the last error.
pub const FAILED: i32 = -101;

/// What may go wrong with any source that calls in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A program signs in with a wrong password.
    WrongPassword,
    /// Two programs use one user name.
    Rivals,
    /// It was not heard within a session for too long.
    Expired,
    /// It was not heard for so long.
    Silent(String),
    /// Its answer is larger than what is accepted.
    TooLarge,
    /// Our own database failed while an answer was taken in.
    DatabaseFailed,
}

/// When what was asked for will run.
#[derive(Debug)]
pub struct Queued {
    pub queued: &'static str,
    /// What to look at where it is late.
    pub late: &'static str,
    /// What to do where it has never called.
    pub never: &'static str,
}

/// What a setup file is made from.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    pub company_name: &'a str,
    pub username: &'a str,
    pub file: &'a SourceFile,
    pub settings: &'a str,
}

/// Why there is no setup file.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The program would refuse the public address.
    #[error("{0}")]
    Address(String),
    #[error("the file could not be written: {0}")]
    Write(String),
    #[error("the settings that are stored cannot be read by this version")]
    Settings,
}
