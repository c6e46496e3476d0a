//! Figures beside their goals: the table for people, JSON for everything else.

use std::fmt;
use std::thread::available_parallelism;

use serde_json::{Value, json};

use crate::pairs::Row;
use crate::rounds::Values;
use crate::usage::Clock;

/// One line of the table.
pub struct Figure {
    name: &'static str,
    unit: &'static str,
    values: Values,
    goal: Option<Goal>,
    clock: Option<Clock>,
}

/// What portcullis should reach, and the stretch beyond it.
#[derive(Clone, Copy)]
pub enum Goal {
    /// At most this many times L.
    TimesBare { limit: f64, stretch: Option<f64> },
    /// At most this much more than L, in the figure's unit.
    MoreThanBare { limit: f64 },
    /// At most this, in the figure's unit.
    AtMost { limit: f64, stretch: Option<f64> },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Stretch,
    Reached,
    Missed,
}

impl Figure {
    pub fn new(name: &'static str, unit: &'static str, values: Values) -> Self {
        Self { name, unit, values, goal: None, clock: None }
    }

    pub fn goal(self, goal: Goal) -> Self {
        Self { goal: Some(goal), ..self }
    }

    /// Which clock the CPU time is from.
    pub fn clock(self, clock: Option<Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The number that the goal limits, and how it fares.
    fn judged(&self) -> Option<(Goal, f64, Verdict)> {
        let goal = self.goal?;
        let (reached, limit, stretch) = match goal {
            Goal::TimesBare { limit, stretch } => (self.values.ratio?, limit, stretch),
            Goal::MoreThanBare { limit } => (self.values.portcullis? - self.values.bare?, limit, None),
            Goal::AtMost { limit, stretch } => (self.values.portcullis?, limit, stretch),
        };
        // Judged as it is shown: a third decimal is noise.
        let reached = (reached * 100.0).round() / 100.0;
        let verdict = match stretch {
            Some(stretch) if reached <= stretch => Verdict::Stretch,
            _ if reached <= limit => Verdict::Reached,
            _ => Verdict::Missed,
        };
        Some((goal, reached, verdict))
    }

    /// `≤ 1.5 L: 1.31 ok`.
    fn judgement(&self) -> String {
        let unit = self.unit;
        match self.judged() {
            None if self.goal.is_some() => "no ratio in this much noise".to_owned(),
            None => String::new(),
            Some((Goal::TimesBare { limit, .. }, reached, verdict)) => {
                format!("≤ {limit} L: {reached:.2} {verdict}")
            }
            Some((Goal::MoreThanBare { limit }, reached, verdict)) => {
                format!("≤ L + {limit} {unit}: {reached:+.2} {verdict}")
            }
            Some((Goal::AtMost { limit, .. }, reached, verdict)) => {
                format!("≤ {limit} {unit}: {reached} {verdict}")
            }
        }
    }

    fn to_json(&self, scenario: &str) -> Value {
        let judged = self.judged();
        json!({
            "scenario": scenario,
            "name": self.name,
            "unit": self.unit,
            "direct": self.values.direct,
            "bare": self.values.bare,
            "portcullis": self.values.portcullis,
            "ratio": self.values.ratio,
            "ratio_spread": self.values.ratio_spread.map(|(low, high)| [low, high]),
            "goal": judged.map(|_| self.judgement()),
            "reached": judged.map(|(_, _, verdict)| verdict != Verdict::Missed),
            "stretch": judged.map(|(_, _, verdict)| verdict == Verdict::Stretch),
            "cpu_clock": self.clock.map(|clock| clock.to_string()),
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stretch => "ok, stretch",
            Self::Reached => "ok",
            Self::Missed => "MISSED",
        })
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Schedstat => "schedstat of the threads",
            Self::Ticks => "utime + stime, in ticks of 10 ms",
        })
    }
}

/// The result of a scenario.
pub enum Measured {
    /// Lines that stand beside L.
    Figures(Vec<Figure>),
    /// Lines of a table of their own.
    Pairs(Vec<Row>),
}

/// Every figure of a run.
pub struct Report {
    quick: bool,
    rounds: usize,
    cores: usize,
    figures: Vec<(String, Figure)>,
    pairs: Vec<Row>,
    failures: Vec<String>,
}

impl Report {
    pub fn new(quick: bool, rounds: usize) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self { quick, rounds, cores, figures: Vec::new(), pairs: Vec::new(), failures: Vec::new() }
    }

    /// The result of a scenario, or why there is none.
    pub fn add(&mut self, scenario: &str, outcome: anyhow::Result<Measured>) {
        match outcome {
            Ok(Measured::Pairs(rows)) => self.pairs.extend(rows),
            Ok(Measured::Figures(figures)) => {
                let labelled = figures.into_iter().map(|figure| (scenario.to_owned(), figure));
                self.figures.extend(labelled);
            }
            Err(error) => self.failures.push(format!("{scenario}: {error:#}")),
        }
    }

    /// Whether every scenario could be measured.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
    }

    pub fn to_json(&self) -> Value {
        let figures: Vec<Value> =
            self.figures.iter().map(|(scenario, figure)| figure.to_json(scenario)).collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "quick": self.quick,
            "rounds": self.rounds,
            "cores": self.cores,
            "figures": figures,
            "pairs": self.pairs.iter().map(Row::to_json).collect::<Vec<_>>(),
            "failures": self.failures,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            formatter,
            "portcullis {} and L, a bare hyper reverse proxy, on {} cores; medians of {} rounds{}",
            env!("CARGO_PKG_VERSION"),
            self.cores,
            self.rounds,
            if self.quick { " (quick: an impression, not a result)" } else { "" },
        )?;
        writeln!(
            formatter,
            "ratio: portcullis to L within a round, and where the middle half of the rounds lies\n"
        )?;
        let [direct, bare, portcullis, ratio, spread] = ["direct", "L", "portcullis", "ratio", "(spread)"];
        writeln!(
            formatter,
            "{:<11}{:<40}{:<6}{direct:>9}{bare:>9}{portcullis:>12}{ratio:>7} {spread:<15} goal",
            "scenario", "figure", "unit",
        )?;
        let mut previous = "";
        for (scenario, figure) in &self.figures {
            let shown = if scenario == previous { "" } else { scenario };
            previous = scenario;
            write_line(formatter, shown, figure)?;
        }
        if !self.pairs.is_empty() {
            writeln!(formatter, "\n{}", Row::head())?;
            self.pairs.iter().try_for_each(|row| writeln!(formatter, "{row}"))?;
        }
        let goals: Vec<Verdict> =
            self.figures.iter().filter_map(|(_, figure)| Some(figure.judged()?.2)).collect();
        let missed = goals.iter().filter(|verdict| **verdict == Verdict::Missed).count();
        write!(formatter, "\n{} of {} goals reached", goals.len() - missed, goals.len())?;
        if self.figures.iter().any(|(_, figure)| figure.clock == Some(Clock::Ticks)) {
            write!(formatter, "\n* a thread ended during the run: {}", Clock::Ticks)?;
        }
        for failure in &self.failures {
            write!(formatter, "\nFAILED {failure}")?;
        }
        Ok(())
    }
}

fn write_line(formatter: &mut fmt::Formatter<'_>, scenario: &str, figure: &Figure) -> fmt::Result {
    let Figure { name, unit, values, clock, .. } = figure;
    let mark = if *clock == Some(Clock::Ticks) { "*" } else { "" };
    let spread = values.ratio_spread.map(|(low, high)| format!("({low:.2}–{high:.2})"));
    let line = format!(
        "{scenario:<11}{name:<40}{unit:<6}{:>9}{:>9}{:>12}{:>7} {:<15} {}",
        number(values.direct),
        number(values.bare),
        number(values.portcullis) + mark,
        values.ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
        spread.unwrap_or_default(),
        figure.judgement(),
    );
    writeln!(formatter, "{}", line.trim_end())
}

/// Three figures that mean something: `0.214`, `21.4`, `21400`.
fn number(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(0.0) => "0".to_owned(),
        Some(value) if value.abs() < 1.0 => format!("{value:.3}"),
        Some(value) if value.abs() < 100.0 => format!("{value:.1}"),
        Some(value) => format!("{value:.0}"),
    }
}
