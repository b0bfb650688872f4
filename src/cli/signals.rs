//! The signals that stop the process.

use std::io;

use super::output::Output;

/// Returns when the process is asked to stop: SIGTERM or Ctrl-C. The second Ctrl-C ends it at once.
///
/// # Errors
/// When the process cannot listen for the signals.
#[cfg(unix)]
pub(super) fn stop(out: Output) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    // Registered now, not at the first poll, so that a signal just after the start is not missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tokio::spawn(async move {
            interrupt.recv().await;
            out.note("stopped at once");
            std::process::exit(130);
        });
    })
}

#[cfg(not(unix))]
pub fn stop(_out: Output) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        // Without a handler the signal ends the process anyway.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
