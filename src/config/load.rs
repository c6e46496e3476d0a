//! From a path to a configuration in use, or to everything that is wrong with the file.

use std::fs::{File as OpenFile, Metadata};
use std::io::{ErrorKind, Read};
use std::path::Path;

use secrecy::ExposeSecret;
use toml_edit::{Document, TomlError};

use super::check::{Checked, check};
use super::file::File;
use super::place::{Finding, KeyPath, line_and_column, locate};
use super::resolve::{Secrets, resolve, sources};
use super::validate::validate;
use super::{Config, Problem, Problems, Secret, key, lookup};

/// Far beyond ten thousand accounts.
pub const LARGEST_FILE: u64 = 16 << 20;

/// A configuration that can be used. The default is what an empty file means.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub config: Config,
    /// What deserves a word and stops nothing; no secret in it.
    pub warnings: Vec<String>,
    /// A key is asked for and there is none yet: generate one and write it.
    pub needs_key: bool,
}

/// The text of a file, with what there is to say about the file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub text: String,
    pub warnings: Vec<String>,
}

/// Reads, checks and resolves the file.
pub async fn load(path: &Path) -> Result<Loaded, Problems> {
    let owned = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || read(&owned));
    let source = reading
        .await
        .unwrap_or_else(|_| Err(Problems::whole_file(path, "could not be read", "try again")))?;
    let mut loaded = load_text(&source.text, path).await?;
    loaded.warnings.splice(0..0, source.warnings);
    Ok(loaded)
}

/// The same for a text at hand. The path names it in problems, and relative paths of
/// secret files start at its directory.
pub async fn load_text(text: &str, path: &Path) -> Result<Loaded, Problems> {
    let (document, file) = parse(text).map_err(|list| Problems::new(path, list))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let found = lookup::find_all(sources(&file), directory).await;
    let secrets = Secrets::from_found(found.secrets);
    if let Some(finding) = unfit_client_key(&file, &secrets.proxy) {
        return Err(Problems::new(path, locate(text, &document, vec![finding])));
    }
    let config = resolve(file, secrets);
    let warnings = found.warnings.into_iter().chain(unresolved(&config)).collect();
    let needs_key = config.proxy.needs_key();
    Ok(Loaded { config, warnings, needs_key })
}

/// Everything that is wrong with a text, without looking any secret up.
pub fn problems_in(text: &str) -> Vec<Problem> {
    parse(text).err().unwrap_or_default()
}

/// The text of the file; missing, foreign, oversized or unreadable ones are a problem.
pub fn read(path: &Path) -> Result<Source, Problems> {
    let problem = |message: String, fix: &str| Problems::whole_file(path, message, fix);
    // A named pipe would block the opening, so the look comes first.
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => {
            problem("there is no such file".to_owned(), "`portcullis config init` writes one")
        }
        _ => problem(
            format!("cannot be read: {error}"),
            "check the permissions of the file and its directories",
        ),
    })?;
    examine(&metadata).map_err(|(message, fix)| problem(message, fix))?;
    let mut bytes = Vec::new();
    OpenFile::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| problem(format!("cannot be read: {error}"), "check its permissions"))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(problem("is over 1 MiB".to_owned(), "a configuration is much smaller than that"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
        problem(format!("is not UTF-8 (line {line})"), "save it as UTF-8")
    })?;
    Ok(Source { text, warnings: permission_warning(path, &metadata).into_iter().collect() })
}

fn examine(metadata: &Metadata) -> Result<(), (String, &'static str)> {
    if metadata.is_dir() {
        return Err(("is a directory".to_owned(), "put a file in its place"));
    }
    if !metadata.is_file() {
        return Err(("is not a regular file".to_owned(), "put a file in its place"));
    }
    if metadata.len() > LARGEST_FILE {
        return Err(("is over 1 MiB".to_owned(), "a configuration is much smaller than that"));
    }
    examine_owner(metadata)
}

/// Whoever writes the file can name a command to run, so it must be ours, or root's.
#[cfg(unix)]
fn examine_owner(metadata: &Metadata) -> Result<(), (String, &'static str)> {
    use std::os::unix::fs::MetadataExt;
    if is_trusted_owner(metadata.uid(), rustix::process::geteuid().as_raw()) {
        return Ok(());
    }
    let message = format!("belongs to another user (id {})", metadata.uid());
    Err((message, "use a file of your own, or make this one yours"))
}

#[cfg(not(unix))]
fn examine_owner(_metadata: &Metadata) -> Result<(), (String, &'static str)> {
    Ok(())
}

#[cfg(unix)]
fn is_trusted_owner(owner: u32, user: u32) -> bool {
    const ROOT: u32 = 0;
    owner == user || owner == ROOT || user == ROOT
}

#[cfg(unix)]
pub fn permission_warning(path: &Path, metadata: &Metadata) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (mode & 0o044 != 0).then(|| {
        format!(
            "{} can be read by other users (mode {mode:03o}); `chmod 600` makes it private",
            path.display()
        )
    })
}

#[cfg(not(unix))]
pub fn permission_warning(_path: &Path, _metadata: &Metadata) -> Option<String> {
    None
}

fn parse(text: &str) -> Result<(Document<&str>, File), Vec<Problem>> {
    if text.trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}').is_empty() {
        return Err(vec![empty_file()]);
    }
    let document = Document::parse(text).map_err(|error| vec![syntax_problem(text, &error)])?;
    let Checked { file, mut findings, left_out } = check(&document);
    findings.extend(validate(&file).into_iter().filter(|finding| !left_out.concerns(&finding.path)));
    if findings.is_empty() { Ok((document, file)) } else { Err(locate(text, &document, findings)) }
}

/// An editor that truncates before it writes leaves one for a moment, and nobody means it.
fn empty_file() -> Problem {
    Problem {
        line: 0,
        column: 0,
        key: String::new(),
        message: "is empty".to_owned(),
        fix: "remove it and run `portcullis config init` for a fresh one".to_owned(),
    }
}

pub fn syntax_problem(text: &str, error: &TomlError) -> Problem {
    let (line, column) = line_and_column(text, error.span().map_or(text.len(), |span| span.start));
    let (message, fix) = match error.message().split_once(", expected ") {
        Some((message, expected)) => (message, format!("expected {expected}")),
        None if error.message() == "duplicate key" => (error.message(), "keep one of the two".to_owned()),
        None => (error.message(), "correct the line, or take it out".to_owned()),
    };
    Problem { line, column, key: String::new(), message: format!("this is not TOML: {message}"), fix }
}

/// The rules `validate` has for a literal key, for one that came from elsewhere.
fn unfit_client_key(file: &File, key: &Secret) -> Option<Finding> {
    let allow_lan_access = file.proxy.as_ref()?.allow_lan_access.unwrap_or(false);
    let unfit = key::examine(key.as_known()?.expose_secret(), allow_lan_access).err()?;
    Some(Finding::value(KeyPath::of(&["proxy", "api_key"]), unfit.message, unfit.fix))
}

fn unresolved(config: &Config) -> Vec<String> {
    let sections = [("proxy.api_key", &config.proxy.api_key), ("zai.api_key", &config.zai.api_key)];
    let sections = sections.into_iter().map(|(place, secret)| (place.to_owned(), secret));
    let accounts =
        config.accounts.iter().map(|account| (format!("account {}", account.name), &account.api_key));
    sections
        .chain(accounts)
        .filter_map(|(place, secret)| Some(format!("{place}: {}", secret.reason()?)))
        .collect()
}

#[cfg(test)]
mod tests;
