//! What a restart keeps.

use std::fs;
use std::time::SystemTime;

use super::*;

const MODEL: &str = "gemini-3-flash";

/// Four accounts: one cools for a model, one as a whole, one is disabled, one is ready.
fn troubled() -> (Config, Pool, Instant) {
    let config = config(&[gemini("model"), gemini("whole"), gemini("dead"), gemini("fine")]);
    let pool = pool(&config);
    let demand = demand(MODEL);
    fail(&pool, &demand, &limited(100, true));
    fail(&pool, &demand, &limited(200, false));
    fail(&pool, &demand, &failure(Fault::Account));
    (config, pool, demand.now)
}

/// The seconds that each account has left to cool in a new agent, `passed` seconds by the wall
/// clock after the old one saved.
fn left_after(passed: i64) -> Vec<Option<u64>> {
    let (config, old, now) = troubled();
    let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    let saved = old.snapshot(now, wall);
    let new = pool(&config);
    let seconds = Duration::from_secs(passed.unsigned_abs());
    let wall = if passed < 0 { wall - seconds } else { wall + seconds };
    new.restore(saved, now, wall);
    let start = wall.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
    let left = |account: AccountView| match account.state {
        AccountState::Cooling { until_unix_secs, .. } => Some(until_unix_secs - start),
        _ => None,
    };
    new.view_at(now, wall).accounts.into_iter().map(left).collect()
}

#[test]
fn cooldowns_continue_after_a_restart_and_never_exceed_the_maximum() {
    let cases = [
        (0, [Some(100), Some(200), None, None]),
        (60, [Some(40), Some(140), None, None]),
        (150, [None, Some(50), None, None]),
        (1_000_000, [None, None, None, None]),
        (-60, [Some(160), Some(260), None, None]),
        (-900_000, [Some(3600), Some(3600), None, None]),
    ];
    for (passed, expected) in cases {
        assert_eq!(left_after(passed), expected, "{passed} s");
    }
}

#[test]
fn a_round_trip_through_the_file_keeps_everything() {
    let (config, old, now) = troubled();
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pool.json");
    let saved = old.snapshot(now, SystemTime::now());
    store::save(&path, &PoolSnapshot::default()).expect("saved");
    store::save(&path, &saved).expect("saved over the first");
    assert_eq!(store::load(&path), saved);
    assert_eq!(fs::read_dir(directory.path()).expect("readable").count(), 1, "no temporary file is left");

    let new = pool(&config);
    new.restore(store::load(&path), now, SystemTime::now());
    assert_eq!(state_of(&new, "dead", now), AccountState::Disabled { reason: "the reason".into() });
    assert!(
        matches!(state_of(&new, "model", now), AccountState::Cooling { models, .. } if models == [MODEL])
    );
    assert!(
        matches!(state_of(&new, "whole", now), AccountState::Cooling { models, .. } if models.is_empty())
    );
    assert_eq!(taker(&new, &demand(MODEL)), "fine");
}

#[test]
fn guessed_rests_are_not_saved() {
    let pool = pool(&config(&[gemini("work")]));
    let demand = demand(MODEL);
    for fault in [Fault::Unreachable, Fault::TimedOut, Fault::Overloaded { retry_after: None }] {
        fail(&pool, &demand, &failure(fault));
        assert_eq!(pool.snapshot(demand.now, SystemTime::now()), PoolSnapshot::default());
    }
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pool.json");
    store::save(&path, &PoolSnapshot::default()).expect("saved");
    let mode = fs::metadata(&path).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn neither_keys_nor_ready_accounts_are_saved() {
    let (_, pool, now) = troubled();
    let text = serde_json::to_string(&pool.snapshot(now, SystemTime::now())).expect("JSON");
    assert!(text.contains("dead") && !text.contains("sk-of-") && !text.contains("fine"), "{text}");
    let much_later = pool.snapshot(now + 1000 * SECOND, SystemTime::now());
    let text = serde_json::to_string(&much_later).expect("JSON");
    assert!(text.contains("dead") && !text.contains("whole"), "{text}");
}

#[test]
fn an_edited_account_starts_afresh() {
    let (_, old, now) = troubled();
    let saved = old.snapshot(now, SystemTime::now());
    let edited = AccountConfig { api_key: Secret::Known("sk-new".into()), ..gemini("dead") };
    let new = pool(&config(&[edited, gemini("whole")]));
    new.restore(saved, now, SystemTime::now());
    assert_eq!(state_of(&new, "dead", now), AccountState::Enabled);
    assert!(matches!(state_of(&new, "whole", now), AccountState::Cooling { .. }));
}

#[test]
fn a_missing_file_is_empty_and_a_corrupt_one_is_set_aside() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("pool.json");
    assert_eq!(store::load(&path), PoolSnapshot::default());
    for broken in ["", "{", "[1,2]", "\u{0}\u{0}\u{0}", r#"{"accounts":{"x":{"fingerprint":7}}}"#] {
        fs::write(&path, broken).expect("written");
        assert_eq!(store::load(&path), PoolSnapshot::default(), "{broken:?}");
        assert!(!path.exists(), "{broken:?}");
        let aside = fs::read_to_string(directory.path().join("pool.json.corrupt")).expect("set aside");
        assert_eq!(aside, broken);
    }
}

#[test]
fn absurd_numbers_in_the_file_are_limited() {
    let (mut config, old, now) = troubled();
    config.pool.max_cooldown = Duration::MAX;
    let text = serde_json::to_string(&old.snapshot(now, SystemTime::now())).expect("JSON");
    let digits = text.find("\"until_unix_ms\":").expect("a moment") + 16;
    let end = digits + text[digits..].find(',').expect("more after it");
    let absurd = format!("{}{}{}", &text[..digits], u64::MAX, &text[end..]);
    let new = pool(&config);
    new.restore(serde_json::from_str(&absurd).expect("still valid"), now, SystemTime::now());
    assert!(matches!(state_of(&new, "model", now), AccountState::Cooling { .. }));
}
