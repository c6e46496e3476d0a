"""`google-generativeai`, the SDK before `google-genai`, over REST.

It is set up once for the whole process, so every request sets it up anew.
"""

from __future__ import annotations

import gc
from itertools import cycle
from typing import TYPE_CHECKING, Any, ClassVar

import google.generativeai as genai
from google.api_core import exceptions
from google.generativeai.client import get_default_generative_client
from requests.exceptions import ChunkedEncodingError

import wires
from chat import Ask, Call, Told, Usage
from sdks.sdk import TIMEOUT_SECONDS, TOOL_DESCRIPTION, TOOL_NAME, TOOL_PARAMETERS, Answer, Sdk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chat import End

TOOL = {
    "function_declarations": [
        {"name": TOOL_NAME, "description": TOOL_DESCRIPTION, "parameters": TOOL_PARAMETERS},
    ],
}
OPTIONS: Any = {"retry": None, "timeout": TIMEOUT_SECONDS}


ENDS: dict[str, End] = {"STOP": "stop", "MAX_TOKENS": "length"}


class GoogleGenerativeai(Sdk):
    wire = wires.GeminiArray()
    model = "gemini-3-flash"
    own_header = ("x-goog-request-params", "model=mine")
    nonsense = "the conversation is empty"
    raises: ClassVar = {
        400: exceptions.BadRequest,
        401: exceptions.Unauthorized,
        404: exceptions.NotFound,
        413: exceptions.GoogleAPICallError,
        422: exceptions.GoogleAPICallError,
        429: exceptions.TooManyRequests,
        500: exceptions.InternalServerError,
        502: exceptions.BadGateway,
        503: exceptions.ServiceUnavailable,
        529: exceptions.GoogleAPICallError,
    }
    unaskable: ClassVar = frozenset({"thinks"})
    unsayable: ClassVar = frozenset({"thought", "reasoning"})
    reads_ahead = 1
    # A relayed array is cut; a translated one ends with an error that this SDK does not know,
    # just as it does not know Google's own.
    broken_stream = (ChunkedEncodingError, "ended prematurely")
    failed_stream = (ValueError, "`response.candidates` is empty")

    def __init__(self, base_url: str, key: str) -> None:
        self._base_url, self._key = base_url, key

    def say(self, *turns: str) -> Answer:
        return _answer(self._generate(_contents(*turns)))

    def stream(self, text: str) -> Iterator[str]:
        try:
            for chunk in self._generate(_contents(text), stream=True):
                yield from _pieces(chunk)
        finally:
            # The only way to hang up is to drop the answer.
            gc.collect()

    def stream_to_the_end(self, text: str) -> Answer:
        response = self._generate(_contents(text), stream=True)
        response.resolve()
        return _answer(response)

    def call_tool(self, text: str) -> ToolCall:
        response = self._generate(_contents(text), tools=[TOOL])
        call = response.parts[0].function_call
        return ToolCall(call.name, dict(call.args), response.candidates[0].content)

    def answer_tool(self, text: str, call: ToolCall, result: str) -> Answer:
        part = genai.protos.Part(
            function_response=genai.protos.FunctionResponse(name=call.name, response={"result": result}),
        )
        turns = [*_contents(text), call.turn, {"role": "user", "parts": [part]}]
        return _answer(self._generate(turns, tools=[TOOL]))

    def ask(self, ask: Ask, *, streams: bool) -> Told:
        model = self._model(
            system_instruction=ask.system or None,
            tools=[TOOL] if ask.with_tool else None,
            generation_config=_config(ask),
        )
        headers: dict[str, str] = {}
        hooks = get_default_generative_client().transport._session.hooks
        hooks["response"] = [lambda response, *_, **__: headers.update(response.headers)]
        response = model.generate_content(_words(ask), stream=streams, request_options=OPTIONS)
        response.resolve()
        return _told(response, headers.get("x-portcullis-dropped", ""))

    def models(self) -> list[str]:
        self._configure()
        return [model.name.removeprefix("models/") for model in genai.list_models(request_options=OPTIONS)]

    def send_nonsense(self) -> None:
        self._generate([{"role": "user", "parts": []}])

    def call_what_is_not_here(self) -> None:
        self._configure()
        next(iter(genai.list_tuned_models(request_options=OPTIONS)))

    def status(self, error: Exception) -> int:
        assert isinstance(error, exceptions.GoogleAPICallError)
        return int(error.response.status_code)

    def count_tokens(self, text: str) -> int:
        return self._model().count_tokens(text, request_options=OPTIONS).total_tokens

    def embed(self, *texts: str) -> list[list[float]]:
        self._configure()
        answer: Any = genai.embed_content("models/gemini-embedding-001", list(texts), request_options=OPTIONS)
        return answer["embedding"]

    def _generate(self, contents: Any, **more: Any) -> Any:
        return self._model().generate_content(contents, request_options=OPTIONS, **more)

    def _model(self, **more: Any) -> Any:
        self._configure()
        return genai.GenerativeModel(self.model, **more)

    def _configure(self) -> None:
        genai.configure(
            api_key=self._key,
            transport="rest",
            client_options={"api_endpoint": self._base_url},
            default_metadata=[self.own_header, self.stray_header],
        )


def _contents(*turns: str) -> list[dict[str, Any]]:
    return _words(Ask(turns))


def _words(ask: Ask) -> list[Any]:
    turns = zip(cycle(["user", "model"]), ask.turns, strict=False)
    contents: list[Any] = [{"role": role, "parts": [turn]} for role, turn in turns]
    for media_type, data in [("image/png", ask.image), ("application/pdf", ask.document)]:
        if data:
            contents[-1]["parts"].append({"mime_type": media_type, "data": data})
    if ask.after:
        answered = zip(ask.after.calls, ask.results, strict=True)
        responses = [
            genai.protos.FunctionResponse(name=call.tool, response={"result": result})
            for call, result in answered
        ]
        parts = [genai.protos.Part(function_response=response) for response in responses]
        contents += [ask.after.turn, {"role": "user", "parts": parts}]
    return contents


def _config(ask: Ask) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if ask.schema:
        schema = {name: value for name, value in ask.schema.items() if name != "additionalProperties"}
        config |= {"response_mime_type": "application/json", "response_schema": schema}
    if ask.stop:
        config["stop_sequences"] = list(ask.stop)
    if ask.limit:
        config["max_output_tokens"] = ask.limit
    return config


def _told(response: Any, dropped: str) -> Told:
    (candidate,) = response.candidates
    calls = [part.function_call for part in candidate.content.parts if "function_call" in part]
    usage = response.usage_metadata
    return Told(
        text="".join(part.text for part in candidate.content.parts),
        calls=tuple(Call(call.id, call.name, dict(call.args)) for call in calls),
        end="calls" if calls else ENDS[candidate.finish_reason.name],
        # Thoughts are in the total alone.
        usage=Usage(
            usage.prompt_token_count,
            usage.total_token_count - usage.prompt_token_count,
            usage.cached_content_token_count,
        ),
        turn=candidate.content,
        dropped=dropped,
    )


def _answer(response: Any) -> Answer:
    usage = response.usage_metadata
    return Answer(response.text, usage.prompt_token_count, usage.candidates_token_count)


def _pieces(chunk: Any) -> list[str]:
    return [part.text for part in chunk.parts if part.text]
