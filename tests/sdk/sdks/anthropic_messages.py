"""`anthropic`, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import anthropic

import wires
from sdks.sdk import TIMEOUT_SECONDS, TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, Sdk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

TOOL: Any = {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "input_schema": TOOL_PARAMETERS}


class AnthropicMessages(Sdk):
    wire = wires.Anthropic()
    model = "claude-sonnet-5"
    own_header = ("anthropic-beta", "some-beta-2026-01-01")
    nonsense = "messages: expected a list"
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
        for event in self._client.messages.create(**self._ask(text), stream=True):
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
        roles = ["user", "assistant"] * len(turns)
        messages = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)]
        return {"model": self.model, "max_tokens": 1000, "messages": messages}


def _answer(message: Any) -> Answer:
    return Answer(message.content[0].text, message.usage.input_tokens, message.usage.output_tokens)


def _pieces(event: Any) -> list[str]:
    is_text = event.type == "content_block_delta" and event.delta.type == "text_delta"
    return [event.delta.text] if is_text else []


def _tool_call(message: Any) -> ToolCall:
    assert message.stop_reason == "tool_use"
    block = message.content[0]
    return ToolCall(block.name, block.input, message.content)
