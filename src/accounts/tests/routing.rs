//! Which account takes which model, and what is said when none can.

use super::*;

#[test]
fn a_list_beats_ownership_and_ownership_needs_an_empty_list() {
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
        assert_eq!(takers(&pool, &wanted(model)), expected, "{model}");
        pool.clear_cooldown(None).expect("all of them");
    }
}

#[test]
fn the_second_tier_is_used_only_while_the_first_is_not_available() {
    let pool = pool(&config(&[gemini("owner"), account("lister", Provider::Gemini, &["gemini-3-*"])]));
    let wanted = wanted("gemini-3-flash");
    for _ in 0..3 {
        assert_eq!(taker(&pool, &wanted), "lister");
    }
    fail(&pool, &wanted, &limited(60, false));
    assert_eq!(taker(&pool, &wanted), "owner");
}

#[test]
fn a_pin_goes_where_it_says_but_not_past_a_list() {
    let pool = pool(&config(&[
        gemini("work"),
        account("local", Provider::OpenAiCompatible, &[]),
        account("narrow", Provider::OpenAi, &["gpt-4*"]),
    ]));
    let pinned = |pin: Pin, model| {
        pool.clear_cooldown(None).expect("all of them");
        takers(&pool, &Wanted { pin: Some(pin), ..wanted(model) })
    };
    let account = |name: &str| Pin::Account(name.to_owned());
    assert_eq!(pinned(account("work"), "anything"), ["work"]);
    assert_eq!(pinned(Pin::Provider(Provider::OpenAiCompatible), "meta-llama/llama-3"), ["local"]);
    assert_eq!(pinned(account("narrow"), "gpt-4o"), ["narrow"]);
    assert!(pinned(account("narrow"), "gpt-5").is_empty());
    assert_eq!(pinned(Pin::Provider(Provider::OpenAi), ""), ["narrow"], "no model in particular");
    assert!(takers(&pool, &wanted("")).is_empty());
    assert!(pinned(account("nobody"), "gpt-4o").is_empty());
    assert!(pinned(Pin::Provider(Provider::Anthropic), "gpt-4o").is_empty());
}

#[test]
fn no_account_is_tried_twice_for_one_request() {
    let pool = pool(&config(&[gemini("one"), gemini("two"), gemini("three")]));
    let wanted = wanted("gemini-3-flash");
    let mut tried = Tried::default();
    let mut names: Vec<_> =
        (0..3).map(|_| pool.lease(&wanted, &mut tried).expect("a lease").account().name.clone()).collect();
    names.sort();
    assert_eq!((names.join(" ").as_str(), tried.len()), ("one three two", 3));
    let refusal = pool.lease(&wanted, &mut tried).expect_err("all tried");
    assert!(matches!(refusal, NoLease::AllCooling { soonest: SECOND, .. }), "{refusal:?}");
    assert!(lease(&pool, &wanted).is_ok(), "another request is not concerned");
}

#[test]
fn round_robin_gives_everybody_their_weight() {
    let heavy = AccountConfig { weight: 3, ..gemini("heavy") };
    let pool = pool(&config(&[heavy, gemini("light")]));
    let heavy = (0..400).filter(|_| taker(&pool, &wanted("gemini-3-flash")) == "heavy").count();
    assert_eq!(heavy, 300);
}

#[test]
fn least_busy_counts_what_is_in_flight() {
    let mut config = config(&[gemini("one"), gemini("two")]);
    config.pool.strategy = crate::config::Strategy::LeastBusy;
    let pool = pool(&config);
    let wanted = wanted("gemini-3-flash");
    let first = lease(&pool, &wanted).expect("a lease");
    let second = lease(&pool, &wanted).expect("a lease");
    assert_ne!(first.account().name, second.account().name);
    drop(first);
    let third = lease(&pool, &wanted).expect("a lease");
    assert_ne!(third.account().name, second.account().name);
}

#[test]
fn a_sticky_session_stays_moves_and_stays_moved() {
    let mut config = config(&[gemini("one"), gemini("two"), gemini("three")]);
    config.pool.strategy = crate::config::Strategy::Sticky;
    let pool = pool(&config);
    let wanted = Wanted { session: Some(7), ..wanted("gemini-3-flash") };
    let home = taker(&pool, &wanted);
    assert_eq!(taker(&pool, &wanted), home);
    fail(&pool, &wanted, &limited(60, false));
    let second_home = taker(&pool, &wanted);
    assert_ne!(second_home, home);
    let much_later = Wanted { now: wanted.now + 90 * SECOND, ..wanted };
    assert_eq!(taker(&pool, &much_later), second_home);
}

#[test]
fn zai_takes_its_place_by_the_dispatch_mode() {
    use DispatchMode::{Exclusive, Fallback, Off, Pooled};
    let claude = account("claude", Provider::Anthropic, &[]);
    let lister = account("lister", Provider::Anthropic, &["claude-*"]);
    let accounts = [claude, lister];
    let cases: [(DispatchMode, Wanted<'_>, &[&str]); 8] = [
        (Off, from_claude_code("claude-opus-4"), &["lister", "claude"]),
        (Exclusive, from_claude_code("claude-opus-4"), &["z.ai"]),
        (Exclusive, from_claude_code("gemini-3-flash"), &["z.ai"]),
        (Exclusive, wanted("claude-opus-4"), &["lister", "claude"]),
        (Pooled, from_claude_code("claude-opus-4"), &["lister", "z.ai", "claude"]),
        (Fallback, from_claude_code("claude-opus-4"), &["lister", "claude", "z.ai"]),
        (Fallback, wanted("claude-opus-4"), &["lister", "claude"]),
        (Pooled, wanted("glm-4.7"), &["z.ai"]),
    ];
    for (mode, wanted, expected) in cases {
        let pool = pool(&with_zai(mode, &accounts));
        assert_eq!(
            takers(&pool, &wanted),
            expected,
            "{mode:?} {:?} {}",
            wanted.client_protocol,
            wanted.model
        );
    }
}

#[test]
fn zai_gets_glm_models_also_through_a_pin() {
    let pool = pool(&with_zai(DispatchMode::Pooled, &[]));
    let model = |wanted: Wanted<'_>| lease(&pool, &wanted).expect("a lease").model().to_owned();
    assert_eq!(model(from_claude_code("claude-opus-4-5")), "glm-4.7");
    assert_eq!(model(from_claude_code("claude-3-5-haiku-latest")), "glm-4.5-air");
    for pin in [Pin::Provider(Provider::Zai), Pin::Account("z.ai".to_owned())] {
        assert_eq!(model(Wanted { pin: Some(pin.clone()), ..wanted("claude-2") }), "glm-4.7");
        assert_eq!(model(Wanted { pin: Some(pin), ..wanted("glm-4.6") }), "glm-4.6");
    }
}

#[test]
fn a_pin_goes_past_exclusive_zai() {
    let pool = pool(&with_zai(DispatchMode::Exclusive, &[gemini("work")]));
    let pin = Some(Pin::Account("work".to_owned()));
    assert_eq!(takers(&pool, &Wanted { pin, ..from_claude_code("gemini-3-flash") }), ["work"]);
}

#[track_caller]
fn check_refusal(config: &Config, wanted: &Wanted<'_>, expected: &NoLease) {
    let refusal = lease(&pool(config), wanted).expect_err("nobody can");
    assert_eq!(&refusal, expected);
}

#[test]
fn without_a_usable_account_that_is_what_is_said() {
    let off = AccountConfig { enabled: false, ..gemini("off") };
    check_refusal(&config(&[]), &wanted("gpt-5"), &NoLease::NoAccounts { listed: 0 });
    check_refusal(&config(&[off]), &wanted("gemini-3-flash"), &NoLease::NoAccounts { listed: 1 });
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
        let refusal = lease(&pool(&config(&accounts)), &Wanted { pin, ..wanted(model) }).expect_err("nobody");
        let NoLease::UnknownModel { hint: told, unnamed } = refusal else { panic!("{refusal:?}") };
        assert_eq!(told, hint);
        let names = accounts.iter().map(|account| format!("account {} ", account.name));
        assert!(names.into_iter().all(|name| !unnamed.contains(&name)), "{unnamed}");
        assert!(unnamed.ends_with(&format!("; {serve}; {map}")), "{unnamed}");
    }
}

#[test]
fn a_hint_quotes_a_hostile_name_short_and_on_one_line() {
    let name = format!("evil\r\n\u{1b}[31m{}", "x".repeat(10_000));
    let Err(NoLease::UnknownModel { hint, .. }) = lease(&pool(&config(&[gemini("work")])), &wanted(&name))
    else {
        panic!("nobody serves it");
    };
    assert!(hint.len() < 500 && !hint.contains(char::is_control), "{hint:?}");
}

#[test]
fn a_model_in_the_wrong_protocol_names_who_has_it() {
    let wanted = Wanted { protocols: &[Protocol::OpenAiChat], ..wanted("gemini-3-flash") };
    let expected = NoLease::WrongProtocol {
        accounts: vec!["one".to_owned(), "two".to_owned()],
        provider: Provider::Gemini,
    };
    check_refusal(&config(&[gemini("one"), gemini("two")]), &wanted, &expected);
}

#[test]
fn an_account_that_speaks_the_protocol_is_found_behind_one_that_does_not() {
    let speaks = account("speaks", Provider::OpenAiCompatible, &["gemini-*"]);
    let silent = account("silent", Provider::Gemini, &["gemini-*"]);
    let wanted = Wanted { protocols: &[Protocol::OpenAiChat], ..wanted("gemini-3-flash") };
    assert_eq!(takers(&pool(&config(&[silent, speaks])), &wanted), ["speaks"]);
}

#[test]
fn a_secret_that_could_not_be_had_is_the_reason_and_its_place_is_not_told() {
    let locked = AccountConfig { api_key: Secret::Unresolved("keyring is locked".into()), ..gemini("work") };
    let missing = AccountConfig { api_key: Secret::Missing, ..gemini("work") };
    let refusal = |reason: &str| NoLease::AllDisabled { reason: format!("work: {reason}") };
    check_refusal(
        &config(&[locked]),
        &wanted("gemini-3-flash"),
        &refusal("its API key could not be had; `portcullis status` says why"),
    );
    check_refusal(&config(&[missing]), &wanted("gemini-3-flash"), &refusal("no api_key"));
}

#[test]
fn local_servers_and_the_demo_need_no_key() {
    for provider in [Provider::OpenAiCompatible, Provider::Demo] {
        let keyless = AccountConfig { api_key: Secret::Missing, ..account("local", provider, &["demo"]) };
        assert_eq!(takers(&pool(&config(&[keyless])), &wanted("demo")), ["local"], "{provider}");
    }
}
