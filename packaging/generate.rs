//! Writes what packages carry beside the program and the command line already knows: the
//! manual pages and the completions for bash, zsh and fish, in the places they have under
//! `share/`. The program itself prints its completions when it is asked, and has no manual.
//!
//! `cargo run --example generate -- DIR`

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Command, CommandFactory};
use clap_complete::{Shell, generate_to};
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use portcullis::cli::Cli;

const NAME: &str = "portcullis";

fn main() -> io::Result<()> {
    let share = std::env::args_os().nth(1).map(PathBuf::from);
    let share = share.ok_or_else(|| io::Error::other("usage: generate DIR"))?;
    let mut command = Cli::command().name(NAME);
    completions(&mut command.clone(), &share)?;
    command.build();
    manual(&command, NAME, &share.join("man/man1"))
}

fn completions(command: &mut Command, share: &Path) -> io::Result<()> {
    let bash = generated(Shell::Bash, command, &share.join("bash-completion/completions"))?;
    // bash looks for a file with the name of the command alone.
    fs::rename(&bash, bash.with_file_name(NAME))?;
    generated(Shell::Zsh, command, &share.join("zsh/site-functions"))?;
    generated(Shell::Fish, command, &share.join("fish/vendor_completions.d"))?;
    Ok(())
}

fn generated(shell: Shell, command: &mut Command, directory: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    generate_to(shell, command, NAME, directory)
}

/// One page a command: `portcullis-account-add(1)` is `portcullis account add`.
fn manual(command: &Command, page: &str, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let mut file = fs::File::create(directory.join(format!("{page}.1")))?;
    let subcommands =
        || command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help");
    let man = Man::new(command.clone().display_name(page)).title(page.to_uppercase()).manual(NAME);
    man.render_title(&mut file)?;
    man.render_name_section(&mut file)?;
    man.render_synopsis_section(&mut file)?;
    man.render_description_section(&mut file)?;
    man.render_options_section(&mut file)?;
    if subcommands().next().is_some() {
        commands(page, subcommands()).to_writer(&mut file)?;
    }
    if page == NAME {
        file.write_all(include_bytes!("linux/portcullis.1.in"))?;
        man.render_version_section(&mut file)?;
    }
    subcommands().try_for_each(|sub| manual(sub, &format!("{page}-{}", sub.get_name()), directory))
}

fn commands<'a>(page: &str, subcommands: impl Iterator<Item = &'a Command>) -> Roff {
    let mut section = Roff::new();
    section.control("SH", ["COMMANDS"]);
    for command in subcommands {
        section.control("TP", []);
        section.text([bold(format!("{page}-{}(1)", command.get_name()))]);
        section.text([roman(command.get_about().map(ToString::to_string).unwrap_or_default())]);
    }
    section
}
