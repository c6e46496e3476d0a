//! A duration as the terminal and the pages show it; the units are the same in every language.

/// `480 ms`, `1.24 s`, `35.1 s`, `2 min 05 s`.
pub fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{:.2} s", ms as f64 / 1e3),
        10_000..60_000 => format!("{:.1} s", ms as f64 / 1e3),
        _ => format!("{} min {:02} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_digits_that_matter() {
        for (ms, expected) in
            [(0, "0 ms"), (999, "999 ms"), (1240, "1.24 s"), (35_140, "35.1 s"), (125_000, "2 min 05 s")]
        {
            assert_eq!(duration(ms), expected);
        }
    }
}
