//! Paycom.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    connectors::{
        Check,
        outbound::{Gate, Outbound},
        source::{Ask, Failure, Fetched, Rate, Schedule, Step},
    },
    domain::{secret::Secret, words::List},
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {}

impl Check for Settings {
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

impl Settings {
    pub fn lists(&self) -> &'static [List] {
        &[List::Employee]
    }
    pub fn schedule(&self) -> Schedule {
        unreachable!()
    }
    pub fn rate(&self, _secrets: &BTreeMap<String, Secret>) -> Rate {
        unreachable!()
    }
}

pub struct Source {}

impl Source {
    pub fn new(
        _settings: Settings,
        _secrets: &BTreeMap<String, Secret>,
        _memory: Option<&str>,
        _outbound: &Outbound,
        _gate: Arc<dyn Gate>,
    ) -> Result<Self, Failure> {
        Ok(Self {})
    }
    pub fn read(&self, _ask: Ask) -> Reading<'_> {
        Reading(self)
    }
    pub async fn fetch(&self, _list: List, _external_id: &str) -> Result<Fetched, Failure> {
        Ok(Fetched::Missing)
    }
    pub async fn probe(&self) -> Result<String, Failure> {
        Ok(String::new())
    }
    pub fn memory(&self) -> Option<String> {
        None
    }
}

pub struct Reading<'a>(&'a Source);

impl Reading<'_> {
    pub async fn next(&mut self) -> Result<Step, Failure> {
        let _ = self.0;
        unreachable!()
    }
}
