//! Parse what was typed, run it, map the outcome to an exit code.

use clap::Parser;
use portcullis::cli::{Cli, Exit};
use portcullis::desktop::limits;

fn main() -> Exit {
    let cli = Cli::parse();
    let max_open_files = limits::harden();
    cli.run(max_open_files)
}
