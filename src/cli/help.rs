//! `--help` in the user's language. English is the doc comments of the commands; the other
//! languages have a text for each, under a key that names the command and the option:
//! `help-account-add`, `help-account-add--provider`, and `help--json` for an option with the same
//! meaning everywhere.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, Resettable};
use clap::{Arg, Command, CommandFactory};

use super::Cli;
use crate::config;
use crate::desktop::paths::Paths;
use crate::language::Language;

/// The beginning of every key.
const PREFIX: &str = "help";

/// The whole command line, with its texts in one language.
pub fn command(language: Language) -> Command {
    let mut command = Cli::command();
    if language == Language::English {
        return command;
    }
    // From here on it includes what clap adds, such as `--help`.
    command.build();
    let about = language.find("help-portcullis");
    let command = translated(command, PREFIX, language);
    if let Some(about) = about { command.about(about) } else { command }
}

/// The user's language according to the config file; found without clap, because help ends the
/// parsing before everything is read.
pub fn language(typed: impl Iterator<Item = OsString>) -> Language {
    let typed: Vec<OsString> = typed.collect();
    let home = value(&typed, "--home").or_else(|| std::env::var_os("PORTCULLIS_HOME").map(PathBuf::from));
    let paths = Paths::find(home.as_deref(), value(&typed, "--config").as_deref());
    paths.map_or_else(|_| Language::system(), |paths| config::language(&paths.config).spoken())
}

fn value(typed: &[OsString], option: &str) -> Option<PathBuf> {
    let joined = typed.iter().find_map(|word| word.to_str()?.strip_prefix(option)?.strip_prefix('='));
    let place = typed.iter().position(|word| word == option);
    let apart = place.and_then(|place| typed.get(place + 1)).map(OsString::as_os_str);
    joined.map(OsStr::new).or(apart).map(|path| Path::new(path).to_owned())
}

/// `prefix`: the key of the command, with which the keys of its parts begin.
fn translated(command: Command, prefix: &str, language: Language) -> Command {
    let usage = command.get_styles().get_usage();
    let heading = |key: &str| language.find(key).unwrap_or_default();
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{usage}{}:{usage:#} {{usage}}\n\n{{all-args}}{{after-help}}",
        heading("help-heading-usage")
    );
    command
        .subcommand_help_heading(heading("help-heading-commands"))
        .help_template(template)
        .mut_args(|argument| translated_argument(argument, prefix, language))
        .mut_subcommands(|subcommand| {
            let Keys { about, parts } = Keys::of(&subcommand, prefix);
            let subcommand = translated(subcommand, &parts, language);
            match language.find(&about) {
                Some(about) => subcommand.about(about),
                None => subcommand,
            }
        })
}

/// The keys of a command: that of its description, and the prefix of its parts. The entries of
/// `help` are its sibling commands.
struct Keys {
    about: String,
    parts: String,
}

impl Keys {
    fn of(command: &Command, prefix: &str) -> Self {
        match command.get_name() {
            "help" => Self { about: "help-help".to_owned(), parts: prefix.to_owned() },
            name => {
                let about = format!("{prefix}-{name}");
                Self { parts: about.clone(), about }
            }
        }
    }
}

/// The key of an argument: this command's own, or else the one shared by all commands.
fn argument_keys(argument: &Arg, prefix: &str) -> [String; 2] {
    [prefix, PREFIX].map(|prefix| format!("{prefix}--{}", argument.get_id()))
}

fn value_key(argument: &Arg, prefix: &str, value: &PossibleValue) -> String {
    format!("{prefix}--{}--{}", argument.get_id(), value.get_name())
}

fn translated_argument(argument: Arg, prefix: &str, language: Language) -> Arg {
    let heading = if argument.is_positional() { "help-heading-arguments" } else { "help-heading-options" };
    let text = argument_keys(&argument, prefix).iter().find_map(|key| language.find(key));
    let text = text.or_else(|| argument.get_help().map(ToString::to_string));
    let default = default(&argument).map(|default| note(language, "help-default", &default));
    let values = argument.get_possible_values();
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    let choices = (!names.is_empty()).then(|| note(language, "help-choices", &names.join(", ")));
    let explained = explained(&argument, prefix, language);
    let short: Vec<String> = [text.clone(), default.clone(), choices].into_iter().flatten().collect();
    let argument = if short.is_empty() { argument } else { argument.help(short.join(" ")) };
    let argument = argument
        .help_heading(language.find(heading).unwrap_or_default())
        .long_help(Resettable::Reset)
        .hide_possible_values(true)
        .hide_default_value(true);
    let Some(explained) = explained else { return argument };
    let long: Vec<String> = [text, default, Some(explained)].into_iter().flatten().collect();
    argument.long_help(long.join("\n\n"))
}

/// The choices, one on each line, if they have descriptions.
fn explained(argument: &Arg, prefix: &str, language: Language) -> Option<String> {
    let values = argument.get_possible_values();
    if values.iter().all(|value| value.get_help().is_none()) {
        return None;
    }
    let line = |value: &PossibleValue| match language.find(&value_key(argument, prefix, value)) {
        Some(text) => format!("- {}: {text}", value.get_name()),
        None => format!("- {}", value.get_name()),
    };
    Some(values.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn default(argument: &Arg) -> Option<String> {
    let values = argument.get_default_values();
    let takes_value = argument.get_action().takes_values();
    let values = values.iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(" ");
    Some(values).filter(|values| takes_value && !values.is_empty())
}

/// `[default: 50]`.
fn note(language: Language, key: &str, value: &str) -> String {
    format!("[{}: {value}]", language.find(key).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// For each text of the help, the keys it may have in another language.
    fn texts() -> Vec<Vec<String>> {
        let mut command = Cli::command();
        command.build();
        let headings =
            ["usage", "commands", "arguments", "options"].map(|name| format!("help-heading-{name}"));
        let own = ["help-portcullis", "help-default", "help-choices"].map(str::to_owned);
        let mut texts: Vec<Vec<String>> = headings.into_iter().chain(own).map(|key| vec![key]).collect();
        collect(&command, PREFIX, &mut texts);
        texts
    }

    fn collect(command: &Command, prefix: &str, texts: &mut Vec<Vec<String>>) {
        let shown = |argument: &&Arg| argument.get_help().is_some() && !argument.is_hide_set();
        for argument in command.get_arguments().filter(shown) {
            texts.push(argument_keys(argument, prefix).into());
            let values = argument.get_possible_values();
            let explained = values.iter().filter(|value| value.get_help().is_some());
            texts.extend(explained.map(|value| vec![value_key(argument, prefix, value)]));
        }
        for subcommand in command.get_subcommands() {
            let Keys { about, parts } = Keys::of(subcommand, prefix);
            texts.push(vec![about]);
            collect(subcommand, &parts, texts);
        }
    }

    #[test]
    fn every_text_is_translated_and_every_translation_is_of_a_text() {
        let texts = texts();
        let known: BTreeSet<&str> = texts.iter().flatten().map(String::as_str).collect();
        for file in [include_str!("../language/ja.ftl"), include_str!("../language/zh-CN.ftl")] {
            let lines = file.lines().filter(|line| line.starts_with(PREFIX));
            let keys: BTreeSet<&str> = lines.filter_map(|line| Some(line.split_once(" =")?.0)).collect();
            let lacking = texts.iter().find(|text| !text.iter().any(|key| keys.contains(&**key)));
            assert_eq!(lacking, None);
            assert_eq!(keys.difference(&known).next(), None, "it is about nothing");
        }
    }

    #[test]
    fn the_help_is_in_the_language_asked_for() {
        let help = |language| command(language).render_help().to_string();
        let english = help(Language::English);
        assert!(english.contains("Usage: portcullis [OPTIONS] [COMMAND]\n\nCommands:\n"), "{english}");
        let japanese = help(Language::Japanese);
        assert!(japanese.contains("使い方: portcullis [OPTIONS] [COMMAND]\n\nコマンド:\n"), "{japanese}");
        assert!(japanese.contains("\nオプション:\n"), "{japanese}");
        assert!(!japanese.contains("Print"), "{japanese}");
    }

    #[test]
    fn the_options_that_say_where_the_config_is_are_found_before_clap_looks() {
        let check = |typed: &[&str], expected: Option<&str>| {
            let typed: Vec<OsString> = typed.iter().map(OsString::from).collect();
            assert_eq!(value(&typed, "--home").as_deref(), expected.map(Path::new), "{typed:?}");
        };
        check(&["portcullis", "--help"], None);
        check(&["portcullis", "--home", "/a", "--help"], Some("/a"));
        check(&["portcullis", "--help", "--home=/b"], Some("/b"));
        check(&["portcullis", "--homely", "/c", "--home"], None);
    }
}
