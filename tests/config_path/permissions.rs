//! A config file, a key file or a directory of them that other users can write is not used: a
//! user who can write it can name a program to run.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

use super::{names, naming, wait_for_problem, wait_until_in_force};
use crate::support::home::{stderr, stdout};
use crate::support::proxy::{account, proxy_section};
use crate::support::stranger;
use crate::support::{FakeUpstream, Home, Reply, TestProxy};

/// Group and mode.
type Open = (u32, u32);

const ROOT: u32 = 0;
const FOR_OTHERS: [Open; 6] = [
    (ROOT, 0o602),
    (ROOT, 0o622),
    (ROOT, 0o666),
    (stranger::USER, 0o620),
    (stranger::USER, 0o660),
    (stranger::USER, 0o664),
];

fn open_up(path: &Path, (group, mode): Open) {
    chown(path, None, Some(group)).expect("this test gives a file to a group: run it as root, as CI does");
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
}

/// Fails unless the agent refuses to start for this reason, and names the cure.
fn assert_refused(home: &Home, path: &Path, mode: u32) {
    let output = home.run(&["serve", "--port", "0"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{mode:o}: {text}");
    assert!(text.contains(&format!("can be written by other users (mode {mode:03o})")), "{text}");
    assert!(text.contains(&format!("chmod go-w \"{}\"", path.display())), "{text}");
    assert!(!text.contains(&format!("{0}: {0}", path.display())), "the path stands once: {text}");
    assert_eq!(home.run(&["config", "check"]).status.code(), Some(2), "{mode:o}");
}

#[tokio::test]
async fn a_config_that_others_can_write_is_not_applied_until_they_cannot() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let proxy = TestProxy::serve(&naming("first", &upstream)).await;
    let mut before = "first".to_owned();
    for (number, open) in FOR_OTHERS.into_iter().enumerate() {
        let name = format!("next{number}");
        let next = proxy.home.file("next");
        fs::write(&next, naming(&name, &upstream)).expect("written");
        open_up(&next, open);
        fs::rename(&next, proxy.home.config()).expect("renamed");
        let problem = wait_for_problem(&proxy, &format!("(mode {:03o})", open.1)).await;
        assert!(problem.contains("chmod go-w"), "{problem}");
        assert_eq!(names(&proxy.status().await), [before], "the last good one");
        fs::set_permissions(proxy.home.config(), Permissions::from_mode(0o600)).expect("set");
        wait_until_in_force(&proxy, &name).await;
        before = name;
    }
}

#[tokio::test]
async fn a_first_start_fails_with_the_cure() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let home = Home::with_config(&naming("one", &upstream));
    for open in FOR_OTHERS {
        open_up(&home.config(), open);
        assert_refused(&home, &home.config(), open.1);
    }
    open_up(&home.config(), (ROOT, 0o600));
    for open in [(ROOT, 0o777), (ROOT, 0o703), (stranger::USER, 0o770)] {
        open_up(&home.path(), open);
        assert_refused(&home, &home.path(), open.1);
    }
    open_up(&home.path(), (ROOT, 0o700));
    TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
}

#[tokio::test]
async fn a_key_file_that_others_can_write_is_not_taken() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let literal = "api_key = \"up-one-secret-key\"";
    let from_file = "api_key = { file = \"keys/key\" }";
    let of_account = proxy_section("") + &account("one", "openai", &upstream, "").replace(literal, from_file);
    let of_proxy = format!("[proxy]\n{from_file}\n") + &account("one", "openai", &upstream, "");
    for (config, place) in [(of_account, "accounts[0].api_key"), (of_proxy, "proxy.api_key")] {
        let home = Home::with_config(&config);
        let (directory, key) = (home.file("keys"), home.file("keys/key"));
        fs::create_dir(&directory).expect("made");
        fs::write(&key, "sk-q7Jd0aVwPzK4tLx2").expect("written");
        open_up(&directory, (ROOT, 0o755));
        for open in FOR_OTHERS {
            open_up(&key, open);
            assert_refused(&home, &key, open.1);
            assert!(stderr(&home.run(&["serve"])).contains(place), "{place}");
        }
        open_up(&key, (ROOT, 0o600));
        open_up(&directory, (ROOT, 0o777));
        assert_refused(&home, &directory, 0o777);
        open_up(&directory, (ROOT, 0o1777));
        TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
    }
}

#[tokio::test]
async fn a_group_of_ones_own_and_a_shared_directory_are_not_other_users() {
    let upstream = FakeUpstream::always(Reply::HangUp).await;
    let home = Home::with_config(&naming("one", &upstream));
    // Root's own group stands for that of any user with `umask 002`.
    open_up(&home.config(), (ROOT, 0o660));
    open_up(&home.path(), (ROOT, 0o1777));
    TestProxy::serve_home(home, &["serve", "--port", "0"]).await;
}

#[test]
fn a_home_beside_its_config_counts_as_well() {
    let (config, home) = (Home::with_config(&proxy_section("")), Home::empty());
    open_up(&home.path(), (ROOT, 0o777));
    let place = config.config();
    let output = home.run(&["--config", place.to_str().expect("text"), "serve", "--port", "0"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("can be written by other users (mode 777)"), "{}", stderr(&output));
}

#[test]
fn a_directory_of_another_user_is_one_that_others_can_put_a_file_into() {
    let home = Home::with_config(&proxy_section(""));
    let another = stranger::USER - 1;
    chown(home.config(), Some(stranger::USER), None).expect("this test needs root, as CI has");
    fs::set_permissions(home.path(), Permissions::from_mode(0o755)).expect("set");
    let check = || {
        let plain = home.command(&["config", "check"]);
        let program = plain.get_program().to_str().expect("text");
        let mut command = stranger::command_as(stranger::USER, program);
        command.args(plain.get_args()).output().expect("setpriv is there")
    };
    for (owner, code) in [(ROOT, 0), (stranger::USER, 0), (another, 2)] {
        chown(home.path(), Some(owner), None).expect("given");
        let output = check();
        assert_eq!(output.status.code(), Some(code), "{owner}: {}", stderr(&output));
    }
    let text = stdout(&check());
    let printed = format!("{} belongs to another user (id {another})", home.path().display());
    assert!(text.contains(&printed) && text.contains("sudo chown"), "{text}");
    // Root may use a file that is mounted from another user's home.
    assert_eq!(home.run(&["config", "check"]).status.code(), Some(0));
}

#[test]
fn a_group_of_ones_own_is_not_another_user_who_reads() {
    let home = Home::with_config(&proxy_section(""));
    open_up(&home.path(), (ROOT, 0o750));
    for (open, is_told) in [((ROOT, 0o640), false), ((stranger::USER, 0o640), true), ((ROOT, 0o604), true)] {
        open_up(&home.config(), open);
        let checked = stderr(&home.run(&["config", "check"]));
        assert_eq!(checked.contains("can be read by other users"), is_told, "{open:?}: {checked}");
        let examined = stdout(&home.run(&["doctor"]));
        assert_eq!(examined.contains("is open to other users"), is_told, "{open:?}: {examined}");
    }
}
