//! Has what a burst took go back to the system.
//!
//! glibc keeps freed memory in an arena for each thread: after a burst most of it would stay with a gateway that has
//! nothing to do. It is told otherwise by a variable that it reads when a program starts, so the gateway starts itself
//! once more: the same process, with that variable.

use std::{env, os::unix::process::CommandExt, process::Command};

const VARIABLE: &str = "GLIBC_TUNABLES";
/// Two arenas for all threads; what is larger than 128 KiB goes back at once, and so does what is free at the end of one.
const LEAN: &str =
    "glibc.malloc.arena_max=2:glibc.malloc.trim_threshold=131072:glibc.malloc.mmap_threshold=131072";

/// Does nothing where the variable is set: by whoever started the gateway, or by this. Returns as well where the program
/// cannot be started again; it works all the same then.
pub(super) fn ensure() {
    if env::var_os(VARIABLE).is_some() {
        return;
    }
    let mut arguments = env::args_os();
    let (Some(name), Ok(program)) = (arguments.next(), env::current_exe()) else { return };
    // It returns only where that failed.
    let _ = Command::new(program).arg0(name).args(arguments).env(VARIABLE, LEAN).exec();
}
