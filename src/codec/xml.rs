//! Reads well-formed XML, event by event, within limits.
//!
//! quick-xml accepts open tags at the end, a document type, and two roots: this reader does not.

use std::{borrow::Cow, io::Read, sync::Arc};

use quick_xml::{
    Reader,
    errors::{IllFormedError, SyntaxError},
    events::{Event, attributes::Attribute},
};

use super::lookahead::{LookaheadReader, TooLong};

/// The limits of a document.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The depth of nested elements.
    pub depth: usize,
    /// The number of attributes of one element.
    pub attributes: usize,
    /// The bytes of one tag, text or comment.
    pub piece: usize,
}

/// Why a document cannot be read: what is wrong, and where. The error never contains any of the document: it may be
/// anybody's data, and errors are kept and shown (promise 7).
#[derive(Debug, Clone, thiserror::Error)]
pub enum XmlError {
    #[error("the XML ends in the middle of an element")]
    Truncated,
    #[error("the XML is not well-formed: {why} (byte {at})")]
    Malformed { why: &'static str, at: u64 },
    #[error("the XML is not UTF-8 text (byte {0})")]
    Encoding(u64),
    #[error("the XML says that it is not UTF-8 text")]
    Declared,
    #[error("the XML has a document type declaration, which is not accepted")]
    DocType,
    #[error("the XML uses an entity that XML does not define (byte {0})")]
    Entity(u64),
    #[error("the XML has more than {0} elements within each other")]
    TooDeep(usize),
    #[error("an XML element has more than {0} attributes")]
    TooManyAttributes(usize),
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The stream under the XML failed.
    #[error("the XML broke off: {0}")]
    Broken(Arc<std::io::Error>),
}

impl XmlError {
    /// `at` is the position, in bytes, up to which the document was read.
    fn of(error: quick_xml::Error, at: u64) -> Self {
        let why = match error {
            quick_xml::Error::Io(io) => return io.into(),
            quick_xml::Error::Encoding(_) => return Self::Encoding(at),
            quick_xml::Error::Syntax(SyntaxError::InvalidBangMarkup) => "`<!` begins nothing that XML knows",
            // All others mean that the document ended too early.
            quick_xml::Error::Syntax(_) | quick_xml::Error::IllFormed(IllFormedError::MissingEndTag(_)) => {
                return Self::Truncated;
            }
            quick_xml::Error::IllFormed(IllFormedError::UnclosedReference) => "a reference does not end",
            quick_xml::Error::IllFormed(
                IllFormedError::MismatchedEndTag { .. } | IllFormedError::UnmatchedEndTag(_),
            ) => "an end tag is not that of the element that is open",
            quick_xml::Error::IllFormed(_) => "a declaration is not as XML has them",
            quick_xml::Error::InvalidAttr(_) => ATTRIBUTE,
            quick_xml::Error::Escape(_) => "a reference is not one that XML defines",
            quick_xml::Error::Namespace(_) => "a name's prefix is not as XML has them",
        };
        Self::Malformed { why, at }
    }
}

const ATTRIBUTE: &str = "an attribute is not as XML has them";

impl From<Arc<std::io::Error>> for XmlError {
    fn from(error: Arc<std::io::Error>) -> Self {
        let inner = error.get_ref();
        if let Some(nested) = inner.and_then(|inner| inner.downcast_ref::<Self>()) {
            return nested.clone();
        }
        match inner.and_then(|inner| inner.downcast_ref::<TooLong>()) {
            Some(too_long) => Self::TooLong(*too_long),
            None if error.kind() == std::io::ErrorKind::UnexpectedEof => Self::Truncated,
            None => Self::Broken(error),
        }
    }
}

impl From<std::io::Error> for XmlError {
    fn from(error: std::io::Error) -> Self {
        Arc::new(error).into()
    }
}

/// One step through a document. An empty element gives a start and an end.
#[derive(Debug)]
pub enum Node<'a> {
    Start(Element<'a>),
    /// Text, with references resolved; a run of text may come in several pieces.
    Text(Cow<'a, str>),
    End,
    Done,
}

/// Comments and processing instructions, which readers of elements and text ignore.
const NOTHING: Node<'static> = Node::Text(Cow::Borrowed(""));

/// A start tag, and the position of its end.
#[derive(Debug)]
pub struct Element<'a>(quick_xml::events::BytesStart<'a>, u64);

impl Element<'_> {
    /// The name without its prefix.
    pub fn local_name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    fn attributes(&self) -> impl Iterator<Item = Result<Attribute<'_>, XmlError>> {
        self.0
            .attributes()
            .map(|attribute| attribute.map_err(|_| XmlError::Malformed { why: ATTRIBUTE, at: self.1 }))
    }

    fn value(&self, attribute: &Attribute<'_>) -> Result<String, XmlError> {
        match attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0) {
            Ok(value) => Ok(value.into_owned()),
            Err(_) => Err(XmlError::Malformed { why: ATTRIBUTE, at: self.1 }),
        }
    }

    /// The value of an attribute without a prefix.
    ///
    /// # Errors
    /// Attributes that are not well-formed.
    pub fn attribute(&self, name: &str) -> Result<Option<String>, XmlError> {
        for attribute in self.attributes() {
            let attribute = attribute?;
            if attribute.key.as_ref() == name {
                return self.value(&attribute).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether there is an attribute of this local name, whatever its prefix.
    ///
    /// # Errors
    /// Attributes that are not well-formed.
    pub fn has_attribute(&self, local_name: &str) -> Result<bool, XmlError> {
        for attribute in self.attributes() {
            let attribute = attribute?;
            if attribute.key.local_name().into_inner() == local_name {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The namespaces that this tag declares: prefix (empty for the default) and name.
    ///
    /// # Errors
    /// Attributes that are not well-formed.
    pub fn namespaces(&self) -> Result<Vec<(String, String)>, XmlError> {
        let mut declared = Vec::new();
        for attribute in self.attributes() {
            let attribute = attribute?;
            let prefix = match attribute.key.as_ref() {
                "xmlns" => "",
                key => match key.strip_prefix("xmlns:") {
                    Some(prefix) => prefix,
                    None => continue,
                },
            };
            declared.push((prefix.to_owned(), self.value(&attribute)?));
        }
        Ok(declared)
    }

    /// The prefix of the name; empty if there is none.
    pub fn prefix(&self) -> &str {
        self.0.name().prefix().map_or("", |prefix| prefix.into_inner())
    }
}

/// A bounded reader of one document.
pub struct XmlReader<R: Read> {
    reader: Reader<LookaheadReader<R>>,
    buffer: Vec<u8>,
    limits: Limits,
    depth: usize,
    /// The root has ended: only white space, comments and the end may follow.
    ended: bool,
    /// The last start tag was an empty element: its end follows, without a tag.
    empty: bool,
    /// The encoding that the document declares is to be ignored.
    decoded: bool,
}

impl<R: Read> XmlReader<R> {
    pub fn new(stream: R, limits: Limits) -> Self {
        let reader = Reader::from_reader(LookaheadReader::new(stream, limits.piece));
        Self { reader, buffer: Vec::new(), limits, depth: 0, ended: false, empty: false, decoded: false }
    }

    /// For a document that was text within another: the outer one has decoded it, whatever encoding it declares.
    pub fn of_text(stream: R, limits: Limits) -> Self {
        Self { decoded: true, ..Self::new(stream, limits) }
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Whether the last start tag was an empty element, `<like />`.
    pub fn is_empty_element(&self) -> bool {
        self.empty
    }

    /// The stream, positioned where the last event ended. Whoever takes bytes from it must leave it before a tag.
    pub fn source(&mut self) -> &mut LookaheadReader<R> {
        self.reader.get_mut()
    }

    /// The next node.
    ///
    /// # Errors
    /// Anything but well-formed XML within the limits.
    pub fn read(&mut self) -> Result<Node<'_>, XmlError> {
        if self.empty {
            self.empty = false;
            return Ok(self.end());
        }
        self.buffer.clear();
        self.reader.get_mut().next_piece();
        let event = self.reader.read_event_into(&mut self.buffer);
        let at = self.reader.get_ref().position();
        let event = event.map_err(|error| XmlError::of(error, at))?;
        self.empty = matches!(event, Event::Empty(_));
        match event {
            Event::Start(start) | Event::Empty(start) => {
                if self.ended {
                    return Err(XmlError::Malformed { why: "there are two root elements", at });
                }
                self.depth += 1;
                if self.depth > self.limits.depth {
                    return Err(XmlError::TooDeep(self.limits.depth));
                }
                if start.attributes().with_checks(false).count() > self.limits.attributes {
                    return Err(XmlError::TooManyAttributes(self.limits.attributes));
                }
                Ok(Node::Start(Element(start, at)))
            }
            Event::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                self.ended = self.depth == 0;
                Ok(Node::End)
            }
            // A byte order mark counts as white space before the document.
            Event::Text(text) if self.depth == 0 => {
                match text.trim_start_matches('\u{feff}').trim().is_empty() {
                    true => Ok(NOTHING),
                    false => {
                        Err(XmlError::Malformed { why: "there is text outside of the root element", at })
                    }
                }
            }
            Event::Text(text) => Ok(Node::Text(text.xml10_content())),
            Event::CData(data) => Ok(Node::Text(data.xml10_content())),
            Event::GeneralRef(reference) => {
                match reference.resolve_char_ref().map_err(|error| XmlError::of(error, at))? {
                    Some(c) => Ok(Node::Text(Cow::Owned(c.to_string()))),
                    None => match quick_xml::escape::resolve_predefined_entity(&reference) {
                        Some(text) => Ok(Node::Text(Cow::Borrowed(text))),
                        None => Err(XmlError::Entity(at)),
                    },
                }
            }
            Event::Comment(_) | Event::PI(_) => Ok(NOTHING),
            Event::Decl(_) if self.decoded => Ok(NOTHING),
            Event::Decl(declaration) => check_encoding(&declaration).map(|()| NOTHING),
            Event::DocType(_) => Err(XmlError::DocType),
            Event::Eof if self.depth > 0 => Err(XmlError::Truncated),
            Event::Eof if !self.ended => Err(XmlError::Malformed { why: "there is no element in it", at }),
            Event::Eof => Ok(Node::Done),
        }
    }

    fn end(&mut self) -> Node<'static> {
        self.depth = self.depth.saturating_sub(1);
        self.ended = self.depth == 0;
        Node::End
    }

    /// Skips the rest of the element that was started last.
    ///
    /// # Errors
    /// As [`XmlReader::read`].
    pub fn skip(&mut self) -> Result<(), XmlError> {
        let outside = self.depth.saturating_sub(1);
        while self.depth > outside {
            if matches!(self.read()?, Node::Done) {
                return Err(XmlError::Truncated);
            }
        }
        Ok(())
    }

    /// The text of the element that was started last, to its end. Nested elements are skipped.
    ///
    /// # Errors
    /// [`TooLong`] above `limit` bytes; else as [`XmlReader::read`].
    pub fn text(&mut self, limit: usize) -> Result<String, XmlError> {
        let inside = self.depth;
        let mut text = String::new();
        while self.depth >= inside {
            let here = self.depth == inside;
            match self.read()? {
                Node::Text(piece) if here => {
                    if text.len() + piece.len() > limit {
                        return Err(TooLong(limit).into());
                    }
                    text.push_str(&piece);
                }
                Node::Done => return Err(XmlError::Truncated),
                _ => {}
            }
        }
        Ok(text)
    }
}

/// Refuses documents that declare an encoding other than UTF-8 or ASCII: their letters would be read wrongly.
fn check_encoding(declaration: &quick_xml::events::BytesDecl<'_>) -> Result<(), XmlError> {
    match declaration.encoding() {
        Some(Ok(name)) if !["utf-8", "utf8", "us-ascii"].contains(&name.to_ascii_lowercase().as_str()) => {
            Err(XmlError::Declared)
        }
        _ => Ok(()),
    }
}
