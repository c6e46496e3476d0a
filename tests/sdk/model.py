"""A scripted upstream with a model in it, which reads what it is sent as strictly as its provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat import Told
from upstream import Upstream

if TYPE_CHECKING:
    from dialects import Dialect
    from upstream import Reply, Seen


class Model(Upstream):
    def __init__(self, dialect: Dialect) -> None:
        super().__init__()
        self.dialect = dialect
        #: Whether what it is sent was written for another provider.
        self.is_foreign = True
        #: What it answers.
        self.tells = Told("Hello.")
        #: What it could not read, and calls that were not meant for it.
        self.objections: list[str] = []

    def forget(self) -> None:
        self.seen.clear()
        self.objections.clear()

    def next_reply(self) -> Reply:
        seen = self.seen[-1]
        try:
            path, _, _ = seen.path.partition("?")
            assert path.endswith(self.dialect.path), f"no SDK asks for {seen.method} {seen.path}"
            if self.is_foreign:
                self.dialect.validate(seen.json())
            return self.answer(seen)
        # Whatever it trips over, the test is to tell; the client only has to hear of it.
        except Exception as objection:
            self.objections.append(f"{type(objection).__name__}: {objection}")
            return self.dialect.refusal(400, self.objections[-1])

    def answer(self, seen: Seen) -> Reply:
        return self.dialect.answers(self.tells, seen)
