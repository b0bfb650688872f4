//! What every page and asset promises, whoever looks.

use super::visitor::Visitor;
use crate::support::TestApp;

/// The assets that a page names.
fn assets(html: &str) -> Vec<String> {
    let quoted = html.split('"').filter(|part| part.starts_with("/assets/"));
    quoted.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_page_runs_nothing_inline_and_loads_nothing_from_elsewhere() {
    TestApp::each(async |app| {
        let visitor = Visitor::of(app);
        for path in ["/sign-in", "/q/rcq_x", "/nothing-here"] {
            let page = visitor.get(path).await;
            assert!(page.header("content-type").starts_with("text/html"), "{path}: {page:?}");
            let policy = page.header("content-security-policy");
            assert!(policy.starts_with("default-src 'none';"), "{policy}");
            for allowed in ["unsafe", "data:", "http", "*"] {
                assert!(!policy.contains(allowed), "{policy}");
            }
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            for inline in
                ["<style", "style=", "onclick", "onload", "javascript:", "<script>", "http://", "https://"]
            {
                assert!(!page.text.contains(inline), "{inline} in {path}");
            }
            assert_eq!(
                page.text.matches("<script").count(),
                page.text.matches("<script type=\"module\" src=").count()
            );
            assert_eq!(page.header("cache-control"), "no-store", "{path}");
            assert_eq!(page.header("x-content-type-options"), "nosniff");
            assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<main id=\"main\">"));
        }
    })
    .await;
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_those_of_another_version_are_not() {
    TestApp::each(async |app| {
        let visitor = Visitor::of(app);
        let page = visitor.get("/sign-in").await;
        let named = assets(&page.text);
        assert!(named.len() >= 4, "{named:?}");
        for address in named {
            let asset = visitor.get(&address).await;
            asset.is(200);
            assert!(asset.header("cache-control").contains("immutable"), "{address}");
            let folder = address.split('/').nth(2).unwrap();
            let old = visitor.get(&address.replace(folder, "0123456789abcdef")).await;
            old.is(200);
            assert_eq!(old.header("cache-control"), "no-cache", "{address}");
            let known = asset.header("etag").to_owned();
            let again = visitor.client().get(format!("http://{}{address}", app.address));
            let again = visitor.send(again.header("if-none-match", known)).await;
            assert_eq!((again.status.as_u16(), again.text.len()), (304, 0), "{address}");
        }
        visitor.get("/assets/x/nothing.css").await.is(404);
        visitor.get("/assets/x/..%2f..%2fCargo.toml").await.is(404);
    })
    .await;
}

#[tokio::test]
async fn who_comes_with_a_browser_reads_a_page_and_a_program_reads_json() {
    TestApp::each(async |app| {
        let visitor = Visitor::of(app);
        let page = visitor.get("/nothing-here").await;
        assert!(page.is(404).contains("There is no page at this address."), "{page:?}");
        assert!(page.text.contains(page.header("x-request-id")));
        app.get("/nothing-here").await.problem(404, "no_such_route");
        // The API answers in JSON, whoever asks.
        assert!(visitor.get("/v1/companies").await.is(401).starts_with('{'));
    })
    .await;
}
