use std::fs;

use super::*;

async fn found(source: SecretSource, directory: &Path) -> (Secret, Vec<Message>) {
    let mut found = find_all(vec![Some(source)], directory, &SecretMemory::default()).await;
    (found.secrets.remove(0), found.warnings)
}

/// Expects the secret, or a word of the reason.
async fn check(source: SecretSource, expected: Result<&str, &str>) {
    let shown = format!("{source:?}");
    match (found(source, Path::new("/nowhere")).await.0, expected) {
        (Secret::Known(secret), Ok(expected)) => assert_eq!(secret.expose_secret(), expected, "{shown}"),
        (Secret::Unresolved(reason), Err(words)) => {
            assert!(reason.to_string().contains(words), "{shown}: {reason}");
        }
        (found, _) => panic!("{shown}: {found:?}"),
    }
}

#[cfg(unix)]
fn command(arguments: &[&str]) -> SecretSource {
    SecretSource::Command { command: arguments.iter().map(ToString::to_string).collect() }
}

#[cfg(unix)]
fn shell(script: &str) -> SecretSource {
    command(&["sh", "-c", script])
}

#[tokio::test]
async fn a_literal_is_the_secret_and_an_empty_one_is_missing() {
    check(SecretSource::Literal("sk-a".into()), Ok("sk-a")).await;
    let found =
        find_all(vec![Some(SecretSource::Literal("".into())), None], Path::new(""), &SecretMemory::default())
            .await;
    assert_eq!(found.secrets, [Secret::Missing, Secret::Missing]);
}

#[tokio::test]
async fn a_variable_is_read_from_the_environment() {
    let set = std::env::var("CARGO_PKG_NAME").expect("set by cargo");
    check(SecretSource::Env { env: "CARGO_PKG_NAME".into() }, Ok(&set)).await;
    check(
        SecretSource::Env { env: "PORTCULLIS_TEST_UNSET".into() },
        Err("PORTCULLIS_TEST_UNSET: is not set"),
    )
    .await;
}

#[tokio::test]
async fn a_secret_file_is_read_relative_to_the_config_and_trimmed_at_its_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let large = "k".repeat(20_000);
    let cases: [(&str, &str, Result<&str, &str>); 6] = [
        ("plain", "sk-file", Ok("sk-file")),
        ("newline", "sk-file\r\n", Ok("sk-file")),
        ("empty", "\n", Err("is empty")),
        ("lines", "sk-one\nsk-two\n", Err("a line break")),
        ("blank", " sk-file\n", Err("spaces")),
        ("large", &large, Err("longer than any key")),
    ];
    for (name, contents, expected) in cases {
        fs::write(directory.path().join(name), contents).expect("written");
        let source = SecretSource::File { file: name.into() };
        match (found(source, directory.path()).await.0, expected) {
            (Secret::Known(secret), Ok(expected)) => assert_eq!(secret.expose_secret(), expected, "{name}"),
            (Secret::Unresolved(reason), Err(words)) => {
                let reason = reason.to_string();
                assert!(reason.contains(words) && !reason.contains("sk-"), "{name}: {reason}");
            }
            (found, _) => panic!("{name}: {found:?}"),
        }
    }
    check(SecretSource::File { file: "/nowhere/at/all".into() }, Err("/nowhere/at/all: ")).await;
    check(SecretSource::File { file: directory.path().into() }, Err("is a directory")).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_secret_file_that_others_can_read_works_with_a_warning() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("key");
    fs::write(&file, "sk-file").expect("written");
    for (mode, warns) in [(0o600, false), (0o644, true)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("set");
        let (secret, warnings) = found(SecretSource::File { file: "key".into() }, directory.path()).await;
        assert!(secret.as_known().is_some());
        assert_eq!(warnings.len(), usize::from(warns), "{mode:o}: {warnings:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_prints_the_secret() {
    check(command(&["printf", "%s\\n", "sk-printed"]), Ok("sk-printed")).await;
    check(command(&["echo", "$HOME"]), Ok("$HOME")).await;
    check(shell("cat; echo sk-after-no-input"), Ok("sk-after-no-input")).await;
    check(command(&["/nowhere/at/all"]), Err("could not be started")).await;
    check(command(&["true"]), Err("is empty")).await;
    check(shell("echo locked >&2; exit 3"), Err("locked")).await;
    check(shell("exit 3"), Err("failed (exit status: 3)")).await;
    check(shell("printf '\\377'"), Err("is not text")).await;
    check(shell("head -c 100000 /dev/zero | tr '\\0' k"), Err("longer than any key")).await;
}

#[cfg(unix)]
#[tokio::test]
async fn a_failing_command_reveals_nothing() {
    for script in [
        "echo topsecret; echo the key is topsecret >&2; exit 1",
        "echo sk-abcdefghijkl >&2; exit 1",
        "printf 'a\\033[31mred' >&2; exit 1",
    ] {
        let (secret, _) = found(shell(script), Path::new("")).await;
        let reason = secret.reason().expect("failed").to_string();
        assert!(reason.contains("failed"), "{reason}");
        for hidden in ["topsecret", "abcdefghijkl", "\u{1b}"] {
            assert!(!reason.contains(hidden), "{reason}");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_command_that_hangs_is_ended_with_its_children() {
    let directory = tempfile::tempdir().expect("a directory");
    let pid_file = directory.path().join("pid");
    let script = format!("sleep 1000 & echo $! > '{}'; wait", pid_file.display());
    let arguments: Vec<String> = ["sh", "-c", &script].map(str::to_owned).into();
    let lookup = from_command(&arguments, Duration::from_millis(500));
    assert!(lookup.await.is_err_and(|reason| reason.to_string().contains("did not answer")));
    let pid: i32 = fs::read_to_string(pid_file).expect("started").trim().parse().expect("a number");
    let pid = rustix::process::Pid::from_raw(pid).expect("not zero");
    // Killed means gone, or a zombie until its new parent looks.
    let is_over = || match fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())) {
        Ok(stat) => stat.contains(") Z "),
        Err(_) => rustix::process::test_kill_process(pid).is_err(),
    };
    let limit = std::time::Instant::now() + Duration::from_secs(10);
    while !is_over() && std::time::Instant::now() < limit {
        tokio::task::yield_now().await;
    }
    assert!(is_over());
}

#[tokio::test]
async fn a_missing_keyring_is_a_reason() {
    let (secret, _) =
        found(SecretSource::Keyring { keyring: "portcullis-test-none".into() }, Path::new("")).await;
    assert!(secret.reason().is_some_and(|reason| reason.to_string().contains("keyring")), "{secret:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn secrets_are_looked_up_concurrently_and_stay_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    // Each of the two waits for the other, so in sequence they would never end.
    let meet = |mine: &str, other: &str| {
        let at = directory.path().display();
        shell(&format!("touch '{at}/{mine}'; until [ -e '{at}/{other}' ]; do :; done; echo {mine}"))
    };
    let found = find_all(
        vec![Some(meet("a", "b")), None, Some(meet("b", "a"))],
        Path::new(""),
        &SecretMemory::default(),
    )
    .await;
    assert_eq!(found.secrets, [Secret::Known("a".into()), Secret::Missing, Secret::Known("b".into())]);
}
