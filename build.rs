//! Migrations are compiled into the binary: a new SQL file alone must rebuild it.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
