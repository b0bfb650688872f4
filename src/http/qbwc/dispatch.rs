//! Reads a call and dispatches it. Anybody may call, so the beginning is read without a thread, within small bounds.
//! The answer of QuickBooks is read on only if its ticket is open: on a thread, of which there is a bounded number. All
//! other calls are small.

use std::{io::Read, net::IpAddr, time::Duration};

use axum::body::Body;
use tokio::{runtime::Handle, time::timeout};

use super::{
    CallAnswer,
    blocking_body::BlockingBody,
    buffered_body::{BufferedBody, BufferedBytes, BufferedStart},
    methods::{self, CallError},
    parameters::Parameters,
};
use crate::{
    codec::{
        soap::{Call, Reply, SoapError, Style, Version},
        xml::XmlError,
    },
    http::{Gateway, admission::ExchangeHandle},
    store,
    sync::calls_in::{self, Begun, Received},
};

/// The method and, in an answer of QuickBooks, the ticket come first: they must be found within so many bytes.
const HEADER: usize = 128 * 1024;

/// Bytes of a call that is not an answer of QuickBooks.
const SMALL: usize = 8 * 1024 * 1024;

/// Bytes of a ticket, and of the HRESULT beside an answer.
const TICKET: usize = 1024;
const WORDS: usize = 256 * 1024;

/// How long an answer waits for a thread.
const PATIENCE: Duration = Duration::from_mins(1);

pub(super) const RECEIVE: &str = "receiveResponseXML";

/// What kind of call the beginning shows.
enum CallKind {
    /// More of the call must be read to tell.
    More,
    /// An answer of QuickBooks in the session of this ticket.
    Receive(String),
    Small,
}

/// What the envelope of a call shows.
struct CallHeader {
    version: Version,
    style: Style,
    method: String,
}

impl CallHeader {
    fn answered(self, gateway: &Gateway, result: Result<Reply, CallError>) -> CallAnswer {
        let Self { version, style, method } = self;
        // A fault has no style.
        let result = result.map_err(|error| error.fault(&method, &gateway.outages));
        CallAnswer { version, style, method, result }
    }
}

/// Reads a call and answers it. `spoken` is the SOAP of the answer where the envelope cannot be read.
pub(super) async fn answer(
    gateway: &Gateway,
    spoken: Version,
    from: IpAddr,
    exchange: &ExchangeHandle,
    body: Body,
) -> CallAnswer {
    let mut buffered = BufferedBody::new(body, &gateway.unverified_bodies, from);
    let (header, head) = beginning(&mut buffered, spoken).await;
    match head {
        Ok(CallKind::Receive(ticket)) => {
            let result = receive(gateway, &ticket, exchange, buffered).await;
            header.answered(gateway, result)
        }
        Ok(_) => {
            let answered = small(gateway, from, header, buffered).await;
            if answered.lets_in() {
                exchange.authenticated();
            }
            answered
        }
        Err(error) => header.answered(gateway, Err(error)),
    }
}

/// Reads on until the beginning shows which method is called.
async fn beginning(
    buffered: &mut BufferedBody,
    spoken: Version,
) -> (CallHeader, Result<CallKind, CallError>) {
    let mut seen = 0;
    loop {
        if let Err(stopped) = buffered.more(SMALL).await {
            let (header, _) = peek(buffered.start(), spoken);
            return (header, Err(stopped.into()));
        }
        // The buffer is parsed again only when it has doubled, or many small pieces would be parsed many times over.
        let enough = buffered.len() >= seen * 2 || buffered.len() >= HEADER;
        if !enough && !buffered.ended() {
            continue;
        }
        seen = buffered.len();
        match peek(buffered.start(), spoken) {
            (header, Ok(CallKind::More)) if seen >= HEADER => return (header, Err(CallError::NoHeader)),
            (_, Ok(CallKind::More)) => {}
            shown => return shown,
        }
    }
}

fn peek(start: BufferedStart<'_>, spoken: Version) -> (CallHeader, Result<CallKind, CallError>) {
    let mut header = CallHeader { version: spoken, style: Style::Document, method: String::new() };
    let mut call = match Call::open(start) {
        Ok(call) => call,
        Err(error) => return (header, more(error.into())),
    };
    (header.version, header.method) = (call.version, call.method.clone());
    let head = match header.method.as_str() {
        RECEIVE => ticket(&mut call).map(CallKind::Receive),
        other if methods::NAMES.contains(&other) => Ok(CallKind::Small),
        // The name of an unknown method is neither repeated nor logged.
        _ => {
            header.method.clear();
            Err(CallError::NoMethod)
        }
    };
    header.style = call.style;
    (header, head.or_else(more))
}

/// An error that only says that more of the call must arrive is not an error.
fn more(error: CallError) -> Result<CallKind, CallError> {
    match &error {
        CallError::Soap(SoapError::Xml(XmlError::Broken(io)))
            if io.kind() == std::io::ErrorKind::WouldBlock =>
        {
            Ok(CallKind::More)
        }
        _ => Err(error),
    }
}

fn ticket<R: Read>(call: &mut Call<R>) -> Result<String, CallError> {
    while let Some(name) = call.parameter()? {
        match name.as_str() {
            "ticket" => {
                return match call.text(TICKET) {
                    // No session has a ticket of that length, so it is treated as none.
                    Err(SoapError::Xml(XmlError::TooLong(_))) => Ok(String::new()),
                    read => Ok(read?),
                };
            }
            "response" => break,
            _ => {}
        }
    }
    Err(CallError::Order("ticket"))
}

/// All methods but `receiveResponseXML`: the call is read to its end before it is run.
async fn small(
    gateway: &Gateway,
    from: IpAddr,
    mut header: CallHeader,
    mut buffered: BufferedBody,
) -> CallAnswer {
    while !buffered.ended() {
        if let Err(stopped) = buffered.more(SMALL).await {
            return header.answered(gateway, Err(stopped.into()));
        }
    }
    let (read, reservation) = buffered.into_read();
    let parameters = match whole(read) {
        Ok((style, parameters)) => {
            header.style = style;
            parameters
        }
        Err(error) => return header.answered(gateway, Err(error)),
    };
    drop(reservation);
    let result = methods::small(gateway, from, &header.method, parameters).await;
    header.answered(gateway, result)
}

fn whole(read: BufferedBytes) -> Result<(Style, Parameters), CallError> {
    let mut call = Call::open(read)?;
    let parameters = Parameters::read(&mut call)?;
    call.finish()?;
    Ok((call.style, parameters))
}

/// `receiveResponseXML`: the response is staged while it arrives, and the run is judged when the envelope has ended.
async fn receive(
    gateway: &Gateway,
    ticket: &str,
    exchange: &ExchangeHandle,
    buffered: BufferedBody,
) -> Result<Reply, CallError> {
    let received = match calls_in::receive(&gateway.store, &gateway.ambient, ticket).await? {
        // An answer that no session waits for is not read.
        Begun::Over(answer) => return Ok(Reply::Number(answer)),
        Begun::Going(received) => received,
    };
    exchange.authenticated();
    let place = timeout(PATIENCE, gateway.readers.place()).await.map_err(|_| CallError::Busy)?;
    let (ahead, rest) = buffered.into_parts();
    let stream = BlockingBody::new(ahead, rest);
    let (runtime, span) = (Handle::current(), tracing::Span::current());
    let read = place.map_err(CallError::NoThread)?.run(move || {
        let _entered = span.enter();
        take_in(&runtime, stream, received)
    });
    // A panic on the thread goes on in the handler: the layers log and answer it.
    read.await.map_err(CallError::NoThread)?.map(Reply::Number)
}

fn take_in(runtime: &Handle, stream: BlockingBody, mut received: Box<Received>) -> Result<i32, CallError> {
    let answered = stage(runtime, stream, &mut received);
    if let Some(ended) = answered.as_ref().err().and_then(CallError::ends_list)
        // The error must not be lost with the call; if the database still fails, it goes to the log.
        && let Err(error) = runtime.block_on(received.give_up(ended))
    {
        tracing::error!(%error, "why a list was not taken in could not be noted");
    }
    answered
}

fn stage(runtime: &Handle, stream: BlockingBody, received: &mut Received) -> Result<i32, CallError> {
    let mut call = Call::open(stream)?;
    let mut hresult = String::new();
    while let Some(name) = call.parameter()? {
        match name.as_str() {
            "response" => {
                call.stream(|document| -> store::Result<()> {
                    // An empty response is treated as none: the HRESULT says why.
                    match document.fill_buf() {
                        Ok([]) => Ok(()),
                        _ => received.stage(runtime, document),
                    }
                })??;
            }
            "hresult" => hresult = call.text(WORDS)?,
            _ => {}
        }
    }
    call.finish()?;
    Ok(runtime.block_on(received.conclude(hresult))?)
}
