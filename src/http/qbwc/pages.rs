//! What a Web Connector fetches besides SOAP: the address of the service, to check its certificate, and the support
//! page, which must answer 200 when the application is added (Programmer's Guide p. 84). Neither asks who calls.

use axum::{
    extract::{RawQuery, State},
    http::header,
    response::{Html, IntoResponse, Response},
};

use crate::http::Gateway;

/// Our own description of the service, with a place for its address.
const WSDL: &str = include_str!("../../../wsdl/rollcall-qbwc.wsdl");
const ADDRESS: &str = "https://rollcall.example/qbwc";

/// `GET /qbwc` and `GET /qbwc?wsdl`.
pub(super) async fn service(State(gateway): State<Gateway>, RawQuery(query): RawQuery) -> Response {
    let wanted = query.unwrap_or_default().to_ascii_lowercase();
    if wanted == "wsdl" || wanted == "singlewsdl" {
        let address = format!("{}/qbwc", gateway.public_url.as_str().trim_end_matches('/'));
        let wsdl = WSDL.replace(ADDRESS, &quick_xml::escape::escape(&address));
        return ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], wsdl).into_response();
    }
    page(
        "Rollcall's Web Connector service",
        "<p>This address is for the QuickBooks Web Connector. It works: add the <code>.qwc</code> file that you were \
         given to the Web Connector, and enter its password there.</p>\
         <p><a href=\"/qbwc/support\">Help</a> · <a href=\"/qbwc?wsdl\">WSDL</a></p>",
    )
}

/// `GET /qbwc/support`.
pub(super) async fn support() -> Response {
    page(
        "Rollcall and the QuickBooks Web Connector",
        "<p>Rollcall reads the lists of employees and customers from QuickBooks. It writes nothing.</p>\
         <ol><li>Open QuickBooks with the company file, signed in as its administrator, in single-user mode the first \
         time.</li><li>In the Web Connector choose <em>Add an application</em> and open the <code>.qwc</code> file.</li>\
         <li>Allow access in QuickBooks: <em>Yes, always; allow access even if QuickBooks is not running</em>.</li>\
         <li>Enter the password in the Web Connector and let it remember it.</li>\
         <li>Tick the application and choose <em>Update Selected</em>; set <em>Auto-Run</em> for the rest.</li></ol>\
         <p>What an error means stands in the Web Connector's status column and in Rollcall's list of runs. Whoever set up \
         Rollcall for you can see both.</p>",
    )
}

fn page(title: &str, body: &str) -> Response {
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}}</style>\
         <h1>{title}</h1>{body}</html>"
    ))
    .into_response()
}
