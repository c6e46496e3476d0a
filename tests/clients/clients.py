"""The command-line clients under test: how each is pointed at a proxy, and asked once."""

from __future__ import annotations

import json
import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import dialects
from proxy import CLIENT_KEY

INSTALLED = Path(os.environ["PORTCULLIS_CLIENTS"]).resolve()

CODE = 'text((await tools.exec_command({cmd: "cat %s"})).output)'

# Longer than any of them takes; it only keeps a client that retries for ever from hanging the suite.
LIMIT_SECONDS = 60

Use = Callable[[str], tuple[str, dict[str, Any]]]


class Client(ABC):
    """One run of a client, in a home and a working directory of its own.

    `root` is the proxy's, `nowhere` a server that connects no client.
    """

    command: ClassVar[str]
    dialect: ClassVar[type[dialects.Dialect]]
    #: Three ways to read a file with this client's tools.
    uses: ClassVar[tuple[Use, Use, Use]]

    def __init__(self, home: Path, work: Path, root: str, nowhere: str) -> None:
        self.home = home
        self.work = work
        self.root = root
        self.nowhere = nowhere

    def ask(self, prompt: str) -> subprocess.CompletedProcess[str]:
        """Asks a client that was set up by hand."""
        for name, text in self.settings().items():
            file = self.home / name
            file.parent.mkdir()
            file.write_text(text)
        return self.ask_as_it_is(prompt, self.environment())

    def ask_as_it_is(
        self, prompt: str, environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        bare = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TMPDIR": str(self.home)}
        # Nothing but this computer is there. Gemini CLI sends even loopback to a proxy that is not told.
        alone = {"HTTPS_PROXY": self.nowhere, "NO_PROXY": "127.0.0.1"}
        return subprocess.run(
            # It ends the whole group: what a client leaves behind would keep its output open.
            ["timeout", str(LIMIT_SECONDS), INSTALLED / self.command, *self.arguments(prompt)],
            cwd=self.work,
            env=bare | alone | (environment or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def settings(self) -> dict[str, str]:
        """Returns the files that it has to find in its home."""
        return {}

    @abstractmethod
    def environment(self) -> dict[str, str]: ...

    @abstractmethod
    def arguments(self, prompt: str) -> list[str]: ...


class ClaudeCode(Client):
    command = "claude"
    dialect = dialects.Anthropic
    uses = (
        lambda file: ("Read", {"file_path": file}),
        lambda file: ("Bash", {"command": f"cat {file}", "description": "Read the file"}),
        lambda file: ("Read", {"file_path": file}),
    )

    def environment(self) -> dict[str, str]:
        return {
            "ANTHROPIC_BASE_URL": self.root,
            "ANTHROPIC_API_KEY": CLIENT_KEY,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }

    def arguments(self, prompt: str) -> list[str]:
        return ["--print", prompt, "--model", "sonnet", "--allowed-tools", "Read", "Bash"]


class Codex(Client):
    """As it comes: its tools are in namespaces, and the one that matters takes free text."""

    command = "codex"
    dialect = dialects.OpenAiResponses
    uses = (lambda file: ("functions_exec", {"input": CODE % file}),) * 3
    options: ClassVar[tuple[str, ...]] = ()

    def settings(self) -> dict[str, str]:
        text = f"""\
model_provider = "portcullis"
check_for_update_on_startup = false

[model_providers.portcullis]
name = "portcullis"
base_url = "{self.root}/v1"
wire_api = "responses"
env_key = "PORTCULLIS_KEY"

[analytics]
enabled = false
"""
        return {".codex/config.toml": text}

    def environment(self) -> dict[str, str]:
        return {"PORTCULLIS_KEY": CLIENT_KEY}

    def arguments(self, prompt: str) -> list[str]:
        return ["exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", *self.options, prompt]


class CodexOfFunctions(Codex):
    """With a model it does not know, it falls back on tools that are functions."""

    uses = (lambda file: ("exec_command", {"cmd": f"cat {file}"}),) * 3
    options = ("--model", "gpt-5-codex")


class GeminiCli(Client):
    command = "gemini"
    dialect = dialects.Gemini
    uses = (
        lambda file: ("read_file", {"file_path": file}),
        lambda file: ("run_shell_command", {"command": f"cat {file}"}),
        lambda file: ("read_file", {"file_path": file}),
    )

    def settings(self) -> dict[str, str]:
        settings = {
            "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
            "privacy": {"usageStatisticsEnabled": False},
            "security": {"auth": {"selectedType": "gemini-api-key"}},
        }
        return {".gemini/settings.json": json.dumps(settings)}

    def environment(self) -> dict[str, str]:
        return {"GOOGLE_GEMINI_BASE_URL": self.root, "GEMINI_API_KEY": CLIENT_KEY}

    def arguments(self, prompt: str) -> list[str]:
        return ["--prompt", prompt, "--model", "gemini-3-flash", "--approval-mode", "yolo", "--skip-trust"]


class OpenCode(Client):
    """Never set up by hand here."""

    command = "opencode"

    def environment(self) -> dict[str, str]:
        return {}

    def arguments(self, prompt: str) -> list[str]:
        return ["run", "--model", "google/gemini-2.5-flash", prompt]
