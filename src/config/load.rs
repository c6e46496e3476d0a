//! From a path to a configuration in use, or to everything that is wrong with the file.

use std::path::Path;

use secrecy::ExposeSecret;
use toml_edit::Document;

use super::defaults::proxy::ALLOW_LAN_ACCESS;
use super::file::File;
use super::form::Report;
use super::place::{Finding, KeyPath, locate};
use super::problem::{Flaw, syntax_problem};
use super::resolve::{Secrets, place_of, resolve, sources};
use super::source::{read, writable};
use super::warnings::warnings;
use super::{
    Config, Problem, Problems, Secret, SecretMemory, authorities, client_key, form, lookup, meaning,
};
use crate::desktop::trust::Exposed;
use crate::language::Message;
use crate::message;

/// A configuration that can be used. The default is what an empty file means.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    pub config: Config,
    /// What is worth knowing and keeps nothing from working; no secret in it.
    pub warnings: Vec<Message>,
    /// A key is required and none is configured: generate one and write it.
    pub needs_key: bool,
}

/// Reads, checks and resolves the file.
pub async fn load(path: &Path) -> Result<Loaded, Problems> {
    load_again(path, &SecretMemory::default()).await
}

/// The same with the secrets of earlier loads: where the keyring or a program returns
/// nothing this time, its last secret stays in use.
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

/// The same for a text at hand. The path names it in problems, and relative paths in it
/// start at the path's directory.
async fn load_text_again(text: &str, path: &Path, memory: &SecretMemory) -> Result<Loaded, Problems> {
    let (document, file) = parse(text).map_err(|list| Problems::new(path, list))?;
    let refuse = |findings| Err(Problems::new(path, locate(text, &document, findings)));
    let directory = path.parent().unwrap_or(Path::new(""));
    let found = lookup::find_all(sources(&file), directory, memory).await;
    if !found.exposed.is_empty() {
        return refuse(found.exposed.iter().map(exposed_key).collect());
    }
    let secrets = Secrets::from_found(found.secrets);
    if let Err(finding) = examine_client_key(&file, &secrets.proxy) {
        return refuse(vec![finding]);
    }
    let mut config = resolve(file, secrets);
    if let Err(finding) = find_authorities(&mut config, directory).await {
        return refuse(vec![finding]);
    }
    let warnings = found.warnings.into_iter().chain(warnings(&config)).collect();
    let needs_key = config.proxy.needs_key();
    Ok(Loaded { config, warnings, needs_key })
}

#[cfg(test)]
pub async fn load_text(text: &str, path: &Path) -> Result<Loaded, Problems> {
    load_text_again(text, path, &SecretMemory::default()).await
}

/// Everything that is wrong with a text, as far as it shows without a lookup of secrets.
pub fn problems_in(text: &str) -> Vec<Problem> {
    parse(text).err().unwrap_or_default()
}

fn parse(text: &str) -> Result<(Document<&str>, File), Vec<Problem>> {
    if text.trim_matches(|character: char| character.is_whitespace() || character == '\u{feff}').is_empty() {
        return Err(vec![empty_file()]);
    }
    let document = Document::parse(text).map_err(|error| vec![syntax_problem(text, &error)])?;
    let Report { file, mut findings, unsound } = form::check(&document);
    findings.extend(meaning::check(&file).into_iter().filter(|finding| !unsound.concerns(&finding.path)));
    if findings.is_empty() { Ok((document, file)) } else { Err(locate(text, &document, findings)) }
}

/// An editor that truncates the file before it writes leaves it empty for a moment.
fn empty_file() -> Problem {
    Problem::without_line(String::new(), message!("problem-empty"), message!("fix-empty-file"))
}

fn exposed_key((index, exposed): &(usize, Exposed)) -> Finding {
    let fix = message!("fix-writable-key", path = exposed.path.display().to_string());
    Finding::value(place_of(*index), writable(exposed), fix)
}

/// Applies the rules of a literal client key to one that was looked up.
fn examine_client_key(file: &File, key: &Secret) -> Result<(), Finding> {
    let Some(key) = key.as_known() else { return Ok(()) };
    let allow_lan_access = file.proxy.as_ref().and_then(|proxy| proxy.allow_lan_access);
    client_key::examine(key.expose_secret(), allow_lan_access.unwrap_or(ALLOW_LAN_ACCESS))
        .map_err(|flaw| Finding::of(KeyPath::of(&["proxy", "api_key"]), flaw))
}

/// Makes the path of the certificate authorities absolute and checks the file.
async fn find_authorities(config: &mut Config, directory: &Path) -> Result<(), Finding> {
    let Some(written) = &config.upstream.ca_file else { return Ok(()) };
    let file = directory.join(lookup::expand_home(written));
    config.upstream.ca_file = Some(file.clone());
    let examined = tokio::task::spawn_blocking(move || authorities::examine(&file)).await;
    let examined =
        examined.unwrap_or_else(|error| Err(Flaw::new(error.to_string().into(), message!("fix-ca-file"))));
    examined.map_err(|flaw| Finding::of(KeyPath::of(&["upstream", "ca_file"]), flaw))
}

#[cfg(test)]
mod tests;
