//! The program of a User-Agent, by the name that its users know.

/// The beginning of a User-Agent, and the program's name.
const KNOWN: [(&str, &str); 17] = [
    ("claude-cli", "Claude Code"),
    ("codex", "Codex"),
    ("GeminiCLI", "Gemini CLI"),
    ("opencode", "OpenCode"),
    ("OpenAI/Python", "OpenAI SDK (Python)"),
    ("AsyncOpenAI/Python", "OpenAI SDK (Python)"),
    ("OpenAI/JS", "OpenAI SDK (JavaScript)"),
    ("Anthropic/Python", "Anthropic SDK (Python)"),
    ("AsyncAnthropic/Python", "Anthropic SDK (Python)"),
    ("Anthropic/JS", "Anthropic SDK (JavaScript)"),
    ("google-genai-sdk", "Gemini SDK"),
    ("google-generativeai", "Gemini SDK"),
    ("litellm", "LiteLLM"),
    ("ai-sdk", "Vercel AI SDK"),
    ("ai/", "Vercel AI SDK"),
    ("aider", "aider"),
    ("curl", "curl"),
];

/// The name that users know, else the text before the version.
pub fn name(user_agent: &str) -> String {
    let known = KNOWN.iter().find(|(start, _)| {
        user_agent.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start))
    });
    match known {
        Some((_, name)) => (*name).to_owned(),
        None => user_agent.split(['/', ' ']).next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_has_a_name_its_user_knows() {
        for (user_agent, expected) in [
            ("claude-cli/2.1.197 (external, cli)", "Claude Code"),
            ("codex_exec/0.169.0 (Debian 12; x86_64)", "Codex"),
            ("GeminiCLI/0.61.0/gemini-3-flash (linux; x64)", "Gemini CLI"),
            ("AsyncOpenAI/Python 3.54.0", "OpenAI SDK (Python)"),
            ("google-genai-sdk/3.4.0 gl-python/3.12", "Gemini SDK"),
            ("curl/8.5.0", "curl"),
            ("my-tool/1", "my-tool"),
            ("<script>alert(1)</script>", "<script>alert(1)<"),
            ("", ""),
        ] {
            assert_eq!(name(user_agent), expected, "{user_agent}");
        }
    }
}
