//! The `rollcall` binary: the command line of the library.

fn main() -> std::process::ExitCode {
    rollcall::cli::main()
}
