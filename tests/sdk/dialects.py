"""How each provider's models use tools: what they are offered, how they call, what they get back.

A dialect is a wire (see `tests/sdk/wires.py`) whose model thinks, calls tools, and reads
its own earlier turns the way the provider does: strictly. What it cannot read, it refuses.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from anthropic.types.message_create_params import MessageCreateParamsStreaming
from google.genai import types as genai
from openai.types.chat.completion_create_params import CompletionCreateParamsStreaming
from pydantic import TypeAdapter
from pydantic_core import SchemaValidator

import wires
from upstream import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

SAMPLING = {"temperature", "top_p", "top_k"}
SIGNATURE = "c2lnbmVkIGJ5IHRoZWlyIG1vZGVs"


@dataclass(frozen=True)
class Call:
    """`id` is the model's own; not every protocol sends it."""

    id: str
    tool: str
    arguments: dict[str, Any]


class Dialect(wires.Wire):
    #: What portcullis is told to ask this provider for.
    model: str
    #: How a path ends that asks for a streamed answer.
    path: str

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

    @abstractmethod
    def calls(self, text: str, *calls: Call) -> Reply: ...

    def says(self, text: str) -> Reply:
        return stream(*self.events(*text.partition(" ")))


class OpenAiChat(Dialect, wires.OpenAiChat):
    model = "gpt-5-mini"
    path = "/chat/completions"

    def validate(self, body: dict[str, Any]) -> None:
        strict(CompletionCreateParamsStreaming).validate_python(body)

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

    def calls(self, text: str, *calls: Call) -> Reply:
        head = [self._delta({"role": "assistant", "content": ""}), self._delta({"content": text})]
        for index, call in enumerate(calls):
            function = {"name": call.tool, "arguments": ""}
            opening = {"index": index, "id": call.id, "type": "function", "function": function}
            head.append(self._delta({"tool_calls": [opening]}))
            for piece in pieces(json.dumps(call.arguments)):
                head.append(self._delta({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
        return stream(*head, self._delta({}, "tool_calls"), b"data: [DONE]\n\n")


class CompatibleChat(OpenAiChat):
    """For clients that an `openai` account would let speak Responses."""

    provider = "openai-compatible"


class OpenAiResponses(Dialect, wires.OpenAiResponses):
    model = "gpt-5-mini"
    path = "/responses"

    def validate(self, body: dict[str, Any]) -> None:
        """Only ever asked by a client of its own, whose bytes pass through."""

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

    def calls(self, text: str, *calls: Call) -> Reply:
        return self._items(self._spoken(text), *(self._called(call) for call in calls))

    def says(self, text: str) -> Reply:
        return self._items(self._spoken(text))

    def _spoken(self, text: str) -> dict[str, Any]:
        content = {"type": "output_text", "text": text, "annotations": []}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        return {**message, "content": [content]}

    def _called(self, call: Call) -> dict[str, Any]:
        named = {"id": f"fc_{call.id}", "call_id": call.id, "name": call.tool}
        arguments = {"arguments": json.dumps(call.arguments), "status": "completed"}
        return {"type": "function_call", **named, **arguments}

    def _items(self, *items: dict[str, Any]) -> Reply:
        response = self._response("")
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": {**response, "status": "in_progress"}},
            *(
                {"type": f"response.output_item.{state}", "output_index": index, "item": item}
                for index, item in enumerate(items)
                for state in ("added", "done")
            ),
            {"type": "response.completed", "response": {**response, "output": items}},
        ]
        return stream(*(named_event({**event, "sequence_number": n}) for n, event in enumerate(events)))


class Anthropic(Dialect, wires.Anthropic):
    model = "claude-sonnet-5"
    path = "/v1/messages"

    def validate(self, body: dict[str, Any]) -> None:
        strict(MessageCreateParamsStreaming).validate_python(body)

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

    def calls(self, text: str, *calls: Call) -> Reply:
        parts: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
            (
                {"type": "thinking", "thinking": "", "signature": ""},
                [
                    {"type": "thinking_delta", "thinking": "Where would it be?"},
                    {"type": "signature_delta", "signature": SIGNATURE},
                ],
            ),
            ({"type": "text", "text": ""}, [{"type": "text_delta", "text": text}]),
        ]
        for call in calls:
            block = {"type": "tool_use", "id": call.id, "name": call.tool, "input": {}}
            arguments = pieces(json.dumps(call.arguments))
            parts.append(
                (block, [{"type": "input_json_delta", "partial_json": piece} for piece in arguments])
            )
        # Claude Code takes two answers with one id for one answer.
        message = {**self._message(), "id": f"msg_{calls[0].id}"}
        events: list[dict[str, Any]] = [{"type": "message_start", "message": message}]
        for index, (block, deltas) in enumerate(parts):
            events.append({"type": "content_block_start", "index": index, "content_block": block})
            events.extend({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas)
            events.append({"type": "content_block_stop", "index": index})
        end = {"stop_reason": "tool_use", "stop_sequence": None}
        usage = {"output_tokens": wires.OUTPUT_TOKENS}
        events.append({"type": "message_delta", "delta": end, "usage": usage})
        events.append({"type": "message_stop"})
        return stream(*(named_event(event) for event in events))

    def _check_thought(self, body: dict[str, Any], content: list[dict[str, Any]]) -> None:
        """A turn that thought has to say so again, unless thinking is off by now."""
        thoughts = blocks({"content": content}, "thinking")
        assert all(thought["signature"] == SIGNATURE for thought in thoughts), "a signature of nobody's"
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
    path = ":streamGenerateContent?alt=sse"

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

    def calls(self, text: str, *calls: Call) -> Reply:
        called = [{"functionCall": {"name": call.tool, "args": call.arguments}} for call in calls]
        signed = [{**called[0], "thoughtSignature": SIGNATURE}, *called[1:]]
        thought, spoken = {"text": "Where would it be?", "thought": True}, {"text": text}
        responses = [self._parts(thought), self._parts(spoken), *(self._parts(part) for part in signed)]
        return stream(*(event(response) for response in responses), event(self._response("", "STOP")))

    def _parts(self, part: dict[str, Any]) -> dict[str, object]:
        response = self._response("")
        return {**response, "candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}]}


def stream(*events: bytes) -> Reply:
    return Reply(b"".join(events), content_type="text/event-stream")


def event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()


def named_event(value: dict[str, Any]) -> bytes:
    return f"event: {value['type']}\n".encode() + event(value)


def pieces(text: str) -> tuple[str, str]:
    middle = len(text) // 2
    return text[:middle], text[middle:]


def blocks(message: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    content = message["content"]
    return [] if isinstance(content, str) else [block for block in content if block["type"] == kind]


def in_order(called: list[str], answered: Iterator[tuple[str, Any]]) -> list[str]:
    """Returns the results in the order of their calls; each call has one, and nothing else does."""
    results = [(call_id, as_text(result)) for call_id, result in answered]
    assert sorted(call_id for call_id, _ in results) == sorted(called), f"{called} got {results}"
    return [dict(results)[call_id] for call_id in called]


def as_text(result: object) -> str:
    return result if isinstance(result, str) else json.dumps(result)


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
