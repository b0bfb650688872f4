//! Settings that cannot be used, and files that they name.

use super::{Fault, bench::mode, fault};

pub(super) fn faults() -> Vec<Fault> {
    [unusable(), contradicting(), files()].into_iter().flatten().collect()
}

/// Values that cannot be used.
fn unusable() -> Vec<Fault> {
    vec![
        fault("a port is missing", ["settings", "fail", "ROLLCALL_LISTEN", "HOST:PORT"], |bench| {
            bench.listen = "localhost".into();
        }),
        fault(
            "the public address has a path",
            ["settings", "fail", "ROLLCALL_PUBLIC_URL", "https://HOST"],
            |bench| {
                bench.flag("--public-url=https://rollcall.example.com/gateway");
            },
        ),
        fault("a level that is none", ["settings", "fail", "ROLLCALL_LOG", "Expected is"], |bench| {
            bench.flag("--log=inof");
        }),
        fault("a misspelt variable", ["settings", "warn", "ROLLCALL_LISTN", "Correct its name"], |bench| {
            bench.set("ROLLCALL_LISTN", "127.0.0.1:80");
        }),
        fault(
            "Microsoft's address for all tenants",
            ["settings", "fail", "ROLLCALL_OIDC_ISSUER", "Expected is"],
            |bench| {
                bench.issuer("https://login.microsoftonline.com/common/v2.0");
            },
        ),
        fault(
            "proxies that are none",
            ["settings", "fail", "ROLLCALL_TRUSTED_PROXIES", "10.0.0.0/8"],
            |bench| {
                bench.flag("--trusted-proxies=nginx");
            },
        ),
    ]
}

/// Settings that do not go together.
fn contradicting() -> Vec<Fault> {
    vec![
        fault(
            "a certificate without its key",
            ["settings", "fail", "ROLLCALL_TLS_KEY", "both, or neither"],
            |bench| {
                bench.flag("--tls-cert=cert.pem");
            },
        ),
        fault(
            "a secret is given twice",
            ["settings", "fail", "ROLLCALL_SMTP_PASSWORD", "one of the two"],
            |bench| {
                bench.set("ROLLCALL_SMTP_PASSWORD", "one");
                bench.set("ROLLCALL_SMTP_PASSWORD_FILE", "other");
            },
        ),
        fault(
            "mail without a sender",
            ["settings", "fail", "ROLLCALL_SMTP_FROM", "the sender of mail"],
            |bench| {
                bench.set("ROLLCALL_SMTP_HOST", "mail.example");
            },
        ),
        fault(
            "a user of mail without a password",
            ["settings", "fail", "ROLLCALL_SMTP_PASSWORD", "both, or neither"],
            |bench| {
                bench.mail("mail.example", 25, "none");
                bench.set("ROLLCALL_SMTP_USERNAME", "rollcall");
            },
        ),
        fault(
            "an issuer without a client",
            ["settings", "fail", "ROLLCALL_OIDC_CLIENT_ID", "both or neither"],
            |bench| {
                bench.set("ROLLCALL_OIDC_ISSUER", "https://id.example");
            },
        ),
        fault(
            "figures on the gateway's own port",
            ["settings", "fail", "ROLLCALL_METRICS_LISTEN", "another port"],
            |bench| {
                bench.listen = "127.0.0.1:8123".into();
                bench.flag("--metrics-listen=127.0.0.1:8123");
            },
        ),
    ]
}

/// Files that settings name.
fn files() -> Vec<Fault> {
    vec![
        fault(
            "everybody reads the password of mail",
            ["files with secrets", "warn", "ROLLCALL_SMTP_PASSWORD_FILE", "chmod 600"],
            |bench| {
                let path = bench.machine.file("password", "hidden");
                mode(&path, 0o644);
                bench.mail("127.0.0.1", 25, "none");
                bench.set("ROLLCALL_SMTP_USERNAME", "rollcall");
                bench.set("ROLLCALL_SMTP_PASSWORD_FILE", &path);
            },
        ),
        fault(
            "everybody reads the secrets of the providers",
            ["files with secrets", "warn", "ROLLCALL_OIDC_FILE", "chmod 600"],
            |bench| {
                let path = bench.machine.file("providers.json", "[]");
                mode(&path, 0o644);
                bench.set("ROLLCALL_OIDC_FILE", &path);
            },
        ),
        fault(
            "the folder of the checkpoints is gone",
            ["checkpoints", "fail", "none/audit.jsonl", "in a folder that is there"],
            |bench| bench.flag("--audit-checkpoint-file=none/audit.jsonl"),
        ),
        fault(
            "the checkpoints are a folder",
            ["checkpoints", "fail", "folder", "ROLLCALL_AUDIT_CHECKPOINT_FILE"],
            |bench| {
                std::fs::create_dir(bench.machine.path("folder")).unwrap();
                bench.flag("--audit-checkpoint-file=folder");
            },
        ),
        fault(
            "a file with a secret is gone",
            ["settings", "fail", "ROLLCALL_SMTP_PASSWORD_FILE", "a file that can be read"],
            |bench| bench.set("ROLLCALL_SMTP_PASSWORD_FILE", "gone"),
        ),
        fault(
            "a file with a secret is empty",
            ["settings", "fail", "ROLLCALL_SMTP_PASSWORD_FILE", "a file that holds the value"],
            |bench| {
                let path = bench.private("empty", "\n");
                bench.set("ROLLCALL_SMTP_PASSWORD_FILE", &path);
            },
        ),
    ]
}
