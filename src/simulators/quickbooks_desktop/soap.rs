//! The envelopes, as captured Web Connectors write them, and the reading of replies.

use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::reader::NsReader;

use super::options::EnvelopeStyle;

/// The namespace of every call and reply.
pub(super) const NAMESPACE: &str = "http://developer.intuit.com/";
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// One parameter of a call.
pub(super) enum Parameter<'a> {
    Text(&'a str),
    Number(u16),
}

/// The whole envelope of a call.
pub(super) fn call(style: EnvelopeStyle, operation: &str, parameters: &[(&str, Parameter<'_>)]) -> String {
    let mut out = start(style, operation, parameters.is_empty());
    for (name, parameter) in parameters {
        write(style, name, parameter, &mut out);
    }
    out.push_str(&end(style, operation, parameters.is_empty()));
    out
}

/// The envelope of receiveResponseXML without its response: what stands before and after it.
pub(super) fn around_response(style: EnvelopeStyle, ticket: &str) -> (String, String) {
    let operation = "receiveResponseXML";
    let mut before = start(style, operation, false);
    write(style, "ticket", &Parameter::Text(ticket), &mut before);
    open(style, "response", "string", &mut before);
    before.push('>');
    let mut after = "</response>".to_owned();
    write(style, "hresult", &Parameter::Text(""), &mut after);
    write(style, "message", &Parameter::Text(""), &mut after);
    after.push_str(&end(style, operation, false));
    (before, after)
}

/// Appends text as the content of an element: `<`, `>` and `&` escaped, quotes left as they are (captured).
pub(super) fn embed(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            other => out.push(other),
        }
    }
}

fn start(style: EnvelopeStyle, operation: &str, empty: bool) -> String {
    const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";
    const XSD: &str = "http://www.w3.org/2001/XMLSchema";
    let prolog = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
    let close = if empty { " />" } else { ">" };
    match style {
        EnvelopeStyle::Document => format!(
            "{prolog}<soap:Envelope xmlns:soap=\"{SOAP}\" xmlns:xsi=\"{XSI}\" xmlns:xsd=\"{XSD}\"><soap:Body><{operation} xmlns=\"{NAMESPACE}\"{close}"
        ),
        EnvelopeStyle::Rpc => format!(
            "{prolog}<soap:Envelope xmlns:soap=\"{SOAP}\" xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\" xmlns:tns=\"{NAMESPACE}\" xmlns:types=\"{NAMESPACE}encodedTypes\" xmlns:xsi=\"{XSI}\" xmlns:xsd=\"{XSD}\"><soap:Body soap:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><q1:{operation} xmlns:q1=\"{NAMESPACE}\"{close}"
        ),
    }
}

fn end(style: EnvelopeStyle, operation: &str, empty: bool) -> String {
    let prefix = if style == EnvelopeStyle::Rpc { "q1:" } else { "" };
    let close = if empty { String::new() } else { format!("</{prefix}{operation}>") };
    format!("{close}</soap:Body></soap:Envelope>")
}

fn open(style: EnvelopeStyle, name: &str, kind: &str, out: &mut String) {
    out.push('<');
    out.push_str(name);
    if style == EnvelopeStyle::Rpc {
        out.push_str(&format!(" xsi:type=\"xsd:{kind}\""));
    }
}

fn write(style: EnvelopeStyle, name: &str, parameter: &Parameter<'_>, out: &mut String) {
    let (kind, text) = match parameter {
        Parameter::Text(text) => ("string", (*text).to_owned()),
        Parameter::Number(number) => ("int", number.to_string()),
    };
    open(style, name, kind, out);
    if text.is_empty() {
        out.push_str(" />");
        return;
    }
    out.push('>');
    embed(&text, out);
    out.push_str(&format!("</{name}>"));
}

/// The result of a call: the text of the result element, and its `string` children.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) text: String,
    pub(super) strings: Vec<String>,
}

/// Reads the reply to `operation`. Prefixes do not matter; namespaces and names do.
///
/// # Errors
/// What a Web Connector would stumble over: no XML, a fault, another namespace, no result.
pub(super) fn read_reply(style: EnvelopeStyle, operation: &str, body: &[u8]) -> Result<Reply, String> {
    let text = std::str::from_utf8(body).map_err(|_| "the reply is not UTF-8".to_owned())?;
    let envelope = read_tree(text)?;
    let body = envelope
        .is(SOAP, "Envelope")
        .then(|| envelope.children.iter().find(|child| child.is(SOAP, "Body")))
        .flatten()
        .ok_or_else(|| "the reply is no SOAP 1.1 envelope".to_owned())?;
    let response = body.children.first().ok_or_else(|| "the SOAP body is empty".to_owned())?;
    if response.is(SOAP, "Fault") {
        let text =
            |name: &str| response.children.iter().find(|c| c.name == name).map_or("", |c| c.text.as_str());
        return Err(format!("SOAP fault {}: {}", text("faultcode"), text("faultstring")));
    }
    if !response.is(NAMESPACE, &format!("{operation}Response")) {
        return Err(format!("the reply is «{}» in the namespace «{}»", response.name, response.namespace));
    }
    let wanted = format!("{operation}Result");
    let in_place = |node: &Node, name: &str| {
        node.is(NAMESPACE, name) || (style == EnvelopeStyle::Rpc && node.is("", name))
    };
    let result = response
        .children
        .iter()
        .find(|child| in_place(child, &wanted))
        .ok_or_else(|| format!("the reply has no {wanted}"))?;
    if result.nil {
        return Err(format!("{wanted} is nil"));
    }
    let strings = result.children.iter().filter(|child| in_place(child, "string"));
    Ok(Reply { text: result.text.clone(), strings: strings.map(|child| child.text.clone()).collect() })
}

/// An element of a reply.
#[derive(Debug, Default)]
struct Node {
    namespace: String,
    name: String,
    nil: bool,
    text: String,
    children: Vec<Node>,
}

impl Node {
    fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }
}

/// Deeper than any reply.
const MAX_DEPTH: usize = 32;

fn read_tree(text: &str) -> Result<Node, String> {
    let bad = |error: &dyn std::fmt::Display| format!("Response is not well-formed XML: {error}");
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open: Vec<Node> = Vec::new();
    let mut root = None;
    let mut first = true;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|error| bad(&error))?;
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(_) => return Err(bad(&"a prefix is not declared")),
        };
        let mut add = |text: &str| match open.last_mut() {
            Some(node) => {
                node.text.push_str(text);
                Ok(())
            }
            None if text.trim().is_empty() => Ok(()),
            None => Err(bad(&"text outside the root")),
        };
        match event {
            Event::Decl(_) if !first => return Err(bad(&"the XML declaration is not at the start")),
            Event::Start(start) => {
                if root.is_some() || open.len() >= MAX_DEPTH {
                    return Err(bad(&"a second root, or too deep"));
                }
                let name = start.local_name().as_ref().to_owned();
                open.push(Node { namespace, name, nil: is_nil(&start), ..Node::default() });
            }
            Event::End(_) => {
                let node = open.pop().unwrap_or_default();
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => root = Some(node),
                }
            }
            Event::Text(text) => add(&text.xml10_content())?,
            Event::CData(text) => add(&text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let name = reference.xml10_content().into_owned();
                match reference.resolve_char_ref().map_err(|error| bad(&error))? {
                    Some(character) => add(&character.to_string())?,
                    None => add(quick_xml::escape::resolve_xml_entity(&name)
                        .ok_or_else(|| bad(&"an unknown entity"))?)?,
                }
            }
            Event::DocType(_) => return Err(bad(&"a document type declaration")),
            Event::Eof => break,
            _ => {}
        }
        first = false;
    }
    if !open.is_empty() {
        return Err(bad(&"it ends too early"));
    }
    root.ok_or_else(|| bad(&"no root element"))
}

fn is_nil(start: &BytesStart<'_>) -> bool {
    let nil = |key: &str, value: &str| key.ends_with(":nil") && (value == "true" || value == "1");
    start.attributes().filter_map(Result::ok).any(|pair| nil(pair.key.as_ref(), pair.value.as_ref()))
}

#[cfg(test)]
#[path = "soap_tests.rs"]
mod tests;
