"""The two wire formats in which a model is asked: OpenAI's chat completions and Anthropic's messages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from mcp_types import Tool

Json = dict[str, Any]
MAX_TOKENS = 4_096


@dataclass(frozen=True)
class Wanted:
    """A tool call that a model asks for. `arguments` is None where what it wrote is no JSON object."""

    id: str
    name: str
    arguments: Json | None


@dataclass(frozen=True)
class Turn:
    """What a model said: text, calls, and the tokens that it took."""

    text: str
    calls: tuple[Wanted, ...]
    tokens_in: int
    tokens_out: int


class Model(Protocol):
    """A conversation with a model, which it remembers."""

    def begin(self, system: str, question: str, tools: list[Tool]) -> None: ...

    def answer(self, results: list[tuple[Wanted, str]]) -> None:
        """What the tools said, for the calls of the last turn."""
        ...

    async def turn(self) -> Turn: ...


@dataclass
class OpenAI:
    """Any endpoint of the form `POST {base}/chat/completions`."""

    http: httpx.AsyncClient
    base: str
    key: str
    name: str
    messages: list[Json] = field(default_factory=list)
    tools: list[Json] = field(default_factory=list)

    def begin(self, system: str, question: str, tools: list[Tool]) -> None:
        self.messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
        self.tools = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description or "",
                    "parameters": tool.input_schema,
                },
            }
            for tool in tools
        ]

    def answer(self, results: list[tuple[Wanted, str]]) -> None:
        self.messages += [
            {"role": "tool", "tool_call_id": wanted.id, "content": text} for wanted, text in results
        ]

    async def turn(self) -> Turn:
        body = {"model": self.name, "messages": self.messages, "tools": self.tools}
        answer = await self.http.post(
            f"{self.base}/chat/completions", json=body, headers={"authorization": f"Bearer {self.key}"}
        )
        told = _told(answer)
        message = told["choices"][0]["message"]
        self.messages.append(message)
        calls = tuple(
            Wanted(one["id"], one["function"]["name"], _arguments(one["function"].get("arguments")))
            for one in message.get("tool_calls") or []
        )
        used = told.get("usage") or {}
        return Turn(
            message.get("content") or "",
            calls,
            used.get("prompt_tokens") or 0,
            used.get("completion_tokens") or 0,
        )


@dataclass
class Anthropic:
    """Any endpoint of the form `POST {base}/messages`."""

    http: httpx.AsyncClient
    base: str
    key: str
    name: str
    system: str = ""
    messages: list[Json] = field(default_factory=list)
    tools: list[Json] = field(default_factory=list)

    def begin(self, system: str, question: str, tools: list[Tool]) -> None:
        self.system = system
        self.messages = [{"role": "user", "content": question}]
        self.tools = [
            {"name": tool.name, "description": tool.description or "", "input_schema": tool.input_schema}
            for tool in tools
        ]

    def answer(self, results: list[tuple[Wanted, str]]) -> None:
        content = [
            {"type": "tool_result", "tool_use_id": wanted.id, "content": text} for wanted, text in results
        ]
        self.messages.append({"role": "user", "content": content})

    async def turn(self) -> Turn:
        body = {
            "model": self.name,
            "max_tokens": MAX_TOKENS,
            "system": self.system,
            "messages": self.messages,
            "tools": self.tools,
        }
        headers = {"x-api-key": self.key, "anthropic-version": "2023-06-01"}
        told = _told(await self.http.post(f"{self.base}/messages", json=body, headers=headers))
        self.messages.append({"role": "assistant", "content": told["content"]})
        text = "".join(part["text"] for part in told["content"] if part["type"] == "text")
        calls = tuple(
            Wanted(part["id"], part["name"], part["input"] if isinstance(part["input"], dict) else None)
            for part in told["content"]
            if part["type"] == "tool_use"
        )
        used = told.get("usage") or {}
        cached = (used.get("cache_read_input_tokens") or 0) + (used.get("cache_creation_input_tokens") or 0)
        return Turn(text, calls, (used.get("input_tokens") or 0) + cached, used.get("output_tokens") or 0)


WIRES: dict[str, type[OpenAI] | type[Anthropic]] = {"openai": OpenAI, "anthropic": Anthropic}


class ModelError(Exception):
    """The endpoint gave no answer that can be used."""


def _told(answer: httpx.Response) -> Json:
    if answer.is_error:
        raise ModelError(f"the model's endpoint answered {answer.status_code}: {answer.text[:300]}")
    told = answer.json()
    if not isinstance(told, dict):
        raise ModelError("the model's endpoint answered no JSON object")
    return told


def _arguments(text: str | None) -> Json | None:
    try:
        read = json.loads(text or "{}")
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
