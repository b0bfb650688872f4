//! The types of the library, with what providers say beside the standard.

use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, Client, EmptyExtraTokenFields, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IdTokenClaims, IdTokenFields, ProviderMetadata, StandardErrorResponse,
    StandardTokenResponse, UserInfoClaims,
    core::{
        CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod,
        CoreErrorResponseType, CoreGenderClaim, CoreGrantType, CoreJsonWebKey,
        CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
        CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
        CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::identity::Claims;

/// Claims of Google and Microsoft.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct OwnClaims {
    hd: Option<String>,
    tid: Option<String>,
    oid: Option<String>,
    /// `true`, `"1"` or `1`.
    xms_edov: Option<Value>,
}

impl AdditionalClaims for OwnClaims {}

/// What RFC 9207 adds to the description of a provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Rfc9207 {
    pub(super) authorization_response_iss_parameter_supported: Option<bool>,
}

impl AdditionalProviderMetadata for Rfc9207 {}

pub(super) type Metadata = ProviderMetadata<
    Rfc9207,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type TokenFields = IdTokenFields<
    OwnClaims,
    EmptyExtraTokenFields,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;

pub(super) type Rp = Client<
    OwnClaims,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    StandardTokenResponse<TokenFields, CoreTokenType>,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

pub(super) type IdClaims = IdTokenClaims<OwnClaims, CoreGenderClaim>;
pub(super) type PersonClaims = UserInfoClaims<OwnClaims, CoreGenderClaim>;

/// The claims of a verified token in our words.
pub(super) fn claims(token: &IdClaims) -> Claims {
    let own = token.additional_claims();
    Claims {
        subject: token.subject().to_string(),
        email: token.email().map(|email| email.to_string()),
        email_verified: token.email_verified(),
        name: token.name().and_then(|names| names.get(None)).map(|name| name.to_string()),
        hosted_domain: own.hd.clone(),
        tenant: own.tid.clone(),
        object: own.oid.clone(),
        domain_owner_verified: match &own.xms_edov {
            Some(Value::Bool(verified)) => *verified,
            Some(Value::String(text)) => text == "1" || text.eq_ignore_ascii_case("true"),
            Some(Value::Number(number)) => number.as_u64() == Some(1),
            _ => false,
        },
    }
}

/// The same, with what the provider says of the person elsewhere where the token does not.
pub(super) fn completed(claims: Claims, person: &PersonClaims) -> Claims {
    let name = person.name().and_then(|names| names.get(None)).map(|name| name.to_string());
    Claims {
        email: person.email().map(|email| email.to_string()),
        email_verified: person.email_verified(),
        name: claims.name.or(name),
        ..claims
    }
}
