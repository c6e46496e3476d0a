"""The lines that `portcullis demo` prints do what they promise, run as they are printed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from proxy import LIMIT_SECONDS, Portcullis

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST_LINE = "To use your own keys"

# How each line begins, and what its answer holds.
ANSWERS = {
    "curl -sS ": '{"status":"ok"}',
    "curl -sSN ": "data: [DONE]",
    "python3 -c 'import openai;": 'You wrote: "Hello!"',
    "python3 -c 'import anthropic;": 'You wrote: "Hello!"',
    "python3 -c 'from google import genai;": 'You wrote: "Hello!"',
}


@pytest.fixture(scope="module")
def commands() -> Iterator[list[str]]:
    with Portcullis.demo() as demo:
        yield commands_in(demo.lines_until(LAST_LINE))


@pytest.mark.parametrize("beginning", ANSWERS)
def test_a_pasted_line_answers(beginning: str, commands: list[str], tmp_path: Path) -> None:
    (command,) = [command for command in commands if command.startswith(beginning)]
    pasted = paste(command, tmp_path)
    # A first step that warns would have to explain itself.
    assert (pasted.returncode, pasted.stderr) == (0, "")
    assert ANSWERS[beginning] in pasted.stdout


def test_only_what_starts_another_program_is_not_tried(commands: list[str]) -> None:
    untried = [command for command in commands if not command.startswith(tuple(ANSWERS))]
    assert [command.split()[-1] for command in untried] == ["open", "claude"]


def commands_in(lines: list[str]) -> list[str]:
    """Returns the indented lines; one that ends in a backslash goes on in the next."""
    text = "\n".join(lines).replace("\\\n", "")
    return [line.strip() for line in text.split("\n") if line.startswith("  ")]


def paste(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Runs a line in a shell, where `python3` is the Python that has the SDKs."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        env={"PATH": path, "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
