//! One provider: what is known of it, and the two steps of signing in there.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use openidconnect::{
    AuthType, AuthenticationFlow, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret,
    CsrfToken, DiscoveryError, HttpRequest, HttpResponse, IssuerUrl, Nonce, OAuth2TokenResponse,
    PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, SignatureVerificationError,
    TokenResponse,
    core::{CoreClientAuthMethod, CoreJwsSigningAlgorithm, CoreResponseType},
};
use tokio::sync::Mutex;
use url::Url;

use crate::{
    connectors::outbound::{Bounds, NotFetched, Outbound},
    domain::{
        identity::{Claims, Family, ProviderSettings},
        problem::Problem,
        secret::Secret,
    },
};

use super::{
    trouble,
    wire::{self, Metadata, PersonClaims, Rp},
};

/// For one request to a provider; its bodies are small.
const TIME: Duration = Duration::from_secs(10);
const BODY: usize = 1024 * 1024;

/// For how long what a provider says of itself is believed, its keys among it.
const KNOWN_FOR: TimeDelta = TimeDelta::hours(1);

/// A token by a key that is not known lets it be asked again, so often at most.
const ASK_AGAIN: TimeDelta = TimeDelta::minutes(1);

/// How far clocks may differ.
const SKEW: TimeDelta = TimeDelta::seconds(60);

/// Tokens that are older were not made for this sign-in.
const OLDEST: TimeDelta = TimeDelta::minutes(15);

/// The algorithms that are good enough, of those that a provider lists.
const GOOD: [CoreJwsSigningAlgorithm; 4] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
];

/// What ties one sign-in together: known to this gateway and, sealed, to the browser.
#[derive(Debug, Clone)]
pub struct Flow {
    pub state: Secret,
    pub nonce: Secret,
    /// Of PKCE (RFC 7636): 43 to 128 characters.
    pub verifier: Secret,
}

/// Why a person did not get through, for the log.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("the settings of the provider cannot be used: {0}")]
    Settings(String),
    #[error("the provider does not say what it offers: {0}")]
    Discovery(String),
    #[error("the provider does not give a token: {0}")]
    Token(String),
    #[error("the provider gave no ID token")]
    NoIdToken,
    #[error("the ID token is not believed: {0}")]
    NotBelieved(String),
    #[error(
        "the ID token has expired or is not valid yet: do the clocks of the provider and of the gateway agree? {0}"
    )]
    Clock(String),
    #[error("the answer names the issuer {0:?}")]
    OtherIssuer(Option<String>),
    #[error("the provider does not say who the person is: {0}")]
    Person(String),
}

/// One identity provider.
pub struct Provider {
    outbound: Outbound,
    settings: ProviderSettings,
    callback: Url,
    known: Mutex<Option<Known>>,
    /// For one request to it.
    time: Duration,
}

#[derive(Clone)]
struct Known {
    since: DateTime<Utc>,
    metadata: Arc<Metadata>,
}

impl Provider {
    pub(super) fn new(outbound: Outbound, settings: ProviderSettings, callback: Url) -> Self {
        Self { outbound, settings, callback, known: Mutex::new(None), time: TIME }
    }

    pub(super) fn within(&self, time: Duration) -> Self {
        let Self { outbound, settings, callback, .. } = self;
        let (outbound, settings, callback) = (outbound.clone(), settings.clone(), callback.clone());
        Self { outbound, settings, callback, known: Mutex::new(None), time }
    }

    pub fn settings(&self) -> &ProviderSettings {
        &self.settings
    }

    /// Asks the provider what it offers, for those who look after it; what its clock says, where it tells.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub async fn look(&self) -> Result<Option<DateTime<Utc>>, Problem> {
        let issuer = IssuerUrl::new(self.settings.issuer.clone())
            .map_err(|error| trouble::settings(&error.to_string()))?;
        let (http, clock) = (self.http(), Arc::new(OnceLock::new()));
        let heard = Arc::clone(&clock);
        let listening = move |request| -> BoxFuture<'static, Result<HttpResponse, NotFetched>> {
            let (answer, heard) = (http(request), Arc::clone(&heard));
            Box::pin(async move {
                let answer = answer.await?;
                let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
                if let Some(date) = date.and_then(|date| httpdate::parse_http_date(date).ok()) {
                    // The first answer's.
                    let _ = heard.set(DateTime::<Utc>::from(date));
                }
                Ok(answer)
            })
        };
        let found = Metadata::discover_async(issuer, &listening).await.map_err(|it| trouble::of(&it))?;
        let listed = found.id_token_signing_alg_values_supported();
        if !GOOD.iter().any(|algorithm| listed.contains(algorithm)) {
            return Err(trouble::algorithms());
        }
        Ok(clock.get().copied())
    }

    /// Where a person goes to sign in.
    ///
    /// # Errors
    /// [`Failure::Discovery`], [`Failure::Settings`].
    pub async fn authorize(&self, flow: &Flow, now: DateTime<Utc>) -> Result<Url, Failure> {
        let metadata = self.known(now, KNOWN_FOR).await?;
        let client = self.client(&metadata)?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier(flow));
        let (state, nonce) = (flow.state.reveal().to_owned(), flow.nonce.reveal().to_owned());
        let mut request = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scope(Scope::new("email".to_owned()))
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge);
        if let (Family::Google, Some(domain)) =
            (&self.settings.rules.family, &self.settings.rules.hosted_domain)
        {
            request = request.add_extra_param("hd", domain.clone());
        }
        Ok(request.url().0)
    }

    /// Whether an answer is this provider's (RFC 9207): with several providers, one could pass on another's.
    ///
    /// # Errors
    /// [`Failure::OtherIssuer`].
    pub async fn answered(&self, issuer: Option<&str>, now: DateTime<Utc>) -> Result<(), Failure> {
        let metadata = self.known(now, KNOWN_FOR).await?;
        let told = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match issuer {
            Some(issuer) if issuer == self.settings.issuer => Ok(()),
            None if told != Some(true) => Ok(()),
            other => Err(Failure::OtherIssuer(other.map(str::to_owned))),
        }
    }

    /// What the provider says of the person whose code this is.
    ///
    /// # Errors
    /// A code that is not good, a token that is not believed, a provider that does not answer.
    pub async fn exchange(&self, flow: &Flow, code: &str, now: DateTime<Utc>) -> Result<Claims, Failure> {
        let metadata = self.known(now, KNOWN_FOR).await?;
        let client = self.client(&metadata)?;
        let http = self.http();
        let request = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| Failure::Discovery(error.to_string()))?
            .set_pkce_verifier(verifier(flow));
        let answer = request.request_async(&http).await.map_err(token_failure)?;
        let token = answer.id_token().ok_or(Failure::NoIdToken)?;
        let nonce = Nonce::new(flow.nonce.reveal().to_owned());
        let first = self.believed(&metadata, &client, token, &nonce, now);
        let claims = match first {
            Err(ClaimsVerificationError::SignatureVerification(
                SignatureVerificationError::NoMatchingKey,
            )) => {
                // It may have changed its keys.
                let metadata = self.known(now, ASK_AGAIN).await?;
                let client = self.client(&metadata)?;
                self.believed(&metadata, &client, token, &nonce, now).map_err(not_believed)?
            }
            first => first.map_err(not_believed)?,
        };
        // Many providers tell the e-mail only where they are asked for it; Microsoft's says nothing that counts.
        let asks = claims.email.is_none() && self.settings.rules.family == Family::Other;
        if !asks || client.user_info_url().is_none() {
            return Ok(claims);
        }
        let subject = openidconnect::SubjectIdentifier::new(claims.subject.clone());
        let request = client
            .user_info(answer.access_token().clone(), Some(subject))
            .map_err(|error| Failure::Person(error.to_string()))?;
        let person: PersonClaims =
            request.request_async(&http).await.map_err(|error| Failure::Person(chain(&error)))?;
        Ok(wire::completed(claims, &person))
    }

    fn believed(
        &self,
        metadata: &Metadata,
        client: &Rp,
        token: &IdToken,
        nonce: &Nonce,
        now: DateTime<Utc>,
    ) -> Result<Claims, ClaimsVerificationError> {
        let listed = metadata.id_token_signing_alg_values_supported();
        let good = GOOD.into_iter().filter(|algorithm| listed.contains(algorithm));
        let verifier = client
            .id_token_verifier()
            .set_allowed_algs(good)
            .set_time_fn(move || now - SKEW)
            .set_issue_time_verifier_fn(move |issued| match () {
                () if issued > now + SKEW => Err("it was issued in the future".to_owned()),
                () if issued < now - OLDEST => Err("it was issued too long ago".to_owned()),
                () => Ok(()),
            });
        let claims = token.claims(&verifier, nonce)?;
        // The library leaves this to us (OpenID Connect Core section 3.1.3.7, step 5).
        match claims.authorized_party() {
            Some(party) if party.as_str() != self.settings.client_id => {
                Err(ClaimsVerificationError::InvalidAudience("it was made for another client".to_owned()))
            }
            _ => Ok(wire::claims(claims)),
        }
    }

    /// What the provider says of itself, if it was asked no longer than `at_most` ago; else it is asked.
    async fn known(&self, now: DateTime<Utc>, at_most: TimeDelta) -> Result<Arc<Metadata>, Failure> {
        // Whoever comes meanwhile waits for the same answer.
        let mut known = self.known.lock().await;
        let fresh = |known: &&Known| now - known.since < at_most && known.since <= now + SKEW;
        if let Some(known) = known.as_ref().filter(fresh) {
            return Ok(Arc::clone(&known.metadata));
        }
        let issuer = IssuerUrl::new(self.settings.issuer.clone())
            .map_err(|error| Failure::Settings(error.to_string()))?;
        let found = Metadata::discover_async(issuer, &self.http()).await.map_err(discovery_failure)?;
        let metadata = Arc::new(found);
        *known = Some(Known { since: now, metadata: Arc::clone(&metadata) });
        Ok(metadata)
    }

    fn client(&self, metadata: &Metadata) -> Result<Rp, Failure> {
        let callback = RedirectUrl::new(self.callback.to_string())
            .map_err(|error| Failure::Settings(error.to_string()))?;
        let secret = &self.settings.client_secret;
        let client = Rp::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.settings.client_id.clone()),
            secret.as_ref().map(|secret| ClientSecret::new(secret.reveal().to_owned())),
        );
        // Where nothing is said, the header is meant (OpenID Connect Discovery section 3).
        let ways = metadata.token_endpoint_auth_methods_supported();
        let header = ways.is_none_or(|ways| ways.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let way = if header { AuthType::BasicAuth } else { AuthType::RequestBody };
        Ok(client.set_redirect_uri(callback).set_auth_type(way))
    }

    /// Our client in the shape of the library's.
    fn http(
        &self,
    ) -> impl Fn(HttpRequest) -> BoxFuture<'static, Result<HttpResponse, NotFetched>> + Send + Sync + 'static
    {
        let (outbound, allow_private, time) = (self.outbound.clone(), self.settings.allow_private, self.time);
        move |request| {
            let outbound = outbound.clone();
            let bounds = Bounds { allow_private, time, body: BODY };
            Box::pin(async move { outbound.fetch(request, bounds).await })
        }
    }
}

type IdToken = openidconnect::IdToken<
    wire::OwnClaims,
    openidconnect::core::CoreGenderClaim,
    openidconnect::core::CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

fn verifier(flow: &Flow) -> PkceCodeVerifier {
    PkceCodeVerifier::new(flow.verifier.reveal().to_owned())
}

fn not_believed(error: ClaimsVerificationError) -> Failure {
    match error {
        ClaimsVerificationError::Expired(why) => Failure::Clock(why),
        error => Failure::NotBelieved(chain(&error)),
    }
}

/// Without the body of the answer, which may hold anything.
fn discovery_failure(error: DiscoveryError<NotFetched>) -> Failure {
    Failure::Discovery(match error {
        DiscoveryError::Response(status, _, why) => format!("{why} (status {status})"),
        error => chain(&error),
    })
}

fn token_failure<T: openidconnect::ErrorResponse + 'static>(
    error: RequestTokenError<NotFetched, T>,
) -> Failure {
    Failure::Token(match error {
        RequestTokenError::Request(error) => chain(&error),
        RequestTokenError::Parse(error, _) => format!("the answer is not understood: {error}"),
        RequestTokenError::Other(why) => why,
        // Its words may repeat what was sent.
        RequestTokenError::ServerResponse(_) => "it refuses the code or the client".to_owned(),
    })
}

/// An error and its sources on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
