//! Faults, each really injected into an installation that is well: the doctor must recognise each by its own check, and say
//! what to do.

pub(super) mod bench;
mod certificates;
mod database;
mod network;
mod people;
mod settings;

use super::Machine;
use bench::Bench;

/// A fault, and how the doctor recognises it.
struct Fault {
    name: &'static str,
    inject: fn(&mut Bench),
    /// What the name of its check begins with.
    check: &'static str,
    status: &'static str,
    /// A part of what is said of it.
    detail: &'static str,
    /// A part of what is to be done.
    remedy: &'static str,
}

/// In the order of the table's columns.
fn fault(
    name: &'static str,
    [check, status, detail, remedy]: [&'static str; 4],
    inject: fn(&mut Bench),
) -> Fault {
    Fault { name, inject, check, status, detail, remedy }
}

/// Injects each into an installation of its own.
fn all_are_recognised(faults: Vec<Fault>) {
    let well = Machine::new();
    well.acme();
    well.json(&["connection", "add", "push", "--company", "Acme"]);
    let before = Bench::like(&well).findings();
    let mut missed = Vec::new();
    for Fault { name, inject, check, status, detail, remedy } in faults {
        let mut bench = Bench::like(&well);
        inject(&mut bench);
        let findings = bench.findings();
        let is_it = |finding: &&bench::Finding| {
            finding.check.starts_with(check)
                && finding.status == status
                && finding.detail.contains(detail)
                && finding.remedy.contains(remedy)
        };
        if !findings.iter().any(|finding| is_it(&finding)) {
            let wrong: Vec<_> = findings.iter().filter(|finding| finding.status != "ok").collect();
            missed.push(format!("{name}: {wrong:#?}"));
        }
        if before.iter().any(|finding| is_it(&finding)) {
            missed.push(format!("{name}: it is told of an installation that is well"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn mistakes_in_settings_and_files_are_recognised() {
    all_are_recognised(settings::faults());
}

#[test]
fn faults_of_the_database_and_its_key_are_recognised() {
    all_are_recognised(database::faults());
}

#[test]
fn faults_of_certificates_are_recognised() {
    all_are_recognised(certificates::faults());
}

#[test]
fn faults_of_ports_and_the_public_address_are_recognised() {
    all_are_recognised(network::faults());
}

#[test]
fn faults_of_mail_and_identity_providers_are_recognised() {
    all_are_recognised(people::faults());
}

#[test]
fn no_two_faults_are_the_same_and_they_are_many() {
    let all =
        [settings::faults(), database::faults(), certificates::faults(), network::faults(), people::faults()];
    let mut told: Vec<_> =
        all.iter().flatten().map(|it| (it.check, it.status, it.detail, it.remedy)).collect();
    told.sort_unstable();
    let many = told.len();
    told.dedup();
    assert_eq!(told.len(), many);
    assert!(many >= 40, "{many}");
}
