//! Identity providers that people may sign in with.

use std::{collections::BTreeSet, fs};

use serde::Deserialize;
use url::Url;

use super::reader::{Reader, Setting};
use crate::domain::{
    identity::{Family, ProviderSettings, Rules},
    secret::Secret,
};

pub(super) const ISSUER: Setting = Setting::plain(
    "ROLLCALL_OIDC_ISSUER",
    "",
    "the issuer of an OpenID Connect provider that people may sign in with, such as https://accounts.google.com; of Microsoft that of one tenant, https://login.microsoftonline.com/TENANT-ID/v2.0; unset: passwords only",
);

pub(super) const CLIENT_ID: Setting = Setting::plain(
    "ROLLCALL_OIDC_CLIENT_ID",
    "",
    "the ID that the provider gave to Rollcall; its callback is ROLLCALL_PUBLIC_URL/oidc/callback",
);

pub(super) const CLIENT_SECRET: Setting = Setting {
    name: "ROLLCALL_OIDC_CLIENT_SECRET",
    default: "",
    meaning: "the secret that belongs to that ID; unset: a client without one",
    secret: true,
};

pub(super) const NAME: Setting =
    Setting::plain("ROLLCALL_OIDC_NAME", "single sign-on", "what the button says after «Sign in with»");

pub(super) const ALLOW_PRIVATE: Setting = Setting::plain(
    "ROLLCALL_OIDC_ALLOW_PRIVATE_ADDRESS",
    "false",
    "true: the provider may be at a private address, and without TLS",
);

pub(super) const HOSTED_DOMAIN: Setting =
    Setting::plain("ROLLCALL_OIDC_HOSTED_DOMAIN", "", "of Google: only people of this Workspace domain");

pub(super) const TRUST_EMAIL: Setting = Setting::plain(
    "ROLLCALL_OIDC_TRUST_EMAIL",
    "false",
    "true: you vouch that nobody at this provider can give themselves another's e-mail, though it does not say that it verifies them (Microsoft without xms_edov)",
);

pub(super) const CREATE_FOR: Setting = Setting::plain(
    "ROLLCALL_OIDC_CREATE_FOR",
    "",
    "domains of e-mails, parted by commas, for whose people an account without companies is made at the first sign-in; unset: none is made",
);

pub(super) const FILE: Setting = Setting::plain(
    "ROLLCALL_OIDC_FILE",
    "",
    "a file with more providers: a JSON list of objects with issuer, client_id, client_secret or client_secret_file, name, and, where wanted, allow_private_address, hosted_domain, trust_email, create_for (a list)",
);

/// One provider as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
    client_secret_file: Option<String>,
    name: String,
    #[serde(default)]
    allow_private_address: bool,
    hosted_domain: Option<String>,
    #[serde(default)]
    trust_email: bool,
    #[serde(default)]
    create_for: Vec<String>,
}

/// The providers, in the order of their buttons.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<ProviderSettings> {
    let mut entries: Vec<(&str, Entry)> =
        by_variables(reader).map(|entry| (ISSUER.name, entry)).into_iter().collect();
    if let Some(path) = reader.text(&FILE) {
        entries.extend(by_file(reader, &path).into_iter().map(|entry| (FILE.name, entry)));
    }
    let mut ids = BTreeSet::new();
    let mut providers = Vec::new();
    for (at, entry) in entries {
        let Some(provider) = checked(reader, at, entry) else { continue };
        if ids.insert(provider.id.clone()) {
            providers.push(provider);
        } else {
            let wrong = format!("two providers are called `{}`", provider.name);
            reader.mistake(at, wrong, "a name of its own for each");
        }
    }
    providers
}

fn by_variables(reader: &mut Reader<'_>) -> Option<Entry> {
    let (issuer, client_id) = (reader.text(&ISSUER), reader.text(&CLIENT_ID));
    let secret = reader.secret(&CLIENT_SECRET)?;
    let (allow_private_address, trust_email) = (truth(reader, &ALLOW_PRIVATE)?, truth(reader, &TRUST_EMAIL)?);
    let (name, hosted_domain) = (reader.text(&NAME)?, reader.text(&HOSTED_DOMAIN));
    let create_for = reader.text(&CREATE_FOR).unwrap_or_default();
    let (issuer, client_id) = match (issuer, client_id) {
        (None, None) => return None,
        (Some(issuer), Some(client_id)) => (issuer, client_id),
        (Some(_), None) => {
            reader.mistake(CLIENT_ID.name, format!("{} is set without it", ISSUER.name), "both or neither");
            return None;
        }
        (None, Some(_)) => {
            reader.mistake(ISSUER.name, format!("{} is set without it", CLIENT_ID.name), "both or neither");
            return None;
        }
    };
    Some(Entry {
        issuer,
        client_id,
        client_secret: Some(secret.reveal().to_owned()).filter(|secret| !secret.is_empty()),
        client_secret_file: None,
        name,
        allow_private_address,
        hosted_domain,
        trust_email,
        create_for: create_for.split(',').map(str::to_owned).collect(),
    })
}

fn truth(reader: &mut Reader<'_>, setting: &Setting) -> Option<bool> {
    reader.checked(setting, "true or false", |text| match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err("it is neither".to_owned()),
    })
}

fn by_file(reader: &mut Reader<'_>, path: &str) -> Vec<Entry> {
    let expected = "a JSON list of providers: see the manual";
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            reader.mistake(FILE.name, format!("the file cannot be read: {error}"), expected);
            return Vec::new();
        }
    };
    match serde_json::from_str(&text) {
        Ok(entries) => entries,
        Err(error) => {
            // Its words could repeat a secret: only where it is.
            let wrong = format!("it is not understood at line {}, column {}", error.line(), error.column());
            reader.mistake(FILE.name, wrong, expected);
            Vec::new()
        }
    }
}

fn checked(reader: &mut Reader<'_>, at: &str, entry: Entry) -> Option<ProviderSettings> {
    let mut wrong = |wrong: String, expected: &str| {
        reader.mistake(at, format!("{}: {wrong}", entry.name), expected);
        None
    };
    let issuer = match Url::parse(&entry.issuer) {
        Ok(issuer) => issuer,
        Err(error) => return wrong(format!("the issuer is no address: {error}"), "an address"),
    };
    if issuer.scheme() != "https" && !(entry.allow_private_address && issuer.scheme() == "http") {
        return wrong("the issuer is not https".to_owned(), "https://…");
    }
    let family = match Family::of(&issuer) {
        Ok(family) => family,
        Err(why) => {
            let expected = "https://login.microsoftonline.com/TENANT-ID/v2.0, with the ID of your tenant";
            return wrong(format!("the issuer cannot be used: {why}"), expected);
        }
    };
    let client_secret = match (&entry.client_secret, &entry.client_secret_file) {
        (Some(_), Some(_)) => return wrong("client_secret_file is set as well".to_owned(), "one of the two"),
        (Some(secret), None) => Some(Secret::new(secret.as_str())),
        (None, None) => None,
        (None, Some(path)) => match fs::read_to_string(path) {
            Ok(secret) => Some(Secret::new(secret.trim_end_matches(['\r', '\n']))),
            Err(error) => return wrong(format!("{path} cannot be read: {error}"), "a file that can be read"),
        },
    };
    let id = id(&entry.name);
    if id.is_empty() {
        return wrong("the name has no letters that an address can hold".to_owned(), "such as Google");
    }
    let domain = |domain: String| domain.trim().trim_start_matches('@').to_ascii_lowercase();
    let create_for = entry.create_for.into_iter().map(domain).filter(|domain| !domain.is_empty()).collect();
    Some(ProviderSettings {
        id,
        name: entry.name,
        issuer: entry.issuer,
        client_id: entry.client_id,
        client_secret,
        allow_private: entry.allow_private_address,
        rules: Rules {
            family,
            trust_email: entry.trust_email,
            hosted_domain: entry.hosted_domain.map(domain).filter(|domain| !domain.is_empty()),
            create_for,
        },
    })
}

/// A name as a part of an address.
fn id(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::super::{MapSource, Mistakes, Settings};

    fn read(pairs: &[(&'static str, &str)]) -> Result<Settings, Mistakes> {
        let source: MapSource = pairs.iter().copied().collect();
        Settings::read(&source)
    }

    #[test]
    fn a_provider_is_set_by_variables_or_a_file_and_none_by_default() {
        assert!(read(&[]).unwrap().oidc.is_empty());
        let folder = tempfile::tempdir().unwrap();
        let (list, secret) = (folder.path().join("oidc.json"), folder.path().join("secret"));
        std::fs::write(&secret, "hush\n").unwrap();
        let entries = serde_json::json!([{
            "issuer": "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0",
            "client_id": "c-2", "client_secret_file": secret, "name": "Microsoft 365",
            "trust_email": true, "create_for": ["@Example.com"],
        }]);
        std::fs::write(&list, entries.to_string()).unwrap();
        let settings = read(&[
            ("ROLLCALL_OIDC_ISSUER", "https://accounts.google.com"),
            ("ROLLCALL_OIDC_CLIENT_ID", "c-1"),
            ("ROLLCALL_OIDC_NAME", "Google"),
            ("ROLLCALL_OIDC_HOSTED_DOMAIN", "Example.com"),
            ("ROLLCALL_OIDC_FILE", list.to_str().unwrap()),
        ])
        .unwrap();
        let [google, microsoft] = settings.oidc.as_slice() else { panic!("{:?}", settings.oidc) };
        assert_eq!(
            (google.id.as_str(), google.rules.hosted_domain.as_deref()),
            ("google", Some("example.com"))
        );
        assert_eq!((microsoft.id.as_str(), microsoft.rules.trust_email), ("microsoft-365", true));
        assert_eq!(microsoft.client_secret.as_ref().unwrap().reveal(), "hush");
        assert_eq!(microsoft.rules.create_for, ["example.com"]);
        assert!(!format!("{settings:?}").contains("hush"));
    }

    #[test]
    fn what_cannot_work_is_told_at_the_start() {
        let wrong = |pairs: &[(&'static str, &str)]| read(pairs).unwrap_err().to_string();
        let id = ("ROLLCALL_OIDC_CLIENT_ID", "c");
        assert!(wrong(&[id]).contains("ROLLCALL_OIDC_ISSUER"));
        assert!(
            wrong(&[("ROLLCALL_OIDC_ISSUER", "https://idp.example.com")]).contains("ROLLCALL_OIDC_CLIENT_ID")
        );
        for issuer in ["http://idp.example.com", "idp", "https://login.microsoftonline.com/common/v2.0"] {
            let text = wrong(&[("ROLLCALL_OIDC_ISSUER", issuer), id]);
            assert!(text.contains("ROLLCALL_OIDC_ISSUER"), "{text}");
        }
        let private = [
            ("ROLLCALL_OIDC_ISSUER", "http://127.0.0.1:1"),
            id,
            ("ROLLCALL_OIDC_ALLOW_PRIVATE_ADDRESS", "true"),
        ];
        assert!(read(&private).is_ok());
        assert!(wrong(&[("ROLLCALL_OIDC_TRUST_EMAIL", "yes")]).contains("true or false"));
        assert!(wrong(&[("ROLLCALL_OIDC_FILE", "/nonexistent")]).contains("ROLLCALL_OIDC_FILE"));
    }
}
