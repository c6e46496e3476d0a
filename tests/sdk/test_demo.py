"""Everything an SDK can ask for, answered by `portcullis demo`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

import sdks
from sdks import AnthropicMessages, GoogleGenai, GoogleGenerativeai, OpenAiChat, Sdk

if TYPE_CHECKING:
    from proxy import Portcullis


def only(*some: type[Sdk]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("sdk", some, ids=lambda sdk: sdk.__name__)


# The old Google SDK streams tool calls whole, knows no forms, and is asynchronous over gRPC only.
current = only(*[sdk for sdk in sdks.ALL if sdk is not GoogleGenerativeai])


class Form(BaseModel):
    title: str
    pages: int


def test_a_question_is_answered_and_counted(sdk: type[Sdk], demo: Portcullis) -> None:
    answer = sdk.at(demo.root).say("Hello there")
    assert '"Hello there"' in answer.text
    assert answer.input_tokens > 0
    assert answer.output_tokens > 0


def test_a_stream_comes_in_pieces_that_are_the_whole_answer(sdk: type[Sdk], demo: Portcullis) -> None:
    pieces = list(sdk.at(demo.root).stream("Hello there"))
    assert len(pieces) > 1
    assert "".join(pieces) == sdk.at(demo.root).say("Hello there").text


def test_a_stream_adds_up_to_the_same_answer_and_usage(sdk: type[Sdk], demo: Portcullis) -> None:
    streamed, whole = sdk.at(demo.root).stream_to_the_end("Hello"), sdk.at(demo.root).say("Hello")
    assert (streamed.text, streamed.output_tokens) == (whole.text, whole.output_tokens)
    assert streamed.input_tokens > 0


def test_letters_of_every_script_survive(sdk: type[Sdk], demo: Portcullis) -> None:
    text = "日本語 and 中文 and 👩‍👩‍👧 and \u2028"
    assert "日本語 and 中文 and 👩‍👩‍👧" in sdk.at(demo.root).stream_to_the_end(text).text


def test_a_conversation_goes_on(sdk: type[Sdk], demo: Portcullis) -> None:
    short = sdk.at(demo.root).say("And then?")
    long = sdk.at(demo.root).say("Tell me a story.", "Once upon a time", "And then?")
    assert long.text == short.text
    assert long.input_tokens > short.input_tokens


def test_a_tool_is_called_and_its_result_is_read(sdk: type[Sdk], demo: Portcullis) -> None:
    question = "How is the weather?"
    call = sdk.at(demo.root).call_tool(question)
    assert (call.name, call.arguments) == ("get_weather", {"city": "demo"})
    assert "21 degrees" in sdk.at(demo.root).answer_tool(question, call, "21 degrees").text


@current
def test_a_streamed_tool_call_adds_up(sdk: type[Sdk], demo: Portcullis) -> None:
    call = sdk.at(demo.root).stream_tool_call("How is the weather?")
    assert (call.name, call.arguments) == ("get_weather", {"city": "demo"})


@current
def test_a_form_is_filled_in(sdk: type[Sdk], demo: Portcullis) -> None:
    assert isinstance(sdk.at(demo.root).fill(Form), Form)


@current
def test_the_asynchronous_client_is_served_alike(sdk: type[Sdk], demo: Portcullis) -> None:
    answer = asyncio.run(sdk.at(demo.root).say_async("Hello"))
    pieces = asyncio.run(sdk.at(demo.root).stream_async("Hello"))
    assert answer == sdk.at(demo.root).say("Hello")
    assert len(pieces) > 1
    assert "".join(pieces) == answer.text


def test_models_are_listed(sdk: type[Sdk], demo: Portcullis) -> None:
    models = sdk.at(demo.root).models()
    assert sdk.model in models
    assert len(models) == len(set(models))


def test_any_model_name_answers(sdk: type[Sdk], demo: Portcullis) -> None:
    client = sdk.at(demo.root)
    client.model = "somebodys-own-model"
    assert "somebodys-own-model" in client.say("Hello").text


@only(AnthropicMessages, GoogleGenai, GoogleGenerativeai)
def test_tokens_are_counted(sdk: type[Sdk], demo: Portcullis) -> None:
    client = sdk.at(demo.root)
    assert 0 < client.count_tokens("Hello") < client.count_tokens("Hello, and how are you today?")


@only(OpenAiChat, GoogleGenai, GoogleGenerativeai)
def test_each_text_gets_its_embedding(sdk: type[Sdk], demo: Portcullis) -> None:
    first, second, again = sdk.at(demo.root).embed("one", "two", "one")
    assert len(first) == len(second) > 1
    assert first == again != second
