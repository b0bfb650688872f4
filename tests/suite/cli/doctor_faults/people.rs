//! Mail and identity providers.

use super::{
    Fault,
    bench::{self, Provider},
    fault,
};

pub(super) fn faults() -> Vec<Fault> {
    let mut all = mail();
    all.extend(providers());
    all
}

fn mail() -> Vec<Fault> {
    vec![
        fault(
            "no mail server answers",
            ["mail", "fail", "", "a firewall lets this machine through"],
            |bench| {
                let port = bench::closed_port();
                bench.mail("127.0.0.1", port, "none");
            },
        ),
        fault(
            "the mail server does not know the password",
            ["mail", "fail", "535", "ROLLCALL_SMTP_USERNAME"],
            |bench| {
                let lines =
                    &["250-mail.example\r\n250 AUTH PLAIN LOGIN", "535 5.7.8 no such user", "221 bye"];
                let port = bench::smtp(lines);
                bench.mail("127.0.0.1", port, "none");
                bench.set("ROLLCALL_SMTP_USERNAME", "rollcall");
                bench.set("ROLLCALL_SMTP_PASSWORD", "wrong");
            },
        ),
        fault(
            "the mail server wants no mail from here",
            ["mail", "fail", "550", "whether it takes mail"],
            |bench| {
                let port = bench::smtp(&["550 go away"]);
                bench.mail("127.0.0.1", port, "none");
            },
        ),
        fault("the mail server is busy", ["mail", "fail", "421", "Try again later"], |bench| {
            let port = bench::smtp(&["421 too busy"]);
            bench.mail("127.0.0.1", port, "none");
        }),
        fault(
            "the mail server cannot encrypt",
            ["mail", "fail", "STARTTLS", "ROLLCALL_SMTP_SECURITY"],
            |bench| {
                let port = bench::smtp(&["250 mail.example"]);
                bench.mail("127.0.0.1", port, "starttls");
            },
        ),
        fault(
            "what answers does not speak TLS",
            ["mail", "fail", "", "the certificate must be for that name"],
            |bench| {
                let port = bench::smtp(&["250 mail.example"]);
                bench.mail("127.0.0.1", port, "tls");
            },
        ),
        fault(
            "everybody on the way reads the mail",
            ["mail", "warn", "everybody on the way", "starttls or tls"],
            |bench| {
                let port = bench::smtp_at("127.0.0.2", &["250 mail.example"]);
                bench.mail("127.0.0.2", port, "none");
            },
        ),
    ]
}

const SIGN_IN: &str = "sign-in with single sign-on";

fn providers() -> Vec<Fault> {
    vec![
        fault("no provider answers", [SIGN_IN, "fail", "refused", "any firewall"], |bench| {
            bench.issuer(&format!("http://127.0.0.1:{}", bench::closed_port()));
            bench.set("ROLLCALL_OIDC_ALLOW_PRIVATE_ADDRESS", "true");
        }),
        fault("nobody knows the provider", [SIGN_IN, "fail", "in DNS", "any firewall"], |bench| {
            bench.issuer("https://id.invalid");
        }),
        fault(
            "the provider is inside",
            [SIGN_IN, "fail", "private or reserved", "ALLOW_PRIVATE_ADDRESS=true"],
            |bench| {
                bench.issuer(&format!("https://localhost:{}", bench::closed_port()));
            },
        ),
        fault(
            "the issuer is another address",
            [SIGN_IN, "fail", "status 404", ".well-known/openid-configuration"],
            |bench| {
                bench.provider(Provider::NotFound);
            },
        ),
        fault(
            "the provider leads elsewhere",
            [SIGN_IN, "fail", "status 302", ".well-known/openid-configuration"],
            |bench| {
                bench.provider(Provider::Redirects);
            },
        ),
        fault(
            "a page instead of what it offers",
            [SIGN_IN, "fail", "not understood", ".well-known/openid-configuration"],
            |bench| {
                bench.provider(Provider::NoJson);
            },
        ),
        fault(
            "the provider calls itself otherwise",
            [SIGN_IN, "fail", "other.example", "exactly as the provider calls itself"],
            |bench| {
                bench.provider(Provider::OfAnother);
            },
        ),
        fault(
            "its keys are gone",
            [SIGN_IN, "fail", "status 500", ".well-known/openid-configuration"],
            |bench| {
                bench.provider(Provider::KeysAreGone);
            },
        ),
        fault(
            "an algorithm that is not believed",
            [SIGN_IN, "fail", "none of RS256", "the settings that the provider has"],
            |bench| {
                bench.provider(Provider::OldAlgorithms);
            },
        ),
        fault(
            "this computer's clock is behind",
            ["clock", "fail", "behind that of single sign-on", "NTP"],
            |bench| {
                bench.provider(Provider::HourAhead);
            },
        ),
        fault(
            "this computer's clock is ahead",
            ["clock", "fail", "ahead of that of single sign-on", "NTP"],
            |bench| {
                bench.provider(Provider::HourBehind);
            },
        ),
        fault(
            "nobody believes the provider's certificate",
            [SIGN_IN, "fail", "not secure", "trust the provider's certificate"],
            |bench| {
                let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
                bench.private("cert.pem", &made.cert.pem());
                bench.private("key.pem", &made.signing_key.serialize_pem());
                bench.serve(&["--tls-cert=cert.pem", "--tls-key=key.pem"]);
                let issuer = format!("https://localhost:{}", bench.listen.rsplit_once(':').unwrap().1);
                bench.issuer(&issuer);
                bench.set("ROLLCALL_OIDC_ALLOW_PRIVATE_ADDRESS", "true");
            },
        ),
    ]
}
