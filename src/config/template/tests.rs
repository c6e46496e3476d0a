use super::*;
use crate::config::{Config, load, load_text, problems_in};

#[tokio::test]
async fn the_first_file_loads_without_warnings_and_has_the_defaults() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("deep/er/config.toml");
    assert_eq!(init(&path).expect("written"), Init::Created);
    let loaded = load(&path).await.expect("no problem");
    assert_eq!(loaded.warnings, []);
    let mut config = loaded.config;
    assert!(config.proxy.api_key.as_known().is_some());
    config.proxy.api_key = Config::default().proxy.api_key;
    assert_eq!(config, Config::default());
}

#[tokio::test]
async fn its_examples_are_valid_without_their_comment_marks() {
    let text = text(&generate_key());
    let (settings, examples) = text.split_once("# Accounts:").expect("the examples");
    let examples: Vec<&str> = examples
        .lines()
        .skip_while(|line| !line.contains("[[accounts]]"))
        .map(|line| line.strip_prefix("# ").unwrap_or_default())
        .collect();
    let models = settings.replace("# \"", "\"");
    let text = format!("{models}\n{}", examples.join("\n").replace('…', "q"));
    let loaded = load_text(&text, Path::new("config.toml")).await.expect("no problem");
    assert_eq!(loaded.config.accounts.len(), 4);
    assert_eq!(loaded.config.models.len(), 2);
}

#[test]
fn every_key_of_the_schema_is_in_it() {
    let text = text(&generate_key());
    let schema = crate::config::schema();
    for (section, properties) in schema["properties"].as_object().expect("sections") {
        let keys = properties["properties"].as_object().or(properties["items"]["properties"].as_object());
        for key in keys.into_iter().flatten().map(|(key, _)| key) {
            assert!(text.contains(&format!("{key} = ")), "{section}.{key}");
        }
    }
    assert_eq!(problems_in(&text), []);
}

#[test]
fn an_existing_file_is_left_alone() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    std::fs::write(&path, "mine").expect("written");
    assert_eq!(init(&path).expect("no failure"), Init::AlreadyThere);
    assert_eq!(std::fs::read_to_string(&path).expect("read"), "mine");
    assert_eq!(std::fs::read_dir(directory.path()).expect("listed").count(), 1, "no temporary file stays");
}

#[cfg(unix)]
#[test]
fn the_file_and_its_directories_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("new/portcullis/config.toml");
    init(&path).expect("written");
    for (path, expected) in [("new", 0o700), ("new/portcullis", 0o700), ("new/portcullis/config.toml", 0o600)]
    {
        let mode =
            std::fs::metadata(directory.path().join(path)).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, expected, "{path}: {mode:o}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_followed() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("config.toml");
    std::os::unix::fs::symlink(directory.path().join("elsewhere"), &path).expect("linked");
    assert_eq!(init(&path).expect("no failure"), Init::AlreadyThere);
    assert!(!directory.path().join("elsewhere").exists());
}

#[test]
fn a_directory_that_cannot_be_created_is_an_error_with_the_path() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("file"), "").expect("written");
    let path = directory.path().join("file/config.toml");
    let error = init(&path).expect_err("no directory");
    assert!(error.to_string().contains("config.toml could not be written"), "{error}");
}
