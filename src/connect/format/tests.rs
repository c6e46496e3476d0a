use super::*;

fn key(parts: &[&str]) -> Vec<String> {
    parts.iter().map(|&part| part.to_owned()).collect()
}

/// Puts a value, compares the text, and removes the value again.
#[track_caller]
fn check(format: Format, before: &str, at: &[&str], after: &str) {
    let key = key(at);
    let depth = format.depth(before, &key);
    let there = format.read(before, &key).expect("fit");
    let put = format.put(before, &key, Put::Text("new")).expect("fit");
    assert_eq!(put, after);
    assert_eq!(format.read(&put, &key).expect("fit").and_then(|found| found.text).as_deref(), Some("new"));
    let back = match there {
        Some(found) => format.put(&put, &key, Put::Raw(&found.raw)),
        None => format.remove(&put, &key, depth),
    };
    assert_eq!(back.expect("fit"), before, "and back again");
}

#[test]
fn json_keeps_comments_order_and_commas() {
    check(
        Format::Json,
        "{\n  // mine\n  \"model\": \"x\", // why\n  \"env\": {\n    \"A\": \"1\",\n  },\n}\n",
        &["env", "B"],
        "{\n  // mine\n  \"model\": \"x\", // why\n  \"env\": {\n    \"A\": \"1\",\n    \"B\": \"new\",\n  },\n}\n",
    );
    check(
        Format::Json,
        "{\n\t\"env\": { \"B\": \"\\u006fld\" },\n\t\"z\": [1, 2]\n}",
        &["env", "B"],
        "{\n\t\"env\": { \"B\": \"new\" },\n\t\"z\": [1, 2]\n}",
    );
}

#[test]
fn json_creates_the_sections_it_needs_and_removes_them_again() {
    check(
        Format::Json,
        "{\n  \"model\": \"x\"\n}\n",
        &["a", "b", "c"],
        "{\n  \"model\": \"x\",\n  \"a\": {\n    \"b\": {\n      \"c\": \"new\"\n    }\n  }\n}\n",
    );
    let started = Format::Json.put("", &key(&["a"]), Put::Text("new")).expect("fit");
    assert_eq!(started, "{\n  \"a\": \"new\"\n}\n");
}

#[test]
fn a_section_with_a_comment_of_its_own_stays() {
    let text = "{\n  \"env\": {\n    // mine\n    \"A\": \"1\"\n  }\n}\n";
    let removed = Format::Json.remove(text, &key(&["env", "A"]), 0).expect("fit");
    assert!(removed.contains("// mine"), "{removed}");
}

#[test]
fn toml_keeps_comments_order_and_line_ends() {
    check(
        Format::Toml,
        "# top\r\nmodel = \"x\" # why\r\n\r\n[tui]\r\ntheme = \"dark\"\r\n",
        &["model"],
        "# top\r\nmodel = \"new\" # why\r\n\r\n[tui]\r\ntheme = \"dark\"\r\n",
    );
    check(
        Format::Toml,
        "model = \"x\"\n\n[tui]\ntheme = 'dark'\n",
        &["providers", "ours", "url"],
        "model = \"x\"\n\n[tui]\ntheme = 'dark'\n\n[providers.ours]\nurl = \"new\"\n",
    );
    check(
        Format::Toml,
        "providers = { theirs = { url = \"u\" } }\n",
        &["providers", "ours", "url"],
        "providers = { theirs = { url = \"u\" } , ours = { url = \"new\" } }\n",
    );
    check(
        Format::Toml,
        "[providers.ours]\nurl = 'old' # here\n",
        &["providers", "ours", "url"],
        "[providers.ours]\nurl = \"new\" # here\n",
    );
}

#[test]
fn lines_keep_everything_around_the_value() {
    let cases = [
        ("A=1", "A=1\nK=new\n"),
        ("# c\r\nA=1\r\n", "# c\r\nA=1\r\nK=new\r\n"),
        ("K=old # why\nB=2\n", "K=new # why\nB=2\n"),
        ("  export K = \"o l d\"  # why\n", "  export K = new  # why\n"),
        ("A='two\nK=inside\nlines'\nK=old\n", "A='two\nK=inside\nlines'\nK=new\n"),
        ("K=first\nK=last\n", "K=first\nK=new\n"),
        ("K=\n", "K=new\n"),
        ("K='it\\'s'\n", "K=new\n"),
        ("nonsense\nÄ=1\n=x\nK=old", "nonsense\nÄ=1\n=x\nK=new"),
    ];
    for (before, after) in cases {
        if before.ends_with('\n') || before.contains("K=") {
            check(Format::Env, before, &["K"], after);
        } else {
            assert_eq!(Format::Env.put(before, &key(&["K"]), Put::Text("new")).expect("fit"), after);
        }
    }
}

#[test]
fn lines_are_read_as_the_tool_reads_them() {
    let cases = [
        ("K=plain text # comment", "plain text"),
        ("K=\"a # b\"", "a # b"),
        ("K='a\\nb'", "a\\nb"),
        ("K=\"a\\nb\"", "a\nb"),
        ("export K=`x`", "x"),
        ("K=\"unclosed", "\"unclosed"),
    ];
    for (text, expected) in cases {
        let found = Format::Env.read(text, &key(&["K"])).expect("fit").expect("there");
        assert_eq!(found.text.as_deref(), Some(expected), "{text}");
    }
    let odd = "sk-#'odd\"";
    let text = Format::Env.put("", &key(&["K"]), Put::Text(odd)).expect("fit");
    let found = Format::Env.read(&text, &key(&["K"])).expect("fit").expect("there");
    assert_eq!(found.text.as_deref(), Some(odd), "{text}");
}

#[test]
fn a_byte_order_mark_stays() {
    let put = Format::Json.put("\u{feff}{\"a\": \"x\"}", &key(&["a"]), Put::Text("new")).expect("fit");
    assert!(put.starts_with("\u{feff}{") && put.contains("new"), "{put}");
}

#[test]
fn a_broken_text_is_reported_with_its_line_and_left_alone() {
    let cases = [
        (Format::Json, "{\n  \"a\": 1,\n  b: 2\n}", "3:3: this is not JSON: "),
        (Format::Json, "{\n  \"a\": 'x'\n}", "2:8: this is not JSON: "),
        (Format::Json, "[]", "1:1: the file does not hold settings"),
        (Format::Json, "{ \"env\": 3 }", "env: is not a section of settings"),
        (Format::Toml, "a = 1\nb = \n", "2:5: this is not TOML: "),
        (Format::Toml, "env = 3\n", "env: is not a section of settings"),
    ];
    for (format, text, expected) in cases {
        let problem = format.put(text, &key(&["env", "B"]), Put::Text("new")).expect_err(text).to_string();
        assert!(problem.starts_with(expected), "{problem}");
        assert!(problem.contains("try again") || format == Format::Toml, "{problem}");
    }
}
