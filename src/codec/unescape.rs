//! Unescapes XML that is text inside other XML, as a stream, in constant memory.

use std::io::{self, BufRead, Read};

use memchr::{memchr2, memmem};

use super::{lookahead::LookaheadReader, xml::XmlError};

/// The number of bytes that are unescaped at a time.
const CHUNK: usize = 32 * 1024;

/// `&#x10FFFF;` is the longest reference there is; leading zeros beyond this are hostile.
const LONGEST_REFERENCE: usize = 16;

/// Reads the text of the element at which `source` stands, unescaped once, up to its end tag, which is not taken. CDATA
/// sections are copied as they are and comments are skipped.
pub struct Unescaped<'a, R: Read> {
    source: &'a mut LookaheadReader<R>,
    out: Vec<u8>,
    position: usize,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    CData,
    Ended,
}

impl<'a, R: Read> Unescaped<'a, R> {
    pub fn new(source: &'a mut LookaheadReader<R>) -> Self {
        Self { source, out: Vec::with_capacity(CHUNK + 64), position: 0, state: State::Text }
    }

    /// Skips the rest of the text, but checks it.
    ///
    /// # Errors
    /// The errors of the text and of the stream.
    pub fn drain(mut self) -> io::Result<()> {
        while !self.fill_buf()?.is_empty() {
            let all = self.out.len() - self.position;
            self.consume(all);
        }
        Ok(())
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.position = 0;
        while self.out.len() < CHUNK && self.state != State::Ended {
            self.source.next_piece();
            match self.state {
                State::Text => self.text()?,
                State::CData => self.cdata()?,
                State::Ended => {}
            }
        }
        Ok(())
    }

    /// Takes one buffer of text, up to markup, or to a reference that is not complete in the buffer.
    fn text(&mut self) -> io::Result<()> {
        let chunk = self.source.fill_buf()?;
        if chunk.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut taken = 0;
        let mut rest = chunk;
        let stop = loop {
            let Some(at) = memchr2(b'&', b'<', rest) else {
                self.out.extend_from_slice(rest);
                break Stop { taken: chunk.len(), markup: false, reference: false };
            };
            let (plain, special) = rest.split_at(at);
            self.out.extend_from_slice(plain);
            taken += at;
            if special.first() == Some(&b'<') {
                break Stop { taken, markup: true, reference: false };
            }
            match common(special) {
                Some((byte, length)) => {
                    self.out.push(byte);
                    taken += length;
                    rest = special.get(length..).unwrap_or_default();
                }
                None => break Stop { taken, markup: false, reference: true },
            }
            if self.out.len() >= CHUNK {
                break Stop { taken, markup: false, reference: false };
            }
        };
        self.source.consume(stop.taken);
        if stop.reference {
            self.reference()?;
        } else if stop.markup {
            self.markup()?;
        }
        Ok(())
    }

    /// A reference that is not one of the three common ones, or is cut by the end of the buffer.
    fn reference(&mut self) -> io::Result<()> {
        let ahead = self.source.peek(LONGEST_REFERENCE)?;
        let Some(end) = ahead.iter().position(|byte| *byte == b';') else {
            return Err(match ahead.len() < LONGEST_REFERENCE {
                true => io::ErrorKind::UnexpectedEof.into(),
                false => self.bad(UNDEFINED),
            });
        };
        let name = str::from_utf8(ahead.get(1..end).unwrap_or_default()).ok();
        let Some(c) = name.and_then(resolve) else { return Err(self.bad(UNDEFINED)) };
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        self.source.consume(end + 1);
        Ok(())
    }

    /// A `<`: the end tag, a CDATA section or a comment.
    fn markup(&mut self) -> io::Result<()> {
        let ahead = self.source.peek(9)?;
        if ahead.starts_with(b"</") {
            self.state = State::Ended;
        } else if ahead == b"<![CDATA[" {
            self.source.consume(9);
            self.state = State::CData;
        } else if ahead.starts_with(b"<!--") {
            self.source.consume(4);
            self.comment()?;
        } else if ahead.len() < 9 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        } else {
            return Err(self.bad("the text has elements in it; QuickBooks' answer must be escaped text"));
        }
        Ok(())
    }

    fn cdata(&mut self) -> io::Result<()> {
        if self.source.peek(3)? == b"]]>" {
            self.source.consume(3);
            self.state = State::Text;
            return Ok(());
        }
        let chunk = self.source.fill_buf()?;
        if chunk.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // The last bytes may begin the end mark: they are looked at again with what follows.
        let safe = memmem::find(chunk, b"]]>").unwrap_or_else(|| chunk.len().saturating_sub(2).max(1));
        self.out.extend(chunk.iter().take(safe));
        self.source.consume(safe);
        Ok(())
    }

    fn bad(&self, why: &'static str) -> io::Error {
        io::Error::other(XmlError::Malformed { why, at: self.source.position() })
    }

    fn comment(&mut self) -> io::Result<()> {
        while self.source.peek(3)? != b"-->" {
            if self.source.peek(1)?.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.source.consume(1);
        }
        self.source.consume(3);
        Ok(())
    }
}

const UNDEFINED: &str = "the text has a reference that XML does not define";

/// Where the scan of a buffer stopped, and why.
struct Stop {
    taken: usize,
    markup: bool,
    reference: bool,
}

/// The references in escaped XML, and their lengths.
fn common(text: &[u8]) -> Option<(u8, usize)> {
    if text.starts_with(b"&lt;") {
        Some((b'<', 4))
    } else if text.starts_with(b"&gt;") {
        Some((b'>', 4))
    } else if text.starts_with(b"&amp;") {
        Some((b'&', 5))
    } else if text.starts_with(b"&quot;") {
        Some((b'"', 6))
    } else {
        None
    }
}

fn resolve(name: &str) -> Option<char> {
    let code = match name {
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "amp" => return Some('&'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        name => match name.strip_prefix("#x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => name.strip_prefix('#')?.parse().ok()?,
        },
    };
    char::from_u32(code).filter(|c| *c != '\0')
}

impl<R: Read> BufRead for Unescaped<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.position == self.out.len() {
            self.refill()?;
        }
        Ok(self.out.get(self.position..).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.position = (self.position + amount).min(self.out.len());
    }
}

impl<R: Read> Read for Unescaped<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a few bytes at a time, so that each construct is cut by the end of a buffer once.
    struct Dribble<'a>(&'a [u8], usize);

    impl Read for Dribble<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let some = self.0.len().min(self.1).min(out.len());
            out[..some].copy_from_slice(&self.0[..some]);
            self.0 = &self.0[some..];
            Ok(some)
        }
    }

    fn unescape(text: &str, step: usize) -> io::Result<(String, String)> {
        let mut source = LookaheadReader::new(Dribble(text.as_bytes(), step), 1 << 20);
        let mut inner = String::new();
        Unescaped::new(&mut source).read_to_string(&mut inner)?;
        let mut rest = String::new();
        source.read_to_string(&mut rest)?;
        Ok((inner, rest))
    }

    #[test]
    fn text_is_unescaped_once_wherever_the_buffers_end() {
        let text = "&lt;a x=\"1\"&gt;B &amp;amp; C&#233;&#xE9;&apos;<![CDATA[<&amp;]] >]]><!-- - -- -->é&lt;/a&gt;</response></x>";
        for step in [1, 2, 3, 7, 4096] {
            let (inner, rest) = unescape(text, step).unwrap();
            assert_eq!(inner, "<a x=\"1\">B &amp; Céé'<&amp;]] >é</a>");
            assert_eq!(rest, "</response></x>");
        }
    }

    #[test]
    fn what_is_cut_off_or_undefined_is_an_error() {
        for text in
            ["abc", "abc&am", "&nbsp;</r>", "&#0;</r>", "&#xD800;</r>", "<b></b></r>", "<![CDATA[x", "<!-- x"]
        {
            assert!(unescape(text, 2).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn escaping_then_unescaping_gives_the_text_back(text in "[^\\x00\r]*", step in 1usize..50) {
            let escaped = format!("{}</r>", quick_xml::escape::partial_escape(&text));
            let (inner, rest) = unescape(&escaped, step).unwrap();
            proptest::prop_assert_eq!(inner, text);
            proptest::prop_assert_eq!(rest, "</r>");
        }
    }
}
