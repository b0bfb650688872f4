use super::*;

const DOCUMENT: EnvelopeStyle = EnvelopeStyle::Document;

#[test]
fn the_first_call_has_the_captured_300_bytes() {
    let envelope = call(DOCUMENT, "serverVersion", &[]);
    assert_eq!(
        envelope,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><soap:Body><serverVersion xmlns=\"http://developer.intuit.com/\" /></soap:Body></soap:Envelope>"
    );
    assert_eq!(envelope.len(), 300);
}

#[test]
fn texts_are_escaped_as_captured() {
    let parameters = [
        ("ticket", Parameter::Text("t")),
        ("strHCPResponse", Parameter::Text("<?xml version=\"1.0\" ?>\n<A>&quot;</A>\n")),
        ("strCompanyFileName", Parameter::Text("")),
        ("qbXMLMajorVers", Parameter::Number(13)),
    ];
    let envelope = call(DOCUMENT, "sendRequestXML", &parameters);
    let (_, body) = envelope.split_once("<soap:Body>").unwrap();
    assert_eq!(
        body,
        "<sendRequestXML xmlns=\"http://developer.intuit.com/\"><ticket>t</ticket><strHCPResponse>&lt;?xml version=\"1.0\" ?&gt;\n&lt;A&gt;&amp;quot;&lt;/A&gt;\n</strHCPResponse><strCompanyFileName /><qbXMLMajorVers>13</qbXMLMajorVers></sendRequestXML></soap:Body></soap:Envelope>"
    );
}

#[test]
fn the_streamed_envelope_is_the_same_as_the_whole_one() {
    for style in [DOCUMENT, EnvelopeStyle::Rpc] {
        let (before, after) = around_response(style, "t");
        let parameters = [("ticket", "t"), ("response", "x"), ("hresult", ""), ("message", "")]
            .map(|(n, t)| (n, Parameter::Text(t)));
        assert_eq!(format!("{before}x{after}"), call(style, "receiveResponseXML", &parameters));
    }
}

#[test]
fn rpc_style_types_its_unqualified_children() {
    let envelope = call(EnvelopeStyle::Rpc, "clientVersion", &[("strVersion", Parameter::Text("2.3.0.215"))]);
    assert!(envelope.contains("<q1:clientVersion xmlns:q1=\"http://developer.intuit.com/\"><strVersion xsi:type=\"xsd:string\">2.3.0.215</strVersion></q1:clientVersion>"));
}

fn reply(body: &str) -> Result<Reply, String> {
    read_reply(DOCUMENT, "authenticate", body.as_bytes())
}

const GOOD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:ns1=\"http://developer.intuit.com/\"><SOAP-ENV:Body><ns1:authenticateResponse><ns1:authenticateResult><ns1:string>a&amp;&#98;</ns1:string><ns1:string></ns1:string></ns1:authenticateResult></ns1:authenticateResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>\n";

#[test]
fn a_reply_is_read_with_any_prefix() {
    assert_eq!(reply(GOOD).unwrap().strings, ["a&b", ""]);
    assert_eq!(
        reply(&GOOD.replace("<ns1:string></ns1:string>", "<ns1:string/>")).unwrap().strings,
        ["a&b", ""]
    );
}

#[test]
fn what_a_web_connector_stumbles_over_is_an_error() {
    let cases = [
        (
            GOOD.replace("http://developer.intuit.com/", "http://developer.intuit.com"),
            "the reply is «authenticateResponse» in the namespace «http://developer.intuit.com»",
        ),
        (GOOD.replace("authenticateResult", "result"), "the reply has no authenticateResult"),
        (
            GOOD.replace("authenticateResponse", "clientVersionResponse"),
            "the reply is «clientVersionResponse» in the namespace «http://developer.intuit.com/»",
        ),
        (
            GOOD.replace(
                "http://schemas.xmlsoap.org/soap/envelope/",
                "http://www.w3.org/2003/05/soap-envelope",
            ),
            "the reply is no SOAP 1.1 envelope",
        ),
        (format!("\n{GOOD}"), "Response is not well-formed XML: the XML declaration is not at the start"),
        (GOOD.replace("</SOAP-ENV:Envelope>", ""), "Response is not well-formed XML: it ends too early"),
        (format!("{GOOD}warning"), "Response is not well-formed XML: text outside the root"),
    ];
    for (body, error) in cases {
        assert_eq!(reply(&body).unwrap_err(), error);
    }
}
