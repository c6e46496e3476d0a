"""Each client does a piece of work with its tools, whichever vendor's model leads it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

import dialects
from clients import ClaudeCode, Client, Codex, CodexOfFunctions, GeminiCli
from proxy import Portcullis
from reader import Reader, sentence

if TYPE_CHECKING:
    from pathlib import Path

    from dialects import Dialect

PAIRS: list[tuple[type[Client], type[Dialect]]] = [
    (ClaudeCode, dialects.Anthropic),
    (ClaudeCode, dialects.OpenAiChat),
    (ClaudeCode, dialects.Gemini),
    (Codex, dialects.Anthropic),
    (Codex, dialects.CompatibleChat),
    (Codex, dialects.Gemini),
    (CodexOfFunctions, dialects.OpenAiResponses),
    (CodexOfFunctions, dialects.Anthropic),
    (CodexOfFunctions, dialects.Gemini),
    (GeminiCli, dialects.Gemini),
    (GeminiCli, dialects.OpenAiChat),
    (GeminiCli, dialects.Anthropic),
    (GeminiCli, dialects.EarlierAnthropic),
]


@pytest.mark.parametrize(
    ("client", "dialect"),
    PAIRS,
    ids=[f"{client.__name__}-{dialect.__name__}" for client, dialect in PAIRS],
)
def test_three_files_are_read_and_told(client: type[Client], dialect: type[Dialect], tmp_path: Path) -> None:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    words = [f"heron-{secrets.token_hex(6)}" for _ in range(3)]
    files = [work / f"{number}.txt" for number in range(3)]
    for file, word in zip(files, words, strict=True):
        file.write_text(f"{word}\n")
    with Reader(dialect(), client, files) as model, Portcullis.serve(config(dialect(), model)) as proxy:
        ended = client(home, work, proxy.root, nowhere=model.root).ask("What do the three files say?")
    assert model.objections == []
    assert sentence(words) in ended.stdout
    assert ended.returncode == 0, ended.stderr
    assert len(model.seen) == Reader.TURNS, "nothing is asked twice, and nothing beside it"


def config(dialect: Dialect, model: Reader) -> str:
    """One account, whatever model the client asks for."""
    return f'{dialect.account(model)}[models]\n"*" = "work/{dialect.model}"\n'
