"""What is asked and what is told, in no protocol's words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Collection

End = Literal["stop", "length", "calls"]


@dataclass(frozen=True)
class Usage:
    """Tokens: input has the cached ones in it, output the reasoning."""

    input: int = 11
    output: int = 7
    cached: int = 0
    reasoning: int = 0


@dataclass(frozen=True)
class Call:
    """`id` is the model's own; not every protocol sends it."""

    id: str = field(compare=False)
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Told:
    """A model's answer: what a provider is to say of it, and what an SDK gives its caller."""

    text: str = ""
    thought: str = ""
    calls: tuple[Call, ...] = ()
    end: End = "stop"
    usage: Usage = Usage()
    #: The SDK's own value for the turn, to hand back in the next request.
    turn: Any = field(default=None, compare=False, repr=False)
    #: What a whole answer's header says was lost.
    dropped: str = field(default="", compare=False)

    def without(self, unsayable: Collection[str]) -> Told:
        """Returns what is left of it where there are no words for some of its parts."""
        usage = Usage(**{name: 0 if name in unsayable else n for name, n in vars(self.usage).items()})
        return replace(self, usage=usage, thought="" if "thought" in unsayable else self.thought)


@dataclass(frozen=True)
class Ask:
    """`results` answer the calls of the turn `after`."""

    turns: tuple[str, ...] = ("Hello?",)
    system: str = ""
    image: bytes = b""
    document: bytes = b""
    with_tool: bool = False
    after: Told | None = None
    results: tuple[str, ...] = ()
    schema: dict[str, Any] | None = None
    stop: tuple[str, ...] = ()
    limit: int | None = None
    thinks: bool = False
