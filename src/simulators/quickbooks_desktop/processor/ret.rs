//! Writing one `…Ret`: one element a line, without indentation, and only what was asked for.

use std::fmt::Display;

use super::document::escape;
use super::message_set::Version;

/// What of a `…Ret` was asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    /// The names in `IncludeRetElement`; empty means everything. Case counts, and a wrong name is no error (Intuit's
    /// on-screen reference).
    pub(super) include: Vec<String>,
    pub(super) owner_ids: Vec<String>,
    pub(super) version: Version,
}

/// An open `…Ret`.
pub(super) struct Ret<'a> {
    out: &'a mut String,
    wanted: &'a Wanted,
    /// 0 directly below the `…Ret`: only there `IncludeRetElement` and versions count.
    depth: usize,
}

impl<'a> Ret<'a> {
    /// Writes `<name>`, what `fill` adds, and `</name>`.
    pub(super) fn write(
        name: &str,
        wanted: &'a Wanted,
        out: &'a mut String,
        fill: impl FnOnce(&mut Ret<'_>),
    ) {
        open(name, out);
        out.push('\n');
        fill(&mut Ret { out: &mut *out, wanted, depth: 0 });
        close(name, out);
    }

    pub(super) fn owner_ids(&self) -> &'a [String] {
        &self.wanted.owner_ids
    }

    pub(super) fn text(&mut self, name: &str, value: impl Display) {
        self.text_since(1, name, value);
    }

    /// An element that the schema has since that major version.
    pub(super) fn text_since(&mut self, major: u16, name: &str, value: impl Display) {
        if self.wants(name, major) {
            open(name, self.out);
            escape(&value.to_string(), self.out);
            close(name, self.out);
        }
    }

    /// Writes nothing for an absent value: QuickBooks leaves empty elements out.
    pub(super) fn maybe(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(super) fn maybe_since(&mut self, major: u16, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text_since(major, name, value);
        }
    }

    pub(super) fn group(&mut self, name: &str, fill: impl FnOnce(&mut Ret<'_>)) {
        self.group_since(1, name, fill);
    }

    pub(super) fn group_since(&mut self, major: u16, name: &str, fill: impl FnOnce(&mut Ret<'_>)) {
        if self.wants(name, major) {
            open(name, self.out);
            self.out.push('\n');
            fill(&mut Ret { out: &mut *self.out, wanted: self.wanted, depth: self.depth + 1 });
            close(name, self.out);
        }
    }

    /// A reference to an entry of another list.
    pub(super) fn reference(&mut self, name: &str, list_id: &str, full_name: &str) {
        self.group(name, |group| {
            group.text("ListID", list_id);
            group.text("FullName", full_name);
        });
    }

    fn wants(&self, name: &str, major: u16) -> bool {
        let included = |names: &[String]| names.is_empty() || names.iter().any(|included| included == name);
        self.depth > 0 || (self.wanted.version >= Version(major, 0) && included(&self.wanted.include))
    }
}

fn open(name: &str, out: &mut String) {
    out.push('<');
    out.push_str(name);
    out.push('>');
}

fn close(name: &str, out: &mut String) {
    out.push_str("</");
    out.push_str(name);
    out.push_str(">\n");
}
