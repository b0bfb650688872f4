//! What can go wrong, on demand.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// One kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// QuickBooks lost its iterators: status 3391 to the next Continue.
    DeadIterator,
    /// 0x80040400 in place of an answer.
    ParseError,
    /// connectionError 0x8004040A: another company file is open.
    BusyFile,
    /// connectionError 0x80040408: QuickBooks could not be started.
    QuickBooksClosed,
    /// The company information tells another FileID and another name.
    OtherCompanyFile,
    /// The company information tells no FileID.
    NoFileId,
    /// The connection breaks in the middle of a receiveResponseXML body, and the Web Connector is gone.
    CutAnswer,
    /// The qbXML is cut off inside a well-formed envelope.
    TruncatedAnswer,
    /// The first half of the list, with a proper end.
    PartialList,
    /// Status 1 and no rows, though there are some.
    EmptyList,
    /// Status 500 (a warning) with the rows.
    Warn500,
    /// Status 3260 and no rows.
    NoPermission,
    /// The Web Connector calls no more, not even closeConnection.
    Vanish,
}

impl Fault {
    /// All of them, in the order of a session.
    pub const ALL: [Self; 13] = [
        Self::BusyFile,
        Self::QuickBooksClosed,
        Self::OtherCompanyFile,
        Self::NoFileId,
        Self::ParseError,
        Self::DeadIterator,
        Self::PartialList,
        Self::EmptyList,
        Self::Warn500,
        Self::NoPermission,
        Self::TruncatedAnswer,
        Self::CutAnswer,
        Self::Vanish,
    ];

    /// The word on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::DeadIterator => "dead-iterator",
            Self::ParseError => "parse-error",
            Self::BusyFile => "busy-file",
            Self::QuickBooksClosed => "quickbooks-closed",
            Self::OtherCompanyFile => "other-company-file",
            Self::NoFileId => "no-file-id",
            Self::CutAnswer => "cut-answer",
            Self::TruncatedAnswer => "truncated-answer",
            Self::PartialList => "partial-list",
            Self::EmptyList => "empty-list",
            Self::Warn500 => "warn-500",
            Self::NoPermission => "no-permission",
            Self::Vanish => "vanish",
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
#[error("«{0}» is no fault; it is NAME, NAME*TIMES, NAME@AFTER or NAME*TIMES@AFTER, with NAME one of {names}", names = names())]
pub struct UnknownFault(String);

fn names() -> String {
    Fault::ALL.map(Fault::name).join(", ")
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        Self::ALL.into_iter().find(|fault| fault.name() == text).ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

/// A fault, and when it strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedFault {
    pub fault: Fault,
    /// How often it strikes.
    pub times: u32,
    /// How many occasions it lets pass first: calls for `vanish`, requests for what QuickBooks answers.
    pub after: u32,
}

impl From<Fault> for PlannedFault {
    fn from(fault: Fault) -> Self {
        Self { fault, times: 1, after: 0 }
    }
}

impl FromStr for PlannedFault {
    type Err = UnknownFault;

    /// `NAME`, `NAME*TIMES`, `NAME@AFTER` or `NAME*TIMES@AFTER`.
    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let number = |digits: &str| digits.parse::<u32>().map_err(|_| UnknownFault(text.to_owned()));
        let (rest, after) = match text.split_once('@') {
            Some((rest, after)) => (rest, number(after)?),
            None => (text, 0),
        };
        let (name, times) = match rest.split_once('*') {
            Some((name, times)) => (name, number(times)?),
            None => (rest, 1),
        };
        Ok(Self { fault: name.parse().map_err(|_| UnknownFault(text.to_owned()))?, times, after })
    }
}

/// The faults that are still to come. They are kept from session to session.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    planned: Vec<PlannedFault>,
}

impl Faults {
    /// No trouble.
    pub fn none() -> Self {
        Self::default()
    }

    /// These faults, each as planned.
    pub fn new(planned: impl IntoIterator<Item = PlannedFault>) -> Self {
        Self { planned: planned.into_iter().collect() }
    }

    /// One more fault.
    pub fn add(&mut self, planned: impl Into<PlannedFault>) {
        self.planned.push(planned.into());
    }

    /// Whether every planned fault has struck.
    pub fn is_over(&self) -> bool {
        self.planned.iter().all(|planned| planned.times == 0)
    }

    /// An occasion for this fault: whether it strikes now.
    pub(super) fn strikes(&mut self, fault: Fault) -> bool {
        let planned = self.planned.iter_mut().find(|planned| planned.fault == fault && planned.times > 0);
        let Some(planned) = planned else { return false };
        if planned.after > 0 {
            planned.after -= 1;
            return false;
        }
        planned.times -= 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_named_with_its_times_and_its_delay() {
        let planned: PlannedFault = "partial-list*3@2".parse().unwrap();
        assert_eq!(planned, PlannedFault { fault: Fault::PartialList, times: 3, after: 2 });
        assert_eq!("vanish".parse::<PlannedFault>().unwrap(), Fault::Vanish.into());
        for wrong in ["", "vanished", "vanish*", "vanish@x"] {
            assert!(wrong.parse::<PlannedFault>().is_err(), "{wrong}");
        }
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse::<Fault>().unwrap(), fault);
        }
    }

    #[test]
    fn a_fault_waits_and_then_strikes_as_often_as_it_should() {
        let mut faults = Faults::new(["warn-500*2@1".parse().unwrap()]);
        let strikes: Vec<bool> = (0..4).map(|_| faults.strikes(Fault::Warn500)).collect();
        assert_eq!(strikes, [false, true, true, false]);
        assert!(faults.is_over());
    }
}
