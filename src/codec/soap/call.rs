//! Reads a call, parameter by parameter, as it arrives.

use std::io::{self, BufRead, Read};

use crate::codec::{
    unescape::Unescaped,
    xml::{Limits, Node, XmlError, XmlReader},
};

use super::{SOAP_11, SOAP_12, Style, Version};

/// Envelopes have few and flat elements; the limits are far above what any client sends.
const LIMITS: Limits = Limits { depth: 32, attributes: 32, piece: 256 * 1024 };

/// Why an envelope cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SoapError {
    #[error("the body is not a SOAP envelope")]
    NotAnEnvelope,
    #[error("the envelope's namespace is neither that of SOAP 1.1 nor of SOAP 1.2")]
    Version,
    #[error("the envelope has no call in its Body")]
    NoCall,
    #[error(transparent)]
    Xml(#[from] XmlError),
}

/// An envelope whose beginning was read: the method is known, the parameters follow.
pub struct Call<R: Read> {
    pub version: Version,
    pub style: Style,
    /// The local name of the first element in the Body: the method.
    pub method: String,
    prefixed: bool,
    xml: XmlReader<R>,
    inside: usize,
}

impl<R: Read> Call<R> {
    /// Reads up to the method's start tag. Any prefix, a Header and white space are normal.
    ///
    /// # Errors
    /// Anything but the beginning of a SOAP envelope with a call.
    pub fn open(stream: R) -> Result<Self, SoapError> {
        let mut xml = XmlReader::new(stream, LIMITS);
        let version = envelope(&mut xml)?;
        let body = loop {
            let element = start(&mut xml)?.ok_or(SoapError::NoCall)?;
            if element.name == "Body" {
                break element;
            }
            xml.skip()?;
        };
        let method = start(&mut xml)?.ok_or(SoapError::NoCall)?;
        let inside = xml.depth();
        let style = if body.encoded || method.encoded { Style::Rpc } else { Style::Document };
        Ok(Self { version, style, method: method.name, prefixed: method.prefixed, xml, inside })
    }

    /// Reads up to the next parameter and returns its local name; `None` if there is no other.
    ///
    /// # Errors
    /// XML that is not well-formed or breaks off.
    pub fn parameter(&mut self) -> Result<Option<String>, SoapError> {
        // The rest of the parameter before is skipped.
        while self.xml.depth() > self.inside {
            self.xml.skip()?;
        }
        match start(&mut self.xml)? {
            Some(parameter) => {
                // `<q1:method>` with `<parameter>` is RPC; `<q1:method>` with `<q1:parameter>` is document style with a
                // prefix.
                if self.prefixed && !parameter.prefixed {
                    self.style = Style::Rpc;
                }
                Ok(Some(parameter.name))
            }
            None => Ok(None),
        }
    }

    /// The text of the current parameter.
    ///
    /// # Errors
    /// A text of more than `limit` bytes; XML that is not well-formed or breaks off.
    pub fn text(&mut self, limit: usize) -> Result<String, SoapError> {
        Ok(self.xml.text(limit)?)
    }

    /// The text of the current parameter as a stream, of which `use_it` reads as much as it wants.
    ///
    /// # Errors
    /// XML that is not well-formed or breaks off.
    pub fn stream<T>(&mut self, use_it: impl FnOnce(&mut dyn BufRead) -> T) -> Result<T, SoapError> {
        if self.xml.is_empty_element() {
            let made = use_it(&mut io::empty());
            self.xml.skip()?;
            return Ok(made);
        }
        let mut text = Unescaped::new(self.xml.source());
        let made = use_it(&mut text);
        text.drain().map_err(XmlError::from)?;
        self.xml.skip()?;
        Ok(made)
    }

    /// Reads to the end of the envelope: a call that breaks off does not count.
    ///
    /// # Errors
    /// XML that is not well-formed or breaks off.
    pub fn finish(&mut self) -> Result<(), SoapError> {
        loop {
            if matches!(self.xml.read()?, Node::Done) {
                return Ok(());
            }
        }
    }
}

struct Started {
    name: String,
    prefixed: bool,
    /// The envelope says how its content is encoded, as RPC does (SOAP 1.1 section 4.1.1).
    encoded: bool,
}

/// The next start tag within the current element; `None` at its end.
fn start<R: Read>(xml: &mut XmlReader<R>) -> Result<Option<Started>, XmlError> {
    loop {
        match xml.read()? {
            Node::Start(element) => {
                let name = element.local_name().to_owned();
                let encoded = element.has_attribute("encodingStyle")?;
                return Ok(Some(Started { name, prefixed: !element.prefix().is_empty(), encoded }));
            }
            Node::End => return Ok(None),
            Node::Done => return Err(XmlError::Truncated),
            Node::Text(_) => {}
        }
    }
}

/// Reads the envelope's start tag; its namespace gives the version.
fn envelope<R: Read>(xml: &mut XmlReader<R>) -> Result<Version, SoapError> {
    loop {
        match xml.read()? {
            Node::Start(element) => {
                if element.local_name() != "Envelope" {
                    return Err(SoapError::NotAnEnvelope);
                }
                let namespaces = element.namespaces()?;
                let namespace = namespaces.iter().find(|(prefix, _)| prefix == element.prefix());
                return match namespace.map_or("", |(_, name)| name.as_str()) {
                    SOAP_11 => Ok(Version::V11),
                    SOAP_12 => Ok(Version::V12),
                    _ => Err(SoapError::Version),
                };
            }
            Node::Done => return Err(XmlError::Truncated.into()),
            _ => {}
        }
    }
}
