//! The benchmark: portcullis against **L**, a bare hyper reverse proxy, and against no proxy at all.
//!
//! One run drives the same traffic through all of them in turns, on one machine, and prints one table: every
//! goal is a ratio to L within the run, because absolute figures say more about the machine than about us.
//! `cargo bench --bench proxy -- [--quick] [--json FILE] [small stream large translated pairs monitor slow idle
//! start tray]`.
//! A missed goal is a line in the table, never a failure; a proxy that answers wrongly is a failure.
//!
//! In the order of the measurement: `rig` starts the processes (`process`; this binary plays the `mock`
//! upstream and the `bare_proxy` itself, so that each is a process of its own), `traffic`, `lifetime` and
//! `desktop` are the scenarios, `load` sends their calls (`call`, answered by `script`, both in a `dialect`), `usage` reads what a proxy spent,
//! `rounds` takes medians and `report` sets them beside the goals.
#![expect(clippy::print_stdout, reason = "the table and the ready lines of the roles are the output")]

mod bare_proxy;
mod call;
#[cfg(target_os = "linux")]
mod desktop;
mod dialect;
mod lifetime;
mod listener;
mod load;
mod mock;
mod pairs;
mod process;
mod report;
mod rig;
mod rounds;
mod script;
mod traffic;
mod usage;

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::{Parser, ValueEnum};
use tokio::runtime::Builder;

use crate::report::{Measured, Report};
use crate::rig::{Plan, Rig};

/// Measures portcullis against a bare hyper reverse proxy.
#[derive(Parser)]
struct Options {
    /// What to measure; everything when empty.
    scenarios: Vec<Scenario>,
    /// Fewer rounds and shorter windows: an impression, not a result.
    #[arg(long)]
    quick: bool,
    /// Write the figures to this file as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What `cargo bench` adds on its own.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// 1 KB in, 1 KB out: latency alone, CPU time in a crowd.
    Small,
    /// 200 events per answer: all at once, and one per millisecond.
    Stream,
    /// 1 MB in, the model named at its end.
    Large,
    /// Anthropic clients before an upstream that is not: whole answers and streams.
    Translated,
    /// Every client protocol before every other upstream protocol, beside its own.
    Pairs,
    /// The record of requests: on, with bodies, and off.
    Monitor,
    /// 256 slow streams at once: latency and memory of each.
    Slow,
    /// Memory and CPU time at rest, before and after load.
    Idle,
    /// From exec to the first 200 on `/healthz`.
    Start,
    /// With its icon on a session bus: the start, memory and wakeups. Needs `dbus-daemon`.
    Tray,
}

fn main() -> Result<()> {
    let mut arguments = env::args().skip(1);
    match (arguments.next().as_deref(), arguments.next()) {
        (Some(mock::ROLE), _) => Builder::new_current_thread().enable_all().build()?.block_on(mock::run()),
        (Some(bare_proxy::ROLE), Some(upstream)) => {
            Builder::new_multi_thread().enable_all().build()?.block_on(bare_proxy::run(upstream.parse()?))
        }
        _ => measure(&Options::parse()),
    }
}

fn measure(options: &Options) -> Result<()> {
    if !cfg!(target_os = "linux") {
        println!("the benchmark reads CPU time and memory from /proc, so it runs on Linux only");
        return Ok(());
    }
    if cfg!(debug_assertions) {
        println!("figures of a debug build mean nothing: use `cargo bench --bench proxy`");
        return Ok(());
    }
    // One thread for the load leaves the second core to the proxy under test.
    let report = Builder::new_current_thread().enable_all().build()?.block_on(async {
        tokio::select! {
            report = run(options) => report,
            // Leaving by this way ends the processes and removes their homes.
            _ = tokio::signal::ctrl_c() => bail!("interrupted"),
        }
    })?;
    println!("\n{report}");
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&report.to_json())?;
        fs::write(file, text).with_context(|| format!("could not write {}", file.display()))?;
    }
    ensure!(report.is_complete(), "not everything could be measured");
    Ok(())
}

async fn run(options: &Options) -> Result<Report> {
    let plan = if options.quick { Plan::quick() } else { Plan::full() };
    let rig = Rig::start(plan).await?;
    let mut report = Report::new(options.quick, plan.rounds);
    for scenario in chosen(options) {
        println!("measuring {}", name(*scenario));
        report.add(&name(*scenario), scenario.measure(&rig).await);
    }
    Ok(report)
}

fn chosen(options: &Options) -> &[Scenario] {
    if options.scenarios.is_empty() { Scenario::value_variants() } else { &options.scenarios }
}

fn name(scenario: Scenario) -> String {
    scenario.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl Scenario {
    async fn measure(self, rig: &Rig) -> Result<Measured> {
        let figures = match self {
            Self::Pairs => return pairs::measure(rig).await.map(Measured::Pairs),
            Self::Small => traffic::small(rig).await,
            Self::Stream => traffic::stream(rig).await,
            Self::Large => traffic::large(rig).await,
            Self::Translated => {
                let mut figures = traffic::translated(rig).await?;
                figures.push(lifetime::slow_translated(rig).await?);
                Ok(figures)
            }
            Self::Monitor => traffic::monitor(rig).await,
            Self::Slow => lifetime::slow(rig).await,
            Self::Idle => lifetime::idle(rig).await,
            Self::Start => lifetime::start(rig).await,
            #[cfg(target_os = "linux")]
            Self::Tray => desktop::tray(rig).await,
            #[cfg(not(target_os = "linux"))]
            Self::Tray => bail!("there is no session bus"),
        };
        figures.map(Measured::Figures)
    }
}
