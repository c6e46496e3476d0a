//! `portcullis completions`: for those whose package does not bring them.

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::Cli;
use super::output::{self, Exit};

#[derive(Clone, Copy, Debug, Args)]
pub struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    shell: Shell,
}

pub fn run(args: CompletionsArgs) -> Exit {
    // Straight to a terminal, it would panic when the reader goes away.
    let mut script = Vec::new();
    generate(args.shell, &mut Cli::command(), "portcullis", &mut script);
    output::line(String::from_utf8_lossy(&script).trim_end());
    Exit::Done
}
