//! Each has at most one: belief propagation over all compared pairs at once.

/// A pair, by the numbers of its record and its profile, with its bits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub record: u32,
    pub profile: u32,
    pub bits: f32,
}

const ROUNDS: usize = 12;

/// The confidence of each pair, in the order given: two equal candidates get a half each, and one who is surely
/// another's makes room.
pub(super) fn confidences(edges: &[Edge]) -> Vec<f64> {
    let weights: Vec<f64> =
        edges.iter().map(|edge| f64::from(edge.bits.clamp(-60.0, 120.0)).exp2()).collect();
    let rows = groups(edges, |edge| edge.record);
    let columns = groups(edges, |edge| edge.profile);
    // What the other pairs of the record, and of the profile, leave of each pair.
    let (mut by_row, mut by_column) = (weights.clone(), weights.clone());
    for _ in 0..ROUNDS {
        pass(&rows, &weights, &by_column, &mut by_row);
        pass(&columns, &weights, &by_row, &mut by_column);
    }
    let shares = by_row.iter().zip(&by_column).zip(&weights);
    shares
        .map(|((row, column), weight)| {
            let odds = row * (column / weight);
            if odds.is_finite() { odds / (1.0 + odds) } else { 1.0 }
        })
        .collect()
}

/// The places of the edges that share an end.
fn groups(edges: &[Edge], end: impl Fn(&Edge) -> u32) -> Vec<Vec<u32>> {
    let mut order: Vec<u32> = (0..edges.len() as u32).collect();
    let of = |at: &u32| edges.get(*at as usize).map_or(0, &end);
    order.sort_by_key(of);
    order.chunk_by(|a, b| of(a) == of(b)).map(<[u32]>::to_vec).collect()
}

/// Sums over all but one are made of sums before and behind it: subtracting would cancel.
fn pass(groups: &[Vec<u32>], weights: &[f64], others: &[f64], own: &mut [f64]) {
    let mut behind = Vec::new();
    for group in groups {
        let value = |at: &u32| others.get(*at as usize).copied().unwrap_or_default();
        behind.clear();
        let mut sum = 0.0;
        for at in group.iter().rev() {
            behind.push(sum);
            sum += value(at);
        }
        let mut before = 0.0;
        for (at, behind) in group.iter().zip(behind.iter().rev()) {
            if let (Some(own), Some(weight)) = (own.get_mut(*at as usize), weights.get(*at as usize)) {
                // Damped by the geometric mean.
                *own = (*own * (weight / (1.0 + before + behind))).sqrt();
            }
            before += value(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(edges: &[(u32, u32, f32)]) -> Vec<f64> {
        let edges: Vec<Edge> = edges
            .iter()
            .map(|(record, profile, bits)| Edge { record: *record, profile: *profile, bits: *bits })
            .collect();
        confidences(&edges)
    }

    #[test]
    fn equal_candidates_share_and_a_surer_pair_makes_room() {
        assert!((told(&[(0, 0, 3.0)])[0] - 8.0 / 9.0).abs() < 1e-9);
        let equal = told(&[(0, 0, 12.0), (0, 1, 12.0)]);
        assert!(equal.iter().all(|it| (it - 0.5).abs() < 0.01), "{equal:?}");
        let room = told(&[(0, 0, 12.0), (0, 1, 12.0), (1, 1, 30.0)]);
        assert!(room[0] > 0.99 && room[1] < 0.01 && room[2] > 0.99, "{room:?}");
    }

    proptest::proptest! {
        #[test]
        fn the_shares_of_one_end_are_at_most_one(
            edges in proptest::collection::btree_map((0_u32..6, 0_u32..6), -20.0_f32..40.0, 1..20)
        ) {
            let edges: Vec<_> = edges.into_iter().map(|((record, profile), bits)| (record, profile, bits)).collect();
            let shares = told(&edges);
            proptest::prop_assert!(shares.iter().all(|it| (0.0..=1.0).contains(it)));
            for end in 0..6 {
                let sum: f64 = edges.iter().zip(&shares).filter(|(it, _)| it.0 == end).map(|(_, it)| it).sum();
                proptest::prop_assert!(sum < 1.6, "{}", sum);
            }
        }
    }
}
