//! Which company file it is, and what its QuickBooks can do: the HCP document of a session's first call
//! (`HostQueryRs`, `CompanyQueryRs`, `PreferencesQueryRs`; Programmer's Guide p. 52 and 80).

use std::io::Read;

use crate::{
    codec::qbxml::{COMPANY, HOST, QbxmlError, Reader, Ret},
    domain::problem::Problem,
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

/// Which company file a connection belongs to, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pin {
    /// The company file has shown our FileID: from then on only that counts.
    pub by_file_id: bool,
    pub name: Option<String>,
    pub path: Option<String>,
}

/// The GUIDs of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Guids<'a> {
    pub owner_id: &'a str,
    pub file_id: &'a str,
}

/// Whether the company file that answers is the connection's: the pin to keep from now on.
///
/// By its FileID where it shows one. One that never did is known by its company name and path.
///
/// # Errors
/// What to tell the person where it is another company's.
pub fn identify(hcp: &Hcp, path: &str, guids: Guids<'_>, pin: &Pin) -> Result<Pin, Problem> {
    let name = hcp.company_name.clone();
    let now = |by_file_id| Pin {
        by_file_id,
        name: name.clone().or_else(|| pin.name.clone()),
        path: Some(path.to_owned()).filter(|path| !path.is_empty()).or_else(|| pin.path.clone()),
    };
    let ours = hcp.file_ids.iter().find(|(owner, _)| owner.eq_ignore_ascii_case(guids.owner_id));
    match ours {
        Some((_, file_id)) if file_id.trim().eq_ignore_ascii_case(guids.file_id) => Ok(now(true)),
        Some(_) => Err(other_company(hcp, path, pin)),
        None if pin.by_file_id && !hcp.is_silent() => Err(other_company(hcp, path, pin)),
        None => {
            let same_name = pin.name.is_none() || name.is_none() || pin.name == name;
            // QuickBooks that says nothing of the company must at least name the same file.
            let same_path = match &pin.path {
                Some(pinned) if !path.is_empty() => pinned.eq_ignore_ascii_case(path),
                Some(_) => !hcp.is_silent(),
                None => true,
            };
            if same_name && same_path { Ok(now(pin.by_file_id)) } else { Err(other_company(hcp, path, pin)) }
        }
    }
}

fn other_company(hcp: &Hcp, path: &str, pin: &Pin) -> Problem {
    let called = |name: &Option<String>, path: &str| match name {
        Some(name) => format!("«{name}» ({path})"),
        None => path.to_owned(),
    };
    let expected = match (&pin.name, &pin.path) {
        (None, None) => "another one".to_owned(),
        (name, path) => called(name, path.as_deref().unwrap_or("")),
    };
    Problem::new(
        "other_company_file",
        format!(
            "The company file that is open, {}, is not the one that this connection belongs to: {expected}. Nothing \
             was read from it.",
            called(&hcp.company_name, path)
        ),
        "Open the right company file in QuickBooks and run the update again. If the connection is meant to move to \
         this file, let it forget the old one (connection set … --forget-company-file) and, for a new file, add a \
         connection of its own.",
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
        let pin = identify(&hcp(Some("{f1}"), "Acme"), "C:\\a.qbw", GUIDS, &Pin::default()).unwrap();
        assert!(pin.by_file_id);
        assert!(identify(&hcp(Some("{F1}"), "Acme Ltd"), "D:\\b.qbw", GUIDS, &pin).is_ok());
        for other in [hcp(Some("{F2}"), "Acme"), hcp(None, "Acme")] {
            let problem = identify(&other, "C:\\a.qbw", GUIDS, &pin).unwrap_err();
            assert_eq!(problem.code, "other_company_file");
        }
    }

    #[test]
    fn without_a_file_id_name_and_path_must_stay() {
        let pin = identify(&hcp(None, "Acme"), "C:\\a.qbw", GUIDS, &Pin::default()).unwrap();
        assert!(identify(&hcp(None, "Acme"), "c:\\A.QBW", GUIDS, &pin).is_ok());
        assert!(identify(&hcp(None, "Acme"), "D:\\a.qbw", GUIDS, &pin).is_err());
        assert!(identify(&hcp(None, "Other"), "C:\\a.qbw", GUIDS, &pin).is_err());
        assert!(identify(&hcp(Some("{F1}"), "Other"), "D:\\a.qbw", GUIDS, &pin).unwrap().by_file_id);
    }

    #[test]
    fn the_newest_version_that_both_know_is_chosen() {
        assert_eq!(hcp(None, "x").version("16", "0").unwrap(), "12.0");
        assert_eq!(Hcp::default().version("16", "0").unwrap(), "13.0");
        let old = Hcp { versions: vec!["4.0".into()], ..Hcp::default() };
        assert_eq!(old.version("4", "0").unwrap_err().code, "quickbooks_too_old");
    }
}
