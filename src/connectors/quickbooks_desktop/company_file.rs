//! Which company file it is, and what its QuickBooks can do: the HCP document of a session's first call
//! (`HostQueryRs`, `CompanyQueryRs`, `PreferencesQueryRs`; Programmer's Guide p. 52 and 80).

use std::io::Read;

use crate::{
    codec::qbxml::{COMPANY, HOST, QbxmlError, Reader, Ret},
    domain::{ids::is_guid, problem::Problem},
};

/// The newest qbXML that Rollcall was written against.
const NEWEST: (u32, u32) = (13, 0);

/// The oldest that has iterators: QuickBooks 2006.
const OLDEST: (u32, u32) = (5, 0);

/// What QuickBooks says of itself. Tax numbers are not read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hcp {
    pub versions: Vec<String>,
    pub company_name: Option<String>,
    /// The FileIDs in the company file, each with its OwnerID.
    pub file_ids: Vec<(String, String)>,
}

impl Hcp {
    /// # Errors
    /// A document that is not well-formed qbXML.
    pub fn read(document: impl Read) -> Result<Self, QbxmlError> {
        let mut hcp = Self::default();
        let mut reader = Reader::new(document);
        while reader.answer()?.is_some() {
            while let Some(ret) = reader.record()? {
                match ret.element.as_str() {
                    "HostRet" => hcp.host(ret),
                    "CompanyRet" => hcp.company(ret),
                    _ => {}
                }
            }
        }
        Ok(hcp)
    }

    fn host(&mut self, ret: Ret) {
        for (index, value) in ret.values {
            if HOST.get(index).copied() == Some("SupportedQBXMLVersion") {
                self.versions.push(value);
            }
        }
    }

    fn company(&mut self, ret: Ret) {
        let (mut owner, mut name) = (String::new(), String::new());
        for (index, value) in ret.values {
            match COMPANY.get(index).copied() {
                Some("CompanyName") => self.company_name = Some(value.trim().to_owned()),
                Some("DataExtRet/OwnerID") => owner = value,
                Some("DataExtRet/DataExtName") => name = value,
                Some("DataExtRet/DataExtValue") if name.eq_ignore_ascii_case("FileID") => {
                    self.file_ids.push((std::mem::take(&mut owner), value));
                }
                _ => {}
            }
        }
    }

    /// Whether nothing in it tells which company it is.
    fn is_silent(&self) -> bool {
        self.company_name.is_none() && self.file_ids.is_empty()
    }

    /// The newest qbXML version that both sides know; from the request processor's version where the document lists
    /// none.
    ///
    /// # Errors
    /// What to tell the person where QuickBooks is too old.
    pub fn version(&self, major: &str, minor: &str) -> Result<String, Problem> {
        // Others, like `CA3.0`, are of national editions.
        let listed = self.versions.iter().filter_map(|version| version_number(version));
        let offered = match version_number(&format!("{}.{}", major.trim(), minor.trim())) {
            Some(offered) if self.versions.is_empty() => Some(offered.min(NEWEST)),
            _ => None,
        };
        match listed.chain(offered).filter(|version| (OLDEST..=NEWEST).contains(version)).max() {
            Some((major, minor)) => Ok(format!("{major}.{minor}")),
            None => Err(Problem::new(
                "quickbooks_too_old",
                "This QuickBooks does not know qbXML 5.0, which Rollcall needs.",
                "Use QuickBooks 2006 or later.",
            )),
        }
    }
}

fn version_number(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.trim().split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

pub use crate::connectors::calls_in::Pin;

/// The GUIDs of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Guids<'a> {
    pub owner_id: &'a str,
    pub file_id: &'a str,
}

/// A company file that is the connection's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identified {
    /// What to keep of it from now on.
    pub pin: Pin,
    /// Its FileID, where it takes the place of ours.
    pub file_id: Option<String>,
}

impl Identified {
    /// Whether it has another name **and** another path than `before`: a copy of a company file keeps the FileID.
    pub fn is_elsewhere(&self, before: &Pin) -> bool {
        let other = |now: &Option<String>, before: &Option<String>| {
            now.as_ref().zip(before.as_ref()).is_some_and(|(now, before)| !same(now, before))
        };
        self.pin.by_file_id && other(&self.pin.name, &before.name) && other(&self.pin.path, &before.path)
    }
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Whether the company file that answers is the connection's.
///
/// By its FileID where it shows one. One that never did is known by its company name and path.
///
/// # Errors
/// What to tell the person where it is another company's.
pub fn identify(hcp: &Hcp, path: &str, guids: Guids<'_>, pin: &Pin) -> Result<Identified, Problem> {
    let name = hcp.company_name.clone();
    let keep = |by_file_id| Pin {
        by_file_id,
        any_file_id: pin.any_file_id && !by_file_id,
        name: name.clone().or_else(|| pin.name.clone()),
        path: Some(path.to_owned()).filter(|path| !path.is_empty()).or_else(|| pin.path.clone()),
    };
    let mut shown = hcp
        .file_ids
        .iter()
        .filter(|(owner, _)| owner.trim().eq_ignore_ascii_case(guids.owner_id))
        .map(|(_, file_id)| file_id.trim());
    let ours = shown.clone().any(|file_id| file_id.eq_ignore_ascii_case(guids.file_id));
    let other = |how| Err(other_company(hcp, path, pin, how));
    match shown.next() {
        Some(_) if ours => Ok(Identified { pin: keep(true), file_id: None }),
        Some(other) if pin.any_file_id && is_guid(other) && is_where_it_was(hcp, path, pin) => {
            Ok(Identified { pin: keep(true), file_id: Some(other.to_owned()) })
        }
        Some(_) => other(Difference::Another),
        None if pin.by_file_id && !hcp.is_silent() => other(Difference::NoFileId),
        None if is_where_it_was(hcp, path, pin) => {
            Ok(Identified { pin: keep(pin.by_file_id), file_id: None })
        }
        None => other(Difference::Another),
    }
}

/// Whether name and path are those that answered before, as far as they are told.
fn is_where_it_was(hcp: &Hcp, path: &str, pin: &Pin) -> bool {
    let same_name = pin.name.is_none() || hcp.company_name.is_none() || pin.name == hcp.company_name;
    // QuickBooks that says nothing of the company must at least name the same file.
    let same_path = match &pin.path {
        Some(pinned) if !path.is_empty() => pinned.eq_ignore_ascii_case(path),
        Some(_) => !hcp.is_silent(),
        None => true,
    };
    same_name && same_path
}

/// By what a company file differs from the connection's.
#[derive(Debug, Clone, Copy)]
enum Difference {
    NoFileId,
    /// Its FileID, or its name and path.
    Another,
}

fn other_company(hcp: &Hcp, path: &str, pin: &Pin, how: Difference) -> Problem {
    let called = |name: &Option<String>, path: &str| match name {
        Some(name) => format!("«{name}» ({path})"),
        None => path.to_owned(),
    };
    let expected = match (&pin.name, &pin.path) {
        (None, None) => "another one".to_owned(),
        (name, path) => called(name, path.as_deref().unwrap_or("")),
    };
    let (why, remedy) = match how {
        Difference::NoFileId => (
            " The open one does not carry the FileID that the Web Connector wrote into the connection's: so it is with a \
             backup that was made before, and restored.",
            "If another company's file is open, open the right one in QuickBooks and run the update again. If it is the \
             same company, restored from a backup, add the .qwc file in the Web Connector again, or let the connection \
             forget the old file (connection set … --forget-company-file).",
        ),
        Difference::Another => (
            "",
            "Open the right company file in QuickBooks and run the update again. If the connection is meant to move to \
             this file, let it forget the old one (connection set … --forget-company-file) and, for a new file, add a \
             connection of its own.",
        ),
    };
    Problem::new(
        "other_company_file",
        format!(
            "The company file that is open, {}, is not the one that this connection belongs to: {expected}.{why} Nothing \
             was read from it.",
            called(&hcp.company_name, path)
        ),
        remedy,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUIDS: Guids<'_> = Guids { owner_id: "{AAAA}", file_id: "{F1}" };

    fn hcp(file_id: Option<&str>, name: &str) -> Hcp {
        Hcp {
            company_name: Some(name.into()),
            file_ids: file_id.map(|id| ("{aaaa}".to_owned(), id.to_owned())).into_iter().collect(),
            versions: vec!["1.0".into(), "CA13.0".into(), "12.0".into(), "16.0".into()],
        }
    }

    #[test]
    fn the_file_id_decides_and_a_moved_or_renamed_file_is_still_the_same() {
        let pin = identify(&hcp(Some("{f1}"), "Acme"), "C:\\a.qbw", GUIDS, &Pin::default()).unwrap().pin;
        assert!(pin.by_file_id);
        assert!(identify(&hcp(Some("{F1}"), "Acme Ltd"), "D:\\b.qbw", GUIDS, &pin).is_ok());
        for other in [hcp(Some("{F2}"), "Acme"), hcp(None, "Acme")] {
            let problem = identify(&other, "C:\\a.qbw", GUIDS, &pin).unwrap_err();
            assert_eq!(problem.code, "other_company_file");
        }
    }

    #[test]
    fn without_a_file_id_name_and_path_must_stay() {
        let pin = identify(&hcp(None, "Acme"), "C:\\a.qbw", GUIDS, &Pin::default()).unwrap().pin;
        assert!(identify(&hcp(None, "Acme"), "c:\\A.QBW", GUIDS, &pin).is_ok());
        assert!(identify(&hcp(None, "Acme"), "D:\\a.qbw", GUIDS, &pin).is_err());
        assert!(identify(&hcp(None, "Other"), "C:\\a.qbw", GUIDS, &pin).is_err());
        assert!(identify(&hcp(Some("{F1}"), "Other"), "D:\\a.qbw", GUIDS, &pin).unwrap().pin.by_file_id);
    }

    #[test]
    fn a_forgotten_file_may_show_another_file_id_once() {
        const NEW: &str = "{11111111-2222-4333-8444-555555555555}";
        let forgotten = Pin { any_file_id: true, ..Pin::default() };
        let found = identify(&hcp(Some(NEW), "Acme"), "C:\\a.qbw", GUIDS, &forgotten).unwrap();
        assert_eq!(found.file_id.as_deref(), Some(NEW));
        assert!(found.pin.by_file_id && !found.pin.any_file_id);
        assert!(identify(&hcp(Some("x"), "Acme"), "C:\\a.qbw", GUIDS, &forgotten).is_err());
        // Without one it is known by its place, and then only there.
        let placed = identify(&hcp(None, "Acme"), "C:\\a.qbw", GUIDS, &forgotten).unwrap().pin;
        assert!(placed.any_file_id);
        assert!(identify(&hcp(Some(NEW), "Acme"), "C:\\a.qbw", GUIDS, &placed).is_ok());
        assert!(identify(&hcp(Some(NEW), "Other"), "C:\\a.qbw", GUIDS, &placed).is_err());
    }

    #[test]
    fn a_backup_without_the_file_id_is_told_apart_from_another_company() {
        let pin = identify(&hcp(Some("{F1}"), "Acme"), "C:\\a.qbw", GUIDS, &Pin::default()).unwrap().pin;
        let words = |file_id, name| {
            let problem = identify(&hcp(file_id, name), "C:\\a.qbw", GUIDS, &pin).unwrap_err();
            (problem.detail, problem.remedy)
        };
        let (backup, remedy) = words(None, "Acme");
        assert!(
            backup.contains("does not carry the FileID") && remedy.contains("add the .qwc file"),
            "{backup}"
        );
        let (other, _) = words(Some("{F2}"), "Acme");
        assert!(!other.contains("backup") && other != backup, "{other}");
    }

    #[test]
    fn only_another_name_and_another_path_make_a_copy_of_it() {
        let pin = identify(&hcp(Some("{F1}"), "Acme"), "C:\\a.qbw", GUIDS, &Pin::default()).unwrap().pin;
        let elsewhere = |name: &str, path: &str| {
            identify(&hcp(Some("{F1}"), name), path, GUIDS, &pin).unwrap().is_elsewhere(&pin)
        };
        assert!(elsewhere("Beta", "D:\\b.qbw"));
        assert!(!elsewhere("Beta", "c:\\A.QBW") && !elsewhere("ACME", "D:\\b.qbw") && !elsewhere("Beta", ""));
    }

    #[test]
    fn the_newest_version_that_both_know_is_chosen() {
        assert_eq!(hcp(None, "x").version("16", "0").unwrap(), "12.0");
        assert_eq!(Hcp::default().version("16", "0").unwrap(), "13.0");
        let old = Hcp { versions: vec!["4.0".into()], ..Hcp::default() };
        assert_eq!(old.version("4", "0").unwrap_err().code, "quickbooks_too_old");
    }
}
