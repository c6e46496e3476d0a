//! Figures as users read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `950`, `12k`, `3.4M`: for axes and narrow places.
pub fn short(number: f64) -> String {
    const STEPS: [(f64, &str); 3] = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    match STEPS.into_iter().find(|(size, _)| number >= *size) {
        Some((size, unit)) => format!("{}{unit}", plain(number / size)),
        None => plain(number),
    }
}

/// At most two digits after the point, without trailing zeros.
fn plain(number: f64) -> String {
    let digits = if number >= 100.0 || number.fract() == 0.0 { 0 } else { 2 };
    let text = format!("{number:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `512 B`, `1.5 kB`, `12 MB`, by thousands.
pub fn bytes(number: u64) -> String {
    match number {
        0..1_000 => format!("{number} B"),
        1_000..1_000_000 => format!("{} kB", plain((number as f64 / 1e2).round() / 10.0)),
        _ => format!("{} MB", plain((number as f64 / 1e5).round() / 10.0)),
    }
}

/// `$0.0031`, `$0.42`, `$12.30`: small amounts with more digits.
pub fn dollars(amount: f64) -> String {
    if amount == 0.0 {
        "$0".to_owned()
    } else if amount.abs() < 0.000_1 {
        "<$0.0001".to_owned()
    } else if amount.abs() < 0.1 {
        format!("${amount:.4}")
    } else {
        format!("${amount:.2}")
    }
}

/// `3.2 %`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        String::new()
    } else {
        format!("{} %", plain((part as f64 / whole as f64 * 1e3).round() / 10.0))
    }
}

/// The time of today, or the date and time of another day.
pub fn moment(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let pattern = if at.date() == now.date() {
        "%H:%M:%S"
    } else if at.year() == now.year() {
        "%m-%d %H:%M"
    } else {
        "%Y-%m-%d %H:%M"
    };
    at.strftime(pattern).to_string()
}

/// Date, time and zone in full.
pub fn whole_moment(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        for (number, expected) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(number), expected);
        }
        for (number, expected) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (950.0, "950"),
            (1500.0, "1.5k"),
            (12_000.0, "12k"),
            (3.4e6, "3.4M"),
            (100.0, "100"),
        ] {
            assert_eq!(short(number), expected);
        }
        for (number, expected) in
            [(512, "512 B"), (1500, "1.5 kB"), (12_000_000, "12 MB"), (1_260_000, "1.3 MB")]
        {
            assert_eq!(bytes(number), expected);
        }
        for (amount, expected) in
            [(0.0, "$0"), (0.000_01, "<$0.0001"), (0.003_1, "$0.0031"), (0.424, "$0.42"), (12.3, "$12.30")]
        {
            assert_eq!(dollars(amount), expected);
        }
        assert_eq!((percent(1, 31), percent(0, 0)), ("3.2 %".to_owned(), String::new()));
    }

    #[test]
    fn a_moment_is_as_short_as_it_can_be() {
        let zone = TimeZone::get("Asia/Tokyo").expect("a zone");
        let now: Timestamp = "2026-11-23T03:00:00Z".parse().expect("a time");
        for (at, expected) in [
            ("2026-11-23T01:02:03Z", "10:02:03"),
            ("2026-11-22T14:59:00Z", "11-22 23:59"),
            ("2025-11-22T14:59:00Z", "2025-11-22 23:59"),
        ] {
            assert_eq!(moment(at.parse().expect("a time"), now, &zone), expected);
        }
        assert_eq!(whole_moment(now, &zone), "2026-11-23 12:00:00.000 +09:00");
    }
}
