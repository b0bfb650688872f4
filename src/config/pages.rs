//! The pages.

use url::{Host, Url};

use super::reader::{Reader, Setting};

pub(super) const FRAME_ANCESTORS: Setting = Setting {
    name: "ROLLCALL_FRAME_ANCESTORS",
    default: "",
    meaning: "the origins that may show the pages of a Quicklink in a frame, such as https://na.myconnectwise.net, parted by \
              commas; https://*.example.com stands for every host under it; unset: none may",
    secret: false,
};

/// What pages may do.
#[derive(Debug, Clone, Default)]
pub struct PageSettings {
    /// The origins that may show the pages of a Quicklink in a frame, as sources of a content security policy.
    pub frame_ancestors: Vec<String>,
}

impl PageSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let Some(_) = reader.text(&FRAME_ANCESTORS) else { return Some(Self::default()) };
        let frame_ancestors = reader.checked(
            &FRAME_ANCESTORS,
            "origins such as https://na.myconnectwise.net, parted by commas",
            |text| text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(origin).collect(),
        );
        Some(Self { frame_ancestors: frame_ancestors? })
    }
}

/// Written anew from its parts: what stands in a header must hold nothing else.
fn origin(text: &str) -> Result<String, String> {
    let wildcard = text.contains("://*.");
    let url =
        Url::parse(&text.replacen("://*.", "://", 1)).map_err(|_| "one of them is no origin".to_owned())?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() != "https" && !(url.scheme() == "http" && local) {
        return Err(
            "one of them is not https: whoever is in between could put anything around the page".into()
        );
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err("one of them has more than scheme, host and port".into());
    }
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or("one of them has no host")?;
    let named = matches!(url.host(), Some(Host::Domain(_))) && host.contains('.');
    let known = !host.contains('*') && (!wildcard || named);
    if !known {
        return Err("one of them stands for too much".into());
    }
    let star = if wildcard { "*." } else { "" };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Ok(format!("{}://{star}{host}{port}", url.scheme()))
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_is_written_anew_and_holds_nothing_else() {
        for (given, kept) in [
            ("https://na.myconnectwise.net", "https://na.myconnectwise.net"),
            ("https://NA.myconnectwise.net:443/", "https://na.myconnectwise.net"),
            ("https://*.myconnectwise.net", "https://*.myconnectwise.net"),
            ("https://psa.example.com:8443", "https://psa.example.com:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
        ] {
            assert_eq!(origin(given).as_deref(), Ok(kept));
        }
        for bad in [
            "*",
            "https://*",
            "https://*.com",
            "https://*.10.0.0.1",
            "http://psa.example.com",
            "https://psa.example.com/path",
            "https://a:b@psa.example.com",
            "https://a.example.com; script-src *",
            "data:text/html,x",
            "na.myconnectwise.net",
        ] {
            assert!(origin(bad).is_err(), "{bad}");
        }
    }
}
