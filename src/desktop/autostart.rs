//! Starting with the user's session: an autostart entry on Linux, and what `auto-launch`
//! knows of the other systems. It leaves the quoting to us, takes an entry that the user
//! switched off for one that is on, and does not notice that the binary has moved.

use std::io;
use std::path::PathBuf;

use super::disk::WriteError;

/// What the entry is called.
const NAME: &str = "portcullis";
/// What the agent is started with, so that it stays quiet.
pub const ARGUMENT: &str = "--at-login";

#[derive(Debug, thiserror::Error)]
pub enum AutostartError {
    #[error("this system does not say where this program is: {0}")]
    NoBinary(io::Error),
    #[error("this system names no home directory")]
    NoHome,
    /// A line break or the like, which no entry can hold.
    #[error("{} holds a character that an autostart entry cannot hold: move the program elsewhere", .0.display())]
    OddPath(PathBuf),
    #[error(transparent)]
    Write(#[from] WriteError),
    #[error("{0}")]
    Other(String),
}

/// What happens at login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Off,
    On,
    /// It would start a program that is another one, or not there.
    Stale(String),
}

pub fn is_enabled() -> bool {
    matches!(state(), Ok(State::On | State::Stale(_)))
}

/// Writes the entry, or takes it away.
pub fn set(enabled: bool) -> Result<(), AutostartError> {
    if enabled { platform::enable(&binary()?) } else { platform::disable() }
}

/// What the system would do now.
pub fn state() -> Result<State, AutostartError> {
    platform::state(&binary()?)
}

/// Writes an entry anew whose program is gone, because it has moved here. `true`: it did.
/// One that is still there may well be the one that the user wants.
pub fn refresh() -> Result<bool, AutostartError> {
    let has_moved = matches!(state()?, State::Stale(command) if !platform::is_there(&command));
    if has_moved {
        set(true)?;
    }
    Ok(has_moved)
}

/// This program. An `AppImage` runs from a place that is another one every time.
fn binary() -> Result<PathBuf, AutostartError> {
    let image = std::env::var_os("APPIMAGE").filter(|path| !path.is_empty()).map(PathBuf::from);
    image.map_or_else(|| std::env::current_exe().map_err(AutostartError::NoBinary), Ok)
}

#[cfg(not(target_os = "linux"))]
#[path = "autostart/native.rs"]
mod platform;

#[cfg(target_os = "linux")]
mod platform {
    use std::path::{Path, PathBuf};

    use super::super::disk::{self, Mode, WriteError};
    use super::{ARGUMENT, AutostartError, NAME, State};

    pub fn enable(binary: &Path) -> Result<(), AutostartError> {
        let path = entry_file()?;
        let text = entry(binary)?;
        if !disk::create(&path, &text)? {
            disk::replace(&path, &text, Mode::Kept)?;
        }
        Ok(())
    }

    pub fn disable() -> Result<(), AutostartError> {
        let path = entry_file()?;
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(WriteError { path, source }.into())
            }
            _ => Ok(()),
        }
    }

    pub fn state(binary: &Path) -> Result<State, AutostartError> {
        let Ok(text) = std::fs::read_to_string(entry_file()?) else { return Ok(State::Off) };
        Ok(state_of(&text, binary))
    }

    /// Whether the program of a command line that we wrote exists.
    pub fn is_there(command: &str) -> bool {
        let quoted = command.trim_end_matches(ARGUMENT).trim_end();
        let Some(path) = quoted
            .strip_suffix('"')
            .and_then(|rest| rest.rsplit_once(" \"").map_or(rest.strip_prefix('"'), |(_, path)| Some(path)))
        else {
            return true;
        };
        Path::new(&unquoted(path)).exists()
    }

    /// What a session makes of an entry.
    pub fn state_of(text: &str, binary: &Path) -> State {
        let is_off = value(text, "Hidden") == Some("true")
            || value(text, "X-GNOME-Autostart-enabled") == Some("false");
        match value(text, "Exec") {
            _ if is_off => State::Off,
            None => State::Off,
            Some(command) if Some(command) == command_line(binary).as_deref() => State::On,
            Some(command) => State::Stale(command.to_owned()),
        }
    }

    /// A key of the entry's one group; the last one counts, as it does to `GLib`.
    fn value<'text>(text: &'text str, key: &str) -> Option<&'text str> {
        let group =
            text.split("\n[").find(|group| group.trim_start_matches('[').starts_with("Desktop Entry]"))?;
        let pairs = group.lines().filter_map(|line| line.split_once('='));
        pairs.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).next_back()
    }

    /// `$XDG_CONFIG_HOME` is where a session looks, and where it does not, it is not set.
    fn entry_file() -> Result<PathBuf, AutostartError> {
        let dirs = directories::BaseDirs::new().ok_or(AutostartError::NoHome)?;
        Ok(dirs.config_dir().join("autostart").join(format!("{NAME}.desktop")))
    }

    fn entry(binary: &Path) -> Result<String, AutostartError> {
        let odd = || AutostartError::OddPath(binary.to_owned());
        let command = command_line(binary).ok_or_else(odd)?;
        Ok(format!(
            "[Desktop Entry]\nType=Application\nName={NAME}\nComment=A local reverse proxy for \
             language-model APIs\nComment[ja]=言語モデル API のローカルリバースプロキシ\n\
             Comment[zh_CN]=语言模型 API 的本地反向代理\nExec={command}\nIcon={NAME}\nTerminal=false\n\
             StartupNotify=false\nX-GNOME-Autostart-enabled=true\n"
        ))
    }

    /// The value of `Exec`. `None`: no quoting can hold this path. `GLib` looks for the
    /// program before it takes `%%` for a percent sign, and so would find none: there, a
    /// shell starts it.
    fn command_line(binary: &Path) -> Option<String> {
        let path = binary.to_str().filter(|path| !path.chars().any(char::is_control))?;
        let starter = if path.contains('%') {
            format!("/bin/sh -c {} ", quoted(r#"exec "$0" "$@""#))
        } else {
            String::new()
        };
        Some(format!("{starter}{} {ARGUMENT}", quoted(path)))
    }

    /// As the Desktop Entry Specification has it, and then escaped as any string of such
    /// a file.
    fn quoted(argument: &str) -> String {
        let mut quoted = String::new();
        for character in argument.chars() {
            match character {
                '"' | '`' | '$' | '\\' => quoted.extend(['\\', character]),
                '%' => quoted.push_str("%%"),
                _ => quoted.push(character),
            }
        }
        format!("\"{}\"", quoted.replace('\\', "\\\\"))
    }

    /// The inside of what [`quoted`] has made.
    fn unquoted(text: &str) -> String {
        let text = text.replace("\\\\", "\\").replace("%%", "%");
        let mut path = String::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            path.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
        }
        path
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_program_is_found_again_in_its_command_line() {
            let home = tempfile::tempdir().expect("a directory");
            for name in ["plain", "with space", "5% $x", "a \" b", "back\\slash"] {
                let path = home.path().join(name);
                let command = command_line(&path).expect("fit");
                assert!(!is_there(&command), "{command}");
                std::fs::write(&path, "").expect("written");
                assert!(is_there(&command), "{command}");
            }
            assert!(is_there("portcullis --at-login"), "what is not ours is not judged");
        }

        #[test]
        fn an_entry_reads_as_on_until_it_is_hidden_or_the_program_moves() {
            let here = Path::new("/opt/a b/portcullis");
            let text = entry(here).expect("an entry");
            let switched_off = text.replace("enabled=true", "enabled=false");
            let cases = [
                (text.clone(), State::On),
                (format!("{text}Hidden=true\n"), State::Off),
                (format!("{text}Hidden=false\n"), State::On),
                (format!("{text}\n[Desktop Action x]\nHidden=true\n"), State::On),
                (switched_off, State::Off),
                (String::new(), State::Off),
            ];
            for (text, expected) in cases {
                assert_eq!(state_of(&text, here), expected, "{text}");
            }
            assert!(matches!(state_of(&text, Path::new("/opt/portcullis")), State::Stale(_)));
        }

        #[test]
        fn a_command_is_quoted_twice() {
            let cases = [
                ("/opt/portcullis", "\"/opt/portcullis\" --at-login"),
                ("/a b/x", "\"/a b/x\" --at-login"),
                ("/5%/x", "/bin/sh -c \"exec \\\\\"\\\\$0\\\\\" \\\\\"\\\\$@\\\\\"\" \"/5%%/x\" --at-login"),
                ("/a\"b$c`d\\e", "\"/a\\\\\"b\\\\$c\\\\`d\\\\\\\\e\" --at-login"),
            ];
            for (path, expected) in cases {
                assert_eq!(command_line(Path::new(path)).as_deref(), Some(expected), "{path}");
            }
            assert_eq!(command_line(Path::new("/a\nb")), None);
        }
    }
}
