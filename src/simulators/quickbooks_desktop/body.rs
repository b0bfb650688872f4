//! The body of a call, made piece by piece.

use super::company_file::CompanyFile;
use super::processor::{Answer, Chunks};
use super::soap::embed;

/// A SOAP body: text, or text around an answer of QuickBooks.
pub(super) struct Body<'a> {
    before: String,
    answer: Option<(&'a Answer, &'a CompanyFile)>,
    /// Cuts the answer off after so many bytes.
    limit: u64,
    after: String,
    /// Bytes.
    length: u64,
}

impl<'a> Body<'a> {
    pub(super) fn text(text: String) -> Self {
        let length = text.len() as u64;
        Self { before: text, answer: None, limit: 0, after: String::new(), length }
    }

    /// Text around an answer; `halve` cuts the answer off in its middle. Writes the answer once to count its bytes.
    pub(super) async fn around(
        before: String,
        answer: &'a Answer,
        file: &'a CompanyFile,
        halve: bool,
        after: String,
    ) -> Self {
        let mut body = Self { before, answer: Some((answer, file)), limit: u64::MAX, after, length: 0 };
        if halve {
            let mut raw = 0;
            let (mut chunks, mut text) = (answer.chunks(file), String::new());
            while chunks.next(&mut text) {
                raw += text.len() as u64;
                text.clear();
            }
            body.limit = raw / 2;
        }
        let mut pieces = body.pieces();
        let (mut text, mut length, mut count) = (String::new(), 0, 0_u32);
        while pieces.next(&mut text) {
            length += text.len() as u64;
            text.clear();
            count += 1;
            if count.is_multiple_of(256) {
                // A long list must not keep the thread from its other tasks.
                tokio::task::yield_now().await;
            }
        }
        body.length = length;
        body
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    pub(super) fn pieces(&self) -> Pieces<'_> {
        Pieces {
            body: self,
            chunks: self.answer.map(|(answer, file)| answer.chunks(file)),
            left: self.limit,
            stage: Stage::Before,
            raw: String::new(),
        }
    }
}

/// A body being written.
pub(super) struct Pieces<'a> {
    body: &'a Body<'a>,
    chunks: Option<Chunks<'a>>,
    left: u64,
    stage: Stage,
    raw: String,
}

#[derive(Clone, Copy)]
enum Stage {
    Before,
    Answer,
    End,
}

impl Pieces<'_> {
    /// Appends the next piece; false when the body is complete and nothing was appended.
    pub(super) fn next(&mut self, out: &mut String) -> bool {
        match self.stage {
            Stage::Before => {
                out.push_str(&self.body.before);
                self.stage = Stage::Answer;
            }
            Stage::Answer => {
                self.raw.clear();
                let more =
                    self.left > 0 && self.chunks.as_mut().is_some_and(|chunks| chunks.next(&mut self.raw));
                if more {
                    // Answers are ASCII, so every byte is a place to cut.
                    let keep = usize::try_from(self.left).unwrap_or(usize::MAX).min(self.raw.len());
                    self.left -= keep as u64;
                    embed(self.raw.get(..keep).unwrap_or(&self.raw), out);
                } else {
                    out.push_str(&self.body.after);
                    self.stage = Stage::End;
                }
            }
            Stage::End => return false,
        }
        true
    }
}
