"""How each provider's models answer, and how they read what they are sent: strictly.

A dialect is a wire (see `wires.py`) whose model thinks, calls tools, and reads its own
earlier turns the way the provider does. What it cannot read, it refuses.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from anthropic.types import message_create_params as anthropic
from google.genai import types as genai
from openai.types.chat import completion_create_params as openai_chat
from openai.types.responses import response_create_params as openai_responses
from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

import wires
from upstream import Reply

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from chat import Call, End, Told, Usage
    from upstream import Seen, Upstream

SAMPLING = {"temperature", "top_p", "top_k"}
SIGNATURE = "c2lnbmVkIGJ5IHRoZWlyIG1vZGVs"


class Dialect(wires.Wire):
    #: What portcullis is told to ask this provider for.
    model: str
    #: What a path ends with that asks for an answer.
    path: str | tuple[str, ...]

    @abstractmethod
    def validate(self, body: dict[str, Any]) -> None:
        """Raises if the provider's own SDK has no types for this."""

    @abstractmethod
    def offered(self, body: dict[str, Any]) -> set[str]: ...

    @abstractmethod
    def turns(self, body: dict[str, Any]) -> list[list[str]]:
        """Returns, for each turn that called tools, the results in the order of the calls.

        Raises if a call and its result are not a pair, or if a thought has lost its signature.
        """

    def answers(self, told: Told, seen: Seen) -> Reply:
        """Says it as it was asked to: whole, or in pieces."""
        if not seen.json().get("stream"):
            return Reply.json(self.whole(told))
        return Reply(b"".join(self.pieces(told)), content_type="text/event-stream")

    @abstractmethod
    def whole(self, told: Told) -> dict[str, Any]: ...

    @abstractmethod
    def pieces(self, told: Told) -> Iterable[bytes]:
        """Returns the same as a stream; what can come in pieces does."""


class OpenAiChat(Dialect, wires.OpenAiChat):
    model = "gpt-5-mini"
    path = "/chat/completions"
    ENDS: ClassVar[dict[End, str]] = {"stop": "stop", "length": "length", "calls": "tool_calls"}

    def validate(self, body: dict[str, Any]) -> None:
        streamed, whole = (
            openai_chat.CompletionCreateParamsStreaming,
            openai_chat.CompletionCreateParamsNonStreaming,
        )
        strict(streamed if body.get("stream") else whole).validate_python(body)

    def offered(self, body: dict[str, Any]) -> set[str]:
        return {tool["function"]["name"] for tool in body["tools"]}

    def turns(self, body: dict[str, Any]) -> list[list[str]]:
        found = []
        messages = body["messages"]
        for index, message in enumerate(messages):
            called = [call["id"] for call in message.get("tool_calls") or []]
            if called:
                answers = messages[index + 1 : index + 1 + len(called)]
                assert all(answer["role"] == "tool" for answer in answers), "a call without its result"
                found.append(in_order(called, ((a["tool_call_id"], a["content"]) for a in answers)))
        return found

    def whole(self, told: Told) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": told.text or None}
        if told.thought:
            message["reasoning_content"] = told.thought
        if told.calls:
            message["tool_calls"] = [self._call(call, json.dumps(call.arguments)) for call in told.calls]
        choice = {"index": 0, "message": message, "finish_reason": self.ENDS[told.end]}
        return {**self._head("chat.completion"), "choices": [choice], "usage": self._usage(told.usage)}

    def pieces(self, told: Told) -> Iterator[bytes]:
        yield self._delta({"role": "assistant", "content": ""})
        yield from (self._delta({"reasoning_content": piece}) for piece in halves(told.thought))
        yield from (self._delta({"content": piece}) for piece in halves(told.text))
        for index, call in enumerate(told.calls):
            yield self._delta({"tool_calls": [{"index": index, **self._call(call, "")}]})
            for piece in halves(json.dumps(call.arguments)):
                yield self._delta({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
        yield self._delta({}, self.ENDS[told.end])
        head = self._head("chat.completion.chunk")
        yield event({**head, "choices": [], "usage": self._usage(told.usage)})
        yield b"data: [DONE]\n\n"

    def _call(self, call: Call, arguments: str) -> dict[str, Any]:
        return {"id": call.id, "type": "function", "function": {"name": call.tool, "arguments": arguments}}

    def _usage(self, usage: Usage) -> dict[str, Any]:
        return {
            "prompt_tokens": usage.input,
            "prompt_tokens_details": {"cached_tokens": usage.cached},
            "completion_tokens": usage.output,
            "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.input + usage.output,
        }


class CompatibleChat(OpenAiChat):
    """For clients that an `openai` account would let speak Responses."""

    provider = "openai-compatible"
    model = "qwen3"

    def account(self, upstream: Upstream, name: str = "work") -> str:
        """Names its models, or else its own list would be asked for."""
        return super().account(upstream, name) + 'models = ["*"]\n'


class OpenAiResponses(Dialect, wires.OpenAiResponses):
    #: One that chat completions does not have.
    model = "gpt-5-codex"
    path = "/responses"
    #: Of an item made of parts: where they are, what the events for one and for its text are called.
    PARTS: ClassVar[dict[str, tuple[str, str, str, dict[str, int]]]] = {
        "message": ("content", "content_part", "output_text", {"content_index": 0}),
        "reasoning": (
            "summary",
            "reasoning_summary_part",
            "reasoning_summary_text",
            {"summary_index": 0},
        ),
    }

    def validate(self, body: dict[str, Any]) -> None:
        streamed, whole = (
            openai_responses.ResponseCreateParamsStreaming,
            openai_responses.ResponseCreateParamsNonStreaming,
        )
        strict(streamed if body.get("stream") else whole).validate_python(body)

    def offered(self, body: dict[str, Any]) -> set[str]:
        return {tool["name"] for tool in body["tools"] if tool["type"] == "function"}

    def turns(self, body: dict[str, Any]) -> list[list[str]]:
        answers = (item for item in body["input"] if item["type"] == "function_call_output")
        results = {answer["call_id"]: answer["output"] for answer in answers}
        found: list[list[str]] = []
        before = ""
        for item in body["input"]:
            if item["type"] == "function_call":
                if before != "function_call":
                    found.append([])
                found[-1].append(as_text(results[item["call_id"]]))
            before = item["type"]
        return found

    def whole(self, told: Told) -> dict[str, Any]:
        ending: dict[str, Any] = {"status": "completed"}
        if told.end == "length":
            ending = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        usage = {
            "input_tokens": told.usage.input,
            "input_tokens_details": {"cached_tokens": told.usage.cached},
            "output_tokens": told.usage.output,
            "output_tokens_details": {"reasoning_tokens": told.usage.reasoning},
            "total_tokens": told.usage.input + told.usage.output,
        }
        return {**self._response(""), **ending, "output": self._items(told), "usage": usage}

    def pieces(self, told: Told) -> Iterator[bytes]:
        whole = self.whole(told)
        events = [{"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}}]
        for index, item in enumerate(whole["output"]):
            place = {"output_index": index, "item_id": item["id"]}
            events += [{**event, **place} for event in self._growing(item)]
        events.append({"type": f"response.{whole['status']}", "response": whole})
        return (named_event({**event, "sequence_number": number}) for number, event in enumerate(events))

    def _items(self, told: Told) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        if told.thought:
            summary = [{"type": "summary_text", "text": told.thought}]
            thought = {"type": "reasoning", "summary": summary, "encrypted_content": SIGNATURE}
            items.append({"id": "rs_1", **thought})
        if told.text:
            content = [{"type": "output_text", "text": told.text, "annotations": [], "logprobs": []}]
            message = {"type": "message", "role": "assistant", "status": "completed", "content": content}
            items.append({"id": "msg_1", **message})
        for call in told.calls:
            called = {"call_id": call.id, "name": call.tool, "arguments": json.dumps(call.arguments)}
            items.append({"id": f"fc_{call.id}", "type": "function_call", **called, "status": "completed"})
        return items

    def _growing(self, item: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Returns what is told of an item from its beginning to its end."""
        if item["type"] == "function_call":
            arguments = item["arguments"]
            yield {"type": "response.output_item.added", "item": {**item, "arguments": ""}}
            for piece in halves(arguments):
                yield {"type": "response.function_call_arguments.delta", "delta": piece}
            done = {"arguments": arguments, "name": item["name"]}
            yield {"type": "response.function_call_arguments.done", **done}
        else:
            content, part_name, text_name, place = self.PARTS[item["type"]]
            (part,) = item[content]
            yield {"type": "response.output_item.added", "item": {**item, content: []}}
            yield {"type": f"response.{part_name}.added", "part": {**part, "text": ""}, **place}
            for piece in halves(part["text"]):
                yield {"type": f"response.{text_name}.delta", "delta": piece, "logprobs": [], **place}
            yield {"type": f"response.{text_name}.done", "text": part["text"], "logprobs": [], **place}
            yield {"type": f"response.{part_name}.done", "part": part, **place}
        yield {"type": "response.output_item.done", "item": item}


class Anthropic(Dialect, wires.Anthropic):
    model = "claude-sonnet-5"
    path = "/v1/messages"
    ENDS: ClassVar[dict[End, str]] = {"stop": "end_turn", "length": "max_tokens", "calls": "tool_use"}

    def validate(self, body: dict[str, Any]) -> None:
        streamed, whole = anthropic.MessageCreateParamsStreaming, anthropic.MessageCreateParamsNonStreaming
        strict(streamed if body.get("stream") else whole).validate_python(body)

    def offered(self, body: dict[str, Any]) -> set[str]:
        return {tool["name"] for tool in body["tools"] if "input_schema" in tool}

    def turns(self, body: dict[str, Any]) -> list[list[str]]:
        found = []
        messages = [message for message in body["messages"] if message["role"] != "system"]
        for message, following in zip(messages, [*messages[1:], {"content": []}], strict=True):
            called = [block["id"] for block in blocks(message, "tool_use")]
            if called:
                self._check_thought(body, message["content"])
                answers = blocks(following, "tool_result")
                found.append(in_order(called, ((a["tool_use_id"], a["content"]) for a in answers)))
        return found

    def whole(self, told: Told) -> dict[str, Any]:
        content = [block for block, _ in self._blocks(told)]
        return {**self._begun(told), "content": content, **self._ended(told)}

    def pieces(self, told: Told) -> Iterator[bytes]:
        yield named_event({"type": "message_start", "message": self._begun(told)})
        for index, (block, deltas) in enumerate(self._blocks(told)):
            empty = {"thinking": "", "signature": "", "text": "", "input": {}}
            start = {**block, **{name: value for name, value in empty.items() if name in block}}
            yield named_event({"type": "content_block_start", "index": index, "content_block": start})
            for delta in deltas:
                yield named_event({"type": "content_block_delta", "index": index, "delta": delta})
            yield named_event({"type": "content_block_stop", "index": index})
        end = self._ended(told)
        yield named_event({"type": "message_delta", "delta": end, "usage": end.pop("usage")})
        yield named_event({"type": "message_stop"})

    def _blocks(self, told: Told) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Each block whole, and the pieces it can come in."""
        if told.thought:
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in halves(told.thought)]
            signed = {"type": "signature_delta", "signature": SIGNATURE}
            yield (
                {"type": "thinking", "thinking": told.thought, "signature": SIGNATURE},
                [*deltas, signed],
            )
        if told.text:
            deltas = [{"type": "text_delta", "text": piece} for piece in halves(told.text)]
            yield {"type": "text", "text": told.text}, deltas
        for call in told.calls:
            arguments = halves(json.dumps(call.arguments))
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in arguments]
            yield {"type": "tool_use", "id": call.id, "name": call.tool, "input": call.arguments}, deltas

    def _begun(self, told: Told) -> dict[str, Any]:
        # Claude Code takes two answers with one id for one answer.
        number = told.calls[0].id if told.calls else "1"
        usage = {
            "input_tokens": told.usage.input - told.usage.cached,
            "cache_read_input_tokens": told.usage.cached,
            "output_tokens": 1,
        }
        return {**self._message(), "id": f"msg_{number}", "usage": usage}

    def _ended(self, told: Told) -> dict[str, Any]:
        usage = {
            **self._begun(told)["usage"],
            "output_tokens": told.usage.output,
            "output_tokens_details": {"thinking_tokens": told.usage.reasoning},
        }
        return {"stop_reason": self.ENDS[told.end], "stop_sequence": None, "usage": usage}

    def _check_thought(self, body: dict[str, Any], content: list[dict[str, Any]]) -> None:
        """A turn that thought has to say so again, unless thinking is off by now."""
        thoughts = blocks({"content": content}, "thinking")
        assert all(thought["signature"] == SIGNATURE for thought in thoughts), "an unknown signature"
        if body.get("thinking", {"type": "disabled"})["type"] == "enabled":
            assert content[0]["type"] == "thinking", f"expected `thinking`, but found {content[0]['type']}"


class EarlierAnthropic(Anthropic):
    """A model that is told how much to think, and then insists on being reminded of it."""

    model = "claude-sonnet-4-5"

    def validate(self, body: dict[str, Any]) -> None:
        # The newest SDK has no words any more for what this model still takes.
        super().validate({name: value for name, value in body.items() if name not in SAMPLING})


class Gemini(Dialect, wires.Gemini):
    model = "gemini-3-flash-preview"
    path = (":generateContent", ":streamGenerateContent")
    ENDS: ClassVar[dict[End, str]] = {"stop": "STOP", "length": "MAX_TOKENS", "calls": "STOP"}

    def validate(self, body: dict[str, Any]) -> None:
        parts: dict[str, Any] = {
            "contents": list[genai.Content],
            "systemInstruction": genai.Content,
            "tools": list[genai.Tool],
            "toolConfig": genai.ToolConfig,
            "safetySettings": list[genai.SafetySetting],
            "generationConfig": genai.GenerationConfig,
        }
        assert body.keys() <= parts.keys(), f"unknown: {body.keys() - parts.keys()}"
        for name, value in body.items():
            TypeAdapter(parts[name]).validate_python(value)
        roles = [content["role"] for content in body["contents"]]
        assert roles == ["user", "model"] * (len(roles) // 2) + ["user"], f"roles out of turn: {roles}"

    def offered(self, body: dict[str, Any]) -> set[str]:
        declared = (tool.get("functionDeclarations", []) for tool in body["tools"])
        return {function["name"] for functions in declared for function in functions}

    def turns(self, body: dict[str, Any]) -> list[list[str]]:
        found = []
        contents = body["contents"]
        for content, following in zip(contents, [*contents[1:], {"parts": []}], strict=True):
            calling = [part for part in content["parts"] if "functionCall" in part]
            if calling:
                assert calling[0].get("thoughtSignature") == SIGNATURE, "a call without its signature"
                answers = [p["functionResponse"] for p in following["parts"] if "functionResponse" in p]
                named = [part["functionCall"]["name"] for part in calling]
                assert [answer["name"] for answer in answers] == named, "results out of order"
                found.append([as_text(answer["response"]) for answer in answers])
        return found

    def answers(self, told: Told, seen: Seen) -> Reply:
        if ":stream" not in seen.path:
            return Reply.json(self.whole(told))
        if "alt=sse" in seen.path:
            return Reply(b"".join(self.pieces(told)), content_type="text/event-stream")
        return Reply.json(list(self._chunks(told)))

    def whole(self, told: Told) -> dict[str, Any]:
        parts = [self._text(told.thought, thought=True)] if told.thought else []
        parts += [self._text(told.text)] if told.text else []
        return self._said([*parts, *self._calls(told)], told)

    def pieces(self, told: Told) -> Iterator[bytes]:
        return (event(chunk) for chunk in self._chunks(told))

    def _chunks(self, told: Told) -> Iterator[dict[str, Any]]:
        parts = [self._text(piece, thought=True) for piece in halves(told.thought)]
        parts += [self._text(piece) for piece in halves(told.text)]
        yield from (self._said([part]) for part in [*parts, *self._calls(told)])
        yield self._said([self._text("")], told)

    def _text(self, text: str, **more: bool) -> dict[str, Any]:
        return {"text": text, **more}

    def _calls(self, told: Told) -> list[dict[str, Any]]:
        called = [{"functionCall": {"name": call.tool, "args": call.arguments}} for call in told.calls]
        return [{**called[0], "thoughtSignature": SIGNATURE}, *called[1:]] if called else []

    def _said(self, parts: list[dict[str, Any]], ended: Told | None = None) -> dict[str, Any]:
        candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
        if ended is None:
            return {"candidates": [candidate], "modelVersion": self.model}
        usage = {
            "promptTokenCount": ended.usage.input,
            "cachedContentTokenCount": ended.usage.cached,
            "candidatesTokenCount": ended.usage.output - ended.usage.reasoning,
            "thoughtsTokenCount": ended.usage.reasoning,
            "totalTokenCount": ended.usage.input + ended.usage.output,
        }
        candidate["finishReason"] = self.ENDS[ended.end]
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": self.model}


def event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def named_event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\n".encode() + event(value)


def halves(text: str) -> tuple[str, ...]:
    """Two pieces, where there is anything to be had."""
    middle = len(text) // 2
    return (text[:middle], text[middle:]) if text else ()


def blocks(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    content = message["content"]
    return [] if isinstance(content, str) else [block for block in content if block["type"] == kind]


def in_order(called: list[str], answered: Iterator[tuple[str, Any]]) -> list[str]:
    """Returns the results in the order of their calls; each call has one, and nothing else does."""
    results = [(call_id, as_text(result)) for call_id, result in answered]
    assert sorted(call_id for call_id, _ in results) == sorted(called), f"{called} got {results}"
    return [dict(results)[call_id] for call_id in called]


def as_text(result: object) -> str:
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


@cache
def strict(params: Any) -> SchemaValidator:
    """Reads an SDK's parameters whole, and nothing beside them.

    By itself pydantic reads an `Iterable` only as far as one walks, and skips what it does not know.
    """
    return SchemaValidator(strictly(TypeAdapter(params).core_schema))


def strictly(schema: Any) -> Any:
    if isinstance(schema, list):
        return [strictly(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: strictly(value) for name, value in schema.items()}
    match inner.get("type"):
        case "generator":
            return {**inner, "type": "list"}
        case "typed-dict" | "model-fields":
            return {**inner, "extra_behavior": "forbid"}
        case _:
            return inner
