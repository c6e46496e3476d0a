"""`openai`, chat completions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import openai

import wires
from sdks.sdk import TIMEOUT_SECONDS, TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, Sdk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

TOOL: Any = {
    "type": "function",
    "function": {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "parameters": TOOL_PARAMETERS},
}


class OpenAiChat(Sdk):
    wire = wires.OpenAiChat()
    model = "gpt-5-mini"
    base_path = "/v1"
    own_header = ("OpenAI-Organization", "org-mine")
    nonsense = "messages: expected a list"
    raises: ClassVar = {
        400: openai.BadRequestError,
        401: openai.AuthenticationError,
        404: openai.NotFoundError,
        413: openai.APIStatusError,
        422: openai.UnprocessableEntityError,
        429: openai.RateLimitError,
        500: openai.InternalServerError,
        502: openai.InternalServerError,
        503: openai.InternalServerError,
        529: openai.InternalServerError,
    }
    broken_stream = (openai.APIError, "broke off: unexpected EOF")

    def __init__(self, base_url: str, key: str) -> None:
        self._options: Any = {
            "base_url": base_url,
            "api_key": key,
            "default_headers": dict([self.own_header, self.stray_header]),
            "max_retries": 0,
            "timeout": TIMEOUT_SECONDS,
        }
        self._client = openai.OpenAI(**self._options)

    def say(self, *turns: str) -> Answer:
        return _answer(self._client.chat.completions.create(**self._ask(*turns)))

    def stream(self, text: str) -> Iterator[str]:
        for chunk in self._client.chat.completions.create(**self._ask(text), stream=True):
            yield from _pieces(chunk)

    def stream_to_the_end(self, text: str) -> Answer:
        options: Any = {"include_usage": True}
        with self._client.chat.completions.stream(**self._ask(text), stream_options=options) as stream:
            return _answer(stream.get_final_completion())

    def call_tool(self, text: str) -> ToolCall:
        return _tool_call(self._client.chat.completions.create(**self._ask(text), tools=[TOOL]))

    def answer_tool(self, text: str, call: ToolCall, result: str) -> Answer:
        ask = self._ask(text)
        ask["messages"] += [
            call.turn,
            {"role": "tool", "tool_call_id": call.turn.tool_calls[0].id, "content": result},
        ]
        return _answer(self._client.chat.completions.create(**ask, tools=[TOOL]))

    def models(self) -> list[str]:
        return [model.id for model in self._client.models.list()]

    def send_nonsense(self) -> None:
        self._client.chat.completions.create(**{**self._ask(""), "messages": "not a list"})

    def call_what_is_not_here(self) -> None:
        self._client.files.list()

    def status(self, error: Exception) -> int:
        assert isinstance(error, openai.APIStatusError)
        return error.status_code

    def stream_tool_call(self, text: str) -> ToolCall:
        with self._client.chat.completions.stream(**self._ask(text), tools=[TOOL]) as stream:
            return _tool_call(stream.get_final_completion())

    def fill(self, form: type[BaseModel]) -> BaseModel:
        completion = self._client.chat.completions.parse(**self._ask("Fill it in"), response_format=form)
        filled = completion.choices[0].message.parsed
        assert filled
        return filled

    def embed(self, *texts: str) -> list[list[float]]:
        answer = self._client.embeddings.create(model="text-embedding-3-small", input=list(texts))
        return [entry.embedding for entry in answer.data]

    async def say_async(self, text: str) -> Answer:
        async with openai.AsyncOpenAI(**self._options) as client:
            return _answer(await client.chat.completions.create(**self._ask(text)))

    async def stream_async(self, text: str) -> list[str]:
        async with openai.AsyncOpenAI(**self._options) as client:
            stream = await client.chat.completions.create(**self._ask(text), stream=True)
            return [piece async for chunk in stream for piece in _pieces(chunk)]

    def _ask(self, *turns: str) -> dict[str, Any]:
        roles = ["user", "assistant"] * len(turns)
        messages = [{"role": role, "content": turn} for role, turn in zip(roles, turns, strict=False)]
        return {"model": self.model, "messages": messages}


def _answer(completion: Any) -> Answer:
    usage = completion.usage
    return Answer(completion.choices[0].message.content, usage.prompt_tokens, usage.completion_tokens)


def _pieces(chunk: Any) -> list[str]:
    return [choice.delta.content for choice in chunk.choices if choice.delta.content]


def _tool_call(completion: Any) -> ToolCall:
    assert completion.choices[0].finish_reason == "tool_calls"
    message = completion.choices[0].message
    function = message.tool_calls[0].function
    return ToolCall(function.name, json.loads(function.arguments), message)
