//! The settings of a connection to QuickBooks Desktop.

use serde::{Deserialize, Serialize};

use crate::{
    connectors::{SettingsError, settings::wrong},
    domain::schedule::Window,
};

use super::spec::SPEC;

/// How a company file is synchronised. The defaults are in its specification, `SPEC`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// What the Web Connector shows as the application's name.
    pub app_name: String,
    /// Full Windows path of the company file to open; empty for the one that is open in QuickBooks.
    pub company_file: String,
    /// Customers a page (`MaxReturned`), 1 to 10,000.
    pub page_size: u32,
    /// How often the Web Connector is to call, in minutes; written into the `.qwc` file.
    pub run_every_minutes: u32,
    /// A call sooner after the last run than this many seconds is told that nothing is due.
    pub min_interval_seconds: u32,
    /// How often the whole list is read, in hours; 0 for every time.
    pub full_every_hours: u32,
    /// How far a delta reaches back before the newest change seen, in minutes. More than an hour, because QuickBooks'
    /// local time repeats one when daylight saving time ends.
    pub delta_overlap_minutes: u32,
    /// Hours in which it may synchronise, like `22:00-06:00 America/New_York`; empty for always.
    pub window: String,
}

#[cfg(test)]
impl Default for Settings {
    fn default() -> Self {
        Self::read("{}").unwrap()
    }
}

impl Settings {
    /// Those of a connection, as they are stored.
    ///
    /// # Errors
    /// [`SettingsError::Unreadable`].
    pub fn read(stored: &str) -> Result<Self, SettingsError> {
        crate::connectors::settings::load(&SPEC, stored)
    }

    /// The company file to open; empty for the one that is open. What is no path is not sent: the Web Connector takes
    /// `none` and `nvu` for an answer of their own.
    pub fn path(&self) -> &str {
        if is_full_path(&self.company_file) { &self.company_file } else { "" }
    }

    /// The hours in which it may synchronise; `None` for always.
    pub fn window(&self) -> Option<Window> {
        Window::try_from(self.window.clone()).ok()
    }
}

impl Settings {
    /// What each setting by itself does not show.
    ///
    /// # Errors
    /// The setting and what it must be.
    pub(super) fn check(&self) -> Result<(), SettingsError> {
        if !self.company_file.is_empty() && !is_full_path(&self.company_file) {
            let why = "must be the full Windows path of the company file, without blanks around it, such as \
                       `C:\\Books\\Acme.QBW` or `\\\\server\\books\\Acme.QBW`; leave it empty for the file that is open";
            return Err(wrong("company_file", why));
        }
        Ok(())
    }
}

/// Whether a text is the full path of a file on Windows: on a drive, or at a server.
fn is_full_path(path: &str) -> bool {
    let is_slash = |c: char| matches!(c, '\\' | '/');
    let odd = |c: char| c.is_control() || matches!(c, '<' | '>' | '"' | '|' | '?' | '*');
    if path.trim() != path || path.contains(odd) || path.ends_with(is_slash) {
        return false;
    }
    let mut start = path.chars();
    match (start.next(), start.next(), start.next()) {
        (Some(drive), Some(':'), Some(slash)) if drive.is_ascii_alphabetic() && is_slash(slash) => {
            start.next().is_some()
        }
        (Some('\\'), Some('\\'), Some(_)) => {
            path.split(is_slash).skip(2).filter(|part| !part.is_empty()).count() >= 3
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(company_file: &str) -> Result<(), SettingsError> {
        Settings { company_file: company_file.into(), ..Settings::default() }.check()
    }

    #[test]
    fn only_the_full_path_of_a_file_is_taken() {
        for path in [
            "",
            r"C:\Acme.QBW",
            r"C:\My Books\Acme & Söhne.QBW",
            "d:/books/acme.qbw",
            r"\\server\books\Acme.QBW",
        ] {
            assert_eq!(check(path), Ok(()), "{path}");
            let settings = Settings { company_file: path.into(), ..Settings::default() };
            assert_eq!(settings.path(), path);
        }
        for wrong in [
            "none",
            "nvu",
            "busy",
            "NONE",
            " ",
            r" C:\Acme.QBW",
            "C:\\Acme.QBW ",
            "Acme.QBW",
            r"Books\Acme.QBW",
            r"\Acme.QBW",
            "C:Acme.QBW",
            r"C:\",
            r"C:\Books\",
            r"\\server",
            r"\\server\Acme.QBW",
            "C:\\a\nb.QBW",
            "/srv/acme.qbw",
            "C:\\a?.QBW",
        ] {
            let words = check(wrong).unwrap_err().to_string();
            assert!(words.contains("full Windows path"), "{wrong}: {words}");
            let settings = Settings { company_file: wrong.into(), ..Settings::default() };
            assert_eq!(settings.path(), "", "{wrong}");
        }
    }
}
