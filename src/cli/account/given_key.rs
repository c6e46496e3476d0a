//! The key of a new account: typed, piped in or taken from a variable.

use std::io::{self, BufRead, IsTerminal};

use crate::cli::output::{self, Exit};
use crate::cli::prompt::{NotTyped, hidden_line};
use crate::config::SecretSource;
use crate::config::pasted::{self, Wrapping};
use crate::protocol::Provider;
use crate::text;

/// The key of a new account; never from an argument, which other users can see. `is_usual`: it
/// is for the provider's own address.
pub async fn secret(
    provider: Provider,
    from_env: Option<&str>,
    is_usual: bool,
) -> Result<Option<SecretSource>, Exit> {
    let is_optional = matches!(provider, Provider::Demo | Provider::OpenAiCompatible);
    let pasted = pasted(provider, is_optional, from_env).await?;
    let (key, removed) = pasted::cleaned(&pasted);
    removed.into_iter().for_each(print_removed);
    let language = output::language();
    if let Some(mistake) = pasted::mistake(key) {
        return Err(output::failed(&mistake.message().text(language)));
    }
    // A user who gives another address knows which key it takes.
    if is_usual && let Some((owner, options)) = pasted::other_owner(key, provider) {
        let provider = provider.to_string();
        let text =
            text!(language, "cli-account-other-key", owner = owner, provider = provider, options = options);
        return Err(output::failed(&text));
    }
    match key {
        "" if is_optional => Ok(None),
        "" => {
            let provider = provider.to_string();
            Err(output::failed(&text!(language, "cli-account-needs-key", provider = provider)))
        }
        key => Ok(Some(SecretSource::Literal(key.into()))),
    }
}

async fn pasted(provider: Provider, is_optional: bool, from_env: Option<&str>) -> Result<String, Exit> {
    let failed = |error: io::Error| output::failed(&error.to_string());
    match from_env {
        Some(name) => std::env::var(name)
            .map_err(|_| output::failed(&text!(output::language(), "cli-account-variable", name = name))),
        None if provider == Provider::Demo => Ok(String::new()),
        None if io::stdin().is_terminal() => {
            output::note(&prompt(provider, is_optional));
            hidden_line().await.map_err(|error| match error {
                NotTyped::Signal(number) => Exit::Signalled(number),
                NotTyped::Failed(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    output::failed(&text!(output::language(), "cli-account-nothing-typed"))
                }
                NotTyped::Failed(error) => failed(error),
            })
        }
        None => first_line(&mut io::stdin().lock()).map_err(failed),
    }
}

/// The first line that is not empty; an empty text when there is none.
fn first_line(input: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    while line.trim().is_empty() {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            break;
        }
    }
    Ok(line)
}

fn print_removed(wrapping: Wrapping) {
    let language = output::language();
    output::note(&match wrapping {
        Wrapping::Quotes => text!(language, "cli-account-took-quotes"),
        Wrapping::Name => text!(language, "cli-account-took-name"),
        Wrapping::Header => text!(language, "cli-account-took-header"),
        Wrapping::Scheme => text!(language, "cli-account-took-scheme"),
    });
}

fn prompt(provider: Provider, is_optional: bool) -> String {
    let (language, provider) = (output::language(), provider.to_string());
    if is_optional {
        text!(language, "cli-account-prompt-optional", provider = provider)
    } else {
        text!(language, "cli-account-prompt", provider = provider)
    }
}
