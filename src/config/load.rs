//! From a path to a configuration in use, or to everything that is wrong with the file.

use std::fs::{File as OpenFile, Metadata};
use std::io::{ErrorKind, Read};
use std::path::Path;

use secrecy::ExposeSecret;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;
use toml_edit::{Document, TomlError};

use super::authorities::authorities;
use super::check::{Checked, check};
use super::file::File;
use super::models::matches;
use super::place::{Finding, KeyPath, line_and_column, locate};
use super::resolve::{Secrets, place_of, resolve, sources};
use super::validate::validate;
use super::{AccountConfig, Config, LanguageSetting, Problem, Problems, Secret, SecretMemory, key, lookup};
use crate::desktop::trust::{self, Exposed};
use crate::language::Message;
use crate::message;
use crate::protocol::Provider;

/// Far beyond ten thousand accounts.
pub const LARGEST_FILE: u64 = 16 << 20;

/// A configuration that can be used. The default is what an empty file means.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub config: Config,
    /// What deserves a word and stops nothing; no secret in it.
    pub warnings: Vec<Message>,
    /// A key is asked for and there is none yet: generate one and write it.
    pub needs_key: bool,
}

/// The text of a file, with what there is to say about the file itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub text: String,
    pub warnings: Vec<Message>,
}

/// Reads, checks and resolves the file.
pub async fn load(path: &Path) -> Result<Loaded, Problems> {
    load_again(path, &SecretMemory::default()).await
}

/// The same for who has loaded it before: what the keyring and programs gave then is kept
/// where they give nothing now.
pub async fn load_again(path: &Path, memory: &SecretMemory) -> Result<Loaded, Problems> {
    let owned = path.to_owned();
    let reading = tokio::task::spawn_blocking(move || read(&owned));
    let source = reading.await.unwrap_or_else(|_| {
        Err(Problems::whole_file(path, message!("problem-not-read"), message!("fix-again")))
    })?;
    let mut loaded = load_text_again(&source.text, path, memory).await?;
    loaded.warnings.splice(0..0, source.warnings);
    Ok(loaded)
}

/// The same for a text at hand. The path names it in problems, and relative paths of
/// secret files start at its directory.
async fn load_text_again(text: &str, path: &Path, memory: &SecretMemory) -> Result<Loaded, Problems> {
    let (document, file) = parse(text).map_err(|list| Problems::new(path, list))?;
    let directory = path.parent().unwrap_or(Path::new(""));
    let found = lookup::find_all(sources(&file), directory, memory).await;
    if !found.exposed.is_empty() {
        let finding = |(index, exposed): (usize, Exposed)| {
            let fix = message!("fix-writable-key", path = exposed.path.display().to_string());
            Finding::value(place_of(index), writable(&exposed), fix)
        };
        let findings = found.exposed.into_iter().map(finding).collect();
        return Err(Problems::new(path, locate(text, &document, findings)));
    }
    let secrets = Secrets::from_found(found.secrets);
    if let Some(finding) = unfit_client_key(&file, &secrets.proxy) {
        return Err(Problems::new(path, locate(text, &document, vec![finding])));
    }
    let mut config = resolve(file, secrets);
    if let Some(finding) = unfit_authorities(&mut config, directory).await {
        return Err(Problems::new(path, locate(text, &document, vec![finding])));
    }
    let warnings = found
        .warnings
        .into_iter()
        .chain(unresolved(&config))
        .chain(unserved(&config))
        .chain(stand_in(&config))
        .collect();
    let needs_key = config.proxy.needs_key();
    Ok(Loaded { config, warnings, needs_key })
}

/// The same for who has never loaded it before.
#[cfg(test)]
pub async fn load_text(text: &str, path: &Path) -> Result<Loaded, Problems> {
    load_text_again(text, path, &SecretMemory::default()).await
}

/// Everything that is wrong with a text, without looking any secret up.
pub fn problems_in(text: &str) -> Vec<Problem> {
    parse(text).err().unwrap_or_default()
}

/// The language that a file asks for, valid or not: what is wrong with it is told in that.
/// Only keys before the first section can say so, and each stands in a line of its own.
pub fn language(path: &Path) -> LanguageSetting {
    let text = read(path).map(|source| source.text).unwrap_or_default();
    let lines = text.trim_start_matches('\u{feff}').lines();
    let mut lines = lines.take_while(|line| !line.trim_start().starts_with('['));
    lines.find_map(language_in).unwrap_or(LanguageSetting::Auto)
}

fn language_in(line: &str) -> Option<LanguageSetting> {
    let document = Document::parse(line).ok()?;
    let tag: StrDeserializer<'_, serde::de::value::Error> =
        document.get("language")?.as_str()?.into_deserializer();
    LanguageSetting::deserialize(tag).ok()
}

/// The text of the file; missing, foreign, oversized or unreadable ones are a problem.
pub fn read(path: &Path) -> Result<Source, Problems> {
    let problem = |message, fix| Problems::whole_file(path, message, fix);
    let unreadable = |error: std::io::Error| message!("problem-unreadable", reason = error.to_string());
    // A named pipe would block the opening, so the look comes first.
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => problem(message!("problem-no-file"), message!("fix-no-file")),
        _ => problem(unreadable(error), message!("fix-permissions-around")),
    })?;
    examine(&metadata).map_err(|(message, fix)| problem(message, fix))?;
    if let Some(exposed) = trust::exposed(path) {
        let fix = message!("fix-writable", path = exposed.path.display().to_string());
        let is_the_file = exposed.path == path;
        let said = if is_the_file {
            message!("problem-writable-itself", mode = exposed.mode.as_str())
        } else {
            writable(&exposed)
        };
        return Err(problem(said, fix));
    }
    if let Some(foreign) = trust::foreign_directory(path) {
        let path = foreign.path.display().to_string();
        let fix = message!("fix-owner-of-directory", path = path.as_str());
        return Err(problem(
            message!("problem-owner-of-directory", path = path, id = foreign.owner.to_string()),
            fix,
        ));
    }
    let mut bytes = Vec::new();
    OpenFile::open(path)
        .and_then(|file| file.take(LARGEST_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| problem(unreadable(error), message!("fix-permissions")))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(problem(message!("problem-too-big"), message!("fix-too-big")));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()].split(|&byte| byte == b'\n').count();
        problem(message!("problem-not-utf8", line = line), message!("fix-not-utf8"))
    })?;
    Ok(Source { text, warnings: permission_warning(path, &metadata).into_iter().collect() })
}

/// That others could change it.
fn writable(exposed: &Exposed) -> Message {
    let path = exposed.path.display().to_string();
    message!("problem-writable", path = path, mode = exposed.mode.as_str())
}

fn examine(metadata: &Metadata) -> Result<(), (Message, Message)> {
    if metadata.is_dir() {
        return Err((message!("problem-directory"), message!("fix-no-regular-file")));
    }
    if !metadata.is_file() {
        return Err((message!("problem-no-regular-file"), message!("fix-no-regular-file")));
    }
    if metadata.len() > LARGEST_FILE {
        return Err((message!("problem-too-big"), message!("fix-too-big")));
    }
    examine_owner(metadata)
}

/// Whoever writes the file can name a command to run, so it must be ours, or root's.
#[cfg(unix)]
fn examine_owner(metadata: &Metadata) -> Result<(), (Message, Message)> {
    use std::os::unix::fs::MetadataExt;
    if trust::is_ours_or_roots(metadata.uid()) {
        return Ok(());
    }
    Err((message!("problem-owner", id = metadata.uid().to_string()), message!("fix-owner")))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it can fail")]
fn examine_owner(_metadata: &Metadata) -> Result<(), (Message, Message)> {
    Ok(())
}

#[cfg(unix)]
pub fn permission_warning(path: &Path, metadata: &Metadata) -> Option<Message> {
    use std::os::unix::fs::PermissionsExt;
    let mode = metadata.permissions().mode() & 0o777;
    (trust::rights_of_others(path, metadata) & 0o044 != 0).then(|| {
        let path = path.display().to_string();
        message!("warning-readable", path = path, mode = format!("{mode:03o}"))
    })
}

#[cfg(not(unix))]
pub fn permission_warning(_path: &Path, _metadata: &Metadata) -> Option<Message> {
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
        message: message!("problem-empty"),
        fix: message!("fix-empty-file"),
    }
}

pub fn syntax_problem(text: &str, error: &TomlError) -> Problem {
    let (line, column) = line_and_column(text, error.span().map_or(text.len(), |span| span.start));
    let (said, fix) = match error.message().split_once(", expected ") {
        Some((said, expected)) => (said, message!("fix-expected", what = expected)),
        None if error.message() == "duplicate key" => (error.message(), message!("fix-duplicate-key")),
        None => (error.message(), message!("fix-line")),
    };
    Problem { line, column, key: String::new(), message: message!("problem-not-toml", said = said), fix }
}

/// The rules `validate` has for a literal key, for one that came from elsewhere.
fn unfit_client_key(file: &File, key: &Secret) -> Option<Finding> {
    let allow_lan_access = file.proxy.as_ref()?.allow_lan_access.unwrap_or(false);
    let unfit = key::examine(key.as_known()?.expose_secret(), allow_lan_access).err()?;
    Some(Finding::value(KeyPath::of(&["proxy", "api_key"]), unfit.message, unfit.fix))
}

/// The file of certificate authorities is found from the directory of the config file, and
/// has to hold some.
async fn unfit_authorities(config: &mut Config, directory: &Path) -> Option<Finding> {
    let file = directory.join(lookup::at_home(config.upstream.ca_file.as_ref()?));
    config.upstream.ca_file = Some(file.clone());
    let read = tokio::task::spawn_blocking(move || unfit_authorities_in(&file));
    let message = read.await.unwrap_or_else(|error| Some(error.to_string().into()))?;
    Some(Finding::value(KeyPath::of(&["upstream", "ca_file"]), message, message!("fix-ca-file")))
}

/// Why this file cannot be `upstream.ca_file`.
pub fn unfit_authorities_in(file: &Path) -> Option<Message> {
    let text = std::fs::read(file).map_err(|error| error.to_string());
    let read = text.and_then(|text| authorities(&text).map(drop).map_err(|error| error.to_string()));
    read.err().map(|reason| message!("problem-ca-file", reason = reason))
}

fn unresolved(config: &Config) -> Vec<Message> {
    let sections = [("proxy.api_key", &config.proxy.api_key), ("zai.api_key", &config.zai.api_key)];
    let sections = sections.into_iter().filter_map(|(key, secret)| {
        let reason = secret.reason()?;
        Some(message!("problem-at", place = key, said = reason))
    });
    let accounts = config.accounts.iter().filter_map(|account| {
        let reason = account.api_key.reason()?;
        Some(message!("warning-account", name = account.name.as_str(), reason = reason))
    });
    sections.chain(accounts).collect()
}

/// What `[models]` leads to and nobody serves. A pin is somebody's: only what stands before its `/` may be wrong.
fn unserved(config: &Config) -> impl Iterator<Item = Message> {
    let is_served = |target: &str| {
        let accounts = || config.accounts.iter().filter(|account| account.enabled);
        let is_pin = target.split_once('/').is_some_and(|(pin, _)| {
            accounts().any(|account| account.name == pin || account.provider.name() == pin)
        });
        let serves = |account: &AccountConfig| match account.models.as_slice() {
            [] => account.provider.owns(target) || account.provider.is_known_by_its_list(),
            listed => listed.iter().any(|pattern| matches(pattern, target)),
        };
        // z.ai's section takes part by rules of its own.
        is_pin || config.zai.enabled || config.accounts.is_empty() || accounts().any(serves)
    };
    let unserved = config.models.iter().filter(move |(_, target)| !is_served(target));
    unserved.map(|(asked, target)| {
        message!("warning-model-unserved", asked = asked.as_str(), target = target.as_str())
    })
}

/// The demo beside accounts that cost something: its answers are invented.
fn stand_in(config: &Config) -> Option<Message> {
    let mut enabled = config.accounts.iter().filter(|account| account.enabled);
    let demo = enabled.clone().find(|account| account.provider == Provider::Demo)?;
    let has_real = config.zai.takes_part() || enabled.any(|account| account.provider != Provider::Demo);
    has_real.then(|| message!("warning-demo", name = demo.name.as_str()))
}

#[cfg(test)]
mod tests;
