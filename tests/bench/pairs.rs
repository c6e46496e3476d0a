//! What translation costs between every two protocols, beside passing the same client's bytes on.

use std::fmt;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::call::Call;
use crate::dialect::Dialect;
use crate::rig::{Rig, Run, bounded};
use crate::rounds::{Target, percentile};
use crate::script::Script;
use crate::traffic::{CROWD, KILOBYTE, micros, per_chunk, per_request};

/// One client before every upstream.
pub struct Row {
    client: Dialect,
    unit: &'static str,
    /// In the order of [`Dialect::ALL`].
    costs: Vec<Cost>,
}

/// CPU time of portcullis.
struct Cost {
    micros: f64,
    /// To passing on, compared within each round.
    ratio: f64,
}

type Share = fn(&Run) -> usize;

const UNITS: [(&str, Script, usize, Share); 2] =
    [("request", Script::Reply, 8_000, per_request), ("chunk, 200 at once", Script::Burst, 400, per_chunk)];

pub async fn measure(rig: &Rig) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (unit, script, calls, units) in UNITS {
        for client in Dialect::ALL {
            let mut rounds = Vec::new();
            for round in 0..rig.plan.pair_rounds {
                rounds.push(one_round(rig, client, script, calls, units, round).await?);
            }
            rows.push(Row { client, unit, costs: costs(client, &rounds)? });
        }
    }
    Ok(rows)
}

/// The client before each upstream once; every round begins with another one.
async fn one_round(
    rig: &Rig,
    client: Dialect,
    script: Script,
    calls: usize,
    units: Share,
    round: usize,
) -> Result<[f64; 4]> {
    let mut shares = [0.0; 4];
    for turn in 0..shares.len() {
        let index = (round + turn) % shares.len();
        let call = Call::pinned(client, Dialect::ALL[index], script, KILOBYTE);
        let run = bounded(Target::Portcullis, rig.drive(Target::Portcullis, &call, CROWD, calls)).await;
        let pair = || format!("{} before {}", client.name(), Dialect::ALL[index].name());
        let run = run.with_context(pair)?;
        let cpu = run.cpu.context("a proxy has a CPU time")?;
        shares[index] = micros(cpu.time) / units(&run) as f64;
    }
    Ok(shares)
}

fn costs(client: Dialect, rounds: &[[f64; 4]]) -> Result<Vec<Cost>> {
    let own = Dialect::ALL.iter().position(|dialect| *dialect == client).context("one of all")?;
    let median = |values: Vec<f64>| percentile(values, 0.5).context("no round");
    (0..Dialect::ALL.len())
        .map(|index| {
            Ok(Cost {
                micros: median(rounds.iter().map(|shares| shares[index]).collect())?,
                ratio: median(rounds.iter().map(|shares| shares[index] / shares[own]).collect())?,
            })
        })
        .collect()
}

impl Row {
    pub fn to_json(&self) -> Value {
        let costs = Dialect::ALL.iter().zip(&self.costs).map(|(upstream, cost)| {
            json!({"upstream": upstream.name(), "micros": cost.micros, "ratio": cost.ratio})
        });
        json!({"client": self.client.name(), "unit": self.unit, "costs": costs.collect::<Vec<_>>()})
    }

    /// The line above a table of these.
    pub fn head() -> String {
        let upstreams = Dialect::ALL.map(|upstream| format!("{:>18}", upstream.name())).concat();
        format!("{:<11}{:<20}{upstreams}", "client", "CPU µs per")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:<11}{:<20}", self.client.name(), self.unit)?;
        for (upstream, cost) in Dialect::ALL.iter().zip(&self.costs) {
            let ratio = if *upstream == self.client {
                "passed on".to_owned()
            } else {
                format!("{:.2} ×", cost.ratio)
            };
            write!(formatter, "{:>7.2} {ratio:>10}", cost.micros)?;
        }
        Ok(())
    }
}
