"""The real binary, serving in a home of its own on a port of its own."""

from __future__ import annotations

import os
import queue
import re
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import IO, Self

BINARY = Path(os.environ.get("PORTCULLIS_BIN", "target/debug/portcullis")).resolve()

# Longer than anything here takes; it only keeps a broken test from hanging.
LIMIT_SECONDS = 30.0

CLIENT_KEY = "sk-client-0123456789abcdef"


class Portcullis:
    """Runs until the end of its `with` block, and has to end well."""

    def __init__(self, *arguments: str, config: str = "") -> None:
        self._home = tempfile.TemporaryDirectory(prefix="portcullis-sdk-")
        home = Path(self._home.name)
        config_file = home / "config.toml"
        config_file.write_text(config)
        config_file.chmod(0o600)
        self._log = home / "stderr"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [BINARY, "--home", home, *arguments, "--port", "0"],
                env={"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read_lines, args=(self._process.stdout,), daemon=True).start()

    @classmethod
    def demo(cls) -> Self:
        return cls("demo")

    @classmethod
    def serve(cls, config: str) -> Self:
        return cls("serve", config=config)

    def __enter__(self) -> Self:
        try:
            address = re.search(r"http://\S+", self.wait_for_line("Running on http://"))
        except BaseException:
            self._process.kill()
            raise
        assert address
        self.root = address.group()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            exit_code = self._process.wait(LIMIT_SECONDS)
            assert exit_code == 0, f"it ended with {exit_code}: {self.log()}"
        finally:
            self._process.kill()
            self._process.wait()
            self._home.cleanup()

    @property
    def home(self) -> Path:
        return Path(self._home.name)

    def run(self, *arguments: str, home: Path) -> str:
        """Runs a command beside it, for a user with this home; returns what it prints."""
        done = subprocess.run(
            [BINARY, "--home", self._home.name, *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def wait_for_line(self, text: str) -> str:
        return self.lines_until(text)[-1]

    def lines_until(self, text: str) -> list[str]:
        """Returns what it prints, up to and with the line that holds this text."""
        lines: list[str] = []
        while not lines or text not in lines[-1]:
            line = self._lines.get(timeout=LIMIT_SECONDS)
            assert line is not None, f"it ended before it said {text!r}: {self.log()}"
            lines.append(line)
        return lines

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _read_lines(self, stdout: IO[str]) -> None:
        for line in stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


def proxy_section(more: str = "") -> str:
    return f'[proxy]\napi_key = "{CLIENT_KEY}"\n{more}\n'
