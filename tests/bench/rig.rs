//! The processes of a run, and the one way to measure them: in turns, round after round, each step bounded.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::time::{sleep, timeout};

use crate::call::Call;
use crate::load::{Exchange, Fleet};
use crate::process::{Home, Process};
use crate::rounds::{Rounds, Target};
use crate::usage::CpuSpent;

/// Longest time one measurement may take; a proxy that hangs ends the run.
const STEP_LIMIT: Duration = Duration::from_mins(2);

/// What a proxy does once after its start is over this soon after the warm-up.
const STARTING: Duration = Duration::from_millis(300);

/// Work that a proxy puts off (a record written in a batch) counts when it happens this soon after the load.
const SETTLING: Duration = Duration::from_millis(1200);

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    pub rounds: usize,
    /// Rounds of measurements that take a moment: the more there are, the less one odd placement of the
    /// processes on the cores decides.
    pub short_rounds: usize,
    /// Processes that are measured with a setting and without it, twice each.
    pub switch_rounds: usize,
    /// Rounds of the many measurements of pairs.
    pub pair_rounds: usize,
    /// By what the number of calls is divided.
    pub thinning: usize,
    pub idle_window: Duration,
}

impl Plan {
    pub fn full() -> Self {
        Self {
            rounds: 7,
            short_rounds: 41,
            switch_rounds: 8,
            pair_rounds: 5,
            thinning: 1,
            idle_window: Duration::from_secs(20),
        }
    }

    pub fn quick() -> Self {
        Self {
            rounds: 3,
            short_rounds: 15,
            switch_rounds: 2,
            pair_rounds: 1,
            thinning: 4,
            idle_window: Duration::from_secs(5),
        }
    }
}

/// The upstream, and new proxies in front of it for every measurement: how a process happens to lie in memory
/// can shift its figures by a third for as long as it lives, and must not decide a run.
pub struct Rig {
    pub plan: Plan,
    mock: Process,
}

/// What one target showed under load.
pub struct Run {
    pub exchanges: Vec<Exchange>,
    pub elapsed: Duration,
    /// Of the proxy process; none without a proxy.
    pub cpu: Option<CpuSpent>,
}

impl Rig {
    pub async fn start(plan: Plan) -> Result<Self> {
        let mock = Process::mock().await.context("the mock upstream did not start")?;
        Ok(Self { plan, mock })
    }

    pub fn upstream(&self) -> SocketAddr {
        self.mock.address
    }

    /// A new process of a proxy; none for the upstream, which is there already.
    pub async fn fresh(&self, target: Target) -> Result<Option<Process>> {
        Ok(match target {
            Target::Direct => None,
            Target::Bare => Some(Process::bare_proxy(self.upstream()).await?),
            Target::Portcullis => Some(Process::portcullis(Home::new(self.upstream())?).await?),
        })
    }

    /// Measures each target once per round; every round begins with another one, so that noise hits all alike.
    pub async fn interleave<M>(
        &self,
        rounds: usize,
        targets: &[Target],
        measure: impl AsyncFn(Target) -> Result<M>,
    ) -> Result<Rounds<M>> {
        let mut measured = Rounds::new();
        for round in 0..rounds {
            for turn in 0..targets.len() {
                let target = targets[(round + turn) % targets.len()];
                measured.push(target, bounded(target, measure(target)).await?);
            }
        }
        Ok(measured)
    }

    /// Sends `call` over one connection, for its latency alone.
    pub async fn time(&self, target: Target, call: &Call) -> Result<Vec<Exchange>> {
        let proxy = self.fresh(target).await?;
        let mut fleet = Fleet::warmed_up(self.address(proxy.as_ref()), 1, call, 100).await?;
        fleet.run(call, 1000).await
    }

    /// Sends `call` over `connections` at once, about `calls` times in all.
    pub async fn drive(&self, target: Target, call: &Call, connections: usize, calls: usize) -> Result<Run> {
        self.drive_process(self.fresh(target).await?.as_ref(), call, connections, calls).await
    }

    /// What a setting costs: portcullis without it stands for L. Both are the same process, because what another
    /// place in memory costs is more than what most settings do.
    pub async fn switch(
        &self,
        [without, with]: [&str; 2],
        call: &Call,
        connections: usize,
        calls: usize,
    ) -> Result<Rounds<Run>> {
        let mut measured = Rounds::new();
        for round in 0..self.plan.switch_rounds {
            let proxy = Process::portcullis(Home::new(self.upstream())?).await?;
            let [first, second] =
                if round % 2 == 0 { Target::PROXIES } else { [Target::Portcullis, Target::Bare] };
            // Whichever comes first in a new process pays for more than itself, so each comes first once.
            for target in [first, second, second, first] {
                proxy.reconfigure(if target == Target::Portcullis { with } else { without }).await?;
                let driven = self.drive_process(Some(&proxy), call, connections, calls);
                measured.push(target, bounded(target, driven).await?);
            }
        }
        Ok(measured)
    }

    async fn drive_process(
        &self,
        proxy: Option<&Process>,
        call: &Call,
        connections: usize,
        calls: usize,
    ) -> Result<Run> {
        let times = (calls / self.plan.thinning / connections).max(1);
        let mut fleet = Fleet::warmed_up(self.address(proxy), connections, call, times.div_ceil(10)).await?;
        sleep(STARTING).await;
        let before = proxy.map(Process::cpu).transpose()?;
        let begun = Instant::now();
        let exchanges = fleet.run(call, times).await?;
        let elapsed = begun.elapsed();
        let Some((proxy, before)) = proxy.zip(before) else {
            return Ok(Run { exchanges, elapsed, cpu: None });
        };
        sleep(SETTLING).await;
        Ok(Run { exchanges, elapsed, cpu: Some(before.spent_until(proxy.cpu()?)) })
    }

    /// Where calls for this proxy go, or for none.
    fn address(&self, proxy: Option<&Process>) -> SocketAddr {
        proxy.unwrap_or(&self.mock).address
    }
}

/// Fails when `step` takes too long, and names the target of whatever failed.
pub async fn bounded<M>(target: Target, step: impl Future<Output = Result<M>>) -> Result<M> {
    let ended = timeout(STEP_LIMIT, step).await;
    ended
        .with_context(|| format!("{target:?} took more than {STEP_LIMIT:?}"))?
        .with_context(|| format!("{target:?} failed"))
}
