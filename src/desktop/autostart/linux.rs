//! The autostart entry of a Linux desktop.

use std::path::{Path, PathBuf};

use super::super::disk::{self, Mode, WriteError};
use super::{ARGUMENT, AutostartError, Login, NAME, State, as_text};

pub fn enable(binary: &Path, login: &Login) -> Result<(), AutostartError> {
    let options = options(login)?;
    let text = entry(binary, &options)?;
    let path = match own(&options, login)? {
        Some((path, _)) => path,
        None => free(login)?,
    };
    if !disk::create(&path, &text)? {
        disk::replace(&path, &text, Mode::Kept)?;
    }
    Ok(())
}

pub fn disable(_: &Path, login: &Login) -> Result<(), AutostartError> {
    while let Some((path, _)) = own(&options(login)?, login)? {
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                return Err(WriteError { path, source }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

pub fn state(binary: &Path, login: &Login) -> Result<State, AutostartError> {
    let options = options(login)?;
    Ok(own(&options, login)?.map_or(State::Off, |(_, text)| state_of(&text, binary, &options)))
}

/// Whether the program of a command line that we wrote exists.
pub fn is_there(command: &str) -> bool {
    let (program, _) = parts(command);
    let path = program
        .strip_suffix('"')
        .and_then(|rest| rest.rsplit_once(" \"").map_or(rest.strip_prefix('"'), |(_, path)| Some(path)));
    path.is_none_or(|path| Path::new(&unquoted(path)).exists())
}

/// How a session treats an entry.
fn state_of(text: &str, binary: &Path, options: &str) -> State {
    let is_off =
        value(text, "Hidden") == Some("true") || value(text, "X-GNOME-Autostart-enabled") == Some("false");
    match value(text, "Exec") {
        _ if is_off => State::Off,
        None => State::Off,
        Some(command) if command_line(binary, options).is_ok_and(|expected| command == expected) => State::On,
        Some(command) => State::Stale(command.to_owned()),
    }
}

/// The entry of this home, and its text. The first home to have one has the plain name.
fn own(options: &str, login: &Login) -> Result<Option<(PathBuf, String)>, AutostartError> {
    for name in [NAME.to_owned(), login.own_name()] {
        let path = entry_file(&name)?;
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let is_own = value(&text, "Exec").is_none_or(|command| parts(command).1 == options);
        if is_own {
            return Ok(Some((path, text)));
        }
    }
    Ok(None)
}

/// A file name that no other home's entry has.
fn free(login: &Login) -> Result<PathBuf, AutostartError> {
    let plain = entry_file(NAME)?;
    if plain.exists() { entry_file(&login.own_name()) } else { Ok(plain) }
}

/// A command line's program, quoted, and the options after our argument.
fn parts(command: &str) -> (&str, &str) {
    let argument = format!(" {ARGUMENT}");
    let divided = command.split_once(&argument);
    divided.map_or((command, ""), |(program, options)| (program.trim_end(), options.trim()))
}

/// A key of the entry's one group; the last one counts, as it does to `GLib`.
fn value<'text>(text: &'text str, key: &str) -> Option<&'text str> {
    let group =
        text.split("\n[").find(|group| group.trim_start_matches('[').starts_with("Desktop Entry]"))?;
    let pairs = group.lines().filter_map(|line| line.split_once('='));
    pairs.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim()).next_back()
}

/// The directory a session reads: `$XDG_CONFIG_HOME` if it is set.
fn entry_file(name: &str) -> Result<PathBuf, AutostartError> {
    let dirs = directories::BaseDirs::new().ok_or(AutostartError::NoHome)?;
    Ok(dirs.config_dir().join("autostart").join(format!("{name}.desktop")))
}

fn entry(binary: &Path, options: &str) -> Result<String, AutostartError> {
    let command = command_line(binary, options)?;
    Ok(format!(
        "[Desktop Entry]\nType=Application\nName={NAME}\nComment=A local reverse proxy for \
         language-model APIs\nComment[ja]=言語モデル API のローカルリバースプロキシ\n\
         Comment[zh_CN]=语言模型 API 的本地反向代理\nExec={command}\nIcon={NAME}\nTerminal=false\n\
         StartupNotify=false\nX-GNOME-Autostart-enabled=true\n"
    ))
}

/// The value of `Exec`. `GLib` looks for the program before it takes `%%` for a percent
/// sign, and so would not find it: for such paths, a shell starts it.
fn command_line(binary: &Path, options: &str) -> Result<String, AutostartError> {
    let path = as_text(binary)?;
    let starter = if path.contains('%') {
        format!("/bin/sh -c {} ", quoted(r#"exec "$0" "$@""#))
    } else {
        String::new()
    };
    let command = format!("{starter}{} {ARGUMENT} {options}", quoted(path));
    Ok(command.trim_end().to_owned())
}

/// The arguments for the home, as in a command line.
fn options(login: &Login) -> Result<String, AutostartError> {
    let option = |option: &PathBuf| {
        let text = as_text(option)?;
        Ok(if text.starts_with("--") { text.to_owned() } else { quoted(text) })
    };
    let options = login.options.iter().map(option).collect::<Result<Vec<_>, AutostartError>>()?;
    Ok(options.join(" "))
}

/// Quoted as the Desktop Entry Specification requires, then escaped as any string of such a file.
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
            let command = command_line(&path, "").expect("fit");
            assert!(!is_there(&command), "{command}");
            std::fs::write(&path, "").expect("written");
            assert!(is_there(&command), "{command}");
        }
        assert!(is_there("portcullis --at-login"), "what is not ours is not judged");
    }

    #[test]
    fn an_entry_reads_as_on_until_it_is_hidden_or_the_program_moves() {
        let here = Path::new("/opt/a b/portcullis");
        let text = entry(here, "").expect("an entry");
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
            assert_eq!(state_of(&text, here, ""), expected, "{text}");
        }
        assert!(matches!(state_of(&text, Path::new("/opt/portcullis"), ""), State::Stale(_)));
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
            assert_eq!(command_line(Path::new(path), "").expect("fits"), expected, "{path}");
        }
        assert!(command_line(Path::new("/a\nb"), "").is_err());
    }

    #[test]
    fn the_options_of_a_home_are_found_again_behind_the_argument() {
        let login = Login { options: ["--home", "/a b/c\"d", "--config", "/e"].map(PathBuf::from).into() };
        let options = options(&login).expect("fit");
        assert_eq!(options, "--home \"/a b/c\\\\\"d\" --config \"/e\"");
        let command = command_line(Path::new("/x y/p"), &options).expect("fits");
        assert_eq!(parts(&command), ("\"/x y/p\"", options.as_str()));
        assert!(!is_there(&command), "{command}");
        assert_eq!(parts("portcullis"), ("portcullis", ""));
        let odd = Login { options: vec![PathBuf::from("/a\nb")] };
        assert!(super::options(&odd).is_err());
    }
}
