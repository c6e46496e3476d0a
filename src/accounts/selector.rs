//! Which of the accounts that can take a request takes it.
//!
//! The choice depends on the candidates and on the selector's memory: whose turn it is, and
//! which account a session stays with.

use std::num::NonZeroUsize;

use lru::LruCache;

use crate::config::Strategy;

/// Identifies an account; another credential makes another account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AccountId(pub u64);

/// An account that can take the request, with what the choice depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its place in the config file.
    pub seat: usize,
    pub id: AccountId,
    pub weight: u32,
    pub priority: i32,
    pub in_flight: u32,
}

#[derive(Debug)]
pub struct Selector {
    strategy: Strategy,
    /// By seat: how much of its share an account has yet to get.
    credits: Vec<i64>,
    sessions: LruCache<u64, Homes>,
}

/// Beyond this number, the least recently used sessions are forgotten.
const REMEMBERED_SESSIONS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// The accounts that a session stays with, the latest first: a session that uses the models of
/// two providers stays with one account of each.
type Homes = [Option<AccountId>; 4];

impl Selector {
    pub fn new(strategy: Strategy) -> Self {
        Self { strategy, credits: Vec::new(), sessions: LruCache::sparse(REMEMBERED_SESSIONS) }
    }

    /// Takes over another config: turns start afresh, sessions keep their accounts.
    pub fn reset(&mut self, strategy: Strategy, seats: usize) {
        self.strategy = strategy;
        self.credits.clear();
        self.credits.resize(seats, 0);
    }

    /// The candidate to use; `None` when there is none. May remove candidates.
    pub fn choose(&mut self, candidates: &mut Vec<Candidate>, session: Option<u64>) -> Option<Candidate> {
        match (self.strategy, session) {
            (Strategy::Sticky, Some(session)) => self.stay(candidates, session),
            (Strategy::RoundRobin | Strategy::Sticky, _) => self.take_turn(candidates),
            (Strategy::FillFirst, _) => first_to_fill(candidates),
            (Strategy::LeastBusy, _) => {
                keep_least_busy(candidates);
                self.take_turn(candidates)
            }
        }
    }

    /// The account that the session used last, if it is a candidate; otherwise the session moves
    /// to the next in turn and stays there.
    fn stay(&mut self, candidates: &[Candidate], session: u64) -> Option<Candidate> {
        let homes = self.sessions.get(&session).copied().unwrap_or_default();
        let candidate = |id: AccountId| candidates.iter().find(|candidate| candidate.id == id);
        if let Some(&home) = homes.into_iter().flatten().find_map(candidate) {
            return Some(home);
        }
        let chosen = self.take_turn(candidates)?;
        let [first, second, third, _] = homes;
        self.sessions.put(session, [Some(chosen.id), first, second, third]);
        Some(chosen)
    }

    /// Smooth weighted round robin: add its weight to each candidate's credit, take the
    /// candidate with the largest credit, and subtract the total of the weights from it. Weights
    /// 5, 1, 1 give `a a b a c a a`, not `a a a a a b c`.
    fn take_turn(&mut self, candidates: &[Candidate]) -> Option<Candidate> {
        let total: i64 = candidates.iter().map(|candidate| i64::from(candidate.weight)).sum();
        let mut chosen: Option<(i64, Candidate)> = None;
        for &candidate in candidates {
            let credit = &mut self.credits[candidate.seat];
            // A debt made among many candidates must not starve an account among few.
            *credit = (*credit + i64::from(candidate.weight)).clamp(-total, total);
            if chosen.is_none_or(|(most, _)| *credit > most) {
                chosen = Some((*credit, candidate));
            }
        }
        let (_, candidate) = chosen?;
        self.credits[candidate.seat] -= total;
        Some(candidate)
    }
}

fn first_to_fill(candidates: &[Candidate]) -> Option<Candidate> {
    candidates.iter().min_by_key(|candidate| (candidate.priority, candidate.seat)).copied()
}

fn keep_least_busy(candidates: &mut Vec<Candidate>) {
    let fewest = candidates.iter().map(|candidate| candidate.in_flight).min();
    candidates.retain(|candidate| Some(candidate.in_flight) == fewest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(seat: usize) -> Candidate {
        Candidate { seat, id: AccountId(seat as u64), weight: 1, priority: 0, in_flight: 0 }
    }

    fn selector(strategy: Strategy, seats: usize) -> Selector {
        let mut selector = Selector::new(strategy);
        selector.reset(strategy, seats);
        selector
    }

    fn choose(selector: &mut Selector, candidates: &[Candidate], session: Option<u64>) -> usize {
        selector.choose(&mut candidates.to_vec(), session).expect("a choice").seat
    }

    #[test]
    fn without_candidates_there_is_no_choice() {
        for strategy in [Strategy::RoundRobin, Strategy::Sticky, Strategy::FillFirst, Strategy::LeastBusy] {
            assert_eq!(selector(strategy, 0).choose(&mut Vec::new(), Some(1)), None, "{strategy:?}");
        }
    }

    #[test]
    fn round_robin_is_smooth_and_fair_by_weight() {
        let weighted = [5, 1, 1].into_iter().enumerate();
        let candidates: Vec<_> =
            weighted.map(|(seat, weight)| Candidate { weight, ..candidate(seat) }).collect();
        let mut selector = selector(Strategy::RoundRobin, 3);
        let turns: Vec<_> = (0..7).map(|_| choose(&mut selector, &candidates, None)).collect();
        assert_eq!(turns, [0, 0, 1, 0, 2, 0, 0]);
        let mut counts = [0; 3];
        for _ in 0..7_000 {
            counts[choose(&mut selector, &candidates, None)] += 1;
        }
        assert_eq!(counts, [5_000, 1_000, 1_000]);
    }

    #[test]
    fn a_debt_made_among_many_does_not_starve_among_few() {
        let many: Vec<_> = (0..1_000).map(candidate).collect();
        let mut selector = selector(Strategy::RoundRobin, many.len());
        assert_eq!(choose(&mut selector, &many, None), 0);
        let mut counts = [0; 2];
        for _ in 0..10 {
            counts[choose(&mut selector, &many[..2], None)] += 1;
        }
        assert!(counts.iter().all(|&count| count >= 4), "{counts:?}");
    }

    #[test]
    fn fill_first_goes_by_priority_then_by_the_order_of_the_file() {
        let candidates =
            [(0, 1), (1, -1), (2, -1)].map(|(seat, priority)| Candidate { priority, ..candidate(seat) });
        let mut selector = selector(Strategy::FillFirst, 3);
        for _ in 0..3 {
            assert_eq!(choose(&mut selector, &candidates, None), 1);
        }
        assert_eq!(choose(&mut selector, &[candidates[2], candidates[0]], None), 2);
        assert_eq!(choose(&mut selector, &candidates[..1], None), 0);
    }

    #[test]
    fn least_busy_takes_turns_among_the_least_busy() {
        let candidates =
            [(0, 3), (1, 1), (2, 1)].map(|(seat, in_flight)| Candidate { in_flight, ..candidate(seat) });
        let mut selector = selector(Strategy::LeastBusy, 3);
        let turns: Vec<_> = (0..4).map(|_| choose(&mut selector, &candidates, None)).collect();
        assert_eq!(turns, [1, 2, 1, 2]);
    }

    #[test]
    fn a_session_stays_and_once_moved_stays_moved() {
        let candidates: Vec<_> = (0..3).map(candidate).collect();
        let mut selector = selector(Strategy::Sticky, 3);
        let home = choose(&mut selector, &candidates, Some(7));
        for other in 100..105 {
            choose(&mut selector, &candidates, Some(other));
            assert_eq!(choose(&mut selector, &candidates, Some(7)), home);
        }
        let without_home: Vec<_> = candidates.iter().copied().filter(|one| one.seat != home).collect();
        let second_home = choose(&mut selector, &without_home, Some(7));
        assert_ne!(second_home, home);
        assert_eq!(choose(&mut selector, &candidates, Some(7)), second_home);
    }

    #[test]
    fn a_session_with_two_models_stays_with_one_account_for_each() {
        let (opus, haiku) = ([candidate(0), candidate(1)], [candidate(2), candidate(3)]);
        let mut selector = selector(Strategy::Sticky, 4);
        let homes = (choose(&mut selector, &opus, Some(1)), choose(&mut selector, &haiku, Some(1)));
        for session in 2..9 {
            choose(&mut selector, &opus, Some(session));
            assert_eq!(choose(&mut selector, &opus, Some(1)), homes.0);
            assert_eq!(choose(&mut selector, &haiku, Some(1)), homes.1);
        }
    }

    #[test]
    fn sessions_spread_and_their_memory_is_bounded() {
        let candidates: Vec<_> = (0..4).map(candidate).collect();
        let mut selector = selector(Strategy::Sticky, 4);
        let mut counts = [0; 4];
        for session in 0..20_000 {
            counts[choose(&mut selector, &candidates, Some(session))] += 1;
        }
        assert_eq!(counts, [5_000; 4]);
        assert_eq!(selector.sessions.len(), REMEMBERED_SESSIONS.get());
    }

    #[test]
    fn a_request_without_a_session_takes_turns() {
        let candidates: Vec<_> = (0..2).map(candidate).collect();
        let mut selector = selector(Strategy::Sticky, 2);
        let turns: Vec<_> = (0..4).map(|_| choose(&mut selector, &candidates, None)).collect();
        assert_eq!(turns, [0, 1, 0, 1]);
    }
}
