"""The README's first real answer works as it is pasted, in both languages."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proxy import BINARY, LIMIT_SECONDS, Portcullis, proxy_section
from upstream import Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).parents[2]
READMES = {
    "en": (TOP / "README.md", "## Your first real answer"),
    "ja": (TOP / "packaging/docs/README.ja.md", "## 最初の応答を得るまで"),
}
ADDRESS = "http://127.0.0.1:8045"
MODEL = "gemini-3-flash"
SAID = "Hello, I am what the README promised."

# Lines that start another program, which `tests/clients` does.
OTHER_PROGRAMS = ("claude", "gemini")


@dataclass(frozen=True)
class Block:
    language: str
    text: str


class Gemini(Upstream):
    """Lists one model, and answers whatever it is asked."""

    def next_reply(self) -> Reply:
        if self.seen[-1].method == "GET":
            return Reply.json({"models": [{"name": f"models/{MODEL}"}]})
        content = {"role": "model", "parts": [{"text": SAID}]}
        return Reply.json({"candidates": [{"content": content, "finishReason": "STOP"}]})


@pytest.fixture(scope="module")
def proxy() -> Iterator[Portcullis]:
    with Gemini() as upstream:
        account = f"""
[[accounts]]
name = "gemini"
provider = "gemini"
api_key = "AIza-of-the-readme"
base_url = "{upstream.root}"
"""
        with Portcullis.serve(proxy_section() + account) as proxy:
            yield proxy


@pytest.fixture(params=READMES)
def blocks(request: pytest.FixtureRequest) -> list[Block]:
    path, heading = READMES[request.param]
    section = path.read_text().split(f"\n{heading}\n")[1].split("\n## ")[0]
    found = re.findall(r"^ *```(\w+)\n(.*?)^ *```$", section, re.MULTILINE | re.DOTALL)
    return [Block(language, text) for language, text in found]


def test_every_sdk_answers_as_pasted(blocks: list[Block], proxy: Portcullis, tmp_path: Path) -> None:
    snippets = [block.text for block in blocks if block.language == "python"]
    assert len(snippets) == 3
    for snippet in snippets:
        pasted = run([sys.executable, "-c", here(snippet, proxy)], tmp_path)
        # A first step that warns would have to explain itself.
        assert (pasted.returncode, pasted.stderr) == (0, ""), snippet
        assert SAID in pasted.stdout


def test_every_line_for_the_shell_does_what_it_says(
    blocks: list[Block], proxy: Portcullis, tmp_path: Path
) -> None:
    lines = [line for block in blocks if block.language == "sh" for line in block.text.splitlines()]
    commands = [line.strip() for line in lines if line.strip()]
    tried = [line for line in commands if not line.startswith(("export ", *OTHER_PROGRAMS))]
    assert len(tried) == 7, tried
    for line in tried:
        # The first account is added to a home without one.
        home = None if line.startswith("portcullis account add") else proxy.home
        pasted = run(["bash", "-c", here(line, proxy)], tmp_path, home, "AIza-of-the-readme\n")
        assert pasted.returncode == 0, f"{line}: {pasted.stderr}"
        for beginning, answer in (("/healthz", '{"status":"ok"}'), ("/v1/models", MODEL)):
            if line.endswith(beginning):
                assert answer in pasted.stdout


def test_every_snippet_asks_for_a_model_of_the_account_and_sends_a_key_that_can_be_sent(
    blocks: list[Block],
) -> None:
    for block in blocks:
        values = re.findall(r'(?:api_key=|_KEY=|_TOKEN=)"?([^",\s]+)', block.text)
        assert all(value.isascii() for value in values), block.text
        models = re.findall(r'model(?: = |=)"([^"]+)"', block.text)
        assert all(model == MODEL for model in models), block.text


def here(text: str, proxy: Portcullis) -> str:
    return text.replace(ADDRESS, proxy.root)


def run(
    command: list[str], tmp_path: Path, home: Path | None = None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Runs a command where `portcullis` is the binary under test, in the home of the proxy or a new one."""
    shim = tmp_path / "bin" / "portcullis"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(f'#!/bin/sh\nexec "{BINARY}" --home "{home or tmp_path / "new"}" "$@"\n')
    shim.chmod(stat.S_IRWXU)
    return subprocess.run(
        command,
        env={"PATH": f"{shim.parent}:{os.environ['PATH']}", "HOME": str(tmp_path)},
        input=typed,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
