//! The one test binary of the project: one link, many modules.
#![allow(unreachable_pub)] // A program of its own: nothing in it is reached from outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

mod accounts;
mod api;
mod architecture;
mod asvs;
mod audit;
mod canaries;
mod cli;
mod database;
mod feed;
mod foreign;
mod http_loop;
mod inbox;
mod kinds;
mod migrations;
mod pages;
mod polling;
mod settings;
mod support;
mod telemetry;
mod vault;
mod web_connector;
mod workers;
