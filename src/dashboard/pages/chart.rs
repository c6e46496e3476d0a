//! Charts as SVG: no inline style, no measuring of fonts, colours by class, so that they
//! follow light and dark. The numbers are in a table beside them.

use std::fmt::Write;

use maud::{Markup, html};

use crate::dashboard::view::usage::{Chart, ChartKind, Measure};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 4.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 22.0;
/// Labels below the axis, at most.
const LABELS: usize = 6;
/// Lines across, above the base.
const STEPS: usize = 4;

pub fn chart(chart: &Chart, names: &[String]) -> Markup {
    let top = round_up(highest(chart), chart.unit);
    let height = HEIGHT - TOP - BOTTOM;
    let y = |value: f64| TOP + height * (1.0 - value / top);
    let column = (WIDTH - LEFT - RIGHT) / chart.columns.len().max(1) as f64;
    let x = |index: usize| LEFT + column * index as f64;
    html! {
        figure.chart {
            figcaption { h3 { (chart.title) } }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(chart.title) {
                @for step in 1..=STEPS {
                    @let value = top * step as f64 / STEPS as f64;
                    line.grid x1=(LEFT) x2=(WIDTH - RIGHT) y1=(place(y(value))) y2=(place(y(value))) {}
                    text x=(LEFT - 6.0) y=(place(y(value) + 4.0)) text-anchor="end" { (chart.unit.text(value)) }
                }
                line.base x1=(LEFT) x2=(WIDTH - RIGHT) y1=(place(y(0.0))) y2=(place(y(0.0))) {}
                @for (index, label) in labels(&chart.columns) {
                    text x=(place(x(index) + column / 2.0)) y=(HEIGHT - 6.0) text-anchor=(if index == 0 { "start" } else { "middle" }) { (label) }
                }
                @match chart.kind {
                    ChartKind::Stacked => { (bars(chart, names, x, column, y)) }
                    ChartKind::Lines => { (lines(chart, names, x, column, y)) }
                }
            }
        }
    }
}

fn bars(
    chart: &Chart,
    names: &[String],
    x: impl Fn(usize) -> f64,
    column: f64,
    y: impl Fn(f64) -> f64,
) -> Markup {
    let gap = (column * 0.18).min(3.0);
    html! {
        @for (index, label) in chart.columns.iter().enumerate() {
            @for (series, value, below) in stack(chart, index) {
                rect class={ "series-" (series + 1) } x=(place(x(index) + gap / 2.0)) width=(place(column - gap))
                    y=(place(y(below + value))) height=(place(y(below) - y(below + value))) {
                    title { (label) " · " (names[series]) ": " (chart.unit.text(value)) }
                }
            }
        }
    }
}

/// Series, value, and what lies below it.
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

fn lines(
    chart: &Chart,
    names: &[String],
    x: impl Fn(usize) -> f64,
    column: f64,
    y: impl Fn(f64) -> f64,
) -> Markup {
    let center = |index: usize| x(index) + column / 2.0;
    html! {
        @for (series, values) in chart.values.iter().enumerate() {
            path class={ "line series-" (series + 1) } d=(path(values, &center, &y)) {}
            @for (index, value) in values.iter().enumerate().filter_map(|(index, value)| Some((index, (*value)?))) {
                circle class={ "series-" (series + 1) } cx=(place(center(index))) cy=(place(y(value))) r="2.5" {
                    title { (chart.columns[index]) " · " (names[series]) ": " (chart.unit.text(value)) }
                }
            }
        }
    }
}

/// A line through the points there are, broken where there is none.
fn path(values: &[Option<f64>], x: &impl Fn(usize) -> f64, y: &impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut pen_is_down = false;
    for (index, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let command = if pen_is_down { 'L' } else { 'M' };
            let _ = write!(path, "{command}{} {}", place(x(index)), place(y(*value)));
        }
        pen_is_down = value.is_some();
    }
    path
}

fn highest(chart: &Chart) -> f64 {
    match chart.kind {
        ChartKind::Lines => chart.values.iter().flatten().flatten().copied().fold(0.0, f64::max),
        ChartKind::Stacked => (0..chart.columns.len())
            .map(|column| stack(chart, column).last().map_or(0.0, |(_, value, below)| value + below))
            .fold(0.0, f64::max),
    }
}

/// The next number above that divides into steps which read well. Things that are counted
/// get whole ones.
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

/// A tenth of a unit is finer than any screen.
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
    fn bars_stand_upon_one_another() {
        let svg = of(ChartKind::Stacked, vec![vec![Some(10.0)], vec![Some(10.0)]]);
        // Of 160 units, 20 is the top: each bar is half.
        assert!(svg.contains("y=\"88\" height=\"80\"") && svg.contains("y=\"8\" height=\"80\""), "{svg}");
    }

    #[test]
    fn a_line_breaks_where_there_is_nothing() {
        let svg = of(ChartKind::Lines, vec![vec![Some(1.0), Some(2.0), None, Some(3.0)]]);
        let path = svg.split(" d=\"").nth(1).expect("a path");
        let path = &path[..path.find('"').expect("its end")];
        assert_eq!(path.matches('M').count(), 2, "{path}");
    }

    #[test]
    fn nothing_in_it_is_markup_or_style() {
        for kind in [ChartKind::Stacked, ChartKind::Lines] {
            let svg = of(kind, vec![vec![Some(1.0), None], vec![None, Some(2.0)]]);
            assert!(!svg.contains("<b>") && !svg.contains("<0>") && !svg.contains("style="), "{svg}");
            assert!(svg.contains("&lt;b&gt;0"), "{svg}");
        }
    }
}
