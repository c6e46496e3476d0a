//! Which account takes which model, and the refusal when none can.

use super::*;

#[test]
fn a_list_comes_before_ownership_and_ownership_takes_an_empty_list() {
    let pool = pool(&config(&[
        gemini("owner"),
        account("narrow", Provider::Gemini, &["gemini-2.5-*"]),
        account("lister", Provider::OpenAiCompatible, &["gemini-3-*", "llama*"]),
    ]));
    let cases: [(&str, &[&str]); 5] = [
        ("gemini-3-flash", &["lister", "owner"]),
        ("gemini-2.5-pro", &["narrow", "owner"]),
        ("gemini-1.5-pro", &["owner"]),
        ("llama-4", &["lister"]),
        ("claude-opus-4", &[]),
    ];
    for (model, expected) in cases {
        assert_eq!(takers(&pool, &demand(model)), expected, "{model}");
        pool.clear_cooldown(None).expect("all of them");
    }
}

#[test]
fn the_second_tier_is_used_only_while_the_first_is_not_available() {
    let pool = pool(&config(&[gemini("owner"), account("lister", Provider::Gemini, &["gemini-3-*"])]));
    let demand = demand("gemini-3-flash");
    for _ in 0..3 {
        assert_eq!(taker(&pool, &demand), "lister");
    }
    fail(&pool, &demand, &limited(60, false));
    assert_eq!(taker(&pool, &demand), "owner");
}

#[test]
fn a_pin_overrides_ownership_but_not_a_list() {
    let pool = pool(&config(&[
        gemini("work"),
        account("local", Provider::OpenAiCompatible, &[]),
        account("narrow", Provider::OpenAi, &["gpt-4*"]),
    ]));
    let pinned = |pin: Pin, model| {
        pool.clear_cooldown(None).expect("all of them");
        takers(&pool, &Demand { pin: Some(pin), ..demand(model) })
    };
    let account = |name: &str| Pin::Account(name.to_owned());
    assert_eq!(pinned(account("work"), "anything"), ["work"]);
    assert_eq!(pinned(Pin::Provider(Provider::OpenAiCompatible), "meta-llama/llama-3"), ["local"]);
    assert_eq!(pinned(account("narrow"), "gpt-4o"), ["narrow"]);
    assert!(pinned(account("narrow"), "gpt-5").is_empty());
    assert_eq!(pinned(Pin::Provider(Provider::OpenAi), ""), ["narrow"], "no model in particular");
    assert!(takers(&pool, &demand("")).is_empty());
    assert!(pinned(account("missing"), "gpt-4o").is_empty());
    assert!(pinned(Pin::Provider(Provider::Anthropic), "gpt-4o").is_empty());
}

#[test]
fn no_account_is_tried_twice_for_one_request() {
    let pool = pool(&config(&[gemini("one"), gemini("two"), gemini("three")]));
    let demand = demand("gemini-3-flash");
    let mut attempts = Attempts::default();
    let mut names: Vec<_> =
        (0..3).map(|_| pool.lease(&demand, &mut attempts).expect("a lease").account().name.clone()).collect();
    names.sort();
    assert_eq!(names, ["one", "three", "two"]);
    let refusal = pool.lease(&demand, &mut attempts).expect_err("all tried");
    assert!(matches!(refusal, NoLease::AllCooling { soonest: SECOND, .. }), "{refusal:?}");
    assert!(lease(&pool, &demand).is_ok(), "another request may use them");
}

#[test]
fn round_robin_gives_each_account_its_weight() {
    let heavy = AccountConfig { weight: 3, ..gemini("heavy") };
    let pool = pool(&config(&[heavy, gemini("light")]));
    let heavy = (0..400).filter(|_| taker(&pool, &demand("gemini-3-flash")) == "heavy").count();
    assert_eq!(heavy, 300);
}

#[test]
fn least_busy_counts_what_is_in_flight() {
    let mut config = config(&[gemini("one"), gemini("two")]);
    config.pool.strategy = crate::config::Strategy::LeastBusy;
    let pool = pool(&config);
    let demand = demand("gemini-3-flash");
    let first = lease(&pool, &demand).expect("a lease");
    let second = lease(&pool, &demand).expect("a lease");
    assert_ne!(first.account().name, second.account().name);
    drop(first);
    let third = lease(&pool, &demand).expect("a lease");
    assert_ne!(third.account().name, second.account().name);
}

#[test]
fn a_sticky_session_moves_only_when_it_has_to() {
    let mut config = config(&[gemini("one"), gemini("two"), gemini("three")]);
    config.pool.strategy = crate::config::Strategy::Sticky;
    let pool = pool(&config);
    let demand = Demand { session: Some(7), ..demand("gemini-3-flash") };
    let home = taker(&pool, &demand);
    assert_eq!(taker(&pool, &demand), home);
    fail(&pool, &demand, &limited(60, false));
    let second_home = taker(&pool, &demand);
    assert_ne!(second_home, home);
    let much_later = Demand { now: demand.now + 90 * SECOND, ..demand };
    assert_eq!(taker(&pool, &much_later), second_home);
}

#[test]
fn zai_takes_its_place_by_the_dispatch_mode() {
    use DispatchMode::{Exclusive, Fallback, Off, Pooled};
    let claude = account("claude", Provider::Anthropic, &[]);
    let lister = account("lister", Provider::Anthropic, &["claude-*"]);
    let accounts = [claude, lister];
    let cases: [(DispatchMode, Demand<'_>, &[&str]); 8] = [
        (Off, from_claude_code("claude-opus-4"), &["lister", "claude"]),
        (Exclusive, from_claude_code("claude-opus-4"), &["z.ai"]),
        (Exclusive, from_claude_code("gemini-3-flash"), &["z.ai"]),
        (Exclusive, demand("claude-opus-4"), &["lister", "claude"]),
        (Pooled, from_claude_code("claude-opus-4"), &["lister", "z.ai", "claude"]),
        (Fallback, from_claude_code("claude-opus-4"), &["lister", "claude", "z.ai"]),
        (Fallback, demand("claude-opus-4"), &["lister", "claude"]),
        (Pooled, demand("glm-4.7"), &["z.ai"]),
    ];
    for (mode, demand, expected) in cases {
        let pool = pool(&with_zai(mode, &accounts));
        assert_eq!(
            takers(&pool, &demand),
            expected,
            "{mode:?} {:?} {}",
            demand.client_protocol,
            demand.model
        );
    }
}

#[test]
fn zai_gets_glm_models_with_a_pin_too() {
    let pool = pool(&with_zai(DispatchMode::Pooled, &[]));
    let model = |demand: Demand<'_>| lease(&pool, &demand).expect("a lease").model().to_owned();
    assert_eq!(model(from_claude_code("claude-opus-4-5")), "glm-4.7");
    assert_eq!(model(from_claude_code("claude-3-5-haiku-latest")), "glm-4.5-air");
    for pin in [Pin::Provider(Provider::Zai), Pin::Account("z.ai".to_owned())] {
        assert_eq!(model(Demand { pin: Some(pin.clone()), ..demand("claude-2") }), "glm-4.7");
        assert_eq!(model(Demand { pin: Some(pin), ..demand("glm-4.6") }), "glm-4.6");
    }
}

#[test]
fn a_pin_overrides_exclusive_zai() {
    let pool = pool(&with_zai(DispatchMode::Exclusive, &[gemini("work")]));
    let pin = Some(Pin::Account("work".to_owned()));
    assert_eq!(takers(&pool, &Demand { pin, ..from_claude_code("gemini-3-flash") }), ["work"]);
}

#[track_caller]
fn check_refusal(config: &Config, demand: &Demand<'_>, expected: &NoLease) {
    let refusal = lease(&pool(config), demand).expect_err("no account can");
    assert_eq!(&refusal, expected);
}

#[test]
fn without_a_usable_account_the_refusal_says_so() {
    let off = AccountConfig { enabled: false, ..gemini("off") };
    check_refusal(&config(&[]), &demand("gpt-5"), &NoLease::NoAccounts { listed: 0 });
    check_refusal(&config(&[off]), &demand("gemini-3-flash"), &NoLease::NoAccounts { listed: 1 });
}

#[test]
fn an_unknown_model_is_refused_with_what_would_serve_it() {
    let accounts = [
        gemini("work"),
        account("narrow", Provider::OpenAi, &["gpt-4o*"]),
        AccountConfig { enabled: false, ..account("spare", Provider::Anthropic, &[]) },
    ];
    let map = "[models] in the config can map the name to one of those";
    let serve = "accounts here serve gemini-*, gpt-4o*";
    let cases = [
        (None, "glm-4.7", "add an account of zai"),
        (None, "llama-4", "name it in the models of the account that has it"),
        (None, "claude-opus-4", "account spare is switched off in the config"),
        (Some(Pin::Account("x".into())), "gpt-5", "there is no account named \"x\""),
        (
            Some(Pin::Account("narrow".into())),
            "gpt-5",
            "account narrow does not list \"gpt-5\" in its models",
        ),
        (Some(Pin::Provider(Provider::Zai)), "glm-5", "there is no zai account"),
    ];
    for (pin, model, cause) in cases {
        let hint = format!("{cause}; {serve}; {map}");
        let refusal =
            lease(&pool(&config(&accounts)), &Demand { pin, ..demand(model) }).expect_err("no account can");
        let NoLease::UnknownModel { hint: found, unnamed } = refusal else { panic!("{refusal:?}") };
        let unnamed = unnamed.to_string();
        assert_eq!(found.to_string(), hint);
        let names = accounts.iter().map(|account| format!("account {} ", account.name));
        assert!(names.into_iter().all(|name| !unnamed.contains(&name)), "{unnamed}");
        assert!(unnamed.ends_with(&format!("; {serve}; {map}")), "{unnamed}");
    }
}

#[test]
fn a_hint_quotes_a_hostile_name_short_and_on_one_line() {
    let name = format!("evil\r\n\u{1b}[31m{}", "x".repeat(10_000));
    let Err(NoLease::UnknownModel { hint, .. }) = lease(&pool(&config(&[gemini("work")])), &demand(&name))
    else {
        panic!("no account serves it");
    };
    let hint = hint.to_string();
    assert!(hint.len() < 500 && !hint.contains(char::is_control), "{hint:?}");
}

#[test]
fn a_refusal_for_the_protocol_names_the_accounts_that_have_the_model() {
    let demand = Demand { protocols: &[Protocol::OpenAiChat], ..demand("gemini-3-flash") };
    let expected = NoLease::WrongProtocol {
        accounts: vec!["one".to_owned(), "two".to_owned()],
        provider: Provider::Gemini,
    };
    check_refusal(&config(&[gemini("one"), gemini("two")]), &demand, &expected);
}

#[test]
fn an_account_that_speaks_the_protocol_is_found_after_one_that_does_not() {
    let speaks = account("speaks", Provider::OpenAiCompatible, &["gemini-*"]);
    let silent = account("silent", Provider::Gemini, &["gemini-*"]);
    let demand = Demand { protocols: &[Protocol::OpenAiChat], ..demand("gemini-3-flash") };
    assert_eq!(takers(&pool(&config(&[silent, speaks])), &demand), ["speaks"]);
}

#[test]
fn an_unreadable_secret_is_the_reason_and_its_place_stays_private() {
    let locked = AccountConfig { api_key: Secret::Unresolved("keyring is locked".into()), ..gemini("work") };
    let missing = AccountConfig { api_key: Secret::Missing, ..gemini("work") };
    let no_key = NoLease::AllDisabled { reason: message!("no-lease-no-key", account = "work") };
    check_refusal(&config(&[locked]), &demand("gemini-3-flash"), &no_key);
    let missing_key = NoLease::AllDisabled { reason: reason_of("work", message!("reason-no-key")) };
    check_refusal(&config(&[missing]), &demand("gemini-3-flash"), &missing_key);
}

#[test]
fn local_servers_and_the_demo_need_no_key() {
    for provider in [Provider::OpenAiCompatible, Provider::Demo] {
        let keyless = AccountConfig { api_key: Secret::Missing, ..account("local", provider, &["demo"]) };
        assert_eq!(takers(&pool(&config(&[keyless])), &demand("demo")), ["local"], "{provider}");
    }
}
