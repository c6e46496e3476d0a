"""`anthropic`, messages."""

from __future__ import annotations

import base64
from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar

import anthropic

import wires
from chat import Ask, Call, Told, Usage
from sdks.sdk import TIMEOUT_SECONDS, TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, Sdk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from chat import End

TOOL: Any = {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "input_schema": TOOL_PARAMETERS}


ENDS: dict[str, End] = {"end_turn": "stop", "max_tokens": "length", "tool_use": "calls"}


class AnthropicMessages(Sdk):
    wire = wires.Anthropic()
    model = "claude-sonnet-5"
    own_header = ("anthropic-beta", "some-beta-2026-01-01")
    nonsense = "messages: must be a list"
    raises: ClassVar = {
        400: anthropic.BadRequestError,
        401: anthropic.AuthenticationError,
        404: anthropic.NotFoundError,
        413: anthropic.APIStatusError,
        422: anthropic.UnprocessableEntityError,
        429: anthropic.RateLimitError,
        500: anthropic.InternalServerError,
        502: anthropic.InternalServerError,
        503: anthropic.InternalServerError,
        529: anthropic.InternalServerError,
    }
    broken_stream = (anthropic.APIError, "broke off: unexpected EOF")

    def __init__(self, base_url: str, key: str) -> None:
        self._options: Any = {
            "base_url": base_url,
            "api_key": key,
            "default_headers": dict([self.own_header, self.stray_header]),
            "max_retries": 0,
            "timeout": TIMEOUT_SECONDS,
        }
        self._client = anthropic.Anthropic(**self._options)

    def say(self, *turns: str) -> Answer:
        return _answer(self._client.messages.create(**self._ask(*turns)))

    def stream(self, text: str) -> Iterator[str]:
        with self._client.messages.create(**self._ask(text), stream=True) as events:
            for event in events:
                yield from _pieces(event)

    def stream_to_the_end(self, text: str) -> Answer:
        with self._client.messages.stream(**self._ask(text)) as stream:
            return _answer(stream.get_final_message())

    def call_tool(self, text: str) -> ToolCall:
        return _tool_call(self._client.messages.create(**self._ask(text), tools=[TOOL]))

    def answer_tool(self, text: str, call: ToolCall, result: str) -> Answer:
        ask = self._ask(text)
        block = {"type": "tool_result", "tool_use_id": call.turn[0].id, "content": result}
        ask["messages"] += [{"role": "assistant", "content": call.turn}, {"role": "user", "content": [block]}]
        return _answer(self._client.messages.create(**ask, tools=[TOOL]))

    def ask(self, ask: Ask, *, streams: bool) -> Told:
        words, messages = self._words(ask), self._client.messages
        if not streams:
            raw = messages.with_raw_response.create(**words)
            return _told(raw.parse(), raw.headers.get("x-portcullis-dropped", ""))
        with messages.stream(**words) as stream:
            return _told(stream.get_final_message())

    def stream_arguments(self, ask: Ask) -> list[str]:
        events = self._client.messages.create(**self._words(ask), stream=True)
        deltas = [event.delta for event in events if event.type == "content_block_delta"]
        return [d.partial_json for d in deltas if d.type == "input_json_delta" and d.partial_json]

    def models(self) -> list[str]:
        return [model.id for model in self._client.models.list()]

    def send_nonsense(self) -> None:
        self._client.messages.create(**{**self._ask(""), "messages": "not a list"})

    def call_what_is_not_here(self) -> None:
        self._client.messages.batches.list()

    def status(self, error: Exception) -> int:
        assert isinstance(error, anthropic.APIStatusError)
        return error.status_code

    def stream_tool_call(self, text: str) -> ToolCall:
        with self._client.messages.stream(**self._ask(text), tools=[TOOL]) as stream:
            return _tool_call(stream.get_final_message())

    def fill(self, form: type[BaseModel]) -> BaseModel:
        filled = self._client.messages.parse(**self._ask("Fill it in"), output_format=form).parsed_output
        assert filled
        return filled

    def count_tokens(self, text: str) -> int:
        messages = self._ask(text)["messages"]
        return self._client.messages.count_tokens(model=self.model, messages=messages).input_tokens

    async def say_async(self, text: str) -> Answer:
        async with anthropic.AsyncAnthropic(**self._options) as client:
            return _answer(await client.messages.create(**self._ask(text)))

    async def stream_async(self, text: str) -> list[str]:
        async with anthropic.AsyncAnthropic(**self._options) as client:
            stream = await client.messages.create(**self._ask(text), stream=True)
            return [piece async for event in stream for piece in _pieces(event)]

    def _ask(self, *turns: str) -> dict[str, Any]:
        return self._words(Ask(turns))

    def _words(self, ask: Ask) -> dict[str, Any]:
        messages: list[Any] = [
            {"role": role, "content": turn}
            for role, turn in zip(cycle(["user", "assistant"]), ask.turns, strict=False)
        ]
        image = _file("image", "image/png", ask.image)
        document = _file("document", "application/pdf", ask.document)
        if files := [*image, *document]:
            messages[-1]["content"] = [{"type": "text", "text": ask.turns[-1]}, *files]
        if ask.after:
            # The last one first: the order of parallel calls is not defined.
            results = [
                {"type": "tool_result", "tool_use_id": call.id, "content": result}
                for call, result in reversed(list(zip(ask.after.calls, ask.results, strict=True)))
            ]
            messages.append({"role": "assistant", "content": ask.after.turn})
            messages.append({"role": "user", "content": results})
        words: dict[str, Any] = {"model": self.model, "max_tokens": ask.limit or 1000, "messages": messages}
        if ask.system:
            words["system"] = ask.system
        if ask.with_tool:
            words["tools"] = [TOOL]
        if ask.schema:
            words["output_config"] = {"format": {"type": "json_schema", "schema": ask.schema}}
        if ask.stop:
            words["stop_sequences"] = list(ask.stop)
        if ask.thinks:
            words["thinking"] = {"type": "adaptive"}
            words["output_config"] = {"effort": "high"}
        return words


def _file(kind: str, media_type: str, content: bytes) -> list[dict[str, Any]]:
    data = base64.b64encode(content).decode()
    source = {"type": "base64", "media_type": media_type, "data": data}
    return [{"type": kind, "source": source}] if content else []


def _told(message: Any, dropped: str = "") -> Told:
    blocks, usage = message.content, message.usage
    cached, details = usage.cache_read_input_tokens or 0, usage.output_tokens_details
    return Told(
        text="".join(block.text for block in blocks if block.type == "text"),
        thought="".join(block.thinking for block in blocks if block.type == "thinking"),
        calls=tuple(Call(block.id, block.name, block.input) for block in blocks if block.type == "tool_use"),
        end=ENDS[message.stop_reason],
        usage=Usage(
            usage.input_tokens + cached,
            usage.output_tokens,
            cached,
            details.thinking_tokens if details else 0,
        ),
        turn=blocks,
        dropped=dropped,
    )


def _answer(message: Any) -> Answer:
    return Answer(message.content[0].text, message.usage.input_tokens, message.usage.output_tokens)


def _pieces(event: Any) -> list[str]:
    is_text = event.type == "content_block_delta" and event.delta.type == "text_delta"
    return [event.delta.text] if is_text else []


def _tool_call(message: Any) -> ToolCall:
    assert message.stop_reason == "tool_use"
    block = message.content[0]
    return ToolCall(block.name, block.input, message.content)
