//! Reads responses record by record, in constant memory.

use std::io::Read;

use crate::codec::xml::{Limits, Node, XmlError, XmlReader};

use super::fields;

/// QuickBooks nests a handful of elements; unknown ones may be deeper.
const LIMITS: Limits = Limits { depth: 256, attributes: 64, piece: 1024 * 1024 };

/// Bytes of one value. The longest that is staged has 1,023 characters (`Email`).
const LONGEST_VALUE: usize = 16 * 1024;

/// The number of values in one record, repeated ones included.
const MOST_VALUES: usize = 1024;

/// Why a response cannot be read. The error contains nothing of the response, not even a name, because one lost letter
/// can turn somebody's number into a name (promise 7).
#[derive(Debug, thiserror::Error)]
pub enum QbxmlError {
    #[error("QuickBooks' answer is empty")]
    Empty,
    #[error("QuickBooks' answer is not qbXML")]
    NotQbxml,
    #[error("a {element} has more than {limit} {of}")]
    TooLarge { element: String, limit: usize, of: &'static str },
    #[error("its {0} is not a number")]
    Number(&'static str),
    #[error(transparent)]
    Xml(#[from] XmlError),
}

/// The start of one answer: an `…Rs` element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// For example `EmployeeQueryRs`.
    pub name: String,
    /// The `requestID` of the request that is answered.
    pub request_id: Option<String>,
    /// QuickBooks' verdict on the request (`statusCode`). Its message is not read: it may name anybody.
    pub status: u32,
    pub iterator_id: Option<String>,
    /// How many records the iterator still has.
    pub remaining: Option<u64>,
    /// How many records this answer has, as QuickBooks counted them.
    pub ret_count: Option<u64>,
}

/// One record: those of its values that are read, in the order of the document, each with the index of its name in the
/// element's list of fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ret {
    pub element: String,
    pub values: Vec<(usize, String)>,
}

/// Reads a `QBXML` document of responses.
pub struct Reader<R: Read> {
    xml: XmlReader<R>,
    opened: bool,
}

impl<R: Read> Reader<R> {
    pub fn new(stream: R) -> Self {
        Self { xml: XmlReader::of_text(stream, LIMITS), opened: false }
    }

    /// The next answer; its records follow from [`Reader::record`]. The rest of the answer before is skipped. `None` at
    /// the end of the whole and well-formed document.
    ///
    /// # Errors
    /// A document that is not well-formed qbXML, or breaks off.
    pub fn answer(&mut self) -> Result<Option<Answer>, QbxmlError> {
        if !self.opened {
            self.open()?;
        }
        loop {
            match self.xml.read()? {
                Node::Start(element) => {
                    let attribute = |name| element.attribute(name);
                    let answer = Answer {
                        request_id: attribute("requestID")?,
                        status: number("statusCode", attribute("statusCode")?)?.unwrap_or(0),
                        iterator_id: attribute("iteratorID")?,
                        remaining: number("iteratorRemainingCount", attribute("iteratorRemainingCount")?)?,
                        ret_count: number("retCount", attribute("retCount")?)?,
                        name: element.local_name().to_owned(),
                    };
                    // Documents, message sets and answers are nested; records are inside answers.
                    if self.xml.depth() == ANSWER {
                        return Ok(Some(answer));
                    }
                    if self.xml.depth() > ANSWER {
                        self.xml.skip()?;
                    }
                }
                Node::Done => return Ok(None),
                _ => {}
            }
        }
    }

    /// The next record of the answer; `None` at its end.
    ///
    /// # Errors
    /// As [`Reader::answer`]; a record that exceeds a limit.
    pub fn record(&mut self) -> Result<Option<Ret>, QbxmlError> {
        // An answer that has ended, or is empty, has no records.
        while self.xml.depth() >= ANSWER {
            let inside = self.xml.depth() == ANSWER;
            match self.xml.read()? {
                Node::Start(element) if inside => {
                    let name = element.local_name();
                    match fields(name) {
                        Some(wanted) => {
                            let mut ret =
                                Ret { element: name.to_owned(), values: Vec::with_capacity(wanted.len()) };
                            self.values(wanted, &mut ret)?;
                            return Ok(Some(ret));
                        }
                        None => self.xml.skip()?,
                    }
                }
                Node::Done => return Err(XmlError::Truncated.into()),
                _ => {}
            }
        }
        Ok(None)
    }

    /// Reads a record to its end, and keeps only the fields that are read: nothing else gets into memory.
    fn values(&mut self, wanted: &[&'static str], ret: &mut Ret) -> Result<(), QbxmlError> {
        let outside = self.xml.depth() - 1;
        let mut path = String::new();
        let mut reading: Option<String> = None;
        while self.xml.depth() > outside {
            match self.xml.read()? {
                Node::Start(element) => {
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(element.local_name());
                    reading = wanted.contains(&path.as_str()).then(String::new);
                }
                Node::Text(text) => {
                    if let Some(value) = &mut reading {
                        value.push_str(&text);
                        if value.len() > LONGEST_VALUE {
                            return Err(too_large(ret, LONGEST_VALUE, "bytes in one value"));
                        }
                    }
                }
                Node::End => {
                    if let Some(value) = reading.take()
                        && let Some(index) = wanted.iter().position(|name| *name == path)
                    {
                        if ret.values.len() == MOST_VALUES {
                            return Err(too_large(ret, MOST_VALUES, "values"));
                        }
                        ret.values.push((index, value));
                    }
                    path.truncate(path.rfind('/').unwrap_or(0));
                }
                Node::Done => return Err(XmlError::Truncated.into()),
            }
        }
        Ok(())
    }

    /// Reads the root's start tag.
    fn open(&mut self) -> Result<(), QbxmlError> {
        self.opened = true;
        loop {
            match self.xml.read() {
                Ok(Node::Start(element)) if element.local_name() == "QBXML" => return Ok(()),
                Ok(Node::Start(_)) => return Err(QbxmlError::NotQbxml),
                Ok(Node::Done) => return Err(QbxmlError::Empty),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// The depth of an answer: `QBXML`, `QBXMLMsgsRs`, `…Rs`.
const ANSWER: usize = 3;

fn number<T: std::str::FromStr>(name: &'static str, value: Option<String>) -> Result<Option<T>, QbxmlError> {
    match value {
        None => Ok(None),
        Some(value) => match value.trim().parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(QbxmlError::Number(name)),
        },
    }
}

fn too_large(ret: &Ret, limit: usize, of: &'static str) -> QbxmlError {
    QbxmlError::TooLarge { element: ret.element.clone(), limit, of }
}
