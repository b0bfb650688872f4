//! `rollcall key`: the key that encrypts the secrets of connections.

use serde::Serialize;
use serde_json::json;

use crate::{
    store::{Db, Store},
    sync::vault::{Begun, KeyReport, Rotation},
};

use super::{
    Result,
    context::Context,
    failure::Failure,
    text::{table, time, yes},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Show which keys there are, by fingerprint, and what they seal. Never a key
    #[command(after_help = "Example:\n  rollcall key show --json")]
    Show,
    /// Put a new key in place of the one that seals the secrets of connections, while gateways run
    ///
    /// With a key file: makes a new key, writes it into the file, seals every secret anew, and drops the old key. With
    /// ROLLCALL_SECRET_KEY: put the new key before the old one, parted by a comma; start all gateways again with both; run
    /// this; then leave the old one out. If it is interrupted, run it again: it goes on.
    #[command(after_help = "Examples:
  rollcall key rotate
  ROLLCALL_SECRET_KEY=\"$(openssl rand -base64 32),$OLD_KEY\" rollcall key rotate

Gateways on other machines must have the new key as well: copy the key file to them, or use ROLLCALL_SECRET_KEY.
Make a backup of the key file afterwards: a database copy that is older needs the old one.")]
    Rotate,
}

pub(super) async fn run(context: &Context, command: Command) -> Result {
    let store = context.store().await?;
    match command {
        Command::Show => show(context, &store).await,
        Command::Rotate => rotate(context, &store).await,
    }
}

/// A key as it is told of.
#[derive(Debug, Serialize)]
struct KeyView {
    id: String,
    current: bool,
    /// Whether the setting or the file holds it.
    held: bool,
    secrets: u64,
    known_since: Option<chrono::DateTime<chrono::Utc>>,
}

async fn show(context: &Context, store: &Store) -> Result {
    let vault = context.vault.clone();
    let KeyReport { source, keys, .. } = store.read(move |db| vault.look(db)).await?;
    let keys: Vec<KeyView> = keys
        .into_iter()
        .map(|key| KeyView {
            id: key.id,
            current: key.current,
            held: key.held,
            secrets: key.secrets,
            known_since: key.known_since,
        })
        .collect();
    let answer = json!({ "source": source, "keys": keys });
    context.out.answer(&answer, |_| {
        let row = |key: &KeyView| {
            let (current, held) = (yes(key.current), yes(key.held));
            [key.id.clone(), current, held, key.secrets.to_string(), time(key.known_since)]
        };
        let rows = keys.iter().map(row).collect();
        let none = "There is no key yet: the first start of the gateway makes it.";
        let table = table(["KEY", "CURRENT", "HELD", "SECRETS", "SINCE"], rows, none);
        format!("keys come from {source}\n{table}")
    })
}

async fn rotate(context: &Context, store: &Store) -> Result {
    let rotation = context.vault.rotate(store, context.ambient.now()).await?;
    let vault = context.vault.clone();
    let report = store.read(move |db: &mut Db| vault.look(db)).await?;
    let answer = json!({
        "rotated": rotation.begun != Begun::Nothing,
        "resumed": rotation.begun == Begun::Resumed,
        "key": rotation.key_id,
        "resealed": rotation.resealed,
        "not_opened": rotation.left.iter().map(|(id, name)| json!({ "connection": id, "name": name })).collect::<Vec<_>>(),
    });
    context.out.answer(&answer, |_| told(&rotation, &report))?;
    match rotation.left.first() {
        None => Ok(()),
        Some((id, name)) => Err(Failure::new(
            "secrets_left",
            format!("{} secrets do not open, so they could not be sealed anew.", rotation.left.len()),
            format!(
                "Restore the key that they were sealed with, or enter them again: `rollcall connection set {id} --secret {name}=@FILE`."
            ),
        )),
    }
}

fn told(rotation: &Rotation, report: &KeyReport) -> String {
    let Rotation { begun, key_id, resealed, .. } = rotation;
    let head = match begun {
        Begun::New => format!("The key is {key_id} now."),
        Begun::Resumed => format!("A rotation that had not ended was finished: the key is {key_id}."),
        Begun::Nothing => {
            return format!(
                "Nothing to do: {key_id} is the first key of ROLLCALL_SECRET_KEY and seals everything.\n\
                 To rotate, put a new key before it (`openssl rand -base64 32` makes one), start all gateways again, \
                 and repeat this.\n"
            );
        }
    };
    let last = match (&report.file, rotation.left.is_empty()) {
        (_, false) => String::new(),
        (Some(path), true) => {
            format!("The old key is gone from {}: make a backup of the file.\n", path.display())
        }
        (None, true) => "The old key can be left out of ROLLCALL_SECRET_KEY.\n".into(),
    };
    format!("{head} {resealed} secrets were sealed anew.\n{last}")
}
