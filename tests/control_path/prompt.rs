//! A typed key: however the prompt ends, the terminal echoes again.

use std::fs::File;
use std::io::Write;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::{Home, until};

const ADD: [&str; 4] = ["account", "add", "--provider", "gemini"];

/// Both ends of a terminal.
pub fn terminal() -> (File, File) {
    let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
    grantpt(&own).expect("granted");
    unlockpt(&own).expect("unlocked");
    let name = ptsname(&own, Vec::new()).expect("its name");
    let programs = rustix::fs::open(&name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).expect("opened");
    (File::from(own), File::from(programs))
}

fn echoes(terminal: &File) -> bool {
    tcgetattr(terminal).expect("its settings").local_modes.contains(LocalModes::ECHO)
}

/// A command that asks for something, in a session of its own on that terminal.
pub fn asking(home: &Home, terminal: &File, arguments: &[&str]) -> tokio::process::Child {
    let plain = home.command(arguments);
    let end = || Stdio::from(terminal.try_clone().expect("a copy"));
    let mut command = Command::new("setsid");
    command.env_clear().args(["--ctty", "--wait"]).arg(plain.get_program()).args(plain.get_args());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(end()).stdout(end()).stderr(end());
    let child = tokio::process::Command::from(command).kill_on_drop(true).spawn();
    child.expect("setsid runs (apt-get install util-linux)")
}

#[tokio::test]
async fn a_signal_at_the_prompt_leaves_the_terminal_as_it_was() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130), (Signal::QUIT, 131)] {
        let home = Home::empty();
        let (_own, terminal) = terminal();
        assert!(echoes(&terminal));
        let mut child = asking(&home, &terminal, &ADD);
        until("it is silent", async || (!echoes(&terminal)).then_some(())).await;
        let pid = child.id().expect("it runs").cast_signed();
        kill_process(Pid::from_raw(pid).expect("a pid"), signal).expect("sent");
        assert_eq!(child.wait().await.expect("ended").code(), Some(code), "{signal:?}");
        assert!(echoes(&terminal), "{signal:?}");
        let text = std::fs::read_to_string(home.config()).expect("a first one was written");
        assert!(!text.contains("\n[[accounts]]\nname = \"gemini\""), "{text}");
    }
}

#[tokio::test]
async fn a_typed_key_is_accepted_and_the_terminal_echoes_again() {
    let home = Home::empty();
    let (mut own, terminal) = terminal();
    let mut child = asking(&home, &terminal, &ADD);
    until("it is silent", async || (!echoes(&terminal)).then_some(())).await;
    own.write_all(b"\"AIzaTyped-key\"\n").expect("typed");
    assert_eq!(child.wait().await.expect("ended").code(), Some(0));
    assert!(echoes(&terminal));
    let text = std::fs::read_to_string(home.config()).expect("written");
    assert!(text.contains("api_key = \"AIzaTyped-key\""), "{text}");
}

#[tokio::test]
async fn an_end_of_input_at_the_prompt_adds_nothing_and_says_so() {
    const END: u8 = 4;
    let home = Home::with_config("language = \"ja\"\n");
    let (mut own, terminal) = terminal();
    let mut child = asking(&home, &terminal, &ADD);
    until("it is silent", async || (!echoes(&terminal)).then_some(())).await;
    own.write_all(&[END]).expect("typed");
    assert_eq!(child.wait().await.expect("ended").code(), Some(1));
    assert!(echoes(&terminal));
    let mut shown = [0; 4096];
    let length = std::io::Read::read(&mut own, &mut shown).expect("readable");
    let shown = String::from_utf8_lossy(&shown[..length]).into_owned();
    assert!(shown.contains("キーが入力されなかった"), "{shown}");
    assert_eq!(std::fs::read_to_string(home.config()).expect("readable"), "language = \"ja\"\n");
}
