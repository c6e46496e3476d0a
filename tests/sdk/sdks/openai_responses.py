"""`openai`, Responses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

import openai

import wires
from chat import Ask, Call, Told, Usage
from sdks.openai_chat import OpenAiChat, data_url
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
    nonsense = "input: must be"
    unaskable: ClassVar = frozenset({"stop"})

    def say(self, *turns: str) -> Answer:
        return _answer(self._client.responses.create(**self._ask(*turns)))

    def stream(self, text: str) -> Iterator[str]:
        with self._client.responses.create(**self._ask(text), stream=True) as events:
            for event in events:
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

    def ask(self, ask: Ask, *, streams: bool) -> Told:
        words, responses = self._words(ask), self._client.responses
        if not streams:
            raw = responses.with_raw_response.create(**words)
            return _told(raw.parse(), raw.headers.get("x-portcullis-dropped", ""))
        # Its own stream helper knows no answer that is incomplete.
        return _told(list(responses.create(**words, stream=True))[-1].response)

    def stream_arguments(self, ask: Ask) -> list[str]:
        events = self._client.responses.create(**self._words(ask), stream=True)
        return [event.delta for event in events if event.type == "response.function_call_arguments.delta"]

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

    def _words(self, ask: Ask) -> dict[str, Any]:
        said = super()._words(Ask(ask.turns))
        words: dict[str, Any] = {"model": said["model"], "input": said["messages"]}
        if ask.system:
            words["instructions"] = ask.system
        if parts := [*_image(ask), *_document(ask)]:
            words["input"][-1]["content"] = [{"type": "input_text", "text": ask.turns[-1]}, *parts]
        if ask.after:
            results = zip(ask.after.calls, ask.results, strict=True)
            words["input"] += ask.after.turn
            for call, result in reversed(list(results)):
                words["input"].append({"type": "function_call_output", "call_id": call.id, "output": result})
        if ask.with_tool:
            words["tools"] = [TOOL]
        if ask.schema:
            form = {"type": "json_schema", "name": "form", "schema": ask.schema, "strict": True}
            words["text"] = {"format": form}
        if ask.limit:
            words["max_output_tokens"] = ask.limit
        if ask.thinks:
            words["reasoning"] = {"effort": "high", "summary": "auto"}
        return words


def _image(ask: Ask) -> list[dict[str, Any]]:
    url = data_url("image/png", ask.image)
    return [{"type": "input_image", "image_url": url, "detail": "auto"}] if ask.image else []


def _document(ask: Ask) -> list[dict[str, Any]]:
    data = data_url("application/pdf", ask.document)
    return [{"type": "input_file", "filename": "paper.pdf", "file_data": data}] if ask.document else []


def _told(response: Any, dropped: str = "") -> Told:
    items, usage = response.output, response.usage
    calls = [item for item in items if item.type == "function_call"]
    thoughts = [part.text for item in items if item.type == "reasoning" for part in item.summary]
    if response.status == "incomplete":
        assert response.incomplete_details.reason == "max_output_tokens"
    else:
        assert response.status == "completed"
    return Told(
        text=response.output_text,
        thought="".join(thoughts),
        calls=tuple(Call(call.call_id, call.name, json.loads(call.arguments)) for call in calls),
        end="length" if response.status == "incomplete" else "calls" if calls else "stop",
        usage=Usage(
            usage.input_tokens,
            usage.output_tokens,
            usage.input_tokens_details.cached_tokens,
            usage.output_tokens_details.reasoning_tokens,
        ),
        turn=items,
        dropped=dropped,
    )


def _answer(response: Any) -> Answer:
    return Answer(response.output_text, response.usage.input_tokens, response.usage.output_tokens)


def _pieces(event: Any) -> list[str]:
    return [event.delta] if event.type == "response.output_text.delta" else []


def _tool_call(response: Any) -> ToolCall:
    call = response.output[0]
    assert call.type == "function_call"
    return ToolCall(call.name, json.loads(call.arguments), response.output)
