//! Identity providers (OpenID Connect): which of their claims about a person are believed.

use url::{Host, Url};

use super::{email::email, secret::Secret};

/// One provider, as the operator has set it.
#[derive(Debug, Clone)]
pub struct ProviderSettings {
    /// Stands in the address of its button: `name`, in small letters.
    pub id: String,
    /// What the button says.
    pub name: String,
    /// Exactly as the provider writes it.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
    /// Whether the provider may be at a private address, and without TLS.
    pub allow_private: bool,
    pub rules: Rules,
}

/// What is believed of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub family: Family,
    /// The operator vouches for the e-mails of this provider, which does not say that they are verified.
    pub trust_email: bool,
    /// Of Google: only people of this Workspace domain.
    pub hosted_domain: Option<String>,
    /// Domains of e-mails, in small letters, for whose people an account is made if there is none.
    pub create_for: Vec<String>,
}

/// Providers with ways of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Family {
    Google,
    /// Entra ID, of one tenant by its GUID.
    Microsoft {
        tenant: String,
    },
    Other,
}

impl Family {
    /// # Errors
    /// What is wrong with the issuer: of Microsoft each tenant has its own, and those for all tenants at once vouch for
    /// nobody.
    pub fn of(issuer: &Url) -> Result<Self, String> {
        let Some(Host::Domain(host)) = issuer.host() else { return Ok(Self::Other) };
        match host {
            "accounts.google.com" => Ok(Self::Google),
            "login.microsoftonline.com"
            | "login.microsoftonline.us"
            | "login.partner.microsoftonline.cn"
            | "login.chinacloudapi.cn" => {
                let tenant = issuer.path_segments().and_then(|mut parts| parts.next()).unwrap_or_default();
                match uuid::Uuid::try_parse(tenant) {
                    Ok(tenant) => Ok(Self::Microsoft { tenant: tenant.hyphenated().to_string() }),
                    Err(_) => Err("it is not that of one tenant, by its ID".to_owned()),
                }
            }
            "sts.windows.net" => Err("it is that of Microsoft's version 1".to_owned()),
            _ => Ok(Self::Other),
        }
    }
}

/// What a provider says of a person, in a token that was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    pub subject: String,
    pub email: Option<String>,
    pub email_verified: Option<bool>,
    pub name: Option<String>,
    /// Google's Workspace domain.
    pub hosted_domain: Option<String>,
    /// Microsoft's tenant and the person in it.
    pub tenant: Option<String>,
    pub object: Option<String>,
    /// Microsoft's word that the e-mail's domain belongs to the tenant (`xms_edov`).
    pub domain_owner_verified: bool,
}

/// A person at a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider's own ID for the person: it never changes, and never goes to another.
    pub subject: String,
    /// An e-mail that somebody vouches for: by it an account may be found the first time, and never again.
    pub email: Option<String>,
    pub name: Option<String>,
    /// Whether an account may be made for the person.
    pub may_be_created: bool,
}

/// Why the claims are not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error("the person is not of the Workspace domain {wanted}")]
    OtherDomain { wanted: String },
    #[error("the person is not of the tenant {wanted}")]
    OtherTenant { wanted: String },
    #[error("the token has no `oid`: the application asks for no version 2 token")]
    NoObject,
    #[error("the token names nobody")]
    NoSubject,
}

impl Rules {
    /// Who it is, as far as the claims are believed.
    ///
    /// # Errors
    /// [`Doubt`], for the log only.
    pub fn identity(&self, claims: Claims) -> Result<Identity, Doubt> {
        let (subject, vouched) = match &self.family {
            Family::Google => {
                // Asking for a domain is a hint to the provider: only what the token says counts.
                if let Some(wanted) = &self.hosted_domain
                    && !claims
                        .hosted_domain
                        .as_ref()
                        .is_some_and(|domain| domain.eq_ignore_ascii_case(wanted))
                {
                    return Err(Doubt::OtherDomain { wanted: wanted.clone() });
                }
                (claims.subject, claims.email_verified == Some(true))
            }
            Family::Microsoft { tenant } => {
                if !claims.tenant.as_ref().is_some_and(|told| told.eq_ignore_ascii_case(tenant)) {
                    return Err(Doubt::OtherTenant { wanted: tenant.clone() });
                }
                // `sub` differs from application to application; `oid` is the person.
                (claims.object.ok_or(Doubt::NoObject)?, claims.domain_owner_verified || self.trust_email)
            }
            Family::Other => (claims.subject, claims.email_verified == Some(true) || self.trust_email),
        };
        if subject.is_empty() || subject.contains('\0') {
            return Err(Doubt::NoSubject);
        }
        let whole = |address: &String| vouched && email(address).as_ref() == Some(address);
        let address = claims.email.filter(whole);
        let domain = address.as_deref().and_then(|address| address.rsplit_once('@'));
        let may_be_created = domain.is_some_and(|(_, domain)| {
            self.create_for.iter().any(|named| named.eq_ignore_ascii_case(domain))
        });
        Ok(Identity { subject, email: address, name: claims.name, may_be_created })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";

    fn rules(issuer: &str) -> Rules {
        let family = Family::of(&issuer.parse().unwrap()).unwrap();
        Rules { family, trust_email: false, hosted_domain: None, create_for: Vec::new() }
    }

    fn claims() -> Claims {
        Claims {
            subject: "s-1".into(),
            email: Some("ana@example.com".into()),
            email_verified: Some(true),
            ..Claims::default()
        }
    }

    fn email(rules: &Rules, claims: Claims) -> Option<String> {
        rules.identity(claims).unwrap().email
    }

    #[test]
    fn an_e_mail_counts_only_where_the_provider_vouches_for_it() {
        let other = rules("https://idp.example.com/realm");
        assert_eq!(email(&other, claims()).as_deref(), Some("ana@example.com"));
        for verified in [None, Some(false)] {
            assert_eq!(email(&other, Claims { email_verified: verified, ..claims() }), None);
        }
        let trusted = Rules { trust_email: true, ..other.clone() };
        assert!(email(&trusted, Claims { email_verified: None, ..claims() }).is_some());
        for junk in ["", "ana", "ana@example.com, eve@example.com", "Ana <ana@example.com>"] {
            assert_eq!(email(&trusted, Claims { email: Some(junk.into()), ..claims() }), None, "{junk}");
        }
    }

    #[test]
    fn google_says_in_the_token_whose_people_they_are() {
        let google = rules("https://accounts.google.com");
        assert!(email(&google, claims()).is_some());
        let workspace = Rules { hosted_domain: Some("example.com".into()), ..google };
        let refused = workspace.identity(claims());
        assert_eq!(refused, Err(Doubt::OtherDomain { wanted: "example.com".into() }));
        let other = Claims { hosted_domain: Some("evil.example".into()), ..claims() };
        assert!(workspace.identity(other).is_err());
        let own = Claims { hosted_domain: Some("Example.com".into()), ..claims() };
        assert!(workspace.identity(own).is_ok());
    }

    #[test]
    fn microsofts_e_mail_counts_only_by_xms_edov_or_the_operators_word_and_people_go_by_oid() {
        let microsoft = rules(&format!("https://login.microsoftonline.com/{TENANT}/v2.0"));
        let own = Claims { tenant: Some(TENANT.into()), object: Some("o-1".into()), ..claims() };
        let identity = microsoft.identity(own.clone()).unwrap();
        assert_eq!(
            (identity.subject.as_str(), identity.email),
            ("o-1", None),
            "email_verified is not Microsoft's word"
        );
        let vouched = Claims { domain_owner_verified: true, ..own.clone() };
        assert!(email(&microsoft, vouched).is_some());
        assert!(email(&Rules { trust_email: true, ..microsoft.clone() }, own.clone()).is_some());
        for tenant in [None, Some("99999999-2222-3333-4444-555555555555".to_owned())] {
            let foreign = Claims { tenant, ..own.clone() };
            assert_eq!(microsoft.identity(foreign), Err(Doubt::OtherTenant { wanted: TENANT.into() }));
        }
        assert_eq!(microsoft.identity(Claims { object: None, ..own }), Err(Doubt::NoObject));
        for all in ["common", "organizations", "consumers", "example.onmicrosoft.com"] {
            let issuer = format!("https://login.microsoftonline.com/{all}/v2.0").parse().unwrap();
            assert!(Family::of(&issuer).is_err(), "{all}");
        }
    }

    #[test]
    fn an_account_comes_into_being_only_for_named_domains_with_an_e_mail_that_is_vouched_for() {
        let some = Rules { create_for: vec!["example.com".into()], ..rules("https://idp.example.com") };
        let may = |rules: &Rules, claims| rules.identity(claims).unwrap().may_be_created;
        assert!(may(&some, claims()));
        assert!(!may(&rules("https://idp.example.com"), claims()));
        assert!(!may(&some, Claims { email_verified: None, ..claims() }));
        for other in ["ana@sub.example.com", "ana@notexample.com", "ana@example.com.evil.example"] {
            assert!(!may(&some, Claims { email: Some(other.into()), ..claims() }), "{other}");
        }
    }
}
