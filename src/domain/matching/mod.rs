//! Which profile may belong to which record: suggestions with levels and reasons. Pure: no clock, no randomness, no I/O.
//!
//! Both sides are prepared once; words that are alike make candidates; each pair is compared field by field; the weights
//! of what was found are added up; «each has at most one» acts on all pairs at once; and a short list of hard rules
//! decides what is `certain`. The weights order and inform, the rules protect: the names of people alone are never
//! certain, for nothing in two lists shows that somebody else bears the same name.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `tables` | what is known of names: frequencies, short forms, spellings |
//! | `text`, `person`, `mailbox`, `business` | normalization |
//! | `skeleton`, `slips`, `lexicon` | words, and how they are alike |
//! | `side` | one side, prepared: words to entries, frequencies, namesakes |
//! | `candidates` | the pairs that are worth comparing |
//! | `compare`, `customers` | pairs, field by field, and their weights |
//! | `assign` | each has at most one |
//! | `rules` | what is certain |
//! | `reasons` | what people read |
//! | `matcher` | two sides that follow their lists |

mod assign;
mod business;
mod candidates;
mod compare;
mod customers;
mod lexicon;
mod mailbox;
mod matcher;
mod person;
mod reasons;
mod rules;
mod side;
mod skeleton;
mod slips;
mod tables;
#[cfg(test)]
mod tests;
mod text;

pub use matcher::{Matcher, Pair, Side};

/// One record or profile, as far as matching looks at it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// The ID of the record, or the app's ID of the profile.
    pub id: String,
    pub name: String,
    /// With its parents, `Parent:Job`, where the list is a tree.
    pub full_name: Option<String>,
    pub first_name: Option<String>,
    pub middle_name: Option<String>,
    pub last_name: Option<String>,
    pub company_name: Option<String>,
    pub email: Option<String>,
    pub standing: Standing,
}

/// Whether an entry is to be matched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Standing {
    /// It has no link, and may get one.
    #[default]
    Free,
    /// It is linked.
    Linked,
    /// It is inactive, absent or ignored. It is never suggested, nor is what is linked; both are looked at for namesakes.
    Aside,
}

pub use crate::domain::words::MatchLevel as Level;
