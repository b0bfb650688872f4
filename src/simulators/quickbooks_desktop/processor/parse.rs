//! A request document as a tree. Requests are small, so the whole tree is kept.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::Refusal;

/// An element of the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Element>,
    pub(super) text: String,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.as_str())
    }

    /// The texts of all children of that name.
    pub(super) fn texts_of(&self, name: &str) -> Vec<String> {
        self.children.iter().filter(|child| child.name == name).map(|child| child.text.clone()).collect()
    }
}

/// A parsed document with what stood before its root.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) has_declaration: bool,
    /// The `version` of `<?qbxml version="…"?>`.
    pub(super) qbxml_version: Option<String>,
    pub(super) root: Element,
}

/// Deeper than any request of the schema.
const MAX_DEPTH: usize = 16;

pub(super) fn parse(text: &str) -> Result<Document, Refusal> {
    let bad = |error: &dyn std::fmt::Display| Refusal::parse_error(format!("not well-formed: {error}"));
    let mut reader = Reader::from_str(text);
    let mut document = Document { has_declaration: false, qbxml_version: None, root: Element::default() };
    let mut open: Vec<Element> = Vec::new();
    let mut closed: Option<Element> = None;
    let mut first = true;
    loop {
        let event = reader.read_event().map_err(|error| bad(&error))?;
        match event {
            Event::Decl(_) if first => document.has_declaration = true,
            Event::Decl(_) => return Err(bad(&"the XML declaration is not at the start")),
            Event::PI(pi) if pi.target() == "qbxml" && open.is_empty() && closed.is_none() => {
                let version =
                    pi.attributes().filter_map(Result::ok).find(|pair| pair.key.as_ref() == "version");
                document.qbxml_version = version.map(|pair| pair.value.into_owned());
            }
            Event::Start(start) => {
                if closed.is_some() || open.len() >= MAX_DEPTH {
                    return Err(bad(&"a second root, or too deep"));
                }
                open.push(element(&start)?);
            }
            Event::Empty(start) => {
                let element = element(&start)?;
                close(element, &mut open, &mut closed).map_err(|error| bad(&error))?;
            }
            Event::End(_) => {
                let element = open.pop().unwrap_or_default();
                close(element, &mut open, &mut closed).map_err(|error| bad(&error))?;
            }
            Event::Text(text) => add_text(&mut open, &text.xml10_content()).map_err(|error| bad(&error))?,
            Event::CData(text) => add_text(&mut open, &text.xml10_content()).map_err(|error| bad(&error))?,
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content().into_owned();
                let resolved = match reference.resolve_char_ref().map_err(|error| bad(&error))? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&name)
                        .ok_or_else(|| bad(&format!("the entity {name} is not declared")))?
                        .to_owned(),
                };
                add_text(&mut open, &resolved).map_err(|error| bad(&error))?;
            }
            Event::DocType(_) => return Err(bad(&"a document type declaration")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
        first = false;
    }
    if let Some(unclosed) = open.last() {
        return Err(bad(&format!("{} is not closed", unclosed.name)));
    }
    document.root = closed.ok_or_else(|| bad(&"no root element"))?;
    Ok(document)
}

fn element(start: &BytesStart<'_>) -> Result<Element, Refusal> {
    let mut element = Element { name: start.name().as_ref().to_owned(), ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| Refusal::parse_error(format!("attribute: {error}")))?;
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .map_err(|error| Refusal::parse_error(format!("attribute: {error}")))?;
        element.attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(element)
}

fn close(element: Element, open: &mut [Element], closed: &mut Option<Element>) -> Result<(), &'static str> {
    match open.last_mut() {
        Some(parent) => parent.children.push(element),
        None if closed.is_some() => return Err("a second root"),
        None => *closed = Some(element),
    }
    Ok(())
}

fn add_text(open: &mut [Element], text: &str) -> Result<(), &'static str> {
    match open.last_mut() {
        Some(element) => element.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err("text outside the root"),
    }
    Ok(())
}

/// The texts of a small document by their path below the root; an element in an element is `Outer/Inner`.
pub(in super::super) fn flat_fields(text: &str, root: &str) -> Result<Vec<(String, String)>, String> {
    let document = parse(text).map_err(|refusal| refusal.detail)?;
    if document.root.name != root {
        return Err(format!("the root is {} and not {root}", document.root.name));
    }
    let mut fields = Vec::new();
    for field in document.root.children {
        for inner in field.children {
            fields.push((format!("{}/{}", field.name, inner.name), inner.text));
        }
        fields.push((field.name, field.text));
    }
    Ok(fields)
}
