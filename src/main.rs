//! Parse what was typed, run it, map the outcome to an exit code.

use clap::Parser;
use portcullis::cli::{Cli, Exit};
use portcullis::desktop::limits;

fn main() -> Exit {
    let cli = Cli::parse();
    let max_open_files = limits::harden();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(cli.run(max_open_files)),
        Err(_) => Exit::Failed,
    }
}
