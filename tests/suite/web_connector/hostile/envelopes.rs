//! Envelopes, whatever is in them.

use rollcall::simulators::quickbooks_desktop::CompanyFile;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{answering, assert_refused, assert_well_formed, escaped, staged_with_three_gone, waiting};
use crate::web_connector::{
    Desk, on_each_engine,
    wire::{Reply, post},
};

#[tokio::test]
async fn an_envelope_that_is_no_good_xml_is_refused_in_words_and_marks_nobody_absent() {
    on_each_engine(async |database| {
        let (desk, mut file) = staged_with_three_gone(database).await;
        let (session, good) = waiting(&desk, &mut file).await;
        let whole = answering(&session, &escaped(&good));
        let utf16: Vec<u8> = whole.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let with = |from: &str, to: &str| whole.replacen(from, to, 1).into_bytes();
        let attributes: String = (0..100_000).map(|number| format!(" a{number}=\"x\"")).collect();
        let bad: Vec<(&str, Vec<u8>)> = vec![
            ("nothing", Vec::new()),
            ("white space", b" \r\n ".to_vec()),
            ("not UTF-8", [b"<a>".as_slice(), &[0xff, 0xfe, 0x80], b"</a>"].concat()),
            ("UTF-16", utf16.clone()),
            ("UTF-16 with its mark", [vec![0xff, 0xfe], utf16].concat()),
            ("ISO-8859-1", with("utf-8", "ISO-8859-1")),
            ("a letter of ISO-8859-1", [whole.as_bytes(), &[0xe9]].concat()),
            ("a NUL", [whole.as_bytes(), &[0]].concat()),
            ("a document type", with("?>", "?><!DOCTYPE x [<!ENTITY y SYSTEM \"file:///etc/passwd\">]>")),
            ("an entity", with("<hresult />", "<hresult>&y;</hresult>")),
            ("a root of a long name", format!("<{}/>", "n".repeat(200_000)).into_bytes()),
            (
                "an entity of a long name",
                with("<hresult />", &format!("<hresult>&{};</hresult>", "n".repeat(200_000))),
            ),
            ("deep elements", with("<ticket>", &format!("{}<ticket>", "<a>".repeat(100_000)))),
            ("too many attributes", with("<response>", &format!("<response{attributes}>"))),
            ("two roots", [whole.as_bytes(), b"<x/>"].concat()),
            ("trailing text", [whole.as_bytes(), b"x"].concat()),
            (
                "elements in the response",
                answering(&session, &good[good.find("?>").unwrap() + 2..]).into_bytes(),
            ),
            ("an unfinished section", answering(&session, "<![CDATA[<QBXML>").into_bytes()),
            ("an unfinished comment", answering(&session, "<!-- <QBXML>").into_bytes()),
        ];
        for (name, bad) in bad {
            let reply = post(desk.server.address, &bad).await;
            assert_eq!(reply.status, 500, "{name}: {reply:?}");
            assert_refused(name, &desk, &session, &reply).await;
        }
        // None of these was an answer: the right one still counts.
        let reply = post(desk.server.address, whole.as_bytes()).await;
        assert!(reply.text().parse::<i32>().unwrap() >= 0, "{reply:?}");
        assert_eq!(desk.absent().await, 3);
    })
    .await;
}

#[tokio::test]
async fn an_envelope_cut_off_at_any_byte_is_refused_and_marks_nobody_absent() {
    on_each_engine(async |database| {
        let desk = Desk::open(database, &[]).await;
        let mut file = CompanyFile::new(61, 1, 0);
        desk.sync(&mut file).await;
        let (session, _) = waiting(&desk, &mut file).await;
        // Well-formed and complete: the only one is gone by it, who is marked without a question.
        let empty = "<QBXML><QBXMLMsgsRs><EmployeeQueryRs statusCode=\"1\" /></QBXMLMsgsRs></QBXML>";
        let whole = answering(&session, &escaped(empty));
        for end in 0..whole.len() {
            let reply = post(desk.server.address, &whole.as_bytes()[..end]).await;
            assert_eq!(reply.status, 500, "cut at {end}: {reply:?}");
            assert_well_formed(&reply);
        }
        assert_eq!(desk.absent().await, 0);
        assert!(post(desk.server.address, whole.as_bytes()).await.text().parse::<i32>().unwrap() >= 0);
        assert_eq!(desk.absent().await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_name_of_a_hundred_megabytes_is_refused_without_being_kept() {
    on_each_engine(async |database| {
        let (desk, mut file) = staged_with_three_gone(database).await;
        let (session, _) = waiting(&desk, &mut file).await;
        for start in [answering(&session, "&lt;QBXML&gt;&lt;"), "<".to_owned()] {
            let start = start.split("</response>").next().unwrap().to_owned();
            let mut socket = TcpStream::connect(desk.server.address).await.unwrap();
            let length = start.len() + (100 << 20);
            let head = format!(
                "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nConnection: close\r\n\
                 Content-Length: {length}\r\n\r\n{start}"
            );
            socket.write_all(head.as_bytes()).await.unwrap();
            let (mut read, mut write) = socket.split();
            let mut answer = Vec::new();
            let ((), answered) = tokio::join!(
                async {
                    // The gateway may close before all is sent: what counts is its answer.
                    for _ in 0..100 {
                        if write.write_all(&vec![b'n'; 1 << 20]).await.is_err() {
                            return;
                        }
                    }
                },
                read.read_to_end(&mut answer)
            );
            answered.unwrap();
            let reply = Reply::parse(&answer);
            assert_refused("a long name", &desk, &session, &reply).await;
        }
    })
    .await;
}
