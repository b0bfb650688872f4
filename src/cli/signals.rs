//! How the process is asked to stop.

use std::io;

use super::output::Output;

/// Done when the process is asked to stop: SIGTERM or Ctrl-C. The second Ctrl-C ends it at once.
///
/// # Errors
/// When the process cannot listen for the signals.
#[cfg(unix)]
pub(super) fn stop(out: Output) -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    // Registered now and not at the first poll, so that a signal just after the start is not missed.
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
        // Without the signal the process is ended from outside, as it would be anyway.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
