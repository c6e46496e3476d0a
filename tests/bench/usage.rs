//! What a process has used, read from `/proc`: CPU time, memory, and how often it woke.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// `USER_HZ` is 100 on every Linux that we build for.
const TICK: Duration = Duration::from_millis(10);

/// Ticks by which the two clocks differ when both are right: each end of a window is rounded down to a tick.
const ROUNDING_TICKS: u32 = 2;

/// The CPU time of a process up to one moment, by two clocks.
#[derive(Clone, Copy)]
pub struct CpuSample {
    /// Nanoseconds of the threads that live (`task/*/schedstat`).
    threads: Duration,
    /// User and system time of all threads, ended ones too (`stat`).
    ticks: u32,
}

/// The CPU time between two samples.
#[derive(Clone, Copy)]
pub struct CpuSpent {
    pub time: Duration,
    pub ticks: u32,
    pub clock: Clock,
}

/// Where a CPU time comes from; the coarser one last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Clock {
    Schedstat,
    Ticks,
}

impl CpuSample {
    pub fn of(pid: u32) -> Result<Self> {
        Ok(Self { threads: thread_time(pid)?, ticks: ticks(pid)? })
    }

    /// The threads' nanoseconds, unless the ticks show that a thread ended and took its share along.
    pub fn spent_until(self, later: Self) -> CpuSpent {
        let ticks = later.ticks.saturating_sub(self.ticks);
        let threads = later.threads.saturating_sub(self.threads);
        if TICK * ticks.saturating_sub(ROUNDING_TICKS) > threads {
            CpuSpent { time: TICK * ticks, ticks, clock: Clock::Ticks }
        } else {
            CpuSpent { time: threads, ticks, clock: Clock::Schedstat }
        }
    }
}

fn thread_time(pid: u32) -> Result<Duration> {
    let mut total = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        // A thread that ends between the listing and the reading is left to the other clock.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let nanos = text.split_whitespace().next().and_then(|field| field.parse().ok());
        total += Duration::from_nanos(nanos.context("schedstat without a run time")?);
    }
    Ok(total)
}

/// How often the threads that live have waited: each time, something has to wake them.
pub fn sleeps(pid: u32) -> Result<u64> {
    let mut total = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(text) = fs::read_to_string(thread?.path().join("status")) else { continue };
        let count = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        total += count.context("status without context switches")?.trim().parse::<u64>()?;
    }
    Ok(total)
}

fn ticks(pid: u32) -> Result<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The command name may contain anything, so fields count from its closing bracket: `utime`, `stime`.
    let (_, fields) = stat.rsplit_once(')').context("stat without a command")?;
    fields.split_whitespace().skip(11).take(2).map(|field| Ok(field.parse::<u32>()?)).sum()
}

/// Resident memory in bytes: all of it, and with shared pages counted in shares.
#[derive(Clone, Copy)]
pub struct Memory {
    pub rss: u64,
    pub pss: u64,
}

impl Memory {
    pub fn of(pid: u32) -> Result<Self> {
        let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
        Ok(Self { rss: field(&rollup, "Rss:")?, pss: field(&rollup, "Pss:")? })
    }
}

fn field(rollup: &str, name: &str) -> Result<u64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix(name));
    let kibibytes: u64 = line
        .and_then(|line| line.trim().strip_suffix("kB"))
        .and_then(|value| value.trim().parse().ok())
        .with_context(|| format!("smaps_rollup without {name}"))?;
    Ok(kibibytes * 1024)
}
