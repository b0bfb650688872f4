//! What is to be said of a kind of connection, as data. The checks of settings and secrets, `--help`, the API's
//! description, README's tables, the doctor and the words for people are made from it.

use crate::domain::words::{Cause, Kind, List};

/// All that is known of a kind before there is a connection of it.
#[derive(Debug)]
pub struct Spec {
    pub kind: Kind,
    /// What people call it; a connection without a name is called so.
    pub name: &'static str,
    /// What happens, as a sentence.
    pub summary: &'static str,
    pub settings: &'static [Setting],
    pub secrets: &'static [SecretSpec],
    /// What an account can lend in their place: one of these sets. Empty where the kind takes no account's.
    pub account_secrets: &'static [&'static [SecretSpec]],
    /// In the order in which they are read.
    pub lists: &'static [List],
    pub moves: Moves,
    /// `None` where its source sends none.
    pub webhooks: Option<Webhooks>,
    /// What the vendor allows, for people; what is kept to is in [`super::source::Rate`].
    pub rates: &'static [RateSpec],
    /// Codes of the kind's own problems, and the causes that they stand for.
    pub causes: &'static [(&'static str, Cause)],
    pub words: Words,
}

/// How lists come here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moves {
    /// A program beside the source calls the gateway and is asked.
    CallsIn,
    /// The gateway asks the source.
    Polled,
    /// The source sends messages, when it likes.
    Pushes,
}

/// How a kind's webhooks come here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Webhooks {
    pub found: FoundBy,
    pub set_up: SetUp,
    /// Whether a sender is told that another message came under the same ID: it can send it under another. A vendor
    /// cannot.
    pub tells_reuse: bool,
}

/// How the connection of a webhook is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoundBy {
    /// `/webhooks/{connection_id}`.
    Address,
    /// By that address, which is what a program registers; or at one address for all of the vendor's tenants,
    /// `/webhooks/{kind}`: the body says whose it is.
    AddressOrTenant,
}

/// Who sees to it that the source sends webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetUp {
    /// `rollcall connection subscribe`.
    ByProgram,
    /// A person at the vendor; what to do is said.
    ByHand(&'static str),
    /// Nobody has to: the sender is told the address. What to do is said.
    BySender(&'static str),
}

/// How much a vendor takes. Several may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateSpec {
    pub requests: u32,
    pub within: Within,
    pub counted: Counted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    Second,
    Minute,
    Hour,
    /// Under way at the same time.
    InFlight,
}

/// What a vendor counts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    ByCredential,
    ByEndpoint,
}

/// A setting of a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    pub name: &'static str,
    /// What a form calls it.
    pub label: &'static str,
    pub value: Value,
    /// What it decides, in a line.
    pub meaning: &'static str,
    /// Where the vendor shows it; empty where no vendor does.
    pub shown: &'static str,
}

impl Setting {
    pub const fn new(name: &'static str, label: &'static str, value: Value, meaning: &'static str) -> Self {
        Self { name, label, value, meaning, shown: "" }
    }

    #[must_use]
    pub const fn shown(self, shown: &'static str) -> Self {
        Self { shown, ..self }
    }
}

/// What a setting takes, and what it is where nothing is set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    Text {
        default: &'static str,
    },
    /// Without it nothing can be asked.
    Required,
    Switch {
        default: bool,
    },
    Number {
        least: u32,
        most: u32,
        default: u32,
    },
    Word {
        known: &'static [&'static str],
        default: &'static str,
    },
    /// Hours of the day in a time zone; empty for always.
    Window,
}

/// The bound of a number that has none.
pub const UNBOUNDED: u32 = u32::MAX;

impl Value {
    /// As it is stored.
    pub fn default(&self) -> serde_json::Value {
        match *self {
            Self::Text { default } | Self::Word { default, .. } => default.into(),
            Self::Required | Self::Window => "".into(),
            Self::Switch { default } => default.into(),
            Self::Number { default, .. } => default.into(),
        }
    }
}

/// A secret of a connection: what a source wants to know of us, or signs its webhooks with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecretSpec {
    pub name: &'static str,
    /// Made by us where none is given, with this before it, and shown once; without it, it must be given.
    pub generated: Option<&'static str>,
    /// What it is, for people.
    pub meaning: &'static str,
}

impl SecretSpec {
    /// One that the source gives out.
    pub const fn given(name: &'static str, meaning: &'static str) -> Self {
        Self { name, generated: None, meaning }
    }
}

/// What people are told of a kind. In these texts `{id}` stands for the connection's ID, `{origin}` for the gateway's
/// address and `{webhook}` for the connection's own; [`fill`] puts them in.
#[derive(Debug)]
pub struct Words {
    /// What follows `rollcall connection add KIND --company Acme` in an example.
    pub example: &'static str,
    /// What is to be done after a connection was added, in the order in which it is done.
    pub next_steps: &'static str,
    /// What to do where its source was never heard.
    pub never_heard: &'static str,
    /// What to do where lists were not read yet.
    pub not_read: &'static str,
    /// What to look at where most of a list is missing; empty where there is nothing of its own.
    pub mass_absence: &'static str,
}

/// A text with its places filled.
pub fn fill(text: &str, id: &str, origin: &str) -> String {
    let webhook = format!("{origin}/webhooks/{id}");
    text.replace("{webhook}", &webhook).replace("{origin}", origin).replace("{id}", id)
}

impl Spec {
    pub fn setting(&self, name: &str) -> Option<&'static Setting> {
        self.settings.iter().find(|setting| setting.name == name)
    }

    pub fn secret(&self, name: &str) -> Option<&'static SecretSpec> {
        self.secrets.iter().find(|secret| secret.name == name)
    }

    /// How many requests the vendor answers at the same time, by what it counts by; `None` where it does not say.
    pub fn in_flight(&self, counted: Counted) -> Option<u32> {
        let mut bounds = self.rates.iter().filter(|rate| rate.within == Within::InFlight);
        bounds.find(|rate| rate.counted == counted).map(|rate| rate.requests)
    }

    pub fn is_polled(&self) -> bool {
        self.moves == Moves::Polled
    }
}
