"""The model at a scripted upstream: it reads three files with a client's tools, and says what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dialects import Call, Dialect
from upstream import Reply, Upstream

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from clients import Client

SECRET = re.compile(r"heron-[0-9a-f]{12}")


class Model(Upstream):
    """Reads two files at once, then a third. How far it is, it learns from what it is sent."""

    #: How often it has to be asked for all of that.
    TURNS = 3

    def __init__(self, dialect: Dialect, client: type[Client], files: list[Path]) -> None:
        super().__init__()
        self._dialect = dialect
        self._is_foreign = not isinstance(dialect, client.dialect)
        uses = zip(client.uses, files, strict=True)
        self._calls = [Call(f"call_{number}", *use(str(file))) for number, (use, file) in enumerate(uses)]
        #: What it could not read, and calls that were not meant for it.
        self.objections: list[str] = []

    def next_reply(self) -> Reply:
        seen = self.seen[-1]
        path = seen.path.removesuffix("?beta=true")
        try:
            assert path.endswith(self._dialect.path), f"nobody asks for {seen.method} {seen.path}"
            return self._answer(seen.json())
        # Whatever it trips over, the test is to tell; the client only has to hear of it.
        except Exception as objection:
            self.objections.append(f"{type(objection).__name__}: {objection}")
            return self._dialect.refusal(400, self.objections[-1])

    def _answer(self, body: dict[str, Any]) -> Reply:
        if self._is_foreign:
            self._dialect.validate(body)
        missing = {call.tool for call in self._calls} - self._dialect.offered(body)
        assert not missing, f"not offered: {missing}"
        one, two, three = self._calls
        match self._dialect.turns(body):
            case []:
                return self._dialect.calls("I will look.", one, two)
            case [[_, _]]:
                return self._dialect.calls("One more.", three)
            case [[first, second], [third]]:
                return self._dialect.says(sentence(map(secret_in, (first, second, third))))
            case turns:
                raise AssertionError(f"nobody took these turns: {turns}")


def secret_in(result: str) -> str:
    found = SECRET.search(result)
    assert found, f"no secret in {result!r}"
    return found.group()


def sentence(secrets: Iterable[str]) -> str:
    return f"They say {', '.join(secrets)}."
