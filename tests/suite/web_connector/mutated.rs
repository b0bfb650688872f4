//! Mutated fixtures: whatever becomes of the bytes, no reader panics or keeps more than it may.

use std::{fs, path::Path, sync::LazyLock};

use proptest::prelude::*;

use super::drive;

/// Every request's body, and the unescaped document in it where there is one.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/quickbooks_desktop");
    let mut seeds = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        for step in text.split("--- request\n").skip(1) {
            let request = step.split_once("\n--- response\n").unwrap().0;
            let body = request.split_once("\n\n").unwrap().1;
            seeds.push(body.as_bytes().to_vec());
            for element in ["response", "strHCPResponse"] {
                let inner = body.split_once(&format!("<{element}>"));
                if let Some(inner) = inner.and_then(|(_, rest)| rest.split_once(&format!("</{element}>"))) {
                    seeds.push(quick_xml::escape::unescape(inner.0).unwrap().into_owned().into_bytes());
                    seeds.push([inner.0, "</", element].concat().into_bytes());
                }
            }
        }
    }
    seeds.sort();
    seeds.dedup();
    seeds
});

#[derive(Debug, Clone)]
enum Mutation {
    Replace(usize, u8),
    Insert(usize, Vec<u8>),
    Delete(usize, usize),
    /// Copies a piece to somewhere else.
    Copy(usize, usize, usize),
    Cut(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = 0..usize::MAX;
    let special = prop::sample::select(vec![
        "<",
        ">",
        "&",
        ";",
        "\"",
        "</",
        "<!--",
        "<![CDATA[",
        "]]>",
        "&#0;",
        "&#x110000;",
        "<?",
        "<!DOCTYPE x>",
        "\0",
        "\u{feff}",
        "xmlns=\"\"",
        "&amp;amp;",
        "é",
    ]);
    let bytes = prop_oneof![
        special.prop_map(|text| text.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 1..8),
    ];
    prop_oneof![
        (at.clone(), any::<u8>()).prop_map(|(at, byte)| Mutation::Replace(at, byte)),
        (at.clone(), bytes).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        (at.clone(), 1..200usize).prop_map(|(at, length)| Mutation::Delete(at, length)),
        (at.clone(), 1..200usize, at.clone()).prop_map(|(from, length, to)| Mutation::Copy(from, length, to)),
        at.prop_map(Mutation::Cut),
    ]
}

fn mutate(data: &mut Vec<u8>, mutation: &Mutation) {
    let size = data.len() + 1;
    match mutation {
        Mutation::Replace(at, byte) => {
            if let Some(place) = data.get_mut(at % size) {
                *place = *byte;
            }
        }
        Mutation::Insert(at, bytes) => drop(data.splice(at % size..at % size, bytes.iter().copied())),
        Mutation::Delete(at, length) => drop(data.drain(at % size..(at % size + length).min(size - 1))),
        Mutation::Copy(from, length, to) => {
            let piece = data[from % size..(from % size + length).min(size - 1)].to_vec();
            data.splice(to % size..to % size, piece);
        }
        Mutation::Cut(at) => data.truncate(at % size),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_fixture_makes_a_reader_panic(
        seed in any::<prop::sample::Index>(),
        mutations in prop::collection::vec(mutation(), 0..6),
    ) {
        let mut data = SEEDS[seed.index(SEEDS.len())].clone();
        for mutation in &mutations {
            mutate(&mut data, mutation);
        }
        drive::soap_call(&data);
        drive::soap_call(drive::document(&data));
        drive::qbxml_response(&data);
        drive::unescape(&data);
        drive::company_file(&data);
    }
}

#[test]
fn the_fixtures_themselves_are_read() {
    assert!(SEEDS.len() > 100);
    for seed in SEEDS.iter() {
        drive::soap_call(seed);
        drive::company_file(seed);
    }
}
