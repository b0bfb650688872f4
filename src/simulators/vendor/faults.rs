//! What can go wrong at a vendor's, on demand.

use std::{collections::BTreeMap, fmt, str::FromStr};

use thiserror::Error;

use crate::simulators::people::draw;
use crate::simulators::quickbooks_desktop::List;

/// One kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// 401, though the credentials are right: at Paycom also a source address that is not listed.
    Unauthorized,
    /// 403: the role lacks the right.
    Forbidden,
    /// 413: Paycom's «endpoint not enabled for this API user».
    NotEnabled,
    /// 429 with `Retry-After`.
    RateLimited,
    /// 500.
    ServerError,
    /// The right answer, later than anybody waits.
    Slow,
    /// The connection ends in the middle of the body: fewer bytes than `Content-Length` promises.
    CutOff,
    /// A whole HTTP answer whose JSON is cut.
    TruncatedJson,
    /// The rows of the page before, again.
    RepeatedPage,
    /// A page is skipped: its rows are never sent in this listing.
    MissingPage,
    /// Fewer rows than there are, on a page that is not the last.
    ShrinkingPage,
    /// A total that is wrong: `X-Total-Count` (Paycom), `/count` (ConnectWise).
    WrongTotal,
    /// 302 or 307 to another origin.
    Redirect,
    /// ConnectWise moves to another codebase: the old paths are gone until discovery is asked again.
    MovedCodebase,
    /// Paycom's 200 with `result: false`.
    ResultFalse,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotEnabled,
        Self::RateLimited,
        Self::ServerError,
        Self::Slow,
        Self::CutOff,
        Self::TruncatedJson,
        Self::RepeatedPage,
        Self::MissingPage,
        Self::ShrinkingPage,
        Self::WrongTotal,
        Self::Redirect,
        Self::MovedCodebase,
        Self::ResultFalse,
    ];

    /// Those that take the place of an answer or damage it, whatever was asked for.
    pub(in crate::simulators) const ANY_CALL: [Self; 9] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotEnabled,
        Self::RateLimited,
        Self::ServerError,
        Self::Slow,
        Self::CutOff,
        Self::TruncatedJson,
        Self::Redirect,
    ];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::Forbidden => "forbidden",
            Self::NotEnabled => "not-enabled",
            Self::RateLimited => "rate-limited",
            Self::ServerError => "server-error",
            Self::Slow => "slow",
            Self::CutOff => "cut-off",
            Self::TruncatedJson => "truncated-json",
            Self::RepeatedPage => "repeated-page",
            Self::MissingPage => "missing-page",
            Self::ShrinkingPage => "shrinking-page",
            Self::WrongTotal => "wrong-total",
            Self::Redirect => "redirect",
            Self::MovedCodebase => "moved-codebase",
            Self::ResultFalse => "result-false",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no fault.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("«{0}» is no fault; it is NAME, NAME:TIMES or NAME:TIMES@AFTER, with NAME one of {names}", names = names())]
pub struct UnknownFault(String);

fn names() -> String {
    Fault::ALL.map(Fault::name).join(", ")
}

/// A fault, and when it strikes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFault {
    pub fault: Fault,
    /// How often it strikes.
    pub times: u32,
    /// How many occasions it lets pass first.
    pub after: u32,
    /// Strikes only where the path holds this text. Without it the calls of the API are meant, and neither the
    /// discovery of the codebase nor the keys of callbacks.
    pub path: Option<String>,
}

impl PlannedFault {
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }

    #[must_use]
    pub fn after(self, after: u32) -> Self {
        Self { after, ..self }
    }

    /// Strikes only calls whose path holds this text.
    #[must_use]
    pub fn on(self, path: impl Into<String>) -> Self {
        Self { path: Some(path.into()), ..self }
    }
}

impl From<Fault> for PlannedFault {
    fn from(fault: Fault) -> Self {
        Self { fault, times: 1, after: 0, path: None }
    }
}

impl FromStr for PlannedFault {
    type Err = UnknownFault;

    /// `NAME`, `NAME:TIMES`, `NAME@AFTER` or `NAME:TIMES@AFTER`.
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let unknown = || UnknownFault(text.to_owned());
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| unknown());
        let (rest, after) = match text.split_once('@') {
            Some((rest, after)) => (rest, number(after)?),
            None => (text, 0),
        };
        let (name, times) = match rest.split_once(':') {
            Some((name, times)) => (name, number(times)?),
            None => (rest, 1),
        };
        let fault = Fault::ALL.into_iter().find(|fault| fault.name() == name).ok_or_else(unknown)?;
        Ok(Self { fault, times, after, path: None })
    }
}

/// Faults that strike by chance.
#[derive(Debug, Clone)]
struct Chance {
    seed: u64,
    per_mille: u64,
    kinds: Vec<Fault>,
    /// How many occasions there were.
    occasions: u64,
}

/// The faults that are still to come, and how often each has struck.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    planned: Vec<PlannedFault>,
    chance: Option<Chance>,
    applied: BTreeMap<Fault, u64>,
}

impl Faults {
    /// No trouble.
    pub fn none() -> Self {
        Self::default()
    }

    /// These faults, each as planned.
    pub fn new(planned: impl IntoIterator<Item = PlannedFault>) -> Self {
        Self { planned: planned.into_iter().collect(), ..Self::default() }
    }

    /// One of `kinds` strikes in `per_mille` of a thousand occasions; the same seed does the same to the same calls.
    pub fn random(seed: u64, per_mille: u32, kinds: &[Fault]) -> Self {
        let chance = Chance { seed, per_mille: per_mille.into(), kinds: kinds.to_vec(), occasions: 0 };
        Self { chance: Some(chance), ..Self::default() }
    }

    /// One more fault.
    pub fn add(&mut self, planned: impl Into<PlannedFault>) {
        self.planned.push(planned.into());
    }

    /// Whether every planned fault has struck.
    pub fn is_over(&self) -> bool {
        self.planned.iter().all(|planned| planned.times == 0)
    }

    /// How often each fault has struck.
    pub fn applied(&self) -> BTreeMap<Fault, u64> {
        self.applied.clone()
    }

    /// An occasion for any one of these: which of them strikes now, if any.
    pub(in crate::simulators) fn strikes(
        &mut self,
        path: &str,
        is_api: bool,
        kinds: &[Fault],
    ) -> Option<Fault> {
        let struck = self.planned_strike(path, is_api, kinds).or_else(|| self.chance_strike(is_api, kinds));
        if let Some(fault) = struck {
            *self.applied.entry(fault).or_default() += 1;
        }
        struck
    }

    fn planned_strike(&mut self, path: &str, is_api: bool, kinds: &[Fault]) -> Option<Fault> {
        let here = |planned: &&mut PlannedFault| {
            planned.times > 0
                && kinds.contains(&planned.fault)
                && planned.path.as_ref().map_or(is_api, |part| path.contains(part.as_str()))
        };
        for planned in self.planned.iter_mut().filter(here) {
            if planned.after > 0 {
                planned.after -= 1;
                continue;
            }
            planned.times -= 1;
            return Some(planned.fault);
        }
        None
    }

    fn chance_strike(&mut self, is_api: bool, kinds: &[Fault]) -> Option<Fault> {
        let chance = self.chance.as_mut().filter(|_| is_api)?;
        let possible: Vec<Fault> =
            chance.kinds.iter().copied().filter(|fault| kinds.contains(fault)).collect();
        chance.occasions += 1;
        let number = draw(chance.seed, List::Employee, chance.occasions, 77);
        if possible.is_empty() || number % 1000 >= chance.per_mille {
            return None;
        }
        let index = (number / 1000) % possible.len() as u64;
        usize::try_from(index).ok().and_then(|index| possible.get(index).copied())
    }
}
