//! Which database.

use super::reader::{Reader, Setting};
use crate::domain::secret::Secret;

pub(super) const URL: Setting = Setting {
    name: "ROLLCALL_DATABASE_URL",
    default: "sqlite:rollcall.db",
    meaning: "the database: sqlite:FILE, or postgres://USER:PASSWORD@HOST/NAME",
    secret: true,
};

/// Where everything is kept.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// `sqlite:…`, `postgres://…` or `postgresql://…`. A secret, for it may hold a password.
    pub url: Secret,
}

impl DatabaseSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let url = reader.secret(&URL)?;
        match check(url.reveal()) {
            Ok(()) => Some(Self { url }),
            Err(wrong) => {
                reader.mistake(URL.name, wrong, "sqlite:FILE or postgres://USER:PASSWORD@HOST/NAME");
                None
            }
        }
    }
}

/// The scheme decides the backend; anything else would become a SQLite file of a strange name.
fn check(url: &str) -> Result<(), String> {
    match url.split_once(':') {
        Some(("sqlite", "" | "//")) => Err("the file's name is missing".to_owned()),
        Some(("sqlite", _)) => Ok(()),
        Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(()),
        Some(("postgres" | "postgresql", _)) => Err("\"//\" is missing after the scheme".to_owned()),
        Some(_) => Err("its scheme is not supported".to_owned()),
        None => Err("it has no scheme".to_owned()),
    }
}
