//! Answers of QuickBooks, in a good envelope.

use super::{answering, assert_refused, escaped, staged_with_three_gone, waiting};
use crate::web_connector::{on_each_engine, wire::post};

fn nested(depth: usize) -> String {
    format!("<QBXML>{}{}</QBXML>", "<a>".repeat(depth), "</a>".repeat(depth))
}

/// What QuickBooks might answer, made from what it would have answered.
fn bad_answers(good: &str) -> Vec<(&'static str, String)> {
    let laughs = "<!DOCTYPE lolz [<!ENTITY a \"lol\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;\">]>\
                  <QBXML>&b;</QBXML>";
    let attributes: String = (0..100_000).map(|number| format!(" a{number}=\"x\"")).collect();
    vec![
        ("nothing", String::new()),
        ("no XML", "Not Found".into()),
        ("HTML", "<html><body>Proxy error</body></html>".into()),
        ("entities within entities", laughs.into()),
        ("an entity", "<QBXML><QBXMLMsgsRs>&lol;</QBXMLMsgsRs></QBXML>".into()),
        ("a million elements within each other", nested(1_000_000)),
        ("elements never closed", "<QBXML>".repeat(1000)),
        (
            "too many attributes",
            good.replacen("<EmployeeQueryRs ", &format!("<EmployeeQueryRs{attributes} "), 1),
        ),
        ("an attribute twice", good.replacen("<EmployeeQueryRs ", "<EmployeeQueryRs statusCode=\"0\" ", 1)),
        ("a long name", good.replacen("<Name>", &format!("<{}>", "n".repeat(3 << 20)), 1)),
        ("a name of half a megabyte", format!("<{}/>", "n".repeat(500_000))),
        ("an answer of that name", good.replace("EmployeeQueryRs", &"n".repeat(500_000))),
        (
            "a long message",
            good.replacen("statusCode=\"0\"", &format!("statusCode=\"{}\"", "9".repeat(500_000)), 1),
        ),
        ("a long value", good.replacen("<Name>", &format!("<Name>{}", "n".repeat(100_000)), 1)),
        ("two roots", format!("{good}{}", good.split_once("?>").unwrap().1)),
        ("trailing text", format!("{good}trailing")),
        ("trailing element", format!("{good}<more/>")),
        ("another encoding", good.replacen("version=\"1.0\"", "version=\"1.0\" encoding=\"ISO-8859-1\"", 1)),
        ("no records' IDs", good.replace("ListID", "ListNo")),
        ("no answer in it", "<QBXML><QBXMLMsgsRs /></QBXML>".into()),
        ("a status that is no number", good.replacen("statusCode=\"0\"", "statusCode=\"zero\"", 1)),
        ("a negative status", good.replacen("statusCode=\"0\"", "statusCode=\"-1\"", 1)),
        ("mismatched tags", good.replacen("</EmployeeQueryRs>", "</CustomerQueryRs>", 1)),
        ("half of it", good[..good.len() / 2].into()),
        ("all but its last tag", good.trim_end().trim_end_matches("</QBXML>").into()),
    ]
}

#[tokio::test]
async fn an_answer_that_is_no_good_qbxml_is_refused_in_words_and_marks_nobody_absent() {
    on_each_engine(async |database| {
        let (desk, mut file) = staged_with_three_gone(database).await;
        let (_, good) = waiting(&desk, &mut file).await;
        for (name, bad) in bad_answers(&good) {
            let (session, _) = waiting(&desk, &mut file).await;
            let envelope = answering(&session, &escaped(&bad));
            let reply = post(desk.server.address, envelope.as_bytes()).await;
            assert_refused(name, &desk, &session, &reply).await;
        }
        desk.full_sync(&mut file).await;
        assert_eq!(desk.absent().await, 3);
    })
    .await;
}

/// CDATA and comments are unusual, and no harm.
#[tokio::test]
async fn an_answer_in_sections_and_with_comments_is_read_like_any_other() {
    on_each_engine(async |database| {
        let (desk, mut file) = staged_with_three_gone(database).await;
        let (session, good) = waiting(&desk, &mut file).await;
        let (start, rest) = good.split_at(good.len() / 2);
        let response = format!("<!-- {{}} --><![CDATA[{start}]]><!-- -->{}", escaped(rest));
        let reply = post(desk.server.address, answering(&session, &response).as_bytes()).await;
        assert!(reply.text().parse::<i32>().unwrap() >= 0, "{reply:?}");
        assert_eq!(desk.absent().await, 3);
        desk.assert_equals(&file).await;
    })
    .await;
}
