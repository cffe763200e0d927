"""docs/tools: a page for each toolset, with each tool's arguments, schema, answer and an example; and the costs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mcp import Client

from aep_flow_mcp.cli import emulator_settings
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.server import build_server
from aep_flow_mcp.surface.registry import Toolset
from aep_flow_mcp.surface.schema import written_out
from benchmarks.tokens import tokens
from pages.examples import Example

Card = Mapping[str, Any]
ABOUT = {
    Toolset.CORE: "The questions that people ask, each answered by one call.",
    Toolset.CONNECTIONS: "Accounts (base connections), what flows read, and where they write.",
    Toolset.SPECS: "What connectors and kinds of dataflows take, as the service describes them.",
    Toolset.FLOWS: "Dataflows and their mapping sets: look, compare, create, change, switch on and off.",
    Toolset.RUNS: "Runs, their errors, the rows they left out, and what Adobe counted.",
    Toolset.PROFILE: "The flows that load datasets into the profile store and the identity service.",
    Toolset.LANDING_ZONE: "The Data Landing Zone: its files, place and credentials.",
    Toolset.EXPORTS: "Datasets out of Platform.",
    Toolset.PIPELINES: "From a wish to a running pipeline, all of it at once; see the [guides](../guides/README.md).",
    Toolset.CODE: "Pipelines as documents: read as YAML by names, compared with what is there, applied after one yes.",
    Toolset.RAW: "Any other resource that describes pipelines.",
    Toolset.ADMIN: "For providers of connectors; the service refuses these to others.",
}
LISTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "": ("all tools", {}),
    "AEP_MCP_READ_ONLY=true": ("all tools that read", {"mcp_read_only": True}),
    "AEP_MCP_TOOLSETS=essential": (
        "the questions, runs, planning and creating pipelines, changing flows",
        {"mcp_toolsets": ("essential",)},
    ),
    "AEP_MCP_DISCOVERY=search": (
        "`core`, `find_tools` and `call_tool`; every other tool can be found and called",
        {"mcp_discovery": "search"},
    ),
    "AEP_MCP_TOOLSETS=core": ("the questions", {"mcp_toolsets": ("core",)}),
}
"""Settings whose cost the first page gives: the setting, what is listed, the same as keywords."""


SEARCH = """\
# Search for tools

With [`AEP_MCP_DISCOVERY=search`](../settings.md#how-many-tools-a-model-sees) a server lists the toolset
[`core`](core.md) and these two. `call_tool` reads or writes as the tool does that it names: the same settings
hold, and the same question is asked.
"""


def page(toolset: Toolset, cards: Sequence[Card], examples: Mapping[str, Example]) -> str:
    """One toolset's page."""
    own = [card for card in cards if card["toolset"] == toolset]
    return _page(f"# Toolset {toolset}\n\n{ABOUT[toolset]}\n", own, examples)


async def search_page(examples: Mapping[str, Example]) -> str:
    """The page of the tools that find others and call them."""
    own = [card for card in await listed({"mcp_discovery": "search"}) if card["name"] in examples]
    return _page(SEARCH, own, examples)


def _page(head: str, own: Sequence[Card], examples: Mapping[str, Example]) -> str:
    lines = [head, "Made by `make pages`.", ""]
    lines += [f"- [`{card['name']}`](#{card['name']})" for card in own]
    for card in own:
        lines += ["", *_tool(card), "", *examples[card["name"]].lines()]
    return "\n".join(lines).strip() + "\n"


def _tool(card: Card) -> list[str]:
    hints = card["hints"]
    access = "Reads." if not card["writes"] else "Writes, after approval."
    if hints["destructiveHint"]:
        access += " What it changes may be lost."
    arguments = card["input"].get("properties", {})
    return [
        f"## {card['name']}",
        "",
        _cell(card["description"]),
        "",
        f"{access} About {round(tokens(dict(card)))} tokens in a list.",
        "",
        *(_arguments(card["input"]) if arguments else ["It takes no arguments.", ""]),
        *_folded("Input schema", "json", json.dumps(card["input"], ensure_ascii=False, indent=1)),
        *(
            _folded("Structure of the answer", "text", shape(written_out(card["output"])))
            if card["output"]
            else []
        ),
        "**Example**",
    ]


def _arguments(schema: Card) -> list[str]:
    lines = ["| argument | type | meaning |", "| --- | --- | --- |"]
    required = schema.get("required", ())
    properties: Mapping[str, Card] = schema["properties"]
    for name, about in sorted(properties.items(), key=lambda item: item[0] not in required):
        must = " (required)" if name in required else ""
        said = [about.get("description", "")]
        if "default" in about:
            said.append(f"default `{json.dumps(about['default'], ensure_ascii=False)}`")
        said += [words.format(about[key]) for key, words in _BOUNDS.items() if key in about]
        meaning = "; ".join(part.rstrip(".") for part in said if part)
        lines.append(f"| `{name}`{must} | {_cell(shape(about, flat=True))} | {_cell(meaning)} |")
    return [*lines, ""]


_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "maxLength": "at most {} characters",
    "maxItems": "at most {} items",
}


def _folded(title: str, language: str, text: str) -> list[str]:
    return [
        '<details markdown="1">',
        f"<summary>{title}</summary>",
        "",
        f"```{language}",
        *text.splitlines(),
        "```",
        "",
        "</details>",
        "",
    ]


def shape(schema: Card, *, flat: bool = False, indent: int = 0) -> str:
    """A JSON Schema as one reads it: `{id: text, runs?: [{...}]}`; `?` for what may be missing.

    Args:
        flat: an object inside stays `object`.
    """
    if schema.get("$ref") == "#":
        return "what this is itself"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(shape(arm, flat=flat, indent=indent) for arm in schema["anyOf"]))
    if "enum" in schema:
        return " or ".join(
            f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in schema["enum"]
        )
    match schema.get("type"):
        case "array":
            items = schema.get("items") or {}
            return f"list of {shape(items, flat=flat, indent=indent)}"
        case "object":
            members = schema.get("properties")
            if not members or flat:
                return "object"
            return _members(members, schema.get("required", ()), indent)
        case "string":
            return "text"
        case "integer":
            return "whole number"
        case "boolean":
            return "true or false"
        case None:
            return "anything"
        case other:
            return str(other)


def _members(members: Mapping[str, Card], required: Iterable[str], indent: int) -> str:
    pad = "  " * (indent + 1)
    lines = [
        f"{pad}{name}{'' if name in required else '?'}: {shape(about, indent=indent + 1)}"
        for name, about in members.items()
    ]
    return "\n".join(["{", *lines, f"{'  ' * indent}}}"])


def _cell(text: str) -> str:
    """Text in Markdown that is neither a table's end nor a tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


_INDEX = """\
# Tools

Every tool with its arguments, its schema, the structure of its answer, and an example from the emulator. Each
answer comes as text for the model and as structure for a program; the examples show the text, cut where it is long.
A tool that writes shows first what it would send, and asks.

| toolset | | tools | that write | tokens, about |
| --- | --- | --- | --- | --- |
{toolsets}

With `AEP_MCP_DISCOVERY=search`, [`find_tools` and `call_tool`](search.md) stand for the others.

## What they cost

What the list of tools adds to a conversation, in hosts that put all of it there: name, description and input
schema, at 4.4 characters a token. [Settings](../settings.md#how-many-tools-a-model-sees) says how to list fewer.

| setting | what is listed | tools | tokens, about |
| --- | --- | --- | --- |
{lists}

Made by `make pages`.
"""


async def index(cards: Sequence[Card]) -> str:
    """docs/tools/README.md."""
    toolsets: list[str] = []
    for toolset in Toolset:
        own = [card for card in cards if card["toolset"] == toolset]
        writing = sum(bool(card["writes"]) for card in own)
        about = ABOUT[toolset].split(";")[0].rstrip(".")
        toolsets.append(
            f"| [`{toolset}`]({toolset}.md) | {about} | {len(own)} | {writing} | {_rounded(_cost(own))} |"
        )
    lists: list[str] = []
    for setting, (what, keywords) in LISTS.items():
        seen = await listed(keywords)
        name = f"`{setting}`" if setting else "nothing"
        lists.append(f"| {name} | {what} | {len(seen)} | {_rounded(_cost(seen))} |")
    return _INDEX.format(toolsets="\n".join(toolsets), lists="\n".join(lists))


async def listed(settings: dict[str, Any]) -> list[Card]:
    """What a client is shown under these settings, as cards."""
    server = build_server(emulator_settings(**settings), transport=_no_transport, emulated=True)
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
    return [
        {
            "name": tool.name,
            "description": tool.description,
            "input": tool.input_schema,
            "output": tool.output_schema,
            "hints": (hints := tool.annotations.model_dump(by_alias=True) if tool.annotations else {}),
            "writes": not hints.get("readOnlyHint"),
        }
        for tool in tools
    ]


def _no_transport() -> EmulatorTransport:
    raise AssertionError("a list of tools asks nobody")


def _cost(cards: Iterable[Card]) -> float:
    return sum(tokens(dict(card)) for card in cards)


def _rounded(cost: float) -> str:
    return f"{round(cost, -2 if cost >= 1000 else -1):,.0f}"
