"""The SDKs under test, one file each, all asked in the same words (see `sdk.Sdk`)."""

from sdks.anthropic_messages import AnthropicMessages
from sdks.google_genai import GoogleGenai
from sdks.google_generativeai import GoogleGenerativeai
from sdks.openai_chat import OpenAiChat
from sdks.openai_responses import OpenAiResponses
from sdks.sdk import Answer, Sdk, ToolCall

ALL: list[type[Sdk]] = [OpenAiChat, OpenAiResponses, AnthropicMessages, GoogleGenai, GoogleGenerativeai]

__all__ = [
    "ALL",
    "Answer",
    "AnthropicMessages",
    "GoogleGenai",
    "GoogleGenerativeai",
    "OpenAiChat",
    "OpenAiResponses",
    "Sdk",
    "ToolCall",
]
