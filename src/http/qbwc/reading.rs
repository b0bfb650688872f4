//! How a call is read. Its beginning is read without a thread, within small bounds, for anybody may call. The answer of
//! QuickBooks is read on only when its ticket is known to be open: on a thread, of which there is a bounded number. All
//! other calls are small.

use std::{io::Read, net::IpAddr, time::Duration};

use axum::body::Body;
use tokio::{runtime::Handle, time::timeout};

use super::{
    Answered,
    body::BodyStream,
    intake::{Ahead, Intake, Start},
    methods::{self, CallError},
    parameters::Parameters,
};
use crate::{
    codec::{
        soap::{Call, Reply, SoapError, Style, Version},
        xml::XmlError,
    },
    http::{Gateway, door::Visitor},
    store,
    sync::calls_in::{self, Begun, Received},
};

/// Within how much of a call its method and, for an answer of QuickBooks, its ticket must be found: they come first.
const HEAD: usize = 128 * 1024;

/// Bytes of a call that is no answer of QuickBooks.
const SMALL: usize = 8 * 1024 * 1024;

/// Bytes of a ticket, and of the words beside an answer.
const TICKET: usize = 1024;
const WORDS: usize = 256 * 1024;

/// How long an answer waits for a thread.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) const RECEIVE: &str = "receiveResponseXML";

/// What the beginning of a call shows.
enum Head {
    /// Nothing yet.
    More,
    /// An answer of QuickBooks in the session of this ticket.
    Receive(String),
    Small,
}

/// What is known of a call.
struct Known {
    version: Version,
    style: Style,
    method: String,
}

impl Known {
    fn answered(self, result: Result<Reply, CallError>) -> Answered {
        let Self { version, style, method } = self;
        // A fault has no style.
        let result = result.map_err(|error| error.fault(&method));
        Answered { version, style, method, result }
    }
}

/// Reads a call and answers it. `spoken` is the SOAP of the answer where the envelope cannot be read.
pub(super) async fn answer(
    gateway: &Gateway,
    spoken: Version,
    from: IpAddr,
    visitor: &Visitor,
    body: Body,
) -> Answered {
    let mut intake = Intake::new(body, &gateway.room, from);
    let (known, head) = beginning(&mut intake, spoken).await;
    match head {
        Ok(Head::Receive(ticket)) => {
            let result = receive(gateway, &ticket, visitor, intake).await;
            known.answered(result)
        }
        Ok(_) => {
            let answered = small(gateway, from, known, intake).await;
            if answered.lets_in() {
                visitor.welcome();
            }
            answered
        }
        Err(error) => known.answered(Err(error)),
    }
}

/// Reads on until the beginning shows what is called.
async fn beginning(intake: &mut Intake, spoken: Version) -> (Known, Result<Head, CallError>) {
    let mut seen = 0;
    loop {
        if let Err(stopped) = intake.more(SMALL).await {
            let (known, _) = peek(intake.start(), spoken);
            return (known, Err(stopped.into()));
        }
        // Looked at again only when it has doubled: else many small pieces would be read many times over.
        let enough = intake.len() >= seen * 2 || intake.len() >= HEAD;
        if !enough && !intake.ended() {
            continue;
        }
        seen = intake.len();
        match peek(intake.start(), spoken) {
            (known, Ok(Head::More)) if seen >= HEAD => return (known, Err(CallError::NoHead)),
            (_, Ok(Head::More)) => {}
            shown => return shown,
        }
    }
}

fn peek(start: Start<'_>, spoken: Version) -> (Known, Result<Head, CallError>) {
    let mut known = Known { version: spoken, style: Style::Document, method: String::new() };
    let mut call = match Call::open(start) {
        Ok(call) => call,
        Err(error) => return (known, more(error.into())),
    };
    (known.version, known.method) = (call.version, call.method.clone());
    let head = match known.method.as_str() {
        RECEIVE => ticket(&mut call).map(Head::Receive),
        other if methods::NAMES.contains(&other) => Ok(Head::Small),
        // What it may be called is not repeated, nor logged.
        _ => {
            known.method.clear();
            Err(CallError::NoMethod)
        }
    };
    known.style = call.style;
    (known, head.or_else(more))
}

/// An error that only says that not all of it has arrived is none.
fn more(error: CallError) -> Result<Head, CallError> {
    match &error {
        CallError::Soap(SoapError::Xml(XmlError::Broken(io)))
            if io.kind() == std::io::ErrorKind::WouldBlock =>
        {
            Ok(Head::More)
        }
        _ => Err(error),
    }
}

fn ticket<R: Read>(call: &mut Call<R>) -> Result<String, CallError> {
    while let Some(name) = call.parameter()? {
        match name.as_str() {
            "ticket" => {
                return match call.text(TICKET) {
                    // No session has one of that length: it names none.
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

/// All methods but `receiveResponseXML`: a call is whole before any of it counts.
async fn small(gateway: &Gateway, from: IpAddr, mut known: Known, mut intake: Intake) -> Answered {
    while !intake.ended() {
        if let Err(stopped) = intake.more(SMALL).await {
            return known.answered(Err(stopped.into()));
        }
    }
    let (read, room) = intake.into_read();
    let parameters = match whole(read) {
        Ok((style, parameters)) => {
            known.style = style;
            parameters
        }
        Err(error) => return known.answered(Err(error)),
    };
    drop(room);
    let result = methods::small(gateway, from, &known.method, parameters).await;
    known.answered(result)
}

fn whole(read: Ahead) -> Result<(Style, Parameters), CallError> {
    let mut call = Call::open(read)?;
    let parameters = Parameters::read(&mut call)?;
    call.finish()?;
    Ok((call.style, parameters))
}

/// `receiveResponseXML`: the response is staged while it arrives, and judged when the envelope has ended.
async fn receive(
    gateway: &Gateway,
    ticket: &str,
    visitor: &Visitor,
    intake: Intake,
) -> Result<Reply, CallError> {
    let received = match calls_in::receive(&gateway.store, &gateway.ambient, ticket).await? {
        // An answer that nobody waits for is not read at all.
        Begun::Over(answer) => return Ok(Reply::Number(answer)),
        Begun::Going(received) => received,
    };
    visitor.welcome();
    let place = timeout(PATIENCE, gateway.readers.place()).await.map_err(|_| CallError::Busy)?;
    let (ahead, rest) = intake.into_parts();
    let stream = BodyStream::new(ahead, rest);
    let (runtime, span) = (Handle::current(), tracing::Span::current());
    let read = place.map_err(CallError::NoThread)?.run(move || {
        let _entered = span.enter();
        take_in(&runtime, stream, received)
    });
    // A panic of the thread is one of the handler: the layers log and answer it.
    read.await.map_err(CallError::NoThread)?.map(Reply::Number)
}

fn take_in(runtime: &Handle, stream: BodyStream, mut received: Box<Received>) -> Result<i32, CallError> {
    let answered = stage(runtime, stream, &mut received);
    if let Some(ended) = answered.as_ref().err().and_then(CallError::ends_list)
        // The words must not be lost with the call; where the database still fails, the log has them.
        && let Err(error) = runtime.block_on(received.give_up(ended))
    {
        tracing::error!(%error, "why a list was not taken in could not be noted");
    }
    answered
}

fn stage(runtime: &Handle, stream: BodyStream, received: &mut Received) -> Result<i32, CallError> {
    let mut call = Call::open(stream)?;
    let mut hresult = String::new();
    while let Some(name) = call.parameter()? {
        match name.as_str() {
            "response" => {
                call.stream(|document| -> store::Result<()> {
                    // A response without a letter is none: the HRESULT says why.
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
