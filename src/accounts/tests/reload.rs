//! What a change of the config keeps and what it clears.

use super::*;

const MODEL: &str = "gemini-3-flash";

/// Checks whether a change of its config frees an account from its trouble.
#[track_caller]
fn check_freed(change: impl Fn(&mut AccountConfig), expected: bool) {
    for trouble in [limited(60, false), limited(60, true), failure(Fault::Account)] {
        let mut account = gemini("work");
        let pool = pool(&config(&[account.clone()]));
        let demand = demand(MODEL);
        fail(&pool, &demand, &trouble);
        change(&mut account);
        pool.apply(&config(&[gemini("new"), account.clone()]), demand.now);
        let freed = state_of(&pool, &account.name, demand.now) == AccountState::Enabled;
        assert_eq!(freed, expected, "{account:?} {trouble:?}");
    }
}

#[test]
fn only_a_new_identity_clears_the_state_of_an_account() {
    check_freed(|_| {}, false);
    check_freed(|account| account.priority = 5, false);
    check_freed(|account| account.weight = 5, false);
    check_freed(|account| account.models = vec!["gemini-*".to_owned()], false);
    check_freed(|account| account.api_key = Secret::Known("sk-another".into()), true);
    check_freed(|account| account.base_url = Some("http://localhost:1".to_owned()), true);
    check_freed(|account| account.provider = Provider::Demo, true);
    check_freed(|account| account.name = "renamed".to_owned(), true);
}

#[test]
fn a_lease_outlives_the_removal_of_its_account() {
    let pool = pool(&config(&[gemini("work")]));
    let mut lease = lease(&pool, &demand(MODEL)).expect("a lease");
    pool.apply(&config(&[gemini("other")]), Instant::now());
    assert_eq!(lease.account().name, "work");
    lease.fail(&failure(Fault::Account));
    lease.succeed();
    drop(lease);
    assert_eq!(pool.take_events(), []);
    assert_eq!(pool.view(Instant::now()).accounts[0].in_flight, 0);
}

#[test]
fn a_refusal_of_the_old_key_does_not_disable_the_new_one() {
    let pool = pool(&config(&[gemini("work")]));
    let mut lease = lease(&pool, &demand(MODEL)).expect("a lease");
    let edited = AccountConfig { api_key: Secret::Known("sk-new".into()), ..gemini("work") };
    pool.apply(&config(&[edited]), Instant::now());
    lease.fail(&failure(Fault::Account));
    assert_eq!(state_of(&pool, "work", Instant::now()), AccountState::Enabled);
}

#[test]
fn requests_in_flight_are_still_counted_after_a_reload() {
    let pool = pool(&config(&[gemini("work")]));
    let lease = lease(&pool, &demand(MODEL)).expect("a lease");
    let edited = AccountConfig { weight: 7, ..gemini("work") };
    pool.apply(&config(&[gemini("first"), edited]), Instant::now());
    let in_flight = || pool.view(Instant::now()).accounts[1].in_flight;
    assert_eq!(in_flight(), 1);
    drop(lease);
    assert_eq!(in_flight(), 0);
}

#[test]
fn an_upstream_without_accounts_is_news_again_when_it_returns() {
    let pool = pool(&config(&[gemini("work")]));
    let unreachable = || {
        pool.clear_cooldown(None).expect("all of them");
        takers(&pool, &demand(MODEL));
        pool.take_events().len()
    };
    assert_eq!((unreachable(), unreachable()), (1, 0));
    pool.apply(&config(&[]), Instant::now());
    pool.apply(&config(&[gemini("work")]), Instant::now());
    assert_eq!(unreachable(), 1);
}

#[test]
fn a_smaller_max_cooldown_applies_at_once() {
    let mut config = config(&[gemini("work")]);
    let pool = pool(&config);
    let demand = demand(MODEL);
    fail(&pool, &demand, &limited(3000, true));
    config.pool.max_cooldown = 10 * SECOND;
    pool.apply(&config, demand.now);
    assert_eq!(taker(&pool, &Demand { now: demand.now + 10 * SECOND, ..demand }), "work");
}

#[test]
fn the_zai_section_takes_part_by_its_mode() {
    let mut config = with_zai(DispatchMode::Pooled, &[]);
    let pool = pool(&config);
    assert!(pool.has_usable());
    config.zai.dispatch_mode = DispatchMode::Off;
    pool.apply(&config, Instant::now());
    assert!(!pool.has_usable());
    config.zai.dispatch_mode = DispatchMode::Exclusive;
    config.zai.enabled = false;
    pool.apply(&config, Instant::now());
    assert!(pool.view(Instant::now()).accounts.is_empty());
}

#[test]
fn ten_thousand_accounts_keep_their_places() {
    let accounts: Vec<_> = (0..10_000).map(|number| gemini(&format!("account-{number}"))).collect();
    let config = config(&accounts);
    let pool = pool(&config);
    let demand = demand(MODEL);
    fail(&pool, &demand, &limited(600, false));
    pool.apply(&config, demand.now);
    let view = pool.view(demand.now);
    assert_eq!((view.active, view.cooling), (10_000, 1));
    assert_eq!(view.accounts[0].name, "account-0");
}
