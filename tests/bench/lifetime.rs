//! Scenarios about a process rather than its traffic: memory per stream, rest before and after load, the start.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use tokio::time::sleep;

use crate::call::Call;
use crate::load::{Exchange, Fleet, check_health, staggered};
use crate::process::{Home, Process};
use crate::report::{Figure, Goal};
use crate::rig::{Rig, bounded};
use crate::rounds::{Rounds, Target, percentile};
use crate::script::Script;
use crate::traffic::chunk_delays;
use crate::usage::{CpuSpent, Memory};

/// Slow streams that are open at once.
const STREAMS: u32 = 256;

/// How often each proxy is started.
const STARTS: usize = 8;

/// Time after which a process that started, or that was under load, counts as at rest.
const REST: Duration = Duration::from_secs(2);

/// What 256 slow streams showed.
struct SlowRun {
    exchanges: Vec<Exchange>,
    /// Of the proxy while all streams were open, less what it had before; none without a proxy.
    grown_bytes: Option<f64>,
}

/// 256 slow streams at once, through a fresh process: one that has seen load has memory to spare.
pub async fn slow(rig: &Rig) -> Result<Vec<Figure>> {
    let rounds = rig.plan.rounds.min(3);
    let plain = Call::openai(Script::Slow, 1024);
    let runs = rig.interleave(rounds, &Target::ALL, |target| slow_run(rig, target, &plain)).await?;
    let first = |share| move |run: &SlowRun| first_chunk_millis(run, share);
    let delay = |share| move |run: &SlowRun| chunk_delay_millis(run, share);
    Ok(vec![
        Figure::new("first chunk p50, 256 slow streams", "ms", runs.medians(first(0.5)))
            .goal(Goal::MoreThanBare { limit: 2.0 }),
        Figure::new("first chunk p99", "ms", runs.medians(first(0.99))),
        Figure::new("chunk delay p50", "ms", runs.medians(delay(0.5))),
        Figure::new("chunk delay p99", "ms", runs.medians(delay(0.99)))
            .goal(Goal::MoreThanBare { limit: 1.0 }),
        memory_per_stream(&runs, 56.0),
    ])
}

/// The same streams translated, for their memory.
pub async fn slow_translated(rig: &Rig) -> Result<Figure> {
    let call = Call::anthropic(Script::Slow, 1024);
    let rounds = rig.plan.rounds.min(3);
    let runs = rig.interleave(rounds, &[Target::Portcullis], |target| slow_run(rig, target, &call)).await?;
    Ok(memory_per_stream(&runs, 72.0))
}

fn memory_per_stream(runs: &Rounds<SlowRun>, limit: f64) -> Figure {
    let share = |run: &SlowRun| Some(run.grown_bytes? / 1024.0 / f64::from(STREAMS));
    Figure::new("RSS per slow stream, 256 at once", "KiB", runs.medians(share))
        .goal(Goal::AtMost { limit, stretch: None })
}

async fn slow_run(rig: &Rig, target: Target, call: &Call) -> Result<SlowRun> {
    let Some(proxy) = rig.fresh(target).await? else {
        return Ok(SlowRun { exchanges: staggered(rig.upstream(), call, STREAMS).await?, grown_bytes: None });
    };
    // Every thread and pool has been used before the memory counts.
    Fleet::warmed_up(proxy.address, 4, &Call::openai(Script::Reply, 1024), 10).await?;
    sleep(REST).await;
    let before = proxy.memory()?;
    let halfway = async {
        sleep(call.script.pace() * u32::try_from(call.script.chunks() / 2)?).await;
        proxy.memory()
    };
    let (exchanges, during) = tokio::try_join!(staggered(proxy.address, call, STREAMS), halfway)?;
    Ok(SlowRun { exchanges, grown_bytes: Some(during.rss as f64 - before.rss as f64) })
}

/// What a process showed at rest, before and after load.
struct Rest {
    fresh: Memory,
    idle: CpuSpent,
    loaded: Memory,
}

/// Memory and CPU time at rest. Both proxies rest in the same window and work one after the other.
pub async fn idle(rig: &Rig) -> Result<Vec<Figure>> {
    let mut rests = Rounds::new();
    let asleep = Target::PROXIES.map(|target| bounded(target, fall_asleep(rig, target)));
    for (target, (proxy, fresh, idle)) in Target::PROXIES.into_iter().zip(try_join_all(asleep).await?) {
        bounded(target, work(rig, proxy.address)).await?;
        sleep(REST).await;
        rests.push(target, Rest { fresh, idle, loaded: proxy.memory()? });
    }
    let megabytes = |bytes: u64| Some(bytes as f64 / 1e6);
    let micros = |time: Duration| Some(time.as_secs_f64() * 1e6);
    Ok(vec![
        Figure::new("RSS, fresh", "MB", rests.medians(|rest| megabytes(rest.fresh.rss)))
            .goal(Goal::AtMost { limit: 12.0, stretch: None }),
        Figure::new("PSS, fresh", "MB", rests.medians(|rest| megabytes(rest.fresh.pss))),
        Figure::new("CPU ticks while idle", "ticks", rests.medians(|rest| Some(f64::from(rest.idle.ticks))))
            .goal(Goal::AtMost { limit: 0.0, stretch: None }),
        Figure::new("CPU time while idle", "µs", rests.medians(|rest| micros(rest.idle.time))),
        Figure::new("RSS, after load", "MB", rests.medians(|rest| megabytes(rest.loaded.rss)))
            .goal(Goal::AtMost { limit: 20.0, stretch: None }),
        Figure::new("PSS, after load", "MB", rests.medians(|rest| megabytes(rest.loaded.pss))),
    ])
}

async fn fall_asleep(rig: &Rig, target: Target) -> Result<(Process, Memory, CpuSpent)> {
    let proxy = rig.fresh(target).await?.context("the upstream has no rest to measure")?;
    sleep(REST).await;
    let fresh = proxy.memory()?;
    let before = proxy.cpu()?;
    sleep(rig.plan.idle_window).await;
    let idle = before.spent_until(proxy.cpu()?);
    Ok((proxy, fresh, idle))
}

/// A working day in short: small calls, streams, and a few large conversations.
async fn work(rig: &Rig, address: SocketAddr) -> Result<()> {
    for (script, size, connections, times) in
        [(Script::Reply, 1024, 16, 1000), (Script::Burst, 1024, 16, 20), (Script::Reply, 1024 * 1024, 4, 25)]
    {
        let call = Call::openai(script, size);
        Fleet::warmed_up(address, connections, &call, 1).await?.run(&call, times / rig.plan.thinning).await?;
    }
    staggered(address, &Call::openai(Script::Trickle, 1024), 64).await?;
    Ok(())
}

/// From exec to the first 200 on `/healthz`, in a home that has been used before.
pub async fn start(rig: &Rig) -> Result<Vec<Figure>> {
    let home = Home::new(rig.upstream())?;
    Process::portcullis(home.clone()).await?.stop().await?;
    let starts = rig
        .interleave(STARTS, &Target::PROXIES, async |target| {
            let begun = Instant::now();
            let proxy = match target {
                Target::Portcullis => Process::portcullis(home.clone()).await?,
                Target::Direct | Target::Bare => Process::bare_proxy(rig.upstream()).await?,
            };
            check_health(proxy.address).await?;
            let elapsed = begun.elapsed();
            proxy.stop().await?;
            Ok(elapsed)
        })
        .await?;
    Ok(vec![
        Figure::new("exec to the first 200, median of 8", "ms", starts.medians(|time| Some(millis(*time))))
            .goal(Goal::AtMost { limit: 10.0, stretch: Some(5.0) }),
    ])
}

fn first_chunk_millis(run: &SlowRun, share: f64) -> Option<f64> {
    percentile(run.exchanges.iter().map(|exchange| millis(exchange.first_chunk)).collect(), share)
}

fn chunk_delay_millis(run: &SlowRun, share: f64) -> Option<f64> {
    percentile(chunk_delays(&run.exchanges).map(millis).collect(), share)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
