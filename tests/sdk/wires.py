"""How each provider answers: what a scripted upstream says in its place.

Every wire has the same parts, in the same order: who has such an account, where its key
goes and which of a client's headers belong to it; a whole answer, a stream, a refusal.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

from upstream import Reply, Upstream

ACCOUNT_KEY = "up-work-secret-key"
INPUT_TOKENS, OUTPUT_TOKENS = 11, 7


class Wire(ABC):
    provider: str
    base_path = ""
    key_header: str
    key_value = ACCOUNT_KEY
    own_headers: tuple[str, ...]
    stream_type = "text/event-stream"

    def account(self, upstream: Upstream, name: str = "work") -> str:
        """Returns the config section of an account at this upstream."""
        return (
            f'[[accounts]]\nname = "{name}"\nprovider = "{self.provider}"\n'
            f'api_key = "{ACCOUNT_KEY}"\nbase_url = "{upstream.root}{self.base_path}"\n'
        )

    @abstractmethod
    def answer(self, text: str) -> Reply: ...

    @abstractmethod
    def events(self, *pieces: str) -> list[bytes]:
        """Returns a stream: at least one event per piece of text, the last ones end it."""

    @abstractmethod
    def refusal(self, status: int, message: str, **headers: str) -> Reply: ...

    @abstractmethod
    def model_list(self, *models: str) -> Reply: ...


class OpenAiChat(Wire):
    provider = "openai"
    base_path = "/v1"
    key_header = "authorization"
    key_value = f"Bearer {ACCOUNT_KEY}"
    own_headers = ("openai-", "x-stainless-")

    def answer(self, text: str) -> Reply:
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        }
        return Reply.json({**self._head("chat.completion"), "choices": [choice], "usage": usage})

    def events(self, *pieces: str) -> list[bytes]:
        deltas = [self._delta({"content": piece}) for piece in pieces]
        return [*deltas, self._delta({}, "stop"), b"data: [DONE]\n\n"]

    def refusal(self, status: int, message: str, **headers: str) -> Reply:
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
        return Reply.json({"error": error}, status, **headers)

    def model_list(self, *models: str) -> Reply:
        entries = [{"id": model, "object": "model", "created": 1, "owned_by": "them"} for model in models]
        return Reply.json({"object": "list", "data": entries})

    def _head(self, kind: str) -> dict[str, object]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "gpt-5-mini"}

    def _delta(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return _event({**self._head("chat.completion.chunk"), "choices": [choice]})


class OpenAiResponses(OpenAiChat):
    def answer(self, text: str) -> Reply:
        return Reply.json(self._response(text))

    def events(self, *pieces: str) -> list[bytes]:
        deltas = [{"type": "response.output_text.delta", "delta": piece} for piece in pieces]
        place = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "logprobs": []}
        events: list[dict[str, Any]] = [
            {"type": "response.created", "response": {**self._response(""), "status": "in_progress"}},
            *({**delta, **place} for delta in deltas),
            {"type": "response.completed", "response": self._response("".join(pieces))},
        ]
        return [
            b"event: %s\n" % event["type"].encode() + _event({**event, "sequence_number": number})
            for number, event in enumerate(events)
        ]

    def _response(self, text: str) -> dict[str, object]:
        content = {"type": "output_text", "text": text, "annotations": []}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed"}
        usage = {
            "input_tokens": INPUT_TOKENS,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": OUTPUT_TOKENS,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        }
        return {
            "id": "resp_1",
            "object": "response",
            "created_at": 1,
            "status": "completed",
            "model": "gpt-5-mini",
            "output": [{**message, "content": [content]}],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "usage": usage,
        }


class Anthropic(Wire):
    provider = "anthropic"
    key_header = "x-api-key"
    own_headers = ("anthropic-", "x-stainless-")

    def answer(self, text: str) -> Reply:
        content = [{"type": "text", "text": text}]
        return Reply.json({**self._message(), "content": content, "stop_reason": "end_turn"})

    def events(self, *pieces: str) -> list[bytes]:
        text = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in pieces]
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": self._message()},
            {"type": "content_block_start", "index": 0, "content_block": text},
            *({"type": "content_block_delta", "index": 0, "delta": delta} for delta in deltas),
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "end_turn", "stop_sequence": None},
                "usage": {"output_tokens": OUTPUT_TOKENS},
            },
            {"type": "message_stop"},
        ]
        return [b"event: %s\n" % event["type"].encode() + _event(event) for event in events]

    def refusal(self, status: int, message: str, **headers: str) -> Reply:
        kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
        kinds |= {413: "request_too_large", 429: "rate_limit_error", 529: "overloaded_error"}
        otherwise = "invalid_request_error" if status < 500 else "api_error"
        error = {"type": kinds.get(status, otherwise), "message": message}
        return Reply.json({"type": "error", "error": error}, status, **headers)

    def model_list(self, *models: str) -> Reply:
        made = "2026-01-01T00:00:00Z"
        entries = [
            {"type": "model", "id": model, "display_name": model, "created_at": made} for model in models
        ]
        return Reply.json(
            {"data": entries, "has_more": False, "first_id": models[0], "last_id": models[-1]},
        )

    def _message(self) -> dict[str, object]:
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": "claude-sonnet-5",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
        }


class Gemini(Wire):
    provider = "gemini"
    key_header = "x-goog-api-key"
    own_headers = ("x-goog-api-client", "x-goog-request-params")

    def answer(self, text: str) -> Reply:
        return Reply.json(self._response(text, "STOP"))

    def events(self, *pieces: str) -> list[bytes]:
        return [_event(response) for response in self._responses(*pieces)]

    def refusal(self, status: int, message: str, **headers: str) -> Reply:
        kinds = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"}
        kinds |= {429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
        otherwise = "INVALID_ARGUMENT" if status < 500 else "INTERNAL"
        error = {"code": status, "message": message, "status": kinds.get(status, otherwise)}
        return Reply.json({"error": error}, status, **headers)

    def model_list(self, *models: str) -> Reply:
        entries = [{"name": f"models/{model}", "version": "1"} for model in models]
        return Reply.json({"models": entries})

    def _responses(self, *pieces: str) -> list[dict[str, object]]:
        return [*(self._response(piece) for piece in pieces), self._response("", "STOP")]

    def _response(self, text: str, finish: str | None = None) -> dict[str, object]:
        content = {"role": "model", "parts": [{"text": text}] if text else []}
        candidate = {"index": 0, "content": content, **({"finishReason": finish} if finish else {})}
        usage = {
            "promptTokenCount": INPUT_TOKENS,
            "candidatesTokenCount": OUTPUT_TOKENS,
            "totalTokenCount": INPUT_TOKENS + OUTPUT_TOKENS,
        }
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "gemini-3-flash"}


class GeminiArray(Gemini):
    """The stream as one JSON array, which is what comes without `alt=sse`."""

    stream_type = "application/json"

    def events(self, *pieces: str) -> list[bytes]:
        first, *others = [json.dumps(response).encode() for response in self._responses(*pieces)]
        return [b"[" + first, *(b",\r\n" + other for other in others), b"]"]


def _event(value: object) -> bytes:
    return f"data: {json.dumps(value)}\n\n".encode()
