//! The bodies by which connections are made and changed.

use std::collections::BTreeMap;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    domain::secret::Secret,
    http::api::schema::{SecretText, Text},
};

/// Secrets as the verbs take them.
pub(super) fn in_clear(secrets: BTreeMap<String, SecretText>) -> BTreeMap<String, Secret> {
    secrets.into_iter().map(|(name, SecretText(secret))| (name, secret)).collect()
}

/// A setting as it is sent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum SettingValue {
    Switch(bool),
    Number(i64),
    Text(Text),
}

/// Settings as texts: what the kinds take.
pub(super) fn texts(settings: BTreeMap<String, SettingValue>) -> BTreeMap<String, String> {
    let text = |value| match value {
        SettingValue::Switch(on) => on.to_string(),
        SettingValue::Number(number) => number.to_string(),
        SettingValue::Text(text) => text.0,
    };
    settings.into_iter().map(|(name, value)| (name, text(value))).collect()
}
