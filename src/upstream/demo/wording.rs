//! The demo's sentences, in the language of the message.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    English,
    Japanese,
    Chinese,
}

/// The answer to a prompt.
pub fn to_prompt(prompt: &str, model: &str) -> String {
    let quote = quote(prompt);
    match Language::of(prompt) {
        _ if quote.is_empty() => format!(
            "This is the demo of portcullis, answering in place of {model}. \
             Your message had no text to quote. {REAL_ACCOUNT}"
        ),
        Language::English => format!(
            "This is the demo of portcullis, answering in place of {model}. \
             You wrote: \"{quote}\". {REAL_ACCOUNT}"
        ),
        Language::Japanese => format!(
            "これは portcullis のデモです（{model} の代わりに応答しています）。\
             受け取ったメッセージ：「{quote}」。{REAL_ACCOUNT_JAPANESE}"
        ),
        Language::Chinese => format!(
            "这是 portcullis 的演示（代替 {model} 作答）。您的消息是：“{quote}”。{REAL_ACCOUNT_CHINESE}"
        ),
    }
}

/// The answer after the client ran a tool.
pub fn to_tool_result(result: &str) -> String {
    let quote = quote(result);
    match Language::of(result) {
        Language::English => {
            format!("This is the demo of portcullis. Your tool ran and answered: \"{quote}\". {REAL_ACCOUNT}")
        }
        Language::Japanese => format!(
            "これは portcullis のデモです。ツールの結果を受け取りました：「{quote}」。{REAL_ACCOUNT_JAPANESE}"
        ),
        Language::Chinese => {
            format!("这是 portcullis 的演示。已收到工具的结果：“{quote}”。{REAL_ACCOUNT_CHINESE}")
        }
    }
}

/// The transcript of every audio file.
pub const TRANSCRIPT: &str =
    "This is the demo of portcullis: the audio arrived, but no model listened to it.";

const REAL_ACCOUNT: &str = "For real answers, add an account of your own with `portcullis account add`, \
                            or as `[[accounts]]` in the config file.";
const REAL_ACCOUNT_JAPANESE: &str = "実際の応答を得るには、`portcullis account add` でアカウントを追加するか、\
                                     設定ファイルに `[[accounts]]` を書いてください。";
const REAL_ACCOUNT_CHINESE: &str =
    "要获得真实的回答，请用 `portcullis account add` 添加账号，或在配置文件中写入 `[[accounts]]`。";

impl Language {
    /// The language of most of a text. A Japanese or Chinese character counts as three letters,
    /// so that "translate 猫 to English" stays English.
    fn of(text: &str) -> Self {
        const LETTERS_PER_CHARACTER: usize = 3;
        let count = |belongs: fn(char) -> bool| text.chars().filter(|letter| belongs(*letter)).count();
        let (kana, han, latin) =
            (count(is_kana), count(is_han), count(|letter| letter.is_ascii_alphabetic()));
        match (kana + han) * LETTERS_PER_CHARACTER {
            0 => Self::English,
            weight if weight < latin => Self::English,
            _ if kana > 0 => Self::Japanese,
            _ => Self::Chinese,
        }
    }
}

const fn is_kana(letter: char) -> bool {
    matches!(letter, '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{ff66}'..='\u{ff9f}')
}

const fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}')
}

/// The beginning of a text, on one line, at most 120 characters.
fn quote(text: &str) -> String {
    const LONGEST: usize = 120;
    let mut letters = text.split_whitespace().flat_map(|word| [" ", word]).skip(1).flat_map(str::chars);
    let mut quote: String = letters.by_ref().take(LONGEST).collect();
    if letters.next().is_some() {
        quote.push('…');
    }
    quote
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_in_the_language_of_the_message() {
        for (message, language) in [
            ("hello", Language::English),
            ("", Language::English),
            ("안녕하세요", Language::English),
            ("こんにちは", Language::Japanese),
            ("GitHubのissueを検索して", Language::Japanese),
            ("ﾃｽﾄ", Language::Japanese),
            ("你好，请介绍一下自己", Language::Chinese),
            ("translate 猫 to English, please", Language::English),
        ] {
            assert_eq!(Language::of(message), language, "{message}");
        }
    }

    #[test]
    fn a_quote_is_one_line_of_limited_length() {
        for (text, quoted) in [
            ("", String::new()),
            ("  two\n lines\t", "two lines".to_owned()),
            (&"a".repeat(120), "a".repeat(120)),
            (&"猫".repeat(121), format!("{}…", "猫".repeat(120))),
        ] {
            assert_eq!(quote(text), quoted);
        }
    }

    #[test]
    fn every_language_names_the_demo_and_the_next_step() {
        for message in ["hello", "こんにちは", "你好", ""] {
            for text in [to_prompt(message, "gpt-5-mini"), to_tool_result(message)] {
                for expected in ["portcullis", "`portcullis account add`", "`[[accounts]]`", message] {
                    assert!(text.contains(expected), "{text:?} lacks {expected:?}");
                }
            }
        }
    }
}
