//! Charts as SVG, without inline styles or font measurements; colours are set by class, so that
//! they follow the light or dark scheme. The numbers are in a table below.

use maud::{Markup, html};

use crate::dashboard::view::usage::{Chart, ChartKind, Measure};

const HEIGHT: f64 = 190.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 22.0;
/// The right edge of the axis labels, in pixels.
const AXIS: f64 = 46.0;
/// The most labels below the axis; a small screen shows every other one.
const LABELS: usize = 6;
/// Grid lines above the base.
const STEPS: usize = 4;

/// Heights are in pixels and widths in percent, so that text keeps its size on every screen.
pub fn chart(chart: &Chart, names: &[String]) -> Markup {
    let top = round_up(highest(chart), chart.unit);
    let y = |value: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - value / top);
    let steps = || (1..=STEPS).map(|step| top * step as f64 / STEPS as f64);
    html! {
        figure.chart {
            figcaption { h3 { (chart.title) } }
            div.drawing {
                svg.axis height=(HEIGHT) aria-hidden="true" {
                    @for value in steps() {
                        text x=(AXIS) y=(place(y(value) + 4.0)) text-anchor="end" { (chart.unit.text(value)) }
                    }
                }
                svg.plot height=(HEIGHT) role="img" aria-label=(chart.title) {
                    @for value in steps() {
                        line.grid x1="0" x2="100%" y1=(place(y(value))) y2=(place(y(value))) {}
                    }
                    line.base x1="0" x2="100%" y1=(place(y(0.0))) y2=(place(y(0.0))) {}
                    @for (number, (index, label)) in labels(&chart.columns).enumerate() {
                        text.between[number % 2 == 1] x=(percent(middle(chart, index))) y=(HEIGHT - 6.0)
                            text-anchor=(if index == 0 { "start" } else { "middle" }) { (label) }
                    }
                    @match chart.kind {
                        ChartKind::Stacked => { (bars(chart, names, y)) }
                        ChartKind::Lines => { (lines(chart, names, y)) }
                    }
                }
            }
        }
    }
}

/// The width of a column in percent.
fn width(chart: &Chart) -> f64 {
    100.0 / chart.columns.len().max(1) as f64
}

fn middle(chart: &Chart, column: usize) -> f64 {
    width(chart) * (column as f64 + 0.5)
}

fn bars(chart: &Chart, names: &[String], y: impl Fn(f64) -> f64) -> Markup {
    let gap = (width(chart) * 0.18).min(0.6);
    html! {
        @for (index, label) in chart.columns.iter().enumerate() {
            @for (series, value, below) in stack(chart, index) {
                rect class={ "series-" (series + 1) } x=(percent(width(chart) * index as f64 + gap / 2.0)) width=(percent(width(chart) - gap))
                    y=(place(y(below + value))) height=(place(y(below) - y(below + value))) {
                    title { (label) " · " (names[series]) ": " (chart.unit.text(value)) }
                }
            }
        }
    }
}

/// The bars of a column: series, value, and the sum of the values below it.
fn stack(chart: &Chart, column: usize) -> Vec<(usize, f64, f64)> {
    let mut below = 0.0;
    let mut stacked = Vec::new();
    for (series, values) in chart.values.iter().enumerate() {
        if let Some(value) = values[column].filter(|value| *value > 0.0) {
            stacked.push((series, value, below));
            below += value;
        }
    }
    stacked
}

fn lines(chart: &Chart, names: &[String], y: impl Fn(f64) -> f64) -> Markup {
    html! {
        @for (series, values) in chart.values.iter().enumerate() {
            @for (index, [from, to]) in strokes(values) {
                line class={ "line series-" (series + 1) } x1=(percent(middle(chart, index))) x2=(percent(middle(chart, index + 1)))
                    y1=(place(y(from))) y2=(place(y(to))) {}
            }
            @for (index, value) in values.iter().enumerate().filter_map(|(index, value)| Some((index, (*value)?))) {
                circle class={ "series-" (series + 1) } cx=(percent(middle(chart, index))) cy=(place(y(value))) r="2.5" {
                    title { (chart.columns[index]) " · " (names[series]) ": " (chart.unit.text(value)) }
                }
            }
        }
    }
}

/// The strokes from each point to the next, where both exist.
fn strokes(values: &[Option<f64>]) -> impl Iterator<Item = (usize, [f64; 2])> {
    let pairs = values.windows(2).enumerate();
    pairs.filter_map(|(index, pair)| match pair {
        [Some(from), Some(to)] => Some((index, [*from, *to])),
        _ => None,
    })
}

fn highest(chart: &Chart) -> f64 {
    match chart.kind {
        ChartKind::Lines => chart.values.iter().flatten().flatten().copied().fold(0.0, f64::max),
        ChartKind::Stacked => (0..chart.columns.len())
            .map(|column| stack(chart, column).last().map_or(0.0, |(_, value, below)| value + below))
            .fold(0.0, f64::max),
    }
}

/// The next higher number that divides into round steps; whole steps for counts.
fn round_up(highest: f64, unit: Measure) -> f64 {
    let least = if unit == Measure::Dollars { 0.000_1 } else { 1.0 };
    let step = (highest / STEPS as f64).max(least);
    let size = 10_f64.powf(step.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|step| step * size);
    let is_fit =
        |found: &f64| *found >= step * 0.999_999 && (unit == Measure::Dollars || found.fract() == 0.0);
    steps.into_iter().find(is_fit).unwrap_or(step) * STEPS as f64
}

fn labels(columns: &[String]) -> impl Iterator<Item = (usize, &String)> {
    let every = columns.len().div_ceil(LABELS).max(1);
    columns.iter().enumerate().filter(move |(index, _)| index % every == 0)
}

fn percent(share: f64) -> String {
    format!("{}%", (share * 100.0).round() / 100.0)
}

/// A tenth of a pixel is finer than any screen.
fn place(coordinate: f64) -> f64 {
    (coordinate * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: ChartKind, values: Vec<Vec<Option<f64>>>) -> String {
        let columns = (0..values[0].len()).map(|index| format!("<{index}>")).collect();
        let names: Vec<String> = (0..values.len()).map(|index| format!("<b>{index}")).collect();
        chart(&Chart { title: "a & b".to_owned(), kind, unit: Measure::Number, columns, values }, &names)
            .into_string()
    }

    #[test]
    fn the_scale_ends_on_a_round_number() {
        for (highest, top) in [
            (0.0, 4.0),
            (3.0, 4.0),
            (4.0, 4.0),
            (5.0, 8.0),
            (11.0, 20.0),
            (61.0, 80.0),
            (90.0, 100.0),
            (950.0, 1000.0),
        ] {
            assert!((round_up(highest, Measure::Number) - top).abs() < 1e-9, "{highest}");
        }
        assert!((round_up(0.013, Measure::Dollars) - 0.02).abs() < 1e-9);
    }

    #[test]
    fn bars_are_stacked() {
        let svg = of(ChartKind::Stacked, vec![vec![Some(10.0)], vec![Some(10.0)]]);
        // Of 160 units, 20 is the top: each bar is half.
        assert!(svg.contains("y=\"88\" height=\"80\"") && svg.contains("y=\"8\" height=\"80\""), "{svg}");
    }

    #[test]
    fn a_line_breaks_where_a_value_is_missing() {
        let svg = of(ChartKind::Lines, vec![vec![Some(1.0), Some(2.0), None, Some(3.0)]]);
        let strokes = svg.matches("<line class=\"line series-1\"").count();
        assert_eq!((strokes, svg.matches("<circle").count()), (1, 3), "{svg}");
    }

    #[test]
    fn a_chart_holds_no_foreign_markup_and_no_style() {
        for kind in [ChartKind::Stacked, ChartKind::Lines] {
            let svg = of(kind, vec![vec![Some(1.0), None], vec![None, Some(2.0)]]);
            assert!(!svg.contains("<b>") && !svg.contains("<0>") && !svg.contains("style="), "{svg}");
            assert!(svg.contains("&lt;b&gt;0"), "{svg}");
        }
    }
}
