//! Certificates that clients refuse, or will soon.

use chrono::{Datelike, TimeDelta, Utc};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::{
    Fault,
    bench::{Bench, mode},
    fault,
};

const NAME: &str = "localhost";

pub(super) fn faults() -> Vec<Fault> {
    vec![
        fault("it has expired", ["certificate", "fail", "expired on", "Renew it"], |bench| {
            own(bench, NAME, -300, -10);
        }),
        fault("it expires soon", ["certificate", "warn", "expires on", "Renew it"], |bench| {
            own(bench, NAME, -300, 10);
        }),
        fault("it is not valid yet", ["certificate", "fail", "not valid before", "clock"], |bench| {
            own(bench, NAME, 10, 300);
        }),
        fault(
            "it is for another name",
            ["certificate", "fail", "other names than localhost", "issued for localhost"],
            |bench| {
                own(bench, "other.example", -10, 300);
            },
        ),
        fault("its file is gone", ["certificate", "fail", "is not there", ""], |bench| {
            own(bench, NAME, -10, 300);
            std::fs::remove_file(bench.machine.path("cert.pem")).unwrap();
        }),
        fault("its file is nonsense", ["certificate", "fail", "cert.pem", "PEM"], |bench| {
            own(bench, NAME, -10, 300);
            bench.machine.file("cert.pem", "nonsense");
        }),
        fault("its key is another's", ["certificate", "fail", "key", "belong"], |bench| {
            own(bench, NAME, -10, 300);
            bench.private("key.pem", &KeyPair::generate().unwrap().serialize_pem());
        }),
        fault(
            "everybody can read its key",
            ["certificate's key", "warn", "mode 644", "chmod 600"],
            |bench| {
                own(bench, NAME, -10, 300);
                mode(bench.machine.path("key.pem"), 0o644);
            },
        ),
        fault(
            "those who issued it are left out",
            ["certificate", "warn", "nothing stands beside it", "fullchain.pem"],
            |bench| {
                let [leaf, between, root] = chain(bench, 300);
                bench.machine.file("cert.pem", &leaf);
                trust(bench, &root);
                drop(between);
            },
        ),
        fault(
            "nobody trusts its authority",
            ["certificate", "warn", "lead to nobody", "authority of your own"],
            |bench| {
                let [leaf, between, _] = chain(bench, 300);
                bench.machine.file("cert.pem", &[leaf, between].concat());
                let mut stranger = params("stranger.example", -100, 300);
                stranger.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
                let stranger = stranger.self_signed(&KeyPair::generate().unwrap()).unwrap();
                trust(bench, &stranger.pem());
            },
        ),
        fault(
            "one of its chain has expired",
            ["certificate", "fail", "has expired", "the whole chain issued anew"],
            |bench| {
                let [leaf, between, root] = chain(bench, -10);
                bench.machine.file("cert.pem", &[leaf, between].concat());
                trust(bench, &root);
            },
        ),
    ]
}

fn settings(bench: &mut Bench) {
    bench.flag("--public-url=https://localhost");
    bench.flag("--tls-cert=cert.pem");
    bench.flag("--tls-key=key.pem");
}

/// What this machine trusts.
fn trust(bench: &mut Bench, root: &str) {
    let path = bench.machine.file("trusted.pem", root);
    bench.set("SSL_CERT_FILE", &path);
    settings(bench);
}

fn day(days: i64) -> (i32, u8, u8) {
    let date = Utc::now().date_naive() + TimeDelta::days(days);
    (date.year(), u8::try_from(date.month()).unwrap(), u8::try_from(date.day()).unwrap())
}

fn params(name: &str, from: i64, until: i64) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    let ((y, m, d), (to_y, to_m, to_d)) = (day(from), day(until));
    (params.not_before, params.not_after) =
        (rcgen::date_time_ymd(y, m, d), rcgen::date_time_ymd(to_y, to_m, to_d));
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

/// One that signed itself.
fn own(bench: &mut Bench, name: &str, from: i64, until: i64) {
    let key = KeyPair::generate().unwrap();
    let issued = params(name, from, until).self_signed(&key).unwrap();
    bench.machine.file("cert.pem", &issued.pem());
    bench.private("key.pem", &key.serialize_pem());
    settings(bench);
}

/// The gateway's own, of one between, whose days end so many days from now, of an authority; the key is in its file.
fn chain(bench: &Bench, between_until: i64) -> [String; 3] {
    let authority = |name: &str, until| {
        let mut params = params(name, -100, until);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().unwrap())
    };
    let (root, root_key) = authority("root.example", 300);
    let root_pem = root.self_signed(&root_key).unwrap().pem();
    let root = Issuer::new(root, root_key);
    let (between, between_key) = authority("between.example", between_until);
    let between_pem = between.signed_by(&between_key, &root).unwrap().pem();
    let between = Issuer::new(between, between_key);
    let key = KeyPair::generate().unwrap();
    let leaf = params(NAME, -10, 300).signed_by(&key, &between).unwrap().pem();
    bench.private("key.pem", &key.serialize_pem());
    [leaf, between_pem, root_pem]
}
