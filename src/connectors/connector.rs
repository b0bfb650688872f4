//! What a kind of connection is to this program.

use super::{calls_in::CallsIn, hook::Hook, polled::Polled, settings::SettingsError, spec::Spec};

/// What a kind of connection is, and what it can do.
pub trait Connector: Sync {
    fn spec(&self) -> &'static Spec;

    /// Looks at settings (JSON, all of them, each right by itself) for what its specification cannot say.
    ///
    /// # Errors
    /// The setting and what it must be; never its value.
    fn check(&self, _settings: &str) -> Result<(), SettingsError> {
        Ok(())
    }

    /// The settings of a connection that is polled; `None` for other kinds.
    fn polled(&self, _settings: &str) -> Option<Result<Box<dyn Polled>, SettingsError>> {
        None
    }

    /// What it makes of calls, where its source calls in.
    fn calls_in(&self) -> Option<&'static dyn CallsIn> {
        None
    }

    /// What the source calls the tenant whose lists are staged, by the settings (JSON) of a connection: where its webhooks
    /// may come to one address for all tenants.
    fn tenant(&self, _settings: &str) -> Option<String> {
        None
    }

    /// Its webhooks, where it has any.
    fn hook(&self) -> Option<&'static dyn Hook> {
        None
    }
}
