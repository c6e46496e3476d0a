//! Scenarios about traffic: what a request, a chunk and a megabyte cost.

use std::time::Duration;

use anyhow::Result;

use crate::call::Call;
use crate::load::Exchange;
use crate::report::{Figure, Goal};
use crate::rig::{Rig, Run};
use crate::rounds::{Rounds, Target, percentile};
use crate::script::Script;

pub const KILOBYTE: usize = 1024;
const MEGABYTE: usize = 1024 * KILOBYTE;

/// Connections of the scenarios that ask what a crowd costs.
pub const CROWD: usize = 16;

/// 1 KB in and out: the latency of one connection, the CPU time of a crowd.
pub async fn small(rig: &Rig) -> Result<Vec<Figure>> {
    let call = Call::openai(Script::Reply, KILOBYTE);
    let alone = rig.interleave(rig.plan.short_rounds, &Target::ALL, |target| rig.time(target, &call)).await?;
    let crowd = rig
        .interleave(rig.plan.rounds, &Target::ALL, |target| rig.drive(target, &call, CROWD, 32_000))
        .await?;
    Ok(vec![
        Figure::new("p50, 1 connection", "µs", alone.medians(|calls| Some(latency(calls, 0.5)))),
        Figure::new("p99, 1 connection", "µs", alone.medians(|calls| Some(latency(calls, 0.99)))),
        Figure::new("added p50, 1 connection", "µs", alone.added(|calls| latency(calls, 0.5)))
            .goal(Goal::TimesBare { limit: 1.7, stretch: Some(1.3) }),
        Figure::new("requests per second, 16 connections", "1/s", crowd.medians(|run| Some(rate(run)))),
        cpu("CPU per request, 16 connections", &crowd, per_request)
            .goal(Goal::TimesBare { limit: 1.5, stretch: Some(1.25) }),
    ])
}

/// Streams of 200 chunks: all chunks at once, and one per millisecond.
pub async fn stream(rig: &Rig) -> Result<Vec<Figure>> {
    let burst = streams(rig, Script::Burst, 800, |_| false).await?;
    let trickle = streams(rig, Script::Trickle, 96, |_| false).await?;
    Ok(vec![
        cpu("CPU per chunk, 200 at once", &burst, per_chunk)
            .goal(Goal::TimesBare { limit: 0.4, stretch: Some(0.3) }),
        cpu("CPU per chunk, 1 ms apart", &trickle, per_chunk)
            .goal(Goal::TimesBare { limit: 1.0, stretch: Some(0.8) }),
        Figure::new("chunk delay p50, 1 ms apart", "µs", trickle.medians(|run| Some(chunk_delay(run, 0.5)))),
        Figure::new("chunk delay p99, 1 ms apart", "µs", trickle.medians(|run| Some(chunk_delay(run, 0.99)))),
    ])
}

/// A conversation of 1 MB that names its model at the end.
pub async fn large(rig: &Rig) -> Result<Vec<Figure>> {
    let call = Call::openai(Script::Reply, MEGABYTE);
    let runs =
        rig.interleave(rig.plan.rounds, &Target::ALL, |target| rig.drive(target, &call, 4, 400)).await?;
    Ok(vec![
        Figure::new(
            "p50, 1 MB in, 4 connections",
            "µs",
            runs.medians(|run| Some(latency(&run.exchanges, 0.5))),
        ),
        cpu("CPU per request, 1 MB in", &runs, per_request)
            .goal(Goal::TimesBare { limit: 1.6, stretch: Some(1.2) }),
    ])
}

/// Anthropic calls for the same upstream. L cannot translate: it carries the plain calls of the same size.
pub async fn translated(rig: &Rig) -> Result<Vec<Figure>> {
    let by_portcullis = |target| target == Target::Portcullis;
    let whole = rig
        .interleave(rig.plan.rounds, &Target::PROXIES, |target| {
            drive_translated(rig, target, Script::Reply, 16_000, by_portcullis(target))
        })
        .await?;
    let burst = streams(rig, Script::Burst, 800, by_portcullis).await?;
    let trickle = streams(rig, Script::Trickle, 96, by_portcullis).await?;
    Ok(vec![
        cpu("CPU per request, 16 connections", &whole, per_request)
            .goal(Goal::TimesBare { limit: 2.0, stretch: Some(1.6) }),
        cpu("CPU per chunk, 200 at once", &burst, per_chunk),
        cpu("CPU per chunk, 1 ms apart", &trickle, per_chunk)
            .goal(Goal::TimesBare { limit: 1.3, stretch: Some(1.0) }),
    ])
}

/// What the record of requests costs: portcullis with it against portcullis without it, which stands for L.
pub async fn monitor(rig: &Rig) -> Result<Vec<Figure>> {
    let (off, on) = ("[monitor]\nenabled = false", "");
    let all = "[monitor]\ncapture_bodies = \"all\"";
    Ok(vec![
        recorded(rig, "CPU per request, record on (L: off)", Script::Reply, 32_000, [off, on])
            .await?
            .goal(Goal::TimesBare { limit: 1.05, stretch: None }),
        recorded(rig, "CPU per request, with bodies (L: off)", Script::Reply, 32_000, [off, all]).await?,
        recorded(rig, "CPU per stream of 200, record on (L: off)", Script::Burst, 800, [off, on])
            .await?
            .goal(Goal::TimesBare { limit: 1.05, stretch: None }),
        recorded(rig, "CPU per stream of 200, with bodies (L: off)", Script::Burst, 800, [off, all]).await?,
    ])
}

async fn recorded(
    rig: &Rig,
    name: &'static str,
    script: Script,
    calls: usize,
    settings: [&str; 2],
) -> Result<Figure> {
    let runs = rig.switch(settings, &Call::openai(script, KILOBYTE), CROWD, calls).await?;
    Ok(cpu(name, &runs, per_request))
}

async fn streams(
    rig: &Rig,
    script: Script,
    count: usize,
    translated: impl Fn(Target) -> bool,
) -> Result<Rounds<Run>> {
    rig.interleave(rig.plan.rounds, &Target::PROXIES, |target| {
        drive_translated(rig, target, script, count, translated(target))
    })
    .await
}

async fn drive_translated(
    rig: &Rig,
    target: Target,
    script: Script,
    calls: usize,
    translated: bool,
) -> Result<Run> {
    let write = if translated { Call::anthropic } else { Call::openai };
    rig.drive(target, &write(script, KILOBYTE), CROWD, calls).await
}

/// The CPU time of the proxies in microseconds, shared out by `units`.
fn cpu(name: &'static str, runs: &Rounds<Run>, units: fn(&Run) -> usize) -> Figure {
    let share = |run: &Run| Some(micros(run.cpu?.time) / units(run) as f64);
    let clock = runs.all().filter_map(|run| Some(run.cpu?.clock)).max();
    Figure::new(name, "µs", runs.medians(share)).clock(clock)
}

pub fn per_request(run: &Run) -> usize {
    run.exchanges.len()
}

pub fn per_chunk(run: &Run) -> usize {
    run.exchanges.iter().map(|exchange| exchange.chunk_delays.len()).sum()
}

fn rate(run: &Run) -> f64 {
    run.exchanges.len() as f64 / run.elapsed.as_secs_f64()
}

fn latency(exchanges: &[Exchange], share: f64) -> f64 {
    percentile(exchanges.iter().map(|exchange| micros(exchange.elapsed)).collect(), share).unwrap_or_default()
}

fn chunk_delay(run: &Run, share: f64) -> f64 {
    percentile(chunk_delays(&run.exchanges).map(micros).collect(), share).unwrap_or_default()
}

/// How long every chunk of these exchanges was on its way.
pub fn chunk_delays(exchanges: &[Exchange]) -> impl Iterator<Item = Duration> {
    exchanges.iter().flat_map(|exchange| exchange.chunk_delays.iter().copied())
}

pub fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
