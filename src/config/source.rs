//! Where settings come from.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Where a service keeps what is its own.
const SYSTEM_FOLDER: &str = "/var/lib/rollcall";

/// Names to values.
pub trait Source {
    /// The value of `name`, if it is set.
    fn get(&self, name: &str) -> Option<String>;

    /// The folder for what the program keeps by itself where nothing says where: an absolute one.
    fn data_folder(&self) -> PathBuf {
        SYSTEM_FOLDER.into()
    }

    /// All names that are set, where the source can tell.
    fn names(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The environment of the process.
#[derive(Debug, Clone, Copy)]
pub struct Environment;

impl Source for Environment {
    fn get(&self, name: &str) -> Option<String> {
        // A value that is not Unicode arrives mangled and fails its own check, with its name.
        std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
    }

    /// That of a service where there is one, whoever calls; else that of the user (XDG Base Directory Specification).
    fn data_folder(&self) -> PathBuf {
        if Path::new(SYSTEM_FOLDER).is_dir() {
            return SYSTEM_FOLDER.into();
        }
        let absolute =
            |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let users = absolute("XDG_DATA_HOME").or_else(|| absolute("LOCALAPPDATA"));
        let users = users.or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
        users.map_or_else(|| SYSTEM_FOLDER.into(), |folder| folder.join("rollcall"))
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

/// A map: for tests, and for what the command line gave.
#[derive(Debug, Clone, Default)]
pub struct MapSource(BTreeMap<String, String>);

impl MapSource {
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for MapSource {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Source for MapSource {
    fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }
}

/// `upper` (the flags) over `lower` (the environment).
#[derive(Debug, Clone, Copy)]
pub struct Overlay<U, L> {
    pub upper: U,
    pub lower: L,
}

impl<U: Source, L: Source> Source for Overlay<U, L> {
    fn get(&self, name: &str) -> Option<String> {
        if let Some(value) = set(&self.upper, name) {
            return Some(value);
        }
        // `NAME` above hides `NAME_FILE` below, and the other way round: the flag wins, it is no contradiction.
        let sibling = name.strip_suffix("_FILE").map_or_else(|| format!("{name}_FILE"), str::to_owned);
        match set(&self.upper, &sibling) {
            Some(_) => None,
            None => self.lower.get(name),
        }
    }

    fn data_folder(&self) -> PathBuf {
        self.lower.data_folder()
    }

    fn names(&self) -> Vec<String> {
        let mut names = self.upper.names();
        names.extend(self.lower.names());
        names.sort();
        names.dedup();
        names
    }
}

/// The value of `name`, unless it is unset or blank: a line `NAME=` in an env file is no answer.
pub(super) fn set(source: &(impl Source + ?Sized), name: &str) -> Option<String> {
    source.get(name).filter(|value| !value.trim().is_empty())
}
