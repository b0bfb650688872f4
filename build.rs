//! Migrations are compiled into the binary: a new SQL file alone must rebuild it. So are the names of all that may log,
//! for a filter of the log that names nothing is told of. And the binary that is released is linked as small as the linker
//! can.

use std::{env, fs, io, path::Path};

fn main() -> io::Result<()> {
    for path in ["migrations", "src", "Cargo.lock"] {
        println!("cargo:rerun-if-changed={path}");
    }
    let mut names = crates(&fs::read_to_string("Cargo.lock").unwrap_or_default());
    modules(Path::new("src"), "rollcall", &mut names)?;
    names.sort();
    names.dedup();
    let folder = env::var_os("OUT_DIR").unwrap_or_default();
    fs::write(Path::new(&folder).join("targets.txt"), names.join("\n"))?;
    link_small();
    Ok(())
}

/// Where the parts of glibc are on the systems whose binaries are packed.
const GLIBC: &str = "/lib/x86_64-linux-gnu/libc.so.6";

/// Addresses that the system fills in at the start take a byte each or less, and not 24, where the glibc that it is built for
/// can read them so (2.36 and later). The binaries that are built while developing stay as they are.
fn link_small() {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|text| text == value);
    let target = "x86_64-unknown-linux-gnu";
    if !(is("PROFILE", "release") && is("TARGET", target) && is("HOST", target)) {
        return;
    }
    let glibc = fs::read(GLIBC).unwrap_or_default();
    let name = b"GLIBC_ABI_DT_RELR";
    if glibc.windows(name.len()).any(|part| part == name) {
        println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The crates of a lock file, as Rust spells them.
fn crates(lock: &str) -> Vec<String> {
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'));
    names.map(|name| name.replace('-', "_")).collect()
}

/// The modules below a folder.
fn modules(folder: &Path, module: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            modules(&path, &format!("{module}::{name}"), names)?;
        }
        names.push(format!("{module}::{name}"));
    }
    Ok(())
}
