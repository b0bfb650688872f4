//! The registry: each kind of connection that this version has, in one line.
//!
//! A new source touches three places: a folder beside this file with its [`Spec`] and its wire, a line in [`ALL`], and a
//! simulator in `simulators/`. A word in `domain/words.rs` comes to it where [`Kind`] does not know it yet, and README's
//! table, for which a test asks. Settings, secrets, `--help`, the API's description, schedules, states, webhooks and what
//! people are told follow from the specification: nothing outside of this room asks which kind it is, which another test
//! holds.

use std::{collections::BTreeMap, sync::LazyLock};

use url::Url;

use crate::domain::words::{Cause, Kind};

use super::{
    calls_in::SetupError,
    connector::Connector,
    connectwise, paycom,
    polled::Polled,
    push, quickbooks_desktop,
    settings::{self, SettingsError},
    spec::Spec,
};

/// One line a kind.
pub static ALL: &[&dyn Connector] =
    &[&quickbooks_desktop::QuickbooksDesktop, &paycom::Paycom, &connectwise::Connectwise, &push::Push];

/// The connector of a kind.
///
/// # Errors
/// A kind of which this version can make no connections.
pub fn of(kind: Kind) -> Result<&'static dyn Connector, SettingsError> {
    let found = ALL.iter().copied().find(|connector| connector.spec().kind == kind);
    found.ok_or_else(|| no_connector(kind))
}

fn no_connector(kind: Kind) -> SettingsError {
    SettingsError::NoConnector { kind, known: known() }
}

/// What is to be said of a kind; `None` where this version can make no connections of it.
pub fn spec(kind: Kind) -> Option<&'static Spec> {
    of(kind).ok().map(Connector::spec)
}

/// What is to be said of each kind.
pub fn specs() -> impl Iterator<Item = &'static Spec> {
    ALL.iter().map(|connector| connector.spec())
}

/// The words of the kinds.
pub fn words() -> &'static [&'static str] {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| specs().map(|spec| spec.kind.as_str()).collect());
    &WORDS
}

/// The same, parted by commas.
fn known() -> String {
    words().join(", ")
}

/// A kind that this version can make connections of, by its word.
///
/// # Errors
/// Those that there are, for people.
pub fn kind(word: &str) -> Result<Kind, String> {
    let found = specs().map(|spec| spec.kind).find(|kind| kind.as_str() == word);
    found.ok_or_else(|| {
        format!("`{word}` is no kind of connection that this version has; it has: {}", known())
    })
}

/// The settings of a connection of `kind` as JSON: those of `before` (JSON, or none) with `changes` applied. An empty
/// text puts a setting back to its default.
///
/// # Errors
/// A kind without a connector; a setting that the kind does not have, or a value that it does not take.
pub fn settings(
    kind: Kind,
    before: Option<&str>,
    changes: &BTreeMap<String, String>,
) -> Result<String, SettingsError> {
    let connector = of(kind)?;
    let settings = settings::change(connector.spec(), before, changes)?;
    connector.check(&settings)?;
    Ok(settings)
}

/// Whether connections of a kind are polled.
pub fn is_polled(kind: Kind) -> bool {
    spec(kind).is_some_and(Spec::is_polled)
}

/// The settings of a connection that is polled, read.
///
/// # Errors
/// A kind that is not polled; settings that this version does not understand.
pub fn polled(kind: Kind, settings: &str) -> Result<Box<dyn Polled>, SettingsError> {
    of(kind)?.polled(settings).unwrap_or_else(|| Err(no_connector(kind)))
}

/// The account whose credentials the settings of a connection (JSON) name, if they name one.
pub fn lender(kind: Kind, settings: &str) -> Option<String> {
    spec(kind).filter(|spec| !spec.account_secrets.is_empty())?;
    let stored: serde_json::Value = serde_json::from_str(settings).ok()?;
    let named = stored.get(settings::CREDENTIALS)?.as_str()?;
    named.strip_prefix(settings::OF_ACCOUNT).map(str::to_owned)
}

/// What to look at where most of a list is missing, of the kinds that have something of their own.
pub fn mass_absence_hint() -> String {
    let hints: Vec<&str> =
        specs().map(|spec| spec.words.mass_absence).filter(|hint| !hint.is_empty()).collect();
    if hints.is_empty() { String::new() } else { format!(" ({})", hints.join("; ")) }
}

/// Whether the programs of those kinds whose sources call in would take the gateway's address.
///
/// # Errors
/// What the first of them would refuse, for people.
pub fn check_public_url(address: &Url) -> Result<(), SetupError> {
    ALL.iter().filter_map(|connector| connector.calls_in()).try_for_each(|kind| kind.check_address(address))
}

/// The cause that the code of a problem stands for, whichever kind has it.
pub fn cause_of(code: &str) -> Option<Cause> {
    let mut all = specs().flat_map(|spec| spec.causes);
    all.find(|(known, _)| *known == code).map(|(_, cause)| *cause)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::connectors::{
        source::Limit,
        spec::{FoundBy, Moves, Value, Within},
    };

    #[test]
    fn every_kind_stands_once_and_its_names_are_each_one() {
        let kinds: BTreeSet<Kind> = specs().map(|spec| spec.kind).collect();
        assert_eq!(kinds.len(), ALL.len());
        for spec in specs() {
            let settings: BTreeSet<&str> = spec.settings.iter().map(|setting| setting.name).collect();
            let secrets: BTreeSet<&str> = spec.secrets.iter().map(|secret| secret.name).collect();
            assert_eq!((settings.len(), secrets.len()), (spec.settings.len(), spec.secrets.len()));
            assert!(settings.is_disjoint(&secrets), "{}", spec.kind);
            assert!(!spec.lists.is_empty() && !spec.words.next_steps.is_empty(), "{}", spec.kind);
        }
    }

    #[test]
    fn what_a_kind_can_do_is_what_its_specification_says() {
        for connector in ALL {
            let spec = connector.spec();
            assert_eq!(connector.polled("{}").is_some(), spec.is_polled(), "{}", spec.kind);
            assert_eq!(connector.calls_in().is_some(), spec.moves == Moves::CallsIn, "{}", spec.kind);
            assert_eq!(connector.hook().is_some(), spec.webhooks.is_some(), "{}", spec.kind);
        }
    }

    #[test]
    fn a_kind_whose_webhooks_may_name_a_tenant_tells_the_tenant_of_its_settings() {
        for connector in ALL {
            let spec = connector.spec();
            let required = spec.settings.iter().filter(|setting| setting.value == Value::Required);
            let given: BTreeMap<&str, &str> =
                required.map(|setting| (setting.name, "https://a.example")).collect();
            let settings = serde_json::to_string(&given).unwrap();
            let by_tenant = spec.webhooks.is_some_and(|webhooks| webhooks.found == FoundBy::AddressOrTenant);
            assert_eq!(connector.tenant(&settings).is_some(), by_tenant, "{}", spec.kind);
        }
    }

    #[test]
    fn what_a_specification_says_of_requests_under_way_is_kept_to() {
        for connector in ALL {
            let Some(Ok(polled)) = connector.polled("{}") else { continue };
            let said = connector.spec().rates.iter().filter(|rate| rate.within == Within::InFlight);
            let said: BTreeSet<u32> = said.map(|rate| rate.requests).collect();
            let kept = polled.rates(&BTreeMap::new()).into_iter().filter_map(|rate| match rate.limit {
                Limit::InFlight(most) => Some(most),
                _ => None,
            });
            assert_eq!(kept.collect::<BTreeSet<u32>>(), said, "{}", connector.spec().kind);
        }
    }

    /// Where the type of a kind's settings lacks one, or has one more, it cannot be read.
    #[test]
    fn the_defaults_of_a_specification_are_settings_of_its_kind() {
        for connector in ALL {
            let spec = connector.spec();
            if let Some(polled) = connector.polled("{}") {
                assert!(polled.is_ok(), "{}", spec.kind);
            }
            let required = spec.settings.iter().any(|setting| setting.value == Value::Required);
            let made = settings(spec.kind, None, &BTreeMap::new());
            assert_eq!(made.is_err(), required, "{}: {made:?}", spec.kind);
        }
    }

    #[test]
    fn no_error_about_a_setting_repeats_its_value_or_a_name_that_is_none() {
        const CANARY: &str = "sk-CANARY-51H8";
        for spec in specs() {
            let refused = |name: &str, value: &str| {
                let changes = BTreeMap::from([(name.to_owned(), value.to_owned())]);
                settings(spec.kind, None, &changes).err().map(|error| error.to_string())
            };
            for setting in spec.settings {
                for value in [
                    CANARY,
                    "sk-CANARY 09:00-10:00",
                    "09:00-10:00 sk-CANARY",
                    "https://sk-CANARY:x@h",
                    "a b/CANARY",
                ] {
                    let told = refused(setting.name, value).unwrap_or_default();
                    assert!(!told.contains("CANARY"), "{}", told);
                }
            }
            let told = refused(CANARY, "x").unwrap();
            assert!(told.contains("no setting of that name") && !told.contains("CANARY"), "{told}");
            for setting in spec.settings {
                let near = format!("{}x", setting.name);
                let told = refused(&near, CANARY).unwrap();
                assert!(told.contains(&format!("did you mean `{}`", setting.name)), "{told}");
            }
        }
    }
}
