//! The key that seals the secrets of connections.

use std::path::PathBuf;

use url::Url;

use super::reader::{Reader, Setting};
use crate::domain::{key::Key, secret::Secret};

pub(super) const KEY: Setting = Setting {
    name: "ROLLCALL_SECRET_KEY",
    default: "",
    meaning: "the key that seals the secrets of connections: 32 bytes in base64 or hexadecimal; several, parted by commas or white space: all open, the first is the one to rotate to; unset: the key file",
    secret: true,
};

pub(super) const FILE: Setting = Setting {
    name: "ROLLCALL_KEY_FILE",
    default: "",
    meaning: "the file of that key, made at the first start; unset: beside the SQLite database, with .key after its name; with PostgreSQL HOST-NAME.key in /var/lib/rollcall where that folder is there, else in the folder rollcall of $XDG_DATA_HOME or ~/.local/share",
    secret: false,
};

/// Where the key comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretSettings {
    /// The keys that were given; without them, the key file counts.
    pub keys: Option<Vec<Key>>,
    pub key_file: PathBuf,
}

impl SecretSettings {
    /// `database` tells where the key file is when nothing else does.
    pub(super) fn read(reader: &mut Reader<'_>, database: Option<&Secret>) -> Option<Self> {
        let file = reader.text(&FILE);
        let text = reader.secret(&KEY)?;
        let keys = match text.reveal() {
            "" => None,
            _ if file.is_some() => {
                reader.mistake(FILE.name, format!("{} is set as well", KEY.name), "one of the two");
                return None;
            }
            text => match Key::read_all(text) {
                Ok(keys) => Some(keys),
                Err(wrong) => {
                    let expected = "32 bytes in base64 or hexadecimal: `openssl rand -base64 32` makes some";
                    reader.mistake(KEY.name, wrong, expected);
                    return None;
                }
            },
        };
        let key_file = match file {
            Some(file) => file.into(),
            None => of_database(database.map_or("", Secret::reveal), || reader.data_folder()),
        };
        Some(Self { keys, key_file })
    }
}

/// Beside a SQLite database. A server's is in no folder of ours: it is the same file wherever the gateway is started, and
/// each database has its own, for a rotation drops the keys that only other databases know.
fn of_database(database: &str, folder: impl FnOnce() -> PathBuf) -> PathBuf {
    match database.strip_prefix("sqlite:") {
        // A database in memory has no place; a URI is SQLite's to read.
        Some(path) if !path.starts_with("file:") && path != ":memory:" => format!("{path}.key").into(),
        Some(_) => folder().join("rollcall.key"),
        None => folder().join(format!("{}.key", name_of(database))),
    }
}

/// Host, port and name of a server's database, as a part of a file's name.
fn name_of(database: &str) -> String {
    let Ok(url) = Url::parse(database) else { return "rollcall".into() };
    let host = url.host_str().filter(|host| !host.is_empty()).unwrap_or("local");
    let port = url.port().map(|port| format!("-{port}")).unwrap_or_default();
    let name = url.path().trim_start_matches('/');
    let name = format!("{host}{port}-{}", if name.is_empty() { "rollcall" } else { name });
    name.replace(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '-' | '_'), "_")
}
