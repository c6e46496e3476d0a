"""After `portcullis connect`, the tool itself, in a clean home, is answered by the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from clients import INSTALLED, ClaudeCode, Client, Codex, GeminiCli, OpenCode
from proxy import Portcullis, proxy_section

if TYPE_CHECKING:
    from pathlib import Path

#: An account answers every model, and only with the key.
DEMO = '[[accounts]]\nname = "demo"\nprovider = "demo"\nmodels = ["*"]\n'
CONFIG = proxy_section('auth_mode = "strict"') + DEMO

TOOLS: list[tuple[type[Client], str, str]] = [
    (ClaudeCode, "claude-code", ".claude/settings.json"),
    (Codex, "codex", ".codex/config.toml"),
    (GeminiCli, "gemini-cli", ".gemini/.env"),
    (OpenCode, "opencode", ".config/opencode/opencode.json"),
]


@pytest.mark.parametrize(("client", "tool", "file"), TOOLS, ids=[tool for _, tool, _ in TOOLS])
def test_a_connected_tool_is_answered(client: type[Client], tool: str, file: str, tmp_path: Path) -> None:
    if not (INSTALLED / client.command).exists():
        pytest.skip(f"{client.command} could not be installed")
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    with Portcullis.serve(CONFIG) as proxy:
        proxy.run("connect", tool, home=home)
        asked = client(home, work, proxy.root, nowhere=proxy.root).ask_as_it_is("What is a heron?")
        assert "This is the demo of portcullis" in asked.stdout, asked.stderr
        assert "What is a heron?" in asked.stdout
        proxy.run("disconnect", tool, home=home)
    assert not (home / file).exists() or proxy.root not in (home / file).read_text()
