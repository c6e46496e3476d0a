use super::*;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_hours(1);
const OTHER: LeaseId = LeaseId(99);

fn limit(seconds: u64) -> Rest {
    Rest::Limit { retry_after: Some(Duration::from_secs(seconds)) }
}

/// Fails one probe after another, each at the end of the cooldown before.
#[track_caller]
fn check_rests(rest: Rest, max_cooldown: Duration, expected_seconds: &[u64]) {
    let (mut health, mut now) = (Health::Ready, Instant::now());
    for (turn, &expected) in (0..).zip(expected_seconds) {
        assert!(health.access(now) < Access::Closed(Duration::ZERO), "turn {turn}");
        health.admit(LeaseId(turn));
        health.fail(LeaseId(turn), rest, &"busy".into(), max_cooldown, now);
        let until = health.cooldown().expect("a cooldown").until;
        assert_eq!((until - now).as_secs(), expected, "turn {turn}");
        now = until;
    }
}

#[test]
fn a_limit_without_a_hint_doubles_up_to_the_maximum() {
    let rest = Rest::Limit { retry_after: None };
    check_rests(rest, Duration::from_secs(20), &[1, 2, 4, 8, 16, 20, 20]);
    check_rests(Rest::Limit { retry_after: Some(Duration::ZERO) }, HOUR, &[1, 2, 4]);
}

#[test]
fn a_hint_is_followed_up_to_the_maximum() {
    check_rests(limit(7), HOUR, &[7, 7, 7]);
    check_rests(limit(100_000), HOUR, &[3600, 3600]);
}

#[test]
fn an_account_without_credit_rests_for_the_maximum() {
    let rest = |seconds: Option<u64>| Rest::Credit { retry_after: seconds.map(Duration::from_secs) };
    check_rests(rest(None), HOUR, &[3600, 3600]);
    check_rests(rest(None), Duration::from_secs(20), &[20, 20]);
    check_rests(rest(Some(7)), HOUR, &[7, 7]);
}

#[test]
fn trouble_backs_off_up_to_a_minute_or_as_the_provider_requests() {
    check_rests(Rest::BackOff, HOUR, &[1, 2, 4, 8, 16, 32, 60, 60]);
    check_rests(Rest::BackOff, Duration::from_secs(3), &[1, 2, 3, 3]);
    check_rests(Rest::Requested(90 * SECOND), HOUR, &[90, 90]);
    check_rests(Rest::Requested(2 * SECOND), HOUR, &[2, 2, 2]);
}

#[test]
fn a_guessed_rest_refuses_no_request_and_any_later_success_ends_it() {
    let now = Instant::now();
    let mut health = Health::Ready;
    health.fail(LeaseId(1), Rest::BackOff, &"no name".into(), HOUR, now);
    for lease in [LeaseId(3), LeaseId(4), LeaseId(5)] {
        assert_eq!(health.access(now), Access::LastChoice);
        health.admit(lease);
    }
    assert!(!health.succeed(LeaseId(2)), "it began before the trouble");
    assert!(health.succeed(LeaseId(4)));
    assert_eq!(health, Health::Ready);
}

#[test]
fn a_requested_rest_comes_before_a_guessed_one() {
    let now = Instant::now();
    for turned in [false, true] {
        let mut health = Health::Ready;
        let mut rests = [Rest::Requested(SECOND / 2), Rest::BackOff];
        if turned {
            rests.reverse();
        }
        for (lease, rest) in (1..).zip(rests) {
            health.fail(LeaseId(lease), rest, &"busy".into(), HOUR, now);
        }
        assert_eq!(health.access(now), Access::Closed(SECOND / 2), "turned: {turned}");
    }
}

#[test]
fn a_sleep_counts_towards_requested_rests_and_voids_guessed_ones() {
    let now = Instant::now() + HOUR;
    let (mut asked, mut guessed) = (Health::Ready, Health::Ready);
    asked.fail(OTHER, limit(30), &"busy".into(), HOUR, now);
    guessed.fail(OTHER, Rest::BackOff, &"no name".into(), HOUR, now);
    assert!(asked.slept(20 * SECOND) && guessed.slept(20 * SECOND));
    assert_eq!(asked.access(now), Access::Closed(10 * SECOND));
    assert_eq!(guessed, Health::Ready);
    assert!(!guessed.slept(SECOND));
    assert!(asked.slept(HOUR));
    assert_eq!(asked.access(now), Access::Probe);
}

#[test]
fn the_largest_values_do_not_overflow() {
    let now = Instant::now();
    let mut health = Health::Ready;
    let rest = Rest::Limit { retry_after: Some(Duration::MAX) };
    health.fail(OTHER, rest, &"busy".into(), Duration::MAX, now);
    health.shorten(Duration::MAX, now);
    assert_eq!(health.access(now), Access::Closed(LONGEST_COOLDOWN));
    let forever = Cooldown { until: now, failures: u32::MAX, reason: Message::default(), is_requested: true };
    let mut health = Health::Probing(forever, OTHER);
    health.fail(OTHER, Rest::Limit { retry_after: None }, &"busy".into(), HOUR, now);
    assert_eq!(health.access(now), Access::Closed(HOUR));
}

#[test]
fn at_the_end_of_a_cooldown_exactly_one_lease_is_the_probe() {
    let now = Instant::now();
    let mut health = Health::Ready;
    health.fail(OTHER, limit(5), &"busy".into(), HOUR, now);
    assert_eq!(health.access(now), Access::Closed(5 * SECOND));
    let end = now + 5 * SECOND;
    assert_eq!(health.access(end), Access::Probe);
    health.admit(LeaseId(1));
    assert_eq!(health.access(end), Access::Closed(PROBE_WAIT));
    health.give_back(LeaseId(2));
    assert_eq!(health.access(end), Access::Closed(PROBE_WAIT), "not the probe's to give back");
    health.give_back(LeaseId(1));
    assert_eq!(health.access(end), Access::Probe);
    health.admit(LeaseId(3));
    assert!(health.succeed(LeaseId(3)));
    assert_eq!(health, Health::Ready);
}

#[test]
fn requests_from_before_a_cooldown_neither_clear_nor_double_it() {
    let now = Instant::now();
    let mut health = Health::Ready;
    health.fail(LeaseId(1), limit(5), &"busy".into(), HOUR, now);
    health.fail(LeaseId(2), limit(5), &"busy".into(), HOUR, now);
    health.fail(LeaseId(3), Rest::Limit { retry_after: None }, &"busy".into(), HOUR, now);
    assert!(!health.succeed(LeaseId(4)));
    assert_eq!(health.cooldown().map(|cooldown| cooldown.failures), Some(1));
    assert_eq!(health.access(now), Access::Closed(5 * SECOND));
    health.fail(LeaseId(5), limit(9), &"busier".into(), HOUR, now);
    assert_eq!(health.access(now), Access::Closed(9 * SECOND), "a later hint counts");
}

#[test]
fn a_refused_credential_stays_refused_whatever_ends_later() {
    let now = Instant::now();
    let mut health = Health::Ready;
    assert!(health.disable(&"invalid key".into()));
    assert!(!health.disable(&"again".into()));
    health.fail(OTHER, limit(5), &"busy".into(), HOUR, now);
    health.succeed(OTHER);
    health.give_back(OTHER);
    assert!(!health.clear_cooldown());
    assert_eq!(health, Health::Disabled { reason: "invalid key".into() });
    assert_eq!(health.access(now), Access::Dead);
}

#[test]
fn a_cooldown_cleared_by_hand_frees_the_account_from_its_old_probe() {
    let now = Instant::now();
    let mut health = Health::Ready;
    health.fail(OTHER, limit(1), &"busy".into(), HOUR, now);
    health.admit(LeaseId(1));
    assert!(health.clear_cooldown());
    health.fail(LeaseId(1), limit(3), &"still busy".into(), HOUR, now);
    assert_eq!(health.cooldown().map(|cooldown| cooldown.failures), Some(1));
}
