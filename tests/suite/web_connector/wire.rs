//! Calls made by hand, for what no Web Connector would do.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU64, Ordering},
};

use rollcall::simulators::quickbooks_desktop::{CompanyFile, RequestProcessor, SessionOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An HTTP response as it came.
#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub body: String,
}

impl Reply {
    pub fn parse(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no response: {text:?}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, body: body.to_owned() }
    }

    /// The text of the result, or of the first fault string, unescaped.
    pub fn text(&self) -> String {
        let (_, rest) = ["Result>", "<faultstring>", "<soap:Text xml:lang=\"en\">"]
            .iter()
            .find_map(|start| self.body.split_once(start))
            .unwrap_or_else(|| panic!("neither result nor fault: {self:?}"));
        let (text, _) = rest.split_once("</").unwrap();
        quick_xml::escape::unescape(text.trim_start_matches("<string>")).unwrap().into_owned()
    }
}

/// Sends bytes and reads until the other side closes.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Reply {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    Reply::parse(&answer)
}

/// Posts an envelope as a Web Connector does, but for `Connection: close`.
pub(crate) async fn post(address: SocketAddr, body: &[u8]) -> Reply {
    let mut request = format!(
        "POST /qbwc HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml; charset=utf-8\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    raw(address, &request).await
}

/// The envelope of a call with these parameters; `content` is put in as it is.
pub(crate) fn envelope(method: &str, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope \
         xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"><soap:Body>\
         <{method} xmlns=\"http://developer.intuit.com/\">{content}</{method}></soap:Body></soap:Envelope>"
    )
}

/// Makes one call and returns the text of its result or fault.
pub(crate) async fn call(address: SocketAddr, method: &str, parameters: &[(&str, &str)]) -> String {
    let content: String = parameters
        .iter()
        .map(|(name, value)| format!("<{name}>{}</{name}>", quick_xml::escape::partial_escape(*value)))
        .collect();
    post(address, envelope(method, &content).as_bytes()).await.text()
}

/// One session driven call by call, each to any gateway.
pub(crate) struct Manual<'a> {
    pub ticket: String,
    options: &'a SessionOptions,
    processor: RequestProcessor,
    pub hcp: String,
}

impl<'a> Manual<'a> {
    /// # Errors
    /// The text in place of a ticket.
    pub async fn begin(
        address: SocketAddr,
        options: &'a SessionOptions,
        file: &mut CompanyFile,
    ) -> Result<Self, String> {
        if file.file_id(&options.owner_id).is_none() {
            file.set_file_id(&options.owner_id, &options.file_id);
        }
        let (user, password) = (options.username.as_str(), options.password.reveal());
        let parameters = [("strUserName", user), ("strPassword", password)];
        let ticket = call(address, "authenticate", &parameters).await;
        if !ticket.starts_with('{') {
            return Err(ticket);
        }
        static SESSIONS: AtomicU64 = AtomicU64::new(1 << 32);
        let number = SESSIONS.fetch_add(1, Ordering::Relaxed);
        let processor = RequestProcessor::begin_session(&options.processor, number);
        let hcp = processor.host_company_preferences(file, &options.owner_id).to_text(file);
        Ok(Self { ticket, options, processor, hcp })
    }

    /// The next request; empty where there is none.
    pub async fn send(&mut self, address: SocketAddr) -> String {
        let parameters = [
            ("ticket", self.ticket.as_str()),
            ("strHCPResponse", &std::mem::take(&mut self.hcp)),
            ("strCompanyFileName", &self.options.company_file_path),
            ("qbXMLCountry", "US"),
            ("qbXMLMajorVers", "13"),
            ("qbXMLMinorVers", "0"),
        ];
        call(address, "sendRequestXML", &parameters).await
    }

    /// QuickBooks' answer to a request.
    pub fn answer(&mut self, request: &str, file: &CompanyFile) -> String {
        self.processor.process(request, file).unwrap().to_text(file)
    }

    pub async fn receive(&self, address: SocketAddr, response: &str) -> i32 {
        let parameters =
            [("ticket", self.ticket.as_str()), ("response", response), ("hresult", ""), ("message", "")];
        call(address, "receiveResponseXML", &parameters).await.parse().unwrap()
    }

    pub async fn last_error(&self, address: SocketAddr) -> String {
        call(address, "getLastError", &[("ticket", &self.ticket)]).await
    }

    pub async fn close(&self, address: SocketAddr) -> String {
        call(address, "closeConnection", &[("ticket", &self.ticket)]).await
    }
}
