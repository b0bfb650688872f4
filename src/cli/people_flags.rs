//! What has to do with people, as flags of `serve`: pages, mail, and signing in.

/// Secrets are given by files or variables alone: flags can be read in the list of processes.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct PeopleFlags {
    /// The origins that may show the pages of a Quicklink in a frame, parted by commas
    #[arg(long, value_name = "LIST")]
    frame_ancestors: Option<String>,
    /// The mail server that takes mail to people
    #[arg(long, value_name = "HOST")]
    smtp_host: Option<String>,
    /// Its port
    #[arg(long, value_name = "PORT")]
    smtp_port: Option<String>,
    /// starttls, tls or none [default: starttls]
    #[arg(long, value_name = "WORD")]
    smtp_security: Option<String>,
    /// Who signs in to the mail server
    #[arg(long, value_name = "NAME")]
    smtp_username: Option<String>,
    /// A file with the password for that
    #[arg(long, value_name = "FILE")]
    smtp_password_file: Option<String>,
    /// The sender of mail
    #[arg(long, value_name = "ADDRESS")]
    smtp_from: Option<String>,
    /// The issuer of an OpenID Connect provider that people may sign in with
    #[arg(long, value_name = "URL")]
    oidc_issuer: Option<String>,
    /// The ID that the provider gave to Rollcall
    #[arg(long, value_name = "ID")]
    oidc_client_id: Option<String>,
    /// A file with the secret that belongs to that ID
    #[arg(long, value_name = "FILE")]
    oidc_client_secret_file: Option<String>,
    /// What the button says after «Sign in with» [default: single sign-on]
    #[arg(long, value_name = "NAME")]
    oidc_name: Option<String>,
    /// Whether the provider may be at a private address, and without TLS [default: false]
    #[arg(long, value_name = "BOOL")]
    oidc_allow_private_address: Option<String>,
    /// Of Google: only people of this Workspace domain
    #[arg(long, value_name = "DOMAIN")]
    oidc_hosted_domain: Option<String>,
    /// Whether you vouch for the e-mails of this provider [default: false]
    #[arg(long, value_name = "BOOL")]
    oidc_trust_email: Option<String>,
    /// Domains of e-mails for whose people an account is made, parted by commas
    #[arg(long, value_name = "LIST")]
    oidc_create_for: Option<String>,
    /// A JSON file with more providers
    #[arg(long, value_name = "FILE")]
    oidc_file: Option<String>,
}

impl PeopleFlags {
    /// The flags that were given, by the names of their settings.
    pub(super) fn source(&self) -> impl Iterator<Item = (&'static str, String)> {
        let flags = [
            ("ROLLCALL_FRAME_ANCESTORS", &self.frame_ancestors),
            ("ROLLCALL_SMTP_HOST", &self.smtp_host),
            ("ROLLCALL_SMTP_PORT", &self.smtp_port),
            ("ROLLCALL_SMTP_SECURITY", &self.smtp_security),
            ("ROLLCALL_SMTP_USERNAME", &self.smtp_username),
            ("ROLLCALL_SMTP_PASSWORD_FILE", &self.smtp_password_file),
            ("ROLLCALL_SMTP_FROM", &self.smtp_from),
            ("ROLLCALL_OIDC_ISSUER", &self.oidc_issuer),
            ("ROLLCALL_OIDC_CLIENT_ID", &self.oidc_client_id),
            ("ROLLCALL_OIDC_CLIENT_SECRET_FILE", &self.oidc_client_secret_file),
            ("ROLLCALL_OIDC_NAME", &self.oidc_name),
            ("ROLLCALL_OIDC_ALLOW_PRIVATE_ADDRESS", &self.oidc_allow_private_address),
            ("ROLLCALL_OIDC_HOSTED_DOMAIN", &self.oidc_hosted_domain),
            ("ROLLCALL_OIDC_TRUST_EMAIL", &self.oidc_trust_email),
            ("ROLLCALL_OIDC_CREATE_FOR", &self.oidc_create_for),
            ("ROLLCALL_OIDC_FILE", &self.oidc_file),
        ];
        flags.into_iter().filter_map(|(name, value)| Some((name, value.clone()?)))
    }
}
