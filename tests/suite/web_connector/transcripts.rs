//! Golden transcripts: the exact bytes of a Web Connector in, the exact envelopes out. `fixtures/README.md` says how
//! they are written.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Desk, on_each_engine};

struct Transcript {
    settings: Vec<(String, String)>,
    /// Request and response, as they stand in the file.
    steps: Vec<(String, String)>,
}

impl Transcript {
    fn parse(text: &str) -> Self {
        let (notes, rest) = text.split_once("--- request\n").unwrap();
        assert!(notes.lines().all(|line| line.starts_with("# ")), "{notes}");
        let settings = notes.lines().filter_map(|line| line.strip_prefix("# settings: "));
        let settings = settings.map(|line| line.split_once('=').unwrap());
        let steps = rest.split("\n--- request\n").map(|step| {
            let (request, response) = step.split_once("\n--- response\n").unwrap();
            (request.to_owned(), response.strip_suffix('\n').unwrap_or(response).to_owned())
        });
        Self {
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            steps: steps.collect(),
        }
    }
}

/// What the placeholders stand for.
struct Values(BTreeMap<&'static str, String>);

impl Values {
    fn of(desk: &Desk) -> Self {
        let options = &desk.options;
        let wsdl = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("wsdl/rollcall-qbwc.wsdl"))
            .unwrap();
        Self(BTreeMap::from([
            ("{{username}}", options.username.clone()),
            ("{{password}}", options.password.reveal().to_owned()),
            ("{{owner_id}}", options.owner_id.clone()),
            ("{{file_id}}", options.file_id.clone()),
            ("{{version}}", env!("CARGO_PKG_VERSION").to_owned()),
            ("{{wsdl}}", wsdl.replace("https://rollcall.example/qbwc", &desk.server.url())),
        ]))
    }

    fn fill(&self, text: &str) -> String {
        let text = self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        let left = text.find("{{").map(|at| &text[at..text.len().min(at + 20)]);
        assert!(left.is_none_or(|left| left.starts_with("{{length}}")), "{left:?} is not known yet");
        text
    }

    /// Takes the ticket and the run out of a response.
    fn learn(&mut self, response: &str) {
        let between = |start: &str, end: char| {
            let (_, rest) = response.split_once(start)?;
            rest.split_once(end).map(|(value, _)| value.to_owned())
        };
        let ticket = between("<string>{", '}').or_else(|| between("<string xsi:type=\"xsd:string\">{", '}'));
        if let Some(ticket) = ticket {
            self.0.insert("{{ticket}}", format!("{{{ticket}}}"));
        }
        if let Some(run) = between("requestID=&quot;", '&') {
            self.0.insert("{{run}}", run.trim_end_matches("-deleted").to_owned());
        }
    }
}

/// The bytes of a request: CR LF in its head, and its length.
fn bytes(request: &str) -> Vec<u8> {
    let (head, body) = request.split_once("\n\n").unwrap();
    let head = head.replace('\n', "\r\n").replace("{{length}}", &body.len().to_string());
    format!("{head}\r\n\r\n{body}").into_bytes()
}

/// Sends a request and returns its response as the fixtures write it.
async fn exchange(address: SocketAddr, request: &[u8]) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                let lines = head.lines().skip(1).filter_map(|line| line.split_once(": "));
                lines.into_iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            };
            if head.starts_with("HTTP/1.1 100 ") {
                received.drain(..head.len() + 4);
                continue;
            }
            let length: usize = header("content-length").unwrap().parse().unwrap();
            let length = if request.starts_with(b"HEAD ") { 0 } else { length };
            if body.len() >= length {
                assert_eq!(body.len(), length);
                let status = head.split(' ').nth(1).unwrap();
                return format!("{status} {}\n\n{body}", header("content-type").unwrap());
            }
        }
        assert_ne!(socket.read_buf(&mut received).await.unwrap(), 0, "the response breaks off: {text}");
    }
}

async fn replay(name: &str, transcript: &Transcript, desk: &Desk) {
    let mut values = Values::of(desk);
    for (step, (request, expected)) in transcript.steps.iter().enumerate() {
        let answer = exchange(desk.server.address, &bytes(&values.fill(request))).await;
        values.learn(&answer);
        assert_eq!(answer, values.fill(expected), "{name}, step {}:\n{request}", step + 1);
    }
}

#[tokio::test]
async fn every_transcript_is_answered_byte_for_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quickbooks_desktop");
    let mut transcripts = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        transcripts.insert(name, Transcript::parse(&fs::read_to_string(path).unwrap()));
    }
    assert!(transcripts.len() > 40);
    on_each_engine(async |database| {
        let first = Desk::open(database, &[]).await;
        for (name, transcript) in &transcripts {
            let settings: Vec<(&str, &str)> =
                transcript.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            // A company of its own each, at one gateway.
            replay(name, transcript, &first.beside(name, &settings).await).await;
        }
    })
    .await;
}
