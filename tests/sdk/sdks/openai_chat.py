"""`openai`, chat completions."""

from __future__ import annotations

import base64
import json
from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar

import openai

import wires
from chat import Ask, Call, Told, Usage
from sdks.sdk import TIMEOUT_SECONDS, TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, Sdk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from chat import End

TOOL: Any = {
    "type": "function",
    "function": {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "parameters": TOOL_PARAMETERS},
}


ENDS: dict[str, End] = {"stop": "stop", "length": "length", "tool_calls": "calls"}


class OpenAiChat(Sdk):
    wire = wires.OpenAiChat()
    model = "gpt-5-mini"
    base_path = "/v1"
    own_header = ("OpenAI-Beta", "mine")
    nonsense = "messages: must be a list"
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
        with self._client.chat.completions.create(**self._ask(text), stream=True) as chunks:
            for chunk in chunks:
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

    def ask(self, ask: Ask, *, streams: bool) -> Told:
        words, completions = self._words(ask), self._client.chat.completions
        if not streams:
            raw = completions.with_raw_response.create(**words)
            return _told(raw.parse(), raw.headers.get("x-portcullis-dropped", ""))
        with completions.stream(**words, stream_options={"include_usage": True}) as stream:
            # Its final completion must not have run into a limit.
            stream.until_done()
            return _told(stream.current_completion_snapshot)

    def stream_arguments(self, ask: Ask) -> list[str]:
        chunks = self._client.chat.completions.create(**self._words(ask), stream=True)
        deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
        functions = [call.function for delta in deltas for call in delta.tool_calls or []]
        return [function.arguments for function in functions if function and function.arguments]

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
        return self._words(Ask(turns))

    def _words(self, ask: Ask) -> dict[str, Any]:
        messages: list[Any] = [{"role": "system", "content": ask.system}] if ask.system else []
        for role, turn in zip(cycle(["user", "assistant"]), ask.turns, strict=False):
            messages.append({"role": role, "content": turn})
        if parts := [*_image(ask), *_document(ask)]:
            messages[-1]["content"] = [{"type": "text", "text": ask.turns[-1]}, *parts]
        if ask.after:
            results = zip(ask.after.calls, ask.results, strict=True)
            messages.append(ask.after.turn)
            # The last one first: the order of parallel calls is not defined.
            for call, result in reversed(list(results)):
                messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
        words: dict[str, Any] = {"model": self.model, "messages": messages}
        if ask.with_tool:
            words["tools"] = [TOOL]
        if ask.schema:
            schema = {"name": "form", "schema": ask.schema, "strict": True}
            words["response_format"] = {"type": "json_schema", "json_schema": schema}
        if ask.stop:
            words["stop"] = list(ask.stop)
        if ask.limit:
            words["max_completion_tokens"] = ask.limit
        if ask.thinks:
            words["reasoning_effort"] = "high"
        return words


def _image(ask: Ask) -> list[dict[str, Any]]:
    return (
        [{"type": "image_url", "image_url": {"url": data_url("image/png", ask.image)}}] if ask.image else []
    )


def _document(ask: Ask) -> list[dict[str, Any]]:
    file = {"filename": "paper.pdf", "file_data": data_url("application/pdf", ask.document)}
    return [{"type": "file", "file": file}] if ask.document else []


def data_url(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _told(completion: Any, dropped: str = "") -> Told:
    (choice,) = completion.choices
    message, usage = choice.message, completion.usage
    return Told(
        text=message.content or "",
        thought=getattr(message, "reasoning_content", None) or "",
        calls=tuple(
            Call(call.id, call.function.name, json.loads(call.function.arguments))
            for call in message.tool_calls or []
        ),
        end=ENDS[choice.finish_reason],
        usage=Usage(
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.prompt_tokens_details.cached_tokens,
            usage.completion_tokens_details.reasoning_tokens,
        ),
        turn=message,
        dropped=dropped,
    )


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
