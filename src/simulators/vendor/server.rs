//! A small HTTP server on a listener that somebody else owns.

use std::{convert::Infallible, io};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, Full, Limited, StreamBody, combinators::UnsyncBoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::CONTENT_LENGTH,
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

use super::{call::Call, reply::Reply};

/// No request of an honest client is longer.
const MAX_BODY: usize = 256 * 1024;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Somebody who answers.
pub(crate) trait Answers: Clone + Send + Sync + 'static {
    fn answer(&self, call: &Call) -> Reply;
}

/// Serves until `shutdown` is done; then every connection ends at once, and with it every answer that is still slow.
///
/// # Errors
/// The listener fails.
pub(crate) async fn serve<A: Answers>(
    listener: TcpListener,
    answers: A,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return Ok(()),
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                let answers = answers.clone();
                connections.spawn(async move {
                    let service = service_fn(move |request| respond(answers.clone(), request));
                    // A client that goes away, and an answer that is cut off, end a connection: both are wanted.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn respond<A: Answers>(answers: A, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, MAX_BODY).collect().await else {
        return Ok(response(Reply::empty(400)));
    };
    let call = Call::new(head.method, &head.uri, head.headers, body.to_bytes());
    let reply = answers.answer(&call);
    tokio::time::sleep(reply.delay).await;
    Ok(response(reply))
}

fn response(reply: Reply) -> Response<Body> {
    let mut builder =
        Response::builder().status(StatusCode::from_u16(reply.status).unwrap_or(StatusCode::OK));
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    let body = match reply.cut_at {
        None => Full::new(reply.body).map_err(|never| match never {}).boxed_unsync(),
        Some(at) => {
            builder = builder.header(CONTENT_LENGTH, reply.body.len());
            cut(reply.body.slice(..at.min(reply.body.len())))
        }
    };
    builder.body(body).unwrap_or_default()
}

/// A body that breaks after these bytes.
fn cut(bytes: Bytes) -> Body {
    let sent = stream::once(async { Ok(Frame::data(bytes)) });
    let broken = stream::once(async {
        // What was written before is sent while this waits; without it not even the head would be.
        tokio::task::yield_now().await;
        Err(io::Error::other("the vendor hung up"))
    });
    BodyExt::boxed_unsync(StreamBody::new(sent.chain(broken)))
}
