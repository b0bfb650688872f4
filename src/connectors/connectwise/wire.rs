//! ConnectWise's own words: only what is staged or decides whether it is (the vendor's OpenAPI document 2026.4).
//!
//! There is no field here for a password, token, cost or rate. What is of another type than the document says counts as
//! absent: one odd row must not keep a list from being read.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::codec::json::UNREADABLE;

/// What is asked for of a list by `fields=`, so that nothing else is even sent.
pub const MEMBER_FIELDS: &str = "id,identifier,firstName,middleInitial,lastName,title,licenseClass,inactiveFlag,\
                                 inactiveDate,hireDate,primaryEmail,defaultEmail,officeEmail,mobileEmail,homeEmail,\
                                 defaultPhone,officePhone,mobilePhone,homePhone,defaultDepartment,_info";
pub const COMPANY_FIELDS: &str = "id,identifier,name,status,types,addressLine1,addressLine2,city,state,zip,country,\
                                  phoneNumber,parentCompany,deletedFlag,_info";
pub const CONTACT_FIELDS: &str = "id,firstName,lastName,company,title,inactiveFlag,communicationItems,_info";

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Member {
    #[serde(deserialize_with = "number")]
    pub id: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub identifier: Option<String>,
    #[serde(deserialize_with = "text")]
    pub first_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub middle_initial: Option<String>,
    #[serde(deserialize_with = "text")]
    pub last_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "text")]
    pub license_class: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub inactive_flag: bool,
    #[serde(deserialize_with = "text")]
    pub inactive_date: Option<String>,
    #[serde(deserialize_with = "text")]
    pub hire_date: Option<String>,
    #[serde(deserialize_with = "text")]
    pub primary_email: Option<String>,
    #[serde(deserialize_with = "text")]
    pub default_email: Option<String>,
    #[serde(deserialize_with = "text")]
    pub office_email: Option<String>,
    #[serde(deserialize_with = "text")]
    pub mobile_email: Option<String>,
    #[serde(deserialize_with = "text")]
    pub home_email: Option<String>,
    #[serde(deserialize_with = "text")]
    pub default_phone: Option<String>,
    #[serde(deserialize_with = "text")]
    pub office_phone: Option<String>,
    #[serde(deserialize_with = "text")]
    pub mobile_phone: Option<String>,
    #[serde(deserialize_with = "text")]
    pub home_phone: Option<String>,
    #[serde(deserialize_with = "object")]
    pub default_department: Reference,
    #[serde(rename = "_info", deserialize_with = "object")]
    pub info: Info,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Company {
    #[serde(deserialize_with = "number")]
    pub id: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub identifier: Option<String>,
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
    #[serde(deserialize_with = "object")]
    pub status: Reference,
    #[serde(deserialize_with = "objects")]
    pub types: Vec<Reference>,
    #[serde(deserialize_with = "text")]
    pub address_line1: Option<String>,
    #[serde(deserialize_with = "text")]
    pub address_line2: Option<String>,
    #[serde(deserialize_with = "text")]
    pub city: Option<String>,
    #[serde(deserialize_with = "text")]
    pub state: Option<String>,
    #[serde(deserialize_with = "text")]
    pub zip: Option<String>,
    #[serde(deserialize_with = "object")]
    pub country: Reference,
    #[serde(deserialize_with = "text")]
    pub phone_number: Option<String>,
    #[serde(deserialize_with = "object")]
    pub parent_company: Reference,
    #[serde(deserialize_with = "flag")]
    pub deleted_flag: bool,
    #[serde(rename = "_info", deserialize_with = "object")]
    pub info: Info,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Contact {
    #[serde(deserialize_with = "number")]
    pub id: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub first_name: Option<String>,
    #[serde(deserialize_with = "text")]
    pub last_name: Option<String>,
    #[serde(deserialize_with = "object")]
    pub company: Reference,
    #[serde(deserialize_with = "text")]
    pub title: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub inactive_flag: bool,
    #[serde(deserialize_with = "objects")]
    pub communication_items: Vec<Communication>,
    #[serde(rename = "_info", deserialize_with = "object")]
    pub info: Info,
}

/// A way to reach a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Communication {
    #[serde(deserialize_with = "text")]
    pub value: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub default_flag: bool,
    /// `Email`, `Phone` or `Fax`.
    #[serde(deserialize_with = "text")]
    pub communication_type: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Reference {
    #[serde(deserialize_with = "number")]
    pub id: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub name: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Info {
    #[serde(deserialize_with = "text")]
    pub last_updated: Option<String>,
}

/// Where a tenant is: `GET /login/companyinfo/{companyId}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CompanyInfo {
    #[serde(rename = "Codebase", deserialize_with = "text")]
    pub codebase: Option<String>,
    #[serde(rename = "VersionCode", deserialize_with = "text")]
    pub version_code: Option<String>,
    /// The guide shows the text `"True"`, others saw a boolean.
    #[serde(rename = "IsCloud", deserialize_with = "flag")]
    pub is_cloud: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SystemInfo {
    #[serde(deserialize_with = "text")]
    pub version: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub struct Count {
    pub count: u64,
}

/// An error, in any of the shapes that the API uses.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Refusal {
    #[serde(deserialize_with = "text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "text")]
    pub message: Option<String>,
    #[serde(deserialize_with = "objects")]
    pub errors: Vec<RefusalPart>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RefusalPart {
    #[serde(deserialize_with = "text")]
    pub code: Option<String>,
    #[serde(deserialize_with = "text")]
    pub message: Option<String>,
}

/// A registered callback.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Callback {
    #[serde(deserialize_with = "number")]
    pub id: Option<u64>,
    #[serde(deserialize_with = "text")]
    pub url: Option<String>,
    #[serde(rename = "type", deserialize_with = "text")]
    pub kind: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub inactive_flag: bool,
}

/// Without control characters, which no name has, and without white space around it; `None` for nothing, and for what
/// could not be read.
fn text<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(reader)? {
        Value::String(text) => clean(&text),
        _ => None,
    })
}

pub(super) fn clean(text: &str) -> Option<String> {
    if text.contains(UNREADABLE) {
        return None;
    }
    let kept: String = text.chars().filter(|c| !c.is_control()).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// A whole number, or one written as text.
fn number<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<u64>, D::Error> {
    Ok(id(&Value::deserialize(reader)?))
}

pub(super) fn id(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => digits(text.trim()),
        _ => None,
    }
}

/// A number in digits alone, no sign.
pub(super) fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn flag<'de, D: Deserializer<'de>>(reader: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(reader)? {
        Value::Bool(flag) => flag,
        Value::String(text) => text.trim().eq_ignore_ascii_case("true"),
        _ => false,
    })
}

fn object<'de, D: Deserializer<'de>, T: Default + serde::de::DeserializeOwned>(
    reader: D,
) -> Result<T, D::Error> {
    Ok(serde_json::from_value(Value::deserialize(reader)?).unwrap_or_default())
}

fn objects<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(reader: D) -> Result<Vec<T>, D::Error> {
    Ok(match Value::deserialize(reader)? {
        Value::Array(items) => {
            items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect()
        }
        _ => Vec::new(),
    })
}
