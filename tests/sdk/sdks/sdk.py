"""What every SDK is asked to do.

An SDK is always told not to retry and to give up in the end, so that a failure is seen
once and a hanging proxy fails a test instead of stopping it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from proxy import LIMIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from chat import Ask, Told
    from wires import Wire

TIMEOUT_SECONDS = LIMIT_SECONDS

TOOL_NAME = "get_weather"
TOOL_DESCRIPTION = "The weather in a city"
TOOL_PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}


@dataclass(frozen=True)
class Answer:
    text: str
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True)
class ToolCall:
    name: str
    arguments: dict[str, object]
    # The SDK's own value that holds the call, to hand back with the result.
    turn: Any


class Sdk(ABC):
    wire: Wire
    model: str
    # What the SDK's base URL has after the proxy's address.
    base_path = ""
    # A header a user may set, and one that must not reach the upstream.
    own_header: tuple[str, str]
    stray_header = ("x-stray", "stays here")
    # What of a question and of an answer it has no words for.
    unaskable: ClassVar[frozenset[str]] = frozenset()
    unsayable: ClassVar[frozenset[str]] = frozenset()
    # The demo's error for its nonsense begins with this.
    nonsense: str
    # How many pieces of a stream it keeps back.
    reads_ahead = 0
    # The exception for each status, for a relayed stream that breaks off, and for a
    # translated one, where it is another.
    raises: ClassVar[dict[int, type[Exception]]]
    broken_stream: tuple[type[Exception], str]
    failed_stream: tuple[type[Exception], str] | None = None

    @classmethod
    def at(cls, root: str, key: str = "sk-any-key") -> Self:
        """Returns the SDK as its users set it up for a proxy at this address."""
        return cls(root + cls.base_path, key)

    @abstractmethod
    def __init__(self, base_url: str, key: str) -> None: ...

    @abstractmethod
    def say(self, *turns: str) -> Answer:
        """Asks with a conversation so far: user, model, user, …."""

    @abstractmethod
    def stream(self, text: str) -> Iterator[str]:
        """Returns each piece of text the moment it has come."""

    @abstractmethod
    def stream_to_the_end(self, text: str) -> Answer:
        """Leaves putting a stream together to the SDK, where it has a way."""

    @abstractmethod
    def call_tool(self, text: str) -> ToolCall: ...

    @abstractmethod
    def answer_tool(self, text: str, call: ToolCall, result: str) -> Answer: ...

    @abstractmethod
    def ask(self, ask: Ask, *, streams: bool) -> Told:
        """Asks for anything that some SDK has words for, whole or streamed, and takes all that comes."""

    @abstractmethod
    def models(self) -> list[str]: ...

    @abstractmethod
    def send_nonsense(self) -> None:
        """Asks something that its own protocol does not allow."""

    @abstractmethod
    def call_what_is_not_here(self) -> None:
        """Asks something that its provider answers and a proxy has no business with."""

    @abstractmethod
    def status(self, error: Exception) -> int: ...

    # What only some of them can do.

    def stream_arguments(self, ask: Ask) -> list[str]:
        """Returns the arguments of a streamed call as they come."""
        raise NotImplementedError

    def stream_tool_call(self, text: str) -> ToolCall:
        raise NotImplementedError

    def fill(self, form: type[BaseModel]) -> BaseModel:
        raise NotImplementedError

    def count_tokens(self, text: str) -> int:
        raise NotImplementedError

    def embed(self, *texts: str) -> list[list[float]]:
        raise NotImplementedError

    async def say_async(self, text: str) -> Answer:
        raise NotImplementedError

    async def stream_async(self, text: str) -> list[str]:
        raise NotImplementedError
