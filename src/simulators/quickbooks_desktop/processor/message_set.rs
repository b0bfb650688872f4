//! The frame of a request document: the processing instructions, the version, and the requests in it.

use std::fmt;

use super::Refusal;
use super::parse::{self, Element};
use super::schema;

/// A qbXML version, major and minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u16, pub u16);

impl Version {
    /// Parses `13.0`.
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self(major.parse().ok()?, minor.parse().ok()?))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The requests of a document that follows the schema.
#[derive(Debug)]
pub(super) struct MessageSet {
    pub(super) version: Version,
    pub(super) stop_on_error: bool,
    pub(super) requests: Vec<Element>,
}

const SET_ATTRIBUTES: [&str; 4] = ["onError", "newMessageSetID", "oldMessageSetID", "responseData"];

pub(super) fn read(text: &str, supported: &[Version]) -> Result<MessageSet, Refusal> {
    let refuse = |detail: String| Err(Refusal::parse_error(detail));
    let document = parse::parse(text)?;
    if !document.has_declaration {
        return refuse("the line <?xml version=\"1.0\"?> is missing".to_owned());
    }
    let Some(version) = document.qbxml_version else {
        return refuse("the line <?qbxml version=\"…\"?> is missing".to_owned());
    };
    // Which HRESULT a version that is too high gets is not documented; a wrong version is listed under this one.
    let Some(version) = Version::parse(&version).filter(|version| supported.contains(version)) else {
        return refuse(format!("qbXML version {version} is not supported"));
    };
    let root = document.root;
    let only_child = (root.children.len() == 1).then(|| root.children.into_iter().next()).flatten();
    let Some(set) = only_child.filter(|set| root.name == "QBXML" && set.name == "QBXMLMsgsRq") else {
        return refuse("the document is not one QBXMLMsgsRq in QBXML".to_owned());
    };
    if let Some((name, _)) = set.attributes.iter().find(|(name, _)| !SET_ATTRIBUTES.contains(&name.as_str()))
    {
        return refuse(format!("the attribute {name} is not allowed on QBXMLMsgsRq"));
    }
    let on_error = set.attribute("onError").unwrap_or("");
    // QuickBooks does not support rollbackOnError, though the schema has it.
    if !["stopOnError", "continueOnError"].contains(&on_error) {
        return refuse(format!("onError may not be «{on_error}»"));
    }
    let stop_on_error = on_error == "stopOnError";
    if set.children.is_empty() || !set.text.trim().is_empty() {
        return refuse("QBXMLMsgsRq holds no request, or text".to_owned());
    }
    for request in &set.children {
        schema::check(request, version)?;
    }
    Ok(MessageSet { version, stop_on_error, requests: set.children })
}
