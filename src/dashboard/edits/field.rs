//! From a key of the file to the field of a form that it is asked in.

/// The field of a form that a key of the file belongs to: `accounts[2].models[0]` to
/// `models`, `proxy.allowed_hosts[1]` to `proxy.allowed_hosts`, `prices.a.input` to `input`.
pub fn field(key: &str) -> String {
    if let Some(line) = key.strip_prefix("prices.") {
        return price_field(line).to_owned();
    }
    let (in_account, key) = match key.strip_prefix("accounts[").and_then(|rest| rest.split_once("].")) {
        Some((_, key)) => (true, key),
        None => (false, key),
    };
    let key = key.split('[').next().unwrap_or_default();
    match key.rsplit_once('.') {
        Some((secret, place)) if secret.ends_with("api_key") && in_account => format!("{secret}_{place}"),
        Some((secret, _)) if secret.ends_with("api_key") => secret.to_owned(),
        _ => key.to_owned(),
    }
}

/// A name that holds a `.` stands in quotes, so it never looks like a key of its price.
fn price_field(line: &str) -> &str {
    match line.rsplit_once('.') {
        Some((_, key @ ("input" | "cached_input" | "output"))) => key,
        _ => "model",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_finds_its_field() {
        let cases = [
            ("proxy.port", "proxy.port"),
            ("proxy.allowed_hosts[1]", "proxy.allowed_hosts"),
            ("proxy.api_key.env", "proxy.api_key"),
            ("zai.models.opus", "zai.models.opus"),
            ("accounts[12].name", "name"),
            ("accounts[2].models[0]", "models"),
            ("accounts[0].api_key", "api_key"),
            ("accounts[0].api_key.env", "api_key_env"),
            ("prices.\"gpt-5.1*\".cached_input", "cached_input"),
            ("prices.\"a.input\"", "model"),
            ("prices.\"\"", "model"),
            ("", ""),
        ];
        for (key, expected) in cases {
            assert_eq!(field(key), expected, "{key}");
        }
    }
}
