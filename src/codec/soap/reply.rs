//! Writes replies and faults, in the version and style of the call.

use crate::domain::problem::cut;

use super::{NAMESPACE, Style, Version};

/// The result of a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An empty text is sent as an empty element: a result that is left out makes the Web Connector fail.
    Text(String),
    /// `receiveResponseXML`: percent done, or a negative number.
    Number(i32),
    /// `authenticate`: ticket, company file, and so on.
    Texts(Vec<String>),
}

/// A fault: why a call was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whether the caller is at fault, or the gateway.
    pub client: bool,
    /// For the person who reads the Web Connector's log.
    pub reason: String,
}

/// The envelope of a reply to `method`.
pub fn reply(version: Version, style: Style, method: &str, reply: &Reply) -> String {
    let result = match (style, reply) {
        (Style::Document, Reply::Text(text)) => format!("<{method}Result>{}</{method}Result>", escape(text)),
        (Style::Document, Reply::Number(number)) => format!("<{method}Result>{number}</{method}Result>"),
        (Style::Document, Reply::Texts(texts)) => {
            let items: String =
                texts.iter().map(|text| format!("<string>{}</string>", escape(text))).collect();
            format!("<{method}Result>{items}</{method}Result>")
        }
        (Style::Rpc, Reply::Text(text)) => {
            format!("<{method}Result xsi:type=\"xsd:string\">{}</{method}Result>", escape(text))
        }
        (Style::Rpc, Reply::Number(number)) => {
            format!("<{method}Result xsi:type=\"xsd:int\">{number}</{method}Result>")
        }
        (Style::Rpc, Reply::Texts(texts)) => {
            let item = |text: &String| format!("<string xsi:type=\"xsd:string\">{}</string>", escape(text));
            let (items, count): (String, usize) = (texts.iter().map(item).collect(), texts.len());
            format!(
                "<{method}Result xsi:type=\"soapenc:Array\" soapenc:arrayType=\"xsd:string[{count}]\">{items}\
                 </{method}Result>"
            )
        }
    };
    let body = match style {
        Style::Document => format!("<{method}Response xmlns=\"{NAMESPACE}\">{result}</{method}Response>"),
        Style::Rpc => format!(
            "<m:{method}Response xmlns:m=\"{NAMESPACE}\" \
             xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\">{result}</m:{method}Response>"
        ),
    };
    envelope(version, &body)
}

/// The envelope of a fault: SOAP 1.1 section 4.4, SOAP 1.2 section 5.4.
pub fn fault(version: Version, fault: &Fault) -> String {
    let reason = escape(&cut(fault.reason.clone()));
    let body = match (version, fault.client) {
        (Version::V11, client) => {
            let code = if client { "soap:Client" } else { "soap:Server" };
            format!(
                "<soap:Fault><faultcode>{code}</faultcode><faultstring>{reason}</faultstring></soap:Fault>"
            )
        }
        (Version::V12, client) => {
            let code = if client { "soap:Sender" } else { "soap:Receiver" };
            format!(
                "<soap:Fault><soap:Code><soap:Value>{code}</soap:Value></soap:Code>\
                 <soap:Reason><soap:Text xml:lang=\"en\">{reason}</soap:Text></soap:Reason></soap:Fault>"
            )
        }
    };
    envelope(version, &body)
}

fn envelope(version: Version, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<soap:Envelope xmlns:soap=\"{}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\
         <soap:Body>{body}</soap:Body></soap:Envelope>",
        version.namespace()
    )
}

/// Text as XML 1.0 can contain it: escaped, without the characters that XML does not allow.
fn escape(text: &str) -> String {
    let allowed = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    let clean: String = text.chars().filter(allowed).collect();
    quick_xml::escape::escape(&clean).replace('\r', "&#13;")
}
