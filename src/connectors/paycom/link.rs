//! Where the next page is, by the `Link` header: `<…?requestid=r1&page=2>; rel="next", …`.

use http::HeaderMap;
use url::Url;

use crate::connectors::outbound::answers::links;

/// Where the page after this one is, as a target for the caller. What Paycom's addresses are relative to is not
/// documented, so only the query of one is taken, and the path stays the endpoint's own. An address of another origin
/// is handed on as it stands: the caller refuses it.
///
/// Without `rel="next"` the page is counted up, within the snapshot (`requestid`) that any other link names.
pub(super) fn next(asked: &Url, endpoint: &str, headers: &HeaderMap, page: u32, page_size: u32) -> Next {
    let links = links(headers);
    if let Some((_, address)) = links.iter().find(|(relation, _)| relation == "next") {
        let Ok(url) = asked.join(address) else { return Next::Elsewhere(address.clone()) };
        if url.origin() != asked.origin() {
            return Next::Elsewhere(address.clone());
        }
        return Next::Linked(format!("{endpoint}?{}", url.query().unwrap_or_default()));
    }
    let request = links.iter().find_map(|(_, address)| {
        let url = asked.join(address).ok().filter(|url| url.origin() == asked.origin())?;
        url.query_pairs().find(|(name, _)| name == "requestid").map(|(_, value)| value.into_owned())
    });
    Next::Counted { request, page: page.saturating_add(1), page_size }
}

/// Where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    Linked(String),
    Counted { request: Option<String>, page: u32, page_size: u32 },
    Elsewhere(String),
}

#[cfg(test)]
mod tests {
    use http::header::LINK;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (LINK, value.parse().unwrap())).collect()
    }

    fn after(values: &[&str]) -> Next {
        let asked = "https://p.example/v4/rest/index.php/api/v1/employeeid?pagesize=9".parse().unwrap();
        next(&asked, "api/v1/employeeid", &headers(values), 1, 9)
    }

    #[test]
    fn the_next_page_is_found_whatever_its_address_is_relative_to() {
        let there = Next::Linked("api/v1/employeeid?requestid=a,b&page=2".into());
        for link in [
            "<employeeid?requestid=a,b&page=2>; rel=\"next\"",
            "<?requestid=a,b&page=2>;rel=next",
            "</v4/rest/index.php/api/v1/employeeid?requestid=a,b&page=2>; title=\"x\"; REL=\"last next\"",
            "<api/v1/employeeid?requestid=a,b&page=2>; rel=\"next\",",
            "<https://p.example/api/v1/employeeid?requestid=a,b&page=2>; rel=\"next\"",
        ] {
            assert_eq!(after(&[link]), there, "{link}");
            let first = "<employeeid?requestid=a,b&page=1>; rel=\"first\"";
            assert_eq!(after(&[&format!("{first}, {link}")]), there, "{link}");
            assert_eq!(after(&[first, link]), there, "{link}");
        }
    }

    #[test]
    fn another_origin_is_told_apart() {
        for address in [
            "https://evil.example/x?page=2",
            "//evil.example/x",
            "http://p.example/x",
            "https://p.example:8443/",
        ] {
            assert_eq!(after(&[&format!("<{address}>; rel=\"next\"")]), Next::Elsewhere(address.into()));
        }
    }

    #[test]
    fn without_a_next_the_page_is_counted_up_within_the_snapshot() {
        let counted = |request: Option<&str>| Next::Counted {
            request: request.map(str::to_owned),
            page: 2,
            page_size: 9,
        };
        assert_eq!(after(&[]), counted(None));
        assert_eq!(after(&["<employeeid?requestid=r1&page=1>; rel=\"first\""]), counted(Some("r1")));
        for odd in ["<", ">", "<x", "<>; rel", "rel=next", "<https://evil.example/?requestid=r>; rel=last"] {
            assert_eq!(after(&[odd]), counted(None), "{odd}");
        }
    }
}
