//! `rollcall audit verify`.

use std::{fs, io::ErrorKind, path::PathBuf};

use serde::Serialize;

use crate::{
    cli::{
        Result,
        context::Context,
        failure::Failure,
        text::{plain, table},
    },
    codec::audit::check::Checked,
    domain::audit::Checkpoint,
    sync::audit::{checkpoints, verify},
};

/// What was found.
#[derive(Debug, Serialize)]
struct Report {
    whole: bool,
    /// Where the checkpoints come from; null where there are none.
    against: Option<String>,
    chains: Vec<Chain>,
}

/// A company's chain, or `global`.
#[derive(Debug, Serialize)]
struct Chain {
    chain: String,
    rows: u64,
    first: i64,
    last: i64,
    /// Up to here a checkpoint shows that nothing was taken from the end.
    anchored_to: Option<i64>,
    /// Rows after that: of these only the chain itself speaks.
    not_anchored: i64,
    findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
struct Finding {
    code: &'static str,
    detail: String,
}

impl From<Checked> for Chain {
    fn from(it: Checked) -> Self {
        let findings = it.findings.iter();
        let findings = findings.map(|found| Finding { code: found.code(), detail: found.to_string() });
        Self {
            findings: findings.collect(),
            chain: it.chain,
            rows: it.rows,
            first: it.begins,
            last: it.last,
            anchored_to: it.anchored_to,
            not_anchored: it.last - it.anchored_to.unwrap_or(it.begins - 1),
        }
    }
}

pub(super) async fn run(context: &Context, against: Option<PathBuf>) -> Result {
    let (against, anchors) = anchors(context, against)?;
    let store = context.store().await?;
    let spinner = context.out.spinner("going through the audit …");
    let checked = verify::verify(&store, &context.vault, anchors).await;
    drop(spinner);
    let chains: Vec<Chain> = checked?.into_iter().map(Chain::from).collect();
    let whole = chains.iter().all(|chain| chain.findings.is_empty());
    let report = Report { whole, against, chains };
    context.out.answer(&report, text)?;
    if whole { Ok(()) } else { Err(Failure::Answered) }
}

/// The checkpoints, and where they come from.
///
/// # Errors
/// A file that was named and cannot be read, or that holds something else.
fn anchors(context: &Context, named: Option<PathBuf>) -> Result<(Option<String>, Vec<Checkpoint>)> {
    let must = named.is_some();
    let Some(path) = named.or_else(|| context.settings.audit.checkpoint_file.clone()) else {
        return Ok((None, Vec::new()));
    };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound && !must => return Ok((None, Vec::new())),
        Err(error) => return Err(Failure::system("The file of checkpoints could not be read", &error)),
    };
    let read = checkpoints::read(&text).map_err(|line| {
        Failure::new(
            "bad_checkpoints",
            format!("Line {line} of the file of checkpoints is none."),
            "Name the file of ROLLCALL_AUDIT_CHECKPOINT_FILE, or a log that was written with --log-format json.",
        )
    })?;
    Ok((Some(path.display().to_string()), read))
}

fn text(report: &Report) -> String {
    let row = |it: &Chain| {
        let anchored = it.anchored_to.map_or_else(|| "-".into(), |seq| seq.to_string());
        let found = if it.findings.is_empty() { "whole" } else { "NOT WHOLE" };
        [it.chain.clone(), it.rows.to_string(), anchored, it.not_anchored.to_string(), found.to_owned()]
    };
    let none = "The audit is empty: nothing was done yet.";
    let head = ["CHAIN", "ROWS", "ANCHORED TO", "NOT ANCHORED", "FOUND"];
    let mut text = table(head, report.chains.iter().map(row).collect(), none);
    for chain in &report.chains {
        for finding in &chain.findings {
            text.push_str(&plain(&format!("{}: {}\n", chain.chain, finding.detail)));
        }
    }
    if report.against.is_none() && !report.chains.is_empty() {
        text.push_str(
            "Nothing is anchored: what was taken from the end of a chain would not show. Name a file of checkpoints by --against.\n",
        );
    }
    text
}
