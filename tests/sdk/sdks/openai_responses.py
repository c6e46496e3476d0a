"""`openai`, Responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai

import wires
from sdks.openai_chat import OpenAiChat
from sdks.sdk import TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

TOOL: Any = {
    "type": "function",
    "name": TOOL_NAME,
    "description": TOOL_DESCRIPTION,
    "parameters": TOOL_PARAMETERS,
    "strict": False,
}


class OpenAiResponses(OpenAiChat):
    wire = wires.OpenAiResponses()
    nonsense = "input: expected"

    def say(self, *turns: str) -> Answer:
        return _answer(self._client.responses.create(**self._ask(*turns)))

    def stream(self, text: str) -> Iterator[str]:
        for event in self._client.responses.create(**self._ask(text), stream=True):
            yield from _pieces(event)

    def stream_to_the_end(self, text: str) -> Answer:
        with self._client.responses.stream(**self._ask(text)) as stream:
            return _answer(stream.get_final_response())

    def call_tool(self, text: str) -> ToolCall:
        return _tool_call(self._client.responses.create(**self._ask(text), tools=[TOOL]))

    def answer_tool(self, text: str, call: ToolCall, result: str) -> Answer:
        ask = self._ask(text)
        output = {"type": "function_call_output", "call_id": call.turn[0].call_id, "output": result}
        ask["input"] += [*call.turn, output]
        return _answer(self._client.responses.create(**ask, tools=[TOOL]))

    def send_nonsense(self) -> None:
        self._client.responses.create(**{**self._ask(""), "input": 5})

    def stream_tool_call(self, text: str) -> ToolCall:
        with self._client.responses.stream(**self._ask(text), tools=[TOOL]) as stream:
            return _tool_call(stream.get_final_response())

    def fill(self, form: type[BaseModel]) -> BaseModel:
        filled = self._client.responses.parse(**self._ask("Fill it in"), text_format=form).output_parsed
        assert filled
        return filled

    async def say_async(self, text: str) -> Answer:
        async with openai.AsyncOpenAI(**self._options) as client:
            return _answer(await client.responses.create(**self._ask(text)))

    async def stream_async(self, text: str) -> list[str]:
        async with openai.AsyncOpenAI(**self._options) as client:
            stream = await client.responses.create(**self._ask(text), stream=True)
            return [piece async for event in stream for piece in _pieces(event)]

    def _ask(self, *turns: str) -> dict[str, Any]:
        ask = super()._ask(*turns)
        return {"model": ask["model"], "input": ask["messages"]}


def _answer(response: Any) -> Answer:
    return Answer(response.output_text, response.usage.input_tokens, response.usage.output_tokens)


def _pieces(event: Any) -> list[str]:
    return [event.delta] if event.type == "response.output_text.delta" else []


def _tool_call(response: Any) -> ToolCall:
    call = response.output[0]
    assert call.type == "function_call"
    return ToolCall(call.name, json.loads(call.arguments), response.output)
