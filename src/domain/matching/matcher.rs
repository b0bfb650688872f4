//! Two sides that follow their lists, and the pairs between them.

use std::cmp::Ordering;

use crate::domain::words::List;

use super::{
    Entry, Level, Standing,
    assign::{self, Edge},
    candidates::{self, Deletions, Finder},
    compare, customers, reasons,
    rules::{self, Obstacle},
    side::{At, Entries, Names, prepare},
};

/// Which of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Records,
    Profiles,
}

/// A suggested pair.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub record_id: String,
    pub profile_id: String,
    /// From 0 to 1, in steps of 0.0001.
    pub confidence: f64,
    pub level: Level,
    /// For people; what speaks for it before what speaks against it.
    pub reasons: Vec<String>,
}

/// What was found about a pair.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found {
    People(compare::Findings),
    Businesses(customers::Findings),
}

#[derive(Debug, Clone, Copy)]
struct Compared {
    edge: Edge,
    found: Found,
}

/// A pair with its share of both sides.
#[derive(Debug, Clone)]
struct Settled {
    compared: Compared,
    confidence: f64,
    level: Level,
    /// Its best rival: the bits by which this is better, and the other end of that pair.
    rival: Option<(f32, (At, At))>,
}

/// At most so many are given for each record.
const GIVEN: usize = 3;
/// Less sure ones are not given.
const LEAST: f64 = 0.001;
/// From here on a pair is likely.
const LIKELY: f64 = 0.9;
/// Whoever has a pair from here on takes no part in the second round.
const PAIRED: f64 = 0.8;
/// The second round compares more candidates, and is never surer than this.
const SECOND_MOST: usize = 60;
const SECOND_CONFIDENCE: f64 = 0.6;

/// Matches two lists. It may be asked at any time, and follows what changes.
#[derive(Debug)]
pub struct Matcher {
    list: List,
    names: Names,
    deletions: Deletions,
    records: Entries,
    profiles: Entries,
    /// The best pairs of each record, by its number; `None` after something has changed.
    settled: Option<Vec<Vec<Settled>>>,
}

impl Matcher {
    /// The order of the entries does not matter.
    pub fn new(list: List, mut records: Vec<Entry>, mut profiles: Vec<Entry>) -> Self {
        let mut matcher = Self {
            list,
            names: Names::default(),
            deletions: Deletions::default(),
            records: Entries::default(),
            profiles: Entries::default(),
            settled: None,
        };
        records.sort_by(|a, b| a.id.cmp(&b.id));
        profiles.sort_by(|a, b| a.id.cmp(&b.id));
        for (side, entries) in [(Side::Records, records), (Side::Profiles, profiles)] {
            for entry in entries {
                matcher.put(side, entry);
            }
        }
        matcher.deletions.follow(&matcher.names.words);
        matcher
    }

    /// Adds an entry, or puts it in the place of the one with its ID.
    pub fn put(&mut self, side: Side, entry: Entry) {
        let prepared = prepare(&mut self.names, self.list, entry);
        let Self { names, records, profiles, .. } = self;
        let entries = if side == Side::Records { records } else { profiles };
        entries.put(&names.words, prepared);
        self.settled = None;
    }

    /// Takes an entry away, if it is there.
    pub fn remove(&mut self, side: Side, id: &str) {
        let Self { names, records, profiles, .. } = self;
        let entries = if side == Side::Records { records } else { profiles };
        if let Some(at) = entries.find(id) {
            entries.take(&names.words, at);
            self.settled = None;
        }
    }

    /// Computes what has changed; the other readers do so by themselves. Long for long lists.
    pub fn settle(&mut self) {
        if self.settled.is_none() {
            self.deletions.follow(&self.names.words);
            self.settled = Some(self.computed());
        }
    }

    /// The best pairs of a record, best first.
    pub fn of_record(&mut self, id: &str) -> Vec<Pair> {
        self.settle();
        let Some(at) = self.records.find(id) else { return Vec::new() };
        let settled = self.settled.as_ref().and_then(|all| all.get(at as usize));
        settled.into_iter().flatten().filter_map(|it| self.shown(it)).collect()
    }

    /// The best pairs of a profile, best first.
    pub fn of_profile(&mut self, id: &str) -> Vec<Pair> {
        self.settle();
        let Some(at) = self.profiles.find(id) else { return Vec::new() };
        let all = self.settled.iter().flatten().flatten();
        let mut own: Vec<&Settled> = all.filter(|it| it.compared.edge.profile == at).collect();
        own.sort_by(|a, b| self.better(a, b));
        own.into_iter().take(GIVEN).filter_map(|it| self.shown(it)).collect()
    }

    /// The pairs of a level or above that share no side: record and profile.
    pub fn best(&mut self, level: Level) -> Vec<(String, String)> {
        self.settle();
        let all = self.settled.iter().flatten().filter_map(|of_record| of_record.first());
        let mut best: Vec<&Settled> = all.filter(|it| it.level <= level).collect();
        best.sort_by(|a, b| self.better(a, b));
        let mut taken = std::collections::HashSet::new();
        best.retain(|it| taken.insert(it.compared.edge.profile));
        let ids = best.iter().filter_map(|it| self.ids(it.compared.edge));
        ids.map(|(record, profile)| (record.to_owned(), profile.to_owned())).collect()
    }

    /// The surer of two pairs first; ties by own bits, then by ID: how the entries came makes no difference.
    fn better(&self, one: &Settled, other: &Settled) -> Ordering {
        let bits = other.compared.edge.bits.total_cmp(&one.compared.edge.bits);
        let ids = || self.ids(one.compared.edge).cmp(&self.ids(other.compared.edge));
        other.confidence.total_cmp(&one.confidence).then(bits).then_with(ids)
    }

    /// The IDs of a record and a profile.
    fn ids(&self, edge: Edge) -> Option<(&str, &str)> {
        let (record, profile) = (self.records.get(edge.record)?, self.profiles.get(edge.profile)?);
        Some((&record.entry.id, &profile.entry.id))
    }

    fn shown(&self, it: &Settled) -> Option<Pair> {
        let edge = it.compared.edge;
        let (record, profile) = (self.records.get(edge.record)?, self.profiles.get(edge.profile)?);
        let against = if it.level == Level::Certain { Vec::new() } else { self.obstacles(&it.compared) };
        let rival =
            it.rival.filter(|(margin, _)| *margin < rules::LEAST_MARGIN && it.level != Level::Certain);
        let rival = rival.and_then(|(_, (other_record, other_profile))| {
            if other_record == edge.record {
                self.profiles.get(other_profile)
            } else {
                self.records.get(other_record)
            }
        });
        Some(Pair {
            record_id: record.entry.id.clone(),
            profile_id: profile.entry.id.clone(),
            confidence: (it.confidence * 1e4).round() / 1e4,
            level: it.level,
            reasons: reasons::sentences(&self.names, &it.compared.found, record, profile, &against, rival),
        })
    }

    fn sides(&self) -> [&Entries; 2] {
        [&self.records, &self.profiles]
    }

    /// Everything that keeps a pair from being certain but for its rivals.
    fn obstacles(&self, compared: &Compared) -> Vec<Obstacle> {
        let edge = compared.edge;
        let (Some(record), Some(profile)) = (self.records.get(edge.record), self.profiles.get(edge.profile))
        else {
            return vec![Obstacle::Aside];
        };
        let mut against = match &compared.found {
            Found::People(findings) => rules::people(findings, record, profile),
            Found::Businesses(findings) => customers::obstacles(findings),
        };
        if matches!(compared.found, Found::People(_)) {
            let others = rules::namesakes(&self.names, self.sides(), [edge.record, edge.profile]);
            if others > 0 {
                against.push(Obstacle::Namesakes(others + 1));
            }
        } else if self.has_twin(edge) {
            against.push(Obstacle::Namesakes(2));
        }
        if [record, profile].iter().any(|it| it.entry.standing != Standing::Free) {
            against.push(Obstacle::Aside);
        }
        against
    }

    /// Whether another business of either side, of whatever standing, has one of these names.
    fn has_twin(&self, edge: Edge) -> bool {
        let ends = [edge.record, edge.profile];
        let of_both = self.sides().into_iter().zip(ends);
        let of_both = of_both.filter_map(|(side, at)| side.get(at)?.business.as_ref());
        let mut names = of_both.flat_map(|business| &business.bags);
        names.any(|bag| {
            let mut sides = self.sides().into_iter().zip(ends);
            sides.any(|(side, own)| side.named(&bag.words).iter().any(|at| *at != own))
        })
    }

    fn compare(&self, record: At, profile: At, prior: f32) -> Option<Compared> {
        let (one, other) = (self.records.get(record)?, self.profiles.get(profile)?);
        let (found, bits) = match (&one.person, &other.person, &one.business, &other.business) {
            (Some(a), Some(b), ..) => {
                let (found, bits) = compare::people(&self.names, self.sides(), (one, a), (other, b));
                (Found::People(found), bits)
            }
            (_, _, Some(a), Some(b)) => {
                let (found, bits) = customers::businesses(&self.names, self.sides(), (one, a), (other, b));
                (Found::Businesses(found), bits)
            }
            _ => return None,
        };
        Some(Compared { edge: Edge { record, profile, bits: bits + prior }, found })
    }

    fn round(&self, most: usize, prior: f32, left: Option<&[Vec<bool>; 2]>) -> Vec<Compared> {
        let mut finder = Finder::new(&self.names, &self.deletions, &self.profiles);
        let takes_part = |which: usize, at: At| {
            let among = left.and_then(|left| left.get(which));
            among.is_none_or(|among| among.get(at as usize).copied().unwrap_or_default())
        };
        let free = self.records.all().filter(|(_, it)| it.entry.standing == Standing::Free);
        let mut records: Vec<_> = free.filter(|(at, _)| takes_part(0, *at)).collect();
        // Pairs are in an order of their own, whatever the order in which their ends came: sums and ties depend on it.
        records.sort_unstable_by(|(_, one), (_, other)| one.entry.id.cmp(&other.entry.id));
        let mut found = Vec::new();
        for (at, record) in records {
            let candidates = finder.find(record, most, |profile| takes_part(1, profile));
            found.extend(candidates.into_iter().filter_map(|profile| self.compare(at, profile, prior)));
        }
        found
    }

    fn computed(&self) -> Vec<Vec<Settled>> {
        let larger = self.records.free.max(self.profiles.free).max(1) as f32;
        let offset = if self.list == List::Employee { -1.0 } else { 0.5 };
        let compared = self.round(candidates::MOST, offset - larger.log2(), None);
        let edges: Vec<Edge> = compared.iter().map(|it| it.edge).collect();
        let confidences = assign::confidences(&edges);
        let rivals = rivals(&edges, self.records.span(), self.profiles.span());
        let mut settled: Vec<Vec<Settled>> = vec![Vec::new(); self.records.span()];
        for ((compared, confidence), rival) in compared.iter().zip(confidences).zip(rivals) {
            let level = self.level(compared, confidence, rival.map(|(margin, _)| margin));
            if let Some(of_record) = settled.get_mut(compared.edge.record as usize) {
                of_record.push(Settled { compared: *compared, confidence, level, rival });
            }
        }
        if self.list == List::Employee {
            self.second_round(&mut settled);
        }
        for of_record in &mut settled {
            of_record.sort_by(|a, b| self.better(a, b));
            of_record.retain(|it| it.confidence >= LEAST);
            of_record.truncate(GIVEN);
        }
        settled
    }

    fn level(&self, compared: &Compared, confidence: f64, margin: Option<f32>) -> Level {
        let least_margin = match compared.found {
            Found::People(_) => rules::LEAST_MARGIN,
            Found::Businesses(_) => 8.0,
        };
        let clear = margin.is_none_or(|margin| margin >= least_margin)
            && confidence >= rules::LEAST_CONFIDENCE
            && compared.edge.bits >= rules::LEAST_BITS;
        match clear && self.obstacles(compared).is_empty() {
            true => Level::Certain,
            false if confidence >= LIKELY => Level::Likely,
            false => Level::Possible,
        }
    }

    /// Those without a good pair, among themselves: it finds changed last names.
    fn second_round(&self, settled: &mut [Vec<Settled>]) {
        let mut left = [vec![true; self.records.span()], vec![true; self.profiles.span()]];
        for it in settled.iter().flatten().filter(|it| it.confidence >= PAIRED) {
            let ends = [it.compared.edge.record, it.compared.edge.profile];
            for (left, end) in left.iter_mut().zip(ends) {
                if let Some(left) = left.get_mut(end as usize) {
                    *left = false;
                }
            }
        }
        let [records, _] = &left;
        let is_left = |at: At| records.get(at as usize) == Some(&true);
        let free = self.records.all().filter(|(_, it)| it.entry.standing == Standing::Free);
        let count = free.filter(|(at, _)| is_left(*at)).count();
        if count == 0 {
            return;
        }
        let compared = self.round(SECOND_MOST, -(count as f32).log2(), Some(&left));
        let edges: Vec<Edge> = compared.iter().map(|it| it.edge).collect();
        for (compared, confidence) in compared.iter().zip(assign::confidences(&edges)) {
            let confidence = confidence.min(SECOND_CONFIDENCE);
            let Some(of_record) = settled.get_mut(compared.edge.record as usize) else { continue };
            match of_record.iter_mut().find(|it| it.compared.edge.profile == compared.edge.profile) {
                Some(known) => known.confidence = known.confidence.max(confidence),
                None => of_record.push(Settled {
                    compared: *compared,
                    confidence,
                    level: Level::Possible,
                    rival: None,
                }),
            }
        }
    }
}

/// For each pair the best other pair of either of its ends, and by how much it is less good.
fn rivals(edges: &[Edge], records: usize, profiles: usize) -> Vec<Option<(f32, (At, At))>> {
    type Best = [Option<(f32, At, At)>; 2];
    let mut by_record: Vec<Best> = vec![[None; 2]; records];
    let mut by_profile: Vec<Best> = vec![[None; 2]; profiles];
    for edge in edges {
        for best in [by_record.get_mut(edge.record as usize), by_profile.get_mut(edge.profile as usize)]
            .into_iter()
            .flatten()
        {
            let it = Some((edge.bits, edge.record, edge.profile));
            let [first, second] = best;
            if first.is_none_or(|(bits, ..)| edge.bits > bits) {
                *second = *first;
                *first = it;
            } else if second.is_none_or(|(bits, ..)| edge.bits > bits) {
                *second = it;
            }
        }
    }
    edges
        .iter()
        .map(|edge| {
            let ends = [by_record.get(edge.record as usize), by_profile.get(edge.profile as usize)];
            let others = ends.into_iter().flatten().flatten().flatten();
            let others =
                others.filter(|(_, record, profile)| (*record, *profile) != (edge.record, edge.profile));
            let best = others.max_by(|a, b| a.0.total_cmp(&b.0))?;
            Some((edge.bits - best.0, (best.1, best.2)))
        })
        .collect()
}
