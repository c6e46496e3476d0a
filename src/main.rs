//! Parse what was typed, run it, map the outcome to an exit code.

use portcullis::cli::{Cli, Exit};
use portcullis::desktop::limits;

fn main() -> Exit {
    let cli = Cli::typed();
    let max_open_files = limits::harden();
    cli.run(max_open_files)
}
