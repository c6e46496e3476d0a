"""A model that reads three files with a client's tools, and says what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chat import Call, Told
from model import Model

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from clients import Client
    from dialects import Dialect
    from upstream import Reply, Seen

SECRET = re.compile(r"heron-[0-9a-f]{12}")


class Reader(Model):
    """Reads two files at once, then a third. How far it is, it learns from what it is sent."""

    #: How often it has to be asked for all of that.
    TURNS = 3

    def __init__(self, dialect: Dialect, client: type[Client], files: list[Path]) -> None:
        super().__init__(dialect)
        self.is_foreign = not isinstance(dialect, client.dialect)
        uses = zip(client.uses, files, strict=True)
        self._calls = [Call(f"call_{number}", *use(str(file))) for number, (use, file) in enumerate(uses)]

    def answer(self, seen: Seen) -> Reply:
        return self.dialect.answers(self._next(seen.json()), seen)

    def _next(self, body: dict[str, Any]) -> Told:
        missing = {call.tool for call in self._calls} - self.dialect.offered(body)
        assert not missing, f"not offered: {missing}"
        one, two, three = self._calls
        match self.dialect.turns(body):
            case []:
                return Told("I will look.", "Where would it be?", (one, two), "calls")
            case [[_, _]]:
                return Told("One more.", "Where would it be?", (three,), "calls")
            case [[first, second], [third]]:
                return Told(sentence(map(secret_in, (first, second, third))))
            case turns:
                raise AssertionError(f"no client took these turns: {turns}")


def secret_in(result: str) -> str:
    found = SECRET.search(result)
    assert found, f"no secret in {result!r}"
    return found.group()


def sentence(secrets: Iterable[str]) -> str:
    return f"They say {', '.join(secrets)}."
