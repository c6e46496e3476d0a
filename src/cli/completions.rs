//! `portcullis completions`: for installations whose package does not include them.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Cli;
use super::output::{self, Exit};

#[derive(Clone, Copy, Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: CompletionsArgs) -> Exit {
    // Collected first: writing straight to stdout, clap would panic when the reader goes away.
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "portcullis", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}
