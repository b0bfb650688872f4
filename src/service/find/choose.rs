//! Chooses one of several objects, by its ID, its name, or the unique beginning of its ID.

use crate::domain::{name, similarity::distance};

/// Why no object was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChoiceError {
    /// None matches; `near` are similar names.
    Missing { near: Vec<String> },
    /// Several match; at most five of their IDs.
    Ambiguous { ids: Vec<String> },
}

/// The ID of the object that `wanted` means, among IDs with their names: an exact match first, then a name in any case,
/// then the beginning of an ID.
///
/// # Errors
/// Nothing matches, with similar names; or several do.
pub fn choose<I: AsRef<str> + Clone + Ord>(all: &[(I, String)], wanted: &str) -> Result<I, ChoiceError> {
    let wanted = wanted.trim();
    let key = name::key(wanted);
    let lower = wanted.to_lowercase();
    // The prefix of the ID alone, which names its kind, is not enough.
    let long = lower.split_once('_').is_some_and(|(_, rest)| !rest.is_empty());
    type Way<'a> = &'a dyn Fn(&str, &str) -> bool;
    let ways: [Way<'_>; 4] =
        [&|id, _| id == wanted, &|_, name| name == wanted, &|_, name| name::key(name) == key, &|id, _| {
            long && id.starts_with(&lower)
        }];
    for way in ways {
        let mut ids: Vec<&I> =
            all.iter().filter(|(id, name)| way(id.as_ref(), name)).map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [] => {}
            [only] => return Ok((*only).clone()),
            several => {
                let ids = several.iter().take(5).map(|id| id.as_ref().to_owned()).collect();
                return Err(ChoiceError::Ambiguous { ids });
            }
        }
    }
    Err(ChoiceError::Missing { near: near(all, &key) })
}

fn near<I>(all: &[(I, String)], key: &str) -> Vec<String> {
    let near = |name: &&str| {
        let name = name::key(name);
        let within = key.chars().count() >= 3 && (name.contains(key) || key.contains(&name));
        within || distance(&name, key) <= (key.chars().count() / 4).min(3)
    };
    let names = all.iter().map(|(_, name)| name.as_str()).filter(|name| !name.is_empty());
    let mut near: Vec<&str> = names.filter(near).collect();
    near.dedup();
    near.into_iter().take(3).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::{ChoiceError, choose};

    fn chosen(wanted: &str) -> Result<String, ChoiceError> {
        let all =
            [("com_01ab", "Acme"), ("com_01cd", "Birch & Sons"), ("com_02", "birch"), ("com_03", "Birch")];
        choose(&all.map(|(id, name)| (id.to_owned(), name.to_owned())), wanted)
    }

    #[test]
    fn one_is_named_by_its_id_its_beginning_or_its_name_whatever_the_case() {
        for (wanted, id) in [
            ("com_01ab", "com_01ab"),
            ("com_01A", "com_01ab"),
            (" ACME", "com_01ab"),
            ("Birch", "com_03"),
            ("BIRCH & sons", "com_01cd"),
        ] {
            assert_eq!(chosen(wanted).as_deref(), Ok(id), "{wanted}");
        }
        for (wanted, ids) in [("BIRCH", ["com_02", "com_03"]), ("com_01", ["com_01ab", "com_01cd"])] {
            let ids = ids.map(str::to_owned).to_vec();
            assert_eq!(chosen(wanted), Err(ChoiceError::Ambiguous { ids }), "{wanted}");
        }
        for wanted in ["Acne", "acm"] {
            assert_eq!(chosen(wanted), Err(ChoiceError::Missing { near: vec!["Acme".into()] }), "{wanted}");
        }
        for wanted in ["com_", "Zenith"] {
            assert_eq!(chosen(wanted), Err(ChoiceError::Missing { near: vec![] }), "{wanted}");
        }
    }
}
