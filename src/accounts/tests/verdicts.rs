//! What outcomes do to accounts: faults, probes and events.

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::SystemTime;

use super::*;
use crate::upstream::failure::{Means, Sentence};

const MODEL: &str = "gemini-3-flash";

/// A pool of one account after one failure, and the time of that failure.
fn after(failure: &Failure) -> (Pool, Instant) {
    let pool = pool(&config(&[gemini("work")]));
    let demand = demand(MODEL);
    fail(&pool, &demand, failure);
    (pool, demand.now)
}

/// The seconds that the model, and another model of the account, are refused for.
fn waits(pool: &Pool, now: Instant) -> [Option<u64>; 2] {
    [MODEL, "gemini-2.5-pro"].map(|model| match lease(pool, &Demand { now, ..demand(model) }) {
        Err(NoLease::AllCooling { soonest, .. }) => Some(soonest.as_secs()),
        _ => None,
    })
}

#[test]
fn each_fault_rests_the_account_as_long_as_it_should() {
    let overloaded =
        |seconds: Option<u64>| Fault::Overloaded { retry_after: seconds.map(Duration::from_secs) };
    let limited = |seconds: Option<u64>, per_model| Fault::RateLimited {
        retry_after: seconds.map(Duration::from_secs),
        per_model,
    };
    let spent = |seconds: Option<u64>| Fault::Spent { retry_after: seconds.map(Duration::from_secs) };
    let by_sentence = |means| Fault::AccountBySentence(Sentence { text: "x", means });
    let cases = [
        (Fault::Request, [None, None]),
        (limited(Some(30), true), [Some(30), None]),
        (limited(Some(30), false), [Some(30), Some(30)]),
        (limited(None, true), [Some(1), None]),
        (limited(Some(1_000_000), false), [Some(3600), Some(3600)]),
        (spent(None), [Some(3600), Some(3600)]),
        (spent(Some(0)), [Some(3600), Some(3600)]),
        (spent(Some(30)), [Some(30), Some(30)]),
        (spent(Some(1_000_000)), [Some(3600), Some(3600)]),
        (overloaded(Some(90)), [Some(90), Some(90)]),
        (overloaded(None), [None, None]),
        (overloaded(Some(0)), [None, None]),
        (Fault::Unreachable, [None, None]),
        (Fault::TimedOut, [None, None]),
        (by_sentence(Means::Dead), [None, None]),
        (by_sentence(Means::Spent { retry_after: Some(SECOND) }), [None, None]),
    ];
    for (fault, expected) in cases {
        let (pool, now) = after(&failure(fault.clone()));
        assert_eq!(waits(&pool, now), expected, "{fault:?}");
        assert!(pool.has_usable(), "{fault:?}");
    }
}

#[test]
fn a_refused_credential_takes_the_account_out_until_it_is_enabled() {
    let (pool, now) = after(&failure(Fault::Account));
    let years_later = now + Duration::from_secs(100_000_000);
    let refusal = lease(&pool, &Demand { now: years_later, ..demand(MODEL) }).expect_err("disabled");
    assert_eq!(refusal, NoLease::AllDisabled { reason: reason_of("work", "the reason") });
    assert!(!pool.has_usable());
    assert_eq!(pool.clear_cooldown(Some("work")), Ok(0));
    assert_eq!(pool.enable("work"), Ok(true));
    assert_eq!(pool.enable("work"), Ok(false));
    assert_eq!(taker(&pool, &demand(MODEL)), "work");
}

#[test]
fn one_cooling_account_makes_the_refusal_temporary() {
    let pool = pool(&config(&[gemini("dead"), gemini("slow"), gemini("slower")]));
    let demand = demand(MODEL);
    fail(&pool, &demand, &failure(Fault::Account));
    fail(&pool, &demand, &limited(20, true));
    fail(&pool, &demand, &limited(50, true));
    let refusal = lease(&pool, &demand).expect_err("no account can");
    let reason = reason_of("slow", "the reason");
    assert_eq!(refusal, NoLease::AllCooling { soonest: 20 * SECOND, reason, is_requested: true });
}

#[test]
fn at_the_end_of_a_cooldown_one_probe_decides() {
    let (pool, now) = after(&limited(10, true));
    let demand = Demand { now: now + 10 * SECOND, ..demand(MODEL) };
    let probe = lease(&pool, &demand).expect("the probe");
    assert_eq!(waits(&pool, demand.now), [Some(1), None], "the others wait for it");
    drop(probe);
    let mut probe = lease(&pool, &demand).expect("a probe dropped without verdict is free again");
    probe.fail_at(&failure(Fault::RateLimited { retry_after: None, per_model: true }), demand.now);
    drop(probe);
    assert_eq!(waits(&pool, demand.now), [Some(2), None]);
    let later = Demand { now: demand.now + 2 * SECOND, ..demand };
    let mut probe = lease(&pool, &later).expect("the next probe");
    probe.succeed();
    assert_eq!(waits(&pool, later.now), [None, None], "also while the probe's answer still streams");
}

#[test]
fn of_many_threads_exactly_one_gets_the_probe() {
    let (pool, now) = after(&limited(1, false));
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (pool, barrier) = (pool.clone(), Arc::clone(&barrier));
            thread::spawn(move || {
                let lease = lease(&pool, &Demand { now: now + SECOND, ..demand(MODEL) });
                barrier.wait();
                lease.is_ok()
            })
        })
        .collect();
    let probes = threads.into_iter().map(|thread| thread.join().expect("no panic")).filter(|&ok| ok).count();
    assert_eq!(probes, 1);
    assert_eq!(pool.view(now).accounts[0].in_flight, 0);
}

#[test]
fn a_failure_of_the_model_frees_the_probe_of_the_account() {
    let (pool, now) = after(&limited(1, false));
    let demand = Demand { now: now + SECOND, ..demand(MODEL) };
    let mut probe = lease(&pool, &demand).expect("the probe");
    probe.fail_at(&limited(30, true), demand.now);
    assert_eq!(waits(&pool, demand.now), [Some(30), None], "another model may probe the account");
}

#[test]
fn many_failures_at_once_count_as_one() {
    let pool = pool(&config(&[gemini("work")]));
    let demand = demand(MODEL);
    let mut leases: Vec<_> = (0..10).map(|_| lease(&pool, &demand).expect("a lease")).collect();
    for lease in &mut leases {
        lease.fail_at(&failure(Fault::RateLimited { retry_after: None, per_model: false }), demand.now);
    }
    assert_eq!(waits(&pool, demand.now), [Some(1), Some(1)]);
}

#[test]
fn an_answer_that_breaks_off_after_its_start_makes_the_account_a_last_choice() {
    let pool = pool(&config(&[gemini("work"), gemini("other")]));
    let demand = demand(MODEL);
    let mut lease = lease(&pool, &demand).expect("a lease");
    let broken = lease.account().name.clone();
    lease.succeed();
    lease.fail_at(&failure(Fault::Unreachable), demand.now);
    assert_ne!([taker(&pool, &demand), taker(&pool, &demand)], [broken.clone(), broken.clone()]);
    assert!([taker(&pool, &demand), taker(&pool, &demand)].iter().all(|name| *name != broken));
    assert_eq!(pool.take_events(), [], "it can be reached");
}

#[test]
fn guessed_rests_order_the_accounts_and_refuse_no_request() {
    let lister = account("lister", Provider::Gemini, &["gemini-*"]);
    let pool = pool(&config(&[lister, gemini("owner")]));
    let demand = demand(MODEL);
    assert_eq!(takers(&pool, &demand), ["lister", "owner"]);
    assert_eq!(takers(&pool, &demand), ["lister", "owner"], "both are tried again at once");
    let mut lease = lease(&pool, &demand).expect("a lease");
    lease.succeed();
    drop(lease);
    assert_eq!(taker(&pool, &demand), "lister", "it can be reached again, and nothing is left of the rest");
    fail(&pool, &demand, &limited(30, false));
    assert_eq!(taker(&pool, &demand), "owner", "an account that may be broken comes before one that rests");
    assert_eq!(takers(&pool, &demand), ["owner"]);
}

#[test]
fn a_sleep_of_the_machine_counts_towards_requested_rests() {
    let (pool, now) = after(&limited(100, true));
    pool.slept(40 * SECOND);
    assert_eq!(waits(&pool, now), [Some(60), None]);
}

#[test]
fn in_flight_counts_leases_with_and_without_an_outcome() {
    let pool = pool(&config(&[gemini("work")]));
    let in_flight = || pool.view(Instant::now()).accounts[0].in_flight;
    let mut one = lease(&pool, &demand(MODEL)).expect("a lease");
    let two = lease(&pool, &demand(MODEL)).expect("a lease");
    one.succeed();
    assert_eq!(in_flight(), 2);
    drop(one);
    assert_eq!(in_flight(), 1);
    drop(two);
    assert_eq!(in_flight(), 0);
}

#[test]
fn the_view_shows_the_state_of_each_account() {
    let off = AccountConfig { enabled: false, ..gemini("off") };
    let locked = AccountConfig { api_key: Secret::Unresolved("no such variable".into()), ..gemini("locked") };
    let pool = pool(&config(&[gemini("limited"), gemini("dead"), gemini("fine"), off, locked]));
    let demand = demand(MODEL);
    fail(&pool, &demand, &limited(60, true));
    fail(&pool, &demand, &failure(Fault::Account));
    let wall = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_500);
    let view = pool.view_at(demand.now, wall);
    let reason = Message::from("the reason");
    let states: Vec<_> = view.accounts.iter().map(|account| account.state.clone()).collect();
    assert_eq!(
        states,
        [
            AccountState::Cooling {
                until_unix_secs: 1_061,
                reason: reason.clone(),
                models: vec![MODEL.to_owned()],
            },
            AccountState::Disabled { reason },
            AccountState::Enabled,
            AccountState::Off,
            AccountState::Unresolved { reason: "no such variable".into() },
        ]
    );
    assert_eq!((view.active, view.cooling, view.next_change), (2, 1, Some(60 * SECOND)));
    assert_eq!(pool.view(demand.now + 61 * SECOND).cooling, 0, "a cooldown ends by itself");
}

#[test]
fn a_cooldown_of_the_account_hides_those_of_its_models() {
    let (pool, now) = after(&limited(60, true));
    fail(&pool, &Demand { now, ..demand("gemini-2.5-pro") }, &limited(5, false));
    let AccountState::Cooling { models, .. } = state_of(&pool, "work", now) else { panic!("it cools") };
    assert!(models.is_empty(), "{models:?}");
}

#[test]
fn clearing_cooldowns_returns_the_number_of_accounts_freed() {
    let pool = pool(&config(&[gemini("one"), gemini("two"), gemini("three")]));
    let demand = demand(MODEL);
    fail(&pool, &demand, &limited(60, true));
    fail(&pool, &demand, &limited(60, false));
    assert_eq!(pool.clear_cooldown(Some("missing")), Err(UnknownAccount("missing".to_owned())));
    assert_eq!(pool.clear_cooldown(Some("three")), Ok(0));
    assert_eq!(pool.clear_cooldown(None), Ok(2));
    assert_eq!(pool.clear_cooldown(None), Ok(0));
    assert_eq!(pool.enable("missing"), Err(UnknownAccount("missing".to_owned())));
}

#[test]
fn every_visible_change_is_announced_and_nothing_else() {
    let pool = pool(&config(&[gemini("work")]));
    let mut version = pool.subscribe();
    let mut announced = |what: &dyn Fn()| {
        version.mark_unchanged();
        what();
        version.has_changed().expect("the pool lives")
    };
    let demand = demand(MODEL);
    assert!(!announced(&|| lease(&pool, &demand).expect("a lease").succeed()));
    assert!(!announced(&|| fail(&pool, &demand, &failure(Fault::Request))));
    assert!(announced(&|| fail(&pool, &demand, &limited(5, true))));
    assert!(announced(&|| assert_eq!(pool.clear_cooldown(None), Ok(1))));
    assert!(!announced(&|| assert_eq!(pool.clear_cooldown(None), Ok(0))));
    assert!(announced(&|| fail(&pool, &demand, &failure(Fault::Account))));
    assert!(announced(&|| assert_eq!(pool.enable("work"), Ok(true))));
    assert!(announced(&|| pool.apply(&config(&[]), demand.now)));
}

#[test]
fn a_disabled_account_is_one_event_without_its_key() {
    let pool = pool(&config(&[gemini("work")]));
    let demand = demand(MODEL);
    let dead = Failure { reason: "no such key: sk-of-work".into(), ..failure(Fault::Account) };
    let mut leases = [lease(&pool, &demand).expect("a lease"), lease(&pool, &demand).expect("a lease")];
    for lease in &mut leases {
        lease.fail_at(&dead, demand.now);
    }
    let reason = Message::from("no such key: ***");
    assert_eq!(
        pool.take_events(),
        [PoolEvent::AccountDisabled { name: "work".to_owned(), reason: reason.clone() }]
    );
    assert_eq!(pool.take_events(), []);
    assert_eq!(state_of(&pool, "work", demand.now), AccountState::Disabled { reason });
}

#[test]
fn an_unreachable_upstream_is_one_event_until_it_answers() {
    let elsewhere =
        AccountConfig { base_url: Some("http://10.0.0.7:11434/v1".into()), ..gemini("elsewhere") };
    let pool = pool(&config(&[gemini("one"), gemini("two"), elsewhere]));
    let upstreams = || -> Vec<String> {
        let events = pool.take_events().into_iter();
        let upstream = |event| match event {
            PoolEvent::UpstreamUnreachable { upstream, .. } => Some(upstream),
            _ => None,
        };
        events.filter_map(upstream).collect()
    };
    assert_eq!(takers(&pool, &demand(MODEL)).len(), 3);
    assert_eq!(upstreams(), ["gemini", "10.0.0.7:11434"]);
    pool.clear_cooldown(None).expect("all of them");
    assert_eq!(takers(&pool, &demand(MODEL)).len(), 3);
    assert!(upstreams().is_empty());
    pool.clear_cooldown(None).expect("all of them");
    lease(&pool, &demand(MODEL)).expect("a lease").succeed();
    pool.clear_cooldown(None).expect("all of them");
    takers(&pool, &demand(MODEL));
    assert_eq!(upstreams().len(), 1);
}

#[test]
fn all_cooling_is_one_event_until_something_answers_or_the_wait_grows() {
    let (pool, now) = after(&limited(30, true));
    let (blip, blip_now) = after(&limited(4, true));
    lease(&blip, &Demand { now: blip_now, ..demand(MODEL) }).expect_err("cooling");
    assert_eq!(blip.take_events(), [], "over before its notice is read");
    let ask = |after: Duration| {
        lease(&pool, &Demand { now: now + after, ..demand(MODEL) }).expect_err("cooling");
        pool.take_events().len()
    };
    assert_eq!(ask(SECOND), 1);
    assert_eq!(ask(2 * SECOND), 0);
    let end = Demand { now: now + 30 * SECOND, ..demand(MODEL) };
    fail(&pool, &end, &limited(40, true));
    assert_eq!(ask(31 * SECOND), 0, "about the same");
    fail(&pool, &Demand { now: now + 70 * SECOND, ..demand(MODEL) }, &limited(600, true));
    assert_eq!(ask(71 * SECOND), 1, "much longer");
    lease(&pool, &demand("gemini-2.5-pro")).expect("another model").succeed();
    assert_eq!(ask(72 * SECOND), 1);
}

#[test]
fn a_client_that_invents_models_does_not_fill_the_memory() {
    let pool = pool(&config(&[gemini("work")]));
    let now = Instant::now();
    for number in 0..2_000 {
        let model = format!("gemini-{number}");
        fail(&pool, &Demand { now, ..demand(&model) }, &limited(60 + number, true));
    }
    let AccountState::Cooling { models, .. } = state_of(&pool, "work", now) else { panic!("it cools") };
    assert_eq!(models.len(), 256);
    assert!(models.contains(&"gemini-1999".to_owned()));
}
