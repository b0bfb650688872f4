//! Signing in with an identity provider (OpenID Connect).
//!
//! The browser carries what ties the two steps together, sealed: strangers who begin and never come back cost nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    codec::seal::{self, NONCE},
    connectors::identity::{Flow, Provider, Providers},
    domain::{
        access::{Actor, Origin},
        audit::Act,
        identity::Identity,
        ids::new_id,
        key::Key,
        secret::{Secret, SecretHash},
        words::{ActorKind, AuditAction, Role, SignInMethod},
    },
    service::{Class, Refusal, Result},
    store::{
        self, Store, WriteDb,
        accounts::{self, Account},
        audit, sign_in,
    },
    sync::vault::SIGN_IN,
};

use super::{Desk, Entered, NewSession, Place, remember, session};

/// For how long a person may take at the provider.
pub const FLOW_LIFE: TimeDelta = TimeDelta::minutes(10);

/// The longest address on our side to which a person is led afterwards.
const LONGEST_NEXT: usize = 512;

/// A person is on the way to a provider.
#[derive(Debug)]
pub struct Begun {
    /// Where the browser goes.
    pub url: Url,
    /// Tells this attempt from those of other tabs: a part of the cookie's name.
    pub attempt: String,
    /// The cookie that the browser brings back.
    pub cookie: Secret,
}

/// What the browser brings back from the provider.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub state: String,
    pub code: Option<Secret>,
    /// The provider's own code of an error.
    pub error: Option<String>,
    pub issuer: Option<String>,
}

/// What is known of the browser.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// The cookie of the attempt.
    pub flow: Option<Secret>,
    pub place: Place,
    /// The session before, which ends.
    pub before: Option<SecretHash>,
    pub device: Option<Secret>,
}

/// What the cookie of an attempt holds.
#[derive(Serialize, Deserialize)]
struct Carried {
    provider: String,
    nonce: String,
    verifier: String,
    next: String,
    at: i64,
}

/// A person who came back from a provider, and has signed in.
#[derive(Debug)]
pub struct Finished {
    pub entered: Entered,
    /// Where the person wants to go.
    pub next: String,
    /// The e-mail of an account that was there before, if it is bound to the person only now: its owner is to know.
    pub bound: Option<String>,
}

/// Sends a person to a provider. `next` is where on our side the person wants to go then.
///
/// # Errors
/// `provider_unavailable`.
pub async fn begin(desk: &Desk, provider: &Provider, next: &str) -> Result<Begun> {
    let (now, random) = (desk.ambient.now(), || URL_SAFE_NO_PAD.encode(desk.ambient.entropy.bytes()));
    let flow = Flow {
        state: Secret::new(random()),
        nonce: Secret::new(random()),
        verifier: Secret::new([random(), random(), random()].concat()),
    };
    let url = provider.authorize(&flow, now).await.map_err(|error| {
        tracing::warn!(provider = provider.settings().id, %error, "nobody can sign in with the provider now");
        Refusal::new(
            Class::SourceFailed,
            "provider_unavailable",
            format!("{} does not answer as it should.", provider.settings().name),
            "Try again in a while, or sign in with a password. The gateway's log has the reason.",
        )
    })?;
    let carried = Carried {
        provider: provider.settings().id.clone(),
        nonce: flow.nonce.reveal().to_owned(),
        verifier: flow.verifier.reveal().to_owned(),
        next: next_of(next),
        at: now.timestamp(),
    };
    let plain = serde_json::to_vec(&carried).map_err(Refusal::internal)?;
    let mut nonce = [0; NONCE];
    nonce.iter_mut().zip(desk.ambient.entropy.bytes()).for_each(|(to, random)| *to = random);
    let sealed = seal::seal(&key(desk).await?, nonce, PLACE, flow.state.reveal(), &plain);
    let cookie = Secret::new(URL_SAFE_NO_PAD.encode(sealed.map_err(Refusal::internal)?));
    Ok(Begun { url, attempt: attempt(flow.state.reveal()), cookie })
}

/// The part of the cookie's name that belongs to a state.
pub fn attempt(state: &str) -> String {
    let hash = blake3::hash(state.as_bytes());
    hash.to_hex().chars().take(12).collect()
}

/// Signs a person in whom a provider sent back.
///
/// # Errors
/// `sign_in_expired`, where the attempt is over or of another browser; `sign_in_refused` for all else, the reason is in the
/// log.
pub async fn finish(
    desk: &Desk,
    providers: &Providers,
    answer: Answer,
    browser: Browser,
) -> Result<Finished> {
    let now = desk.ambient.now();
    let carried = opened(&key(desk).await?, &answer.state, browser.flow.as_ref(), now).ok_or_else(expired)?;
    let provider = providers.get(&carried.provider).ok_or_else(expired)?;
    let identity =
        identified(provider, &carried, &answer, now).await.map_err(|why| refused(provider, &why))?;
    let (issuer, work) = (provider.settings().issuer.clone(), desk.clone());
    let entered = entered(&desk.store, work, answer.state, issuer, identity, browser, now).await?;
    match entered {
        Ok((entered, bound)) => Ok(Finished { entered, next: carried.next, bound }),
        Err(Unknown::Used) => Err(expired()),
        Err(why) => Err(refused(provider, &why)),
    }
}

/// What of the cookie is believed.
fn opened(key: &Key, state: &str, cookie: Option<&Secret>, now: DateTime<Utc>) -> Option<Carried> {
    let sealed = URL_SAFE_NO_PAD.decode(cookie?.reveal()).ok()?;
    let carried: Carried = serde_json::from_slice(&seal::open(key, PLACE, state, &sealed).ok()?).ok()?;
    let age = now.timestamp() - carried.at;
    (0..FLOW_LIFE.num_seconds()).contains(&age).then_some(carried)
}

/// Who the provider says it is, as far as that is believed.
async fn identified(
    provider: &Provider,
    carried: &Carried,
    answer: &Answer,
    now: DateTime<Utc>,
) -> Result<Identity, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    provider.answered(answer.issuer.as_deref(), now).await.map_err(|error| said(&error))?;
    let Some(code) = &answer.code else {
        let error = answer.error.as_deref().unwrap_or("no code");
        let plain = error.chars().filter(char::is_ascii_graphic).take(64).collect::<String>();
        return Err(format!("the provider says {plain:?}"));
    };
    let flow = Flow {
        state: Secret::new(answer.state.as_str()),
        nonce: Secret::new(carried.nonce.as_str()),
        verifier: Secret::new(carried.verifier.as_str()),
    };
    let claims = provider.exchange(&flow, code.reveal(), now).await.map_err(|error| said(&error))?;
    provider.settings().rules.identity(claims).map_err(|doubt| said(&doubt))
}

/// Why a person who is known to the provider has no account here, for the log.
#[derive(Debug, thiserror::Error)]
enum Unknown {
    #[error("the answer was used before")]
    Used,
    #[error("the account is disabled")]
    Disabled,
    #[error("no account is bound to the person, and the provider vouches for no e-mail of theirs")]
    NoEmail,
    #[error("no account is bound to the person, and none has the e-mail that the provider vouches for")]
    NoAccount,
    #[error("the account with the e-mail is bound to another person at this provider")]
    BoundToAnother,
    #[error("the account's owner has written the e-mail there: an administrator has to set it once")]
    OwnEmail,
}

async fn entered(
    store: &Store,
    desk: Desk,
    state: String,
    issuer: String,
    identity: Identity,
    browser: Browser,
    now: DateTime<Utc>,
) -> Result<std::result::Result<(Entered, Option<String>), Unknown>> {
    let work = move |db: &mut WriteDb| -> Result<std::result::Result<(Entered, Option<String>), Unknown>> {
        let used = *blake3::hash(state.as_bytes()).as_bytes();
        if !sign_in::use_state(db, &used, now + FLOW_LIFE)? {
            return Ok(Err(Unknown::Used));
        }
        let (account, bound) = match account(db, &desk, &issuer, &identity, &browser.place, now)? {
            Ok(found) => found,
            Err(unknown) => return Ok(Err(unknown)),
        };
        let Browser { place, before, device, .. } = &browser;
        let device = remember(db, &desk, device.as_ref(), &account, None, now)?;
        let session: NewSession =
            session::begin(db, &desk.ambient, &account, SignInMethod::Oidc, place, *before)?;
        Ok(Ok((Entered { session, device }, bound)))
    };
    store.write(work).await
}

/// The account of a person: the one that is bound, else one with the e-mail that the provider vouches for, which is bound
/// then; else a new one, where the settings allow it. Also the e-mail of one that was there, and is bound now.
fn account(
    db: &mut WriteDb,
    desk: &Desk,
    issuer: &str,
    identity: &Identity,
    place: &Place,
    now: DateTime<Utc>,
) -> Result<std::result::Result<(String, Option<String>), Unknown>> {
    if let Some(id) = sign_in::by_identity(db, issuer, &identity.subject)? {
        accounts::lock(db, &id)?;
        return Ok(if accounts::get(db, &id)?.active { Ok((id, None)) } else { Err(Unknown::Disabled) });
    }
    let Some(email) = &identity.email else { return Ok(Err(Unknown::NoEmail)) };
    let (id, is_new) = match accounts::proofs(db, email)? {
        None if identity.may_be_created => {
            (create(db, desk, email, identity.name.as_deref(), &place.origin(now))?, true)
        }
        None => return Ok(Err(Unknown::NoAccount)),
        Some(proofs) if !proofs.active => return Ok(Err(Unknown::Disabled)),
        Some(proofs) => (proofs.account_id, false),
    };
    accounts::lock(db, &id)?;
    if sign_in::email_is_own(db, &id)? {
        return Ok(Err(Unknown::OwnEmail));
    }
    if sign_in::has_identity(db, &id, issuer)? {
        return Ok(Err(Unknown::BoundToAnother));
    }
    match sign_in::bind_identity(db, &id, issuer, &identity.subject, now) {
        // Another sign-in of the same person came in between.
        Err(store::Error::Duplicate(_)) => return Ok(Err(Unknown::BoundToAnother)),
        bound => bound?,
    }
    // The person is no caller yet.
    let person = Actor { kind: ActorKind::Account, id: Some(id.clone()) };
    let act = Act::new(AuditAction::IdentityBound, "account", &id);
    audit::note_by(db, &person, &place.origin(now), act);
    tracing::info!(account = %id, "the account is bound to a person at an identity provider");
    Ok(Ok((id, (!is_new).then(|| email.clone()))))
}

/// An account without companies, as the settings allow it: an administrator gives them.
fn create(db: &mut WriteDb, desk: &Desk, email: &str, name: Option<&str>, origin: &Origin) -> Result<String> {
    let now = origin.at;
    let local = email.split_once('@').map_or(email, |(local, _)| local);
    let name = crate::domain::name::clean(name.unwrap_or(local));
    let short: String = name.chars().take(200).collect();
    let account = Account {
        id: new_id("acc", now, desk.ambient.entropy.bytes()),
        email: email.to_owned(),
        name: if short.is_empty() { local.to_owned() } else { short },
        role: Role::User,
        active: true,
        has_password: false,
        second_factor: false,
        companies: Vec::new(),
        created_at: now,
        updated_at: now,
    };
    accounts::insert(db, &account, None)?;
    let person = Actor { kind: ActorKind::Account, id: Some(account.id.clone()) };
    audit::note_by(db, &person, origin, Act::new(AuditAction::AccountAdded, "account", &account.id));
    Ok(account.id)
}

/// What the cookies of attempts are sealed for.
const PLACE: &str = "oidc flow";

async fn key(desk: &Desk) -> Result<Key> {
    let (vault, now) = (desk.vault.clone(), desk.ambient.now());
    let read = vault.clone();
    let known = desk.store.read(move |db| read.known_gateway_key(db, SIGN_IN)).await?;
    let key = match known {
        Some(key) => key,
        None => desk.store.write(move |db| vault.gateway_key(db, SIGN_IN, now)).await?,
    };
    Ok(Key::new(blake3::derive_key("rollcall flows to identity providers", key.bytes())))
}

/// An address on our own side: nothing that a browser would take for another host.
fn next_of(text: &str) -> String {
    let plain = text.starts_with('/')
        && !text.starts_with("//")
        && text.len() <= LONGEST_NEXT
        && text.bytes().all(|c| c.is_ascii_graphic() && c != b'\\');
    if plain { text.to_owned() } else { "/".to_owned() }
}

fn expired() -> Refusal {
    Refusal::new(
        Class::Forbidden,
        "sign_in_expired",
        "This attempt to sign in is over, or was begun in another browser.",
        "Begin anew on the sign-in page.",
    )
}

fn refused(provider: &Provider, why: &dyn std::fmt::Display) -> Refusal {
    tracing::warn!(provider = provider.settings().id, reason = %why, "somebody was not let in who came from the provider");
    Refusal::new(
        Class::Forbidden,
        "sign_in_refused",
        format!("The sign-in with {} did not lead to an account.", provider.settings().name),
        "Ask your administrator: the reason is in the gateway's log.",
    )
}

#[cfg(test)]
mod tests {
    use super::next_of;

    #[test]
    fn a_person_is_led_to_our_own_side_only() {
        assert_eq!(next_of("/sync/employees?company=com_1"), "/sync/employees?company=com_1");
        for foreign in [
            "",
            "https://evil.example",
            "//evil.example",
            "/\\evil.example",
            "/a\nb",
            "javascript:x",
            &"/x".repeat(300),
        ] {
            assert_eq!(next_of(foreign), "/", "{foreign}");
        }
    }
}
