//! Starting at login as `auto-launch` does it: a value of the registry on Windows, a launch
//! agent on macOS. It cannot report what they start, so they are read here.

use std::path::Path;

use auto_launch::{AutoLaunch, AutoLaunchBuilder};

use super::{ARGUMENT, AutostartError, Login, NAME, State, as_text};

pub fn enable(binary: &Path, login: &Login) -> Result<(), AutostartError> {
    launcher(binary, login)?.enable().map_err(|error| other(&error))
}

pub fn disable(binary: &Path, login: &Login) -> Result<(), AutostartError> {
    launcher(binary, login)?.disable().map_err(|error| other(&error))
}

pub fn state(binary: &Path, login: &Login) -> Result<State, AutostartError> {
    if !launcher(binary, login)?.is_enabled().map_err(|error| other(&error))? {
        return Ok(State::Off);
    }
    let expected = entry::of(path_of(binary)?, &arguments(login)?);
    Ok(match entry::read(&name(login)) {
        Some(entry) if entry != expected => State::Stale(entry),
        _ => State::On,
    })
}

/// Whether the program of an entry that we wrote exists.
pub fn is_there(entry: &str) -> bool {
    entry::program(entry).is_none_or(|path| Path::new(path).exists())
}

fn launcher(binary: &Path, login: &Login) -> Result<AutoLaunch, AutostartError> {
    let path = path_of(binary)?;
    let mut builder = AutoLaunchBuilder::new();
    builder.set_app_name(&name(login)).set_args(&arguments(login)?);
    #[cfg(windows)]
    builder
        .set_app_path(&entry::quoted(path))
        .set_windows_enable_mode(auto_launch::WindowsEnableMode::CurrentUser);
    #[cfg(target_os = "macos")]
    builder
        .set_app_path(path)
        .set_bundle_identifiers(&[crate::desktop::PROGRAM_ID])
        .set_macos_launch_mode(auto_launch::MacOSLaunchMode::LaunchAgent);
    builder.build().map_err(|error| other(&error))
}

/// The default home's entry has the plain name.
fn name(login: &Login) -> String {
    if login.options.is_empty() { NAME.to_owned() } else { login.own_name() }
}

/// The arguments after the program, quoted as an entry of this system requires.
fn arguments(login: &Login) -> Result<Vec<String>, AutostartError> {
    let mut arguments = vec![ARGUMENT.to_owned()];
    for option in &login.options {
        let text = as_text(option)?;
        if text.chars().any(|character| entry::ODD.contains(&character)) {
            return Err(AutostartError::OddPath(option.clone()));
        }
        arguments.push(entry::argument(text));
    }
    Ok(arguments)
}

fn path_of(binary: &Path) -> Result<&str, AutostartError> {
    let is_plain = |path: &&str| !path.chars().any(|character| entry::ODD.contains(&character));
    binary.to_str().filter(is_plain).ok_or_else(|| AutostartError::OddPath(binary.to_owned()))
}

fn other(error: &auto_launch::Error) -> AutostartError {
    AutostartError::Other(error.to_string())
}

/// A command line in the registry.
#[cfg(windows)]
mod entry {
    use windows_registry::CURRENT_USER;

    const KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
    /// A quote would end the string; no path contains one.
    pub const ODD: &[char] = &['"'];

    pub fn of(path: &str, arguments: &[String]) -> String {
        format!("{} {}", quoted(path), arguments.join(" "))
    }

    pub fn argument(text: &str) -> String {
        if text.starts_with("--") { text.to_owned() } else { quoted(text) }
    }

    pub fn quoted(path: &str) -> String {
        format!("\"{path}\"")
    }

    pub fn read(name: &str) -> Option<String> {
        CURRENT_USER.open(KEY).ok()?.get_string(name).ok()
    }

    pub fn program(entry: &str) -> Option<&str> {
        entry.strip_prefix('"')?.split_once('"').map(|(path, _)| path)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_program_is_found_again_in_its_entry() {
            let path = r"C:\Program Files\pört cullis\portcullis.exe";
            let arguments = ["--at-login", "--home"].map(str::to_owned);
            assert_eq!(of(path, &arguments[..1]), format!("\"{path}\" --at-login"));
            assert_eq!(program(&of(path, &arguments)), Some(path));
            assert_eq!(program("portcullis.exe --at-login"), None, "what is not ours is not judged");
        }
    }
}

/// The program that a launch agent names.
#[cfg(target_os = "macos")]
mod entry {
    /// `auto-launch` writes a path as it is into XML.
    pub const ODD: &[char] = &['&', '<', '>'];

    pub fn of(path: &str, _: &[String]) -> String {
        path.to_owned()
    }

    pub fn argument(text: &str) -> String {
        text.to_owned()
    }

    pub fn read(name: &str) -> Option<String> {
        let home = directories::BaseDirs::new()?;
        let file = home.home_dir().join("Library/LaunchAgents").join(format!("{name}.plist"));
        let text = std::fs::read_to_string(file).ok()?;
        let (_, arguments) = text.split_once("<key>ProgramArguments</key>")?;
        let (_, path) = arguments.split_once("<string>")?;
        Some(path.split_once("</string>")?.0.to_owned())
    }

    /// `Some`, as on Windows, where an entry may belong to another program.
    #[expect(clippy::unnecessary_wraps, reason = "on Windows it may find nothing")]
    pub const fn program(entry: &str) -> Option<&str> {
        Some(entry)
    }
}
