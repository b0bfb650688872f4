//! Ports, and the public address as others see it.

use std::net::TcpListener;

use super::{
    Fault,
    bench::{self, answer, http},
    fault,
};

pub(super) fn faults() -> Vec<Fault> {
    let mut all = ports();
    all.extend(outside());
    all
}

fn ports() -> Vec<Fault> {
    vec![
        fault(
            "a number without https",
            ["public address", "fail", "QBWC1001", "ROLLCALL_PUBLIC_URL"],
            |bench| {
                bench.flag("--public-url=http://192.0.2.7");
            },
        ),
        fault(
            "a name that nobody knows",
            ["public address", "fail", "DNS knows no address", "into DNS"],
            |bench| {
                bench.flag("--public-url=https://rollcall.invalid");
            },
        ),
        fault(
            "somebody else has the port",
            ["port", "fail", "that is no gateway", "ROLLCALL_LISTEN"],
            |bench| {
                bench.listen = format!("127.0.0.1:{}", bench::closing());
            },
        ),
        fault(
            "an address of another computer",
            ["port", "fail", "no address of this computer", "ROLLCALL_LISTEN"],
            |bench| {
                bench.listen = "192.0.2.7:8080".into();
            },
        ),
        fault(
            "somebody else has the port of the figures",
            ["figures", "fail", "that is no gateway", "ROLLCALL_METRICS_LISTEN"],
            |bench| {
                let port = bench::closing();
                bench.flag(&format!("--metrics-listen=127.0.0.1:{port}"));
            },
        ),
        fault(
            "no gateway runs where one should",
            ["port", "fail", "No gateway answers", "rollcall serve"],
            |bench| {
                bench.listen = format!("127.0.0.1:{}", bench::closed_port());
                bench.flag("--live");
            },
        ),
    ]
}

const OUTSIDE: &str = "public address from outside";

fn outside() -> Vec<Fault> {
    vec![
        fault(
            "nothing listens at the public address",
            [OUTSIDE, "fail", "refused", "the router and the firewall"],
            |bench| {
                bench.serve(&[]);
                bench.flag(&format!("--public-url=http://localhost:{}", bench::closed_port()));
            },
        ),
        fault(
            "another program is at the public address",
            [OUTSIDE, "fail", "no gateway answers", "Correct ROLLCALL_PUBLIC_URL"],
            |bench| {
                bench.serve(&[]);
                let port = http(|_, _| answer("200 OK", "", "It works!"));
                bench.flag(&format!("--public-url=http://localhost:{port}"));
            },
        ),
        fault(
            "the public address leads elsewhere",
            [OUTSIDE, "fail", "a redirect", "that it leads to"],
            |bench| {
                bench.serve(&[]);
                let port = http(|_, _| answer("301 Moved", "location: https://www.example.com/\r\n", ""));
                bench.flag(&format!("--public-url=http://localhost:{port}"));
            },
        ),
        fault(
            "the proxy does not reach the gateway",
            [OUTSIDE, "fail", "status 502", "Have the proxy pass"],
            |bench| {
                bench.serve(&[]);
                let port = http(|_, _| answer("502 Bad Gateway", "", ""));
                bench.flag(&format!("--public-url=http://localhost:{port}"));
            },
        ),
        fault(
            "a firewall swallows what comes from outside",
            [OUTSIDE, "warn", "did not answer within", "another network"],
            |bench| {
                bench.serve(&[]);
                let port = bench::mute();
                bench.flag(&format!("--public-url=http://localhost:{port}"));
            },
        ),
        fault(
            "no client believes the certificate",
            [OUTSIDE, "fail", "not secure", "an authority that clients trust"],
            |bench| {
                let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
                bench.private("cert.pem", &made.cert.pem());
                bench.private("key.pem", &made.signing_key.serialize_pem());
                let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
                let url = format!("--public-url=https://localhost:{port}");
                let listen = format!("127.0.0.1:{port}");
                bench.serve_at(&listen, &[&url, "--tls-cert=cert.pem", "--tls-key=key.pem"]);
                for flag in [&url, "--tls-cert=cert.pem", "--tls-key=key.pem"] {
                    bench.flag(flag);
                }
            },
        ),
    ]
}
