"""Tools found by words and called by name: what a server lists beside `core` with `AEP_MCP_DISCOVERY=search`.

For hosts that put every listed tool into the model's context. `find_tools` answers with whole input schemas;
`call_tool` is an envelope: the server takes the tool's name and arguments out of it and runs that tool as if it
had been called itself, so that nothing of the guard is written twice.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp.server.mcpserver.utilities.func_metadata import ArgModelBase, FuncMetadata
from mcp_types import CallToolResult, TextContent, ToolAnnotations

from aep_flow_mcp.surface.arguments import fitted
from aep_flow_mcp.surface.listed import never_called
from aep_flow_mcp.surface.selection import close_to, quoted
from aep_flow_mcp.surface.snapshot import Card

FIND, CALL = "find_tools", "call_tool"
INSTRUCTIONS = (
    f"- Only the most used tools are listed. For everything else, and for a tool that an answer names: {FIND} gives "
    f"its arguments, {CALL} calls it.\n"
)
_SHOWN = 5
_MOST = 20
_SHORT = 200
"""Characters up to which a schema is repeated rather than referred to."""
_WORDS = 40
"""Words of a question that count: who asks in more does not hold up the others."""
_NAME, _ALSO_CALLED, _DESCRIPTION, _ARGUMENT = 3.0, 3.0, 1.0, 0.5
"""What a word is worth by where it is found."""
_STEM = 4
"""Letters from which on a word stands for those that begin with it."""

_FIND_INPUT = {
    "type": "object",
    "properties": {
        "query": {
            "type": "string",
            "description": "What is to be done, or a tool's name. Without it: all names.",
        },
        "limit": {"type": "integer", "default": _SHOWN, "minimum": 1, "maximum": _MOST},
    },
    "additionalProperties": False,
}
_CALL_INPUT = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "arguments": {"type": "object", "description": "As its input schema says.", "default": {}},
    },
    "required": ["name"],
    "additionalProperties": False,
}


def find_tool() -> Tool:
    """`find_tools` as it is listed; the server answers it with `find`."""
    return _listed(FIND, _FIND_INPUT, "Find the tool for a task, with its arguments.", reads=True)


def call_tool(*, reads: bool) -> Tool:
    """`call_tool` as it is listed; the server opens the envelope with `opened`. reads: nothing here writes."""
    text = f"Call a tool that {FIND} found. Prefer a listed tool itself."
    return _listed(CALL, _CALL_INPUT, text if reads else f"{text} Writes ask first.", reads=reads)


def find(arguments: Mapping[str, Any], cards: list[Card]) -> CallToolResult:
    """The best of `cards`, those that the caller may call, first; with whole schemas, and how many there are.

    Raises:
        ToolError: an argument is not what it takes.
    """
    query, limit = _asked(arguments)
    found = ranked(query, cards)
    if not query:
        lines = [f"{card['name']}{_asks(card)}" for card in cards]
        lines.append(f"{len(cards)} tools. Ask with a query for what one takes.")
        return _result(lines, [_brief(card) for card in cards], len(cards))
    if not found:
        return _result([f"No tool fits {query[:80]!r}. Ask without a query for all names."], [], 0)
    shown = found[:limit]
    lines = _whole(shown)
    if len(found) > len(shown):
        names = ", ".join(card["name"] for card in found[len(shown) :][:_MOST])
        lines.append(f"{len(shown)} of {len(found)}; less close: {names}")
    return _result(lines, [{**_brief(card), "input_schema": card["input"]} for card in shown], len(found))


def opened(arguments: Mapping[str, Any], known: Collection[str]) -> tuple[str, dict[str, Any]]:
    """The tool and the arguments that stand in the arguments of `call_tool`.

    Raises:
        ToolError: it names no tool, or one that does not exist; the message names close ones.
    """
    given = fitted(arguments, _CALL_INPUT)
    unknown = sorted(set(given) - {"name", "arguments"})
    inner = given.get("arguments", {})
    if unknown:
        raise ToolError(
            f"{CALL} does not take {quoted(unknown)}: the tool's name goes into `name`, what the tool takes into "
            "`arguments`."
        )
    name = named(given)
    if name is None:
        raise ToolError(f"{CALL} takes the tool's name as `name`, and what it takes as `arguments`.")
    if not isinstance(inner, dict):
        raise ToolError(f"{CALL} takes `arguments` as an object.")
    if name in (FIND, CALL):
        raise ToolError(f"{name} is called itself, not through {CALL}.")
    if name not in known:
        raise ToolError(
            f"There is no tool {name[:80]!r}.{close_to([name], known)} {FIND} finds them by what they do."
        )
    return name, inner


def named(arguments: Mapping[str, Any]) -> str | None:
    """The name of the tool in the arguments of `call_tool`; None where there is none."""
    name = arguments.get("name")
    return name.strip() or None if isinstance(name, str) else None


def ranked(query: str, cards: list[Card]) -> list[Card]:
    """The cards that share words with the query, best first; all of them without a query. A name given whole is first.

    A word counts the more the fewer tools have it, and more in a name than in a description.
    """
    words = list(dict.fromkeys(_words(query)))[:_WORDS]
    if not words:
        return list(cards)
    fields = [_fields(card) for card in cards]
    scores: dict[str, float] = dict.fromkeys((card["name"] for card in cards), 0.0)
    meant = [{word, _SAME.get(word, word)} for word in words]
    for forms in meant:
        hits = [
            max((worth for unit, worth in own.items() if _any(forms, unit)), default=0.0) for own in fields
        ]
        having = sum(hit > 0 for hit in hits)
        if having:
            rarity = math.log(1 + len(cards) / having)
            for card, hit in zip(cards, hits, strict=True):
                scores[card["name"]] += rarity * hit
    for card in cards:
        if scores[card["name"]]:
            own = _words(card["name"])
            told = sum(any(_any(forms, unit) for forms in meant) for unit in own)
            scores[card["name"]] *= 1 + told / len(own)
            if own == words:
                scores[card["name"]] = math.inf
    best = max(scores.values(), default=0.0)
    close = [card for card in cards if scores[card["name"]] > (0 if best == math.inf else best / 5)]
    return sorted(close, key=lambda card: -scores[card["name"]])


def _fields(card: Card) -> dict[str, float]:
    """Each word of a card with what it is worth."""
    worth: dict[str, float] = {}
    properties = card["input"].get("properties", {})
    for weight, text in (
        (_ARGUMENT, " ".join(properties)),
        (_DESCRIPTION, card["description"]),
        (_ALSO_CALLED, _ALSO.get(card["name"], "")),
        (_NAME, card["name"]),
    ):
        worth |= dict.fromkeys(_words(text), weight)
    return worth


_ALSO: Mapping[str, str] = {
    "explore_connection": "list browse files folders bucket tables columns preview",
    "run_flow_action": "switch turn on off enable disable pause resume stop start",
    "find_flows": "which flows feed write read into from dataset",
    "diagnose_flow": "fail failed failing broken wrong",
    "pipeline_health": "failed last night yesterday overview status",
    "create_pipeline": "set up new import daily s3 sftp blob csv",
    "plan_pipeline": "set up new import daily s3 sftp blob csv",
    "update_connection": "rotate renew replace exchange credentials secret password key expired",
    "create_run": "run now once backfill",
    "get_batch_errors": "rows rejected",
    "test_connection": "check credentials login",
    "trace_lineage": "what breaks if delete account connection dataset depends",
    "delete_pipeline": "retire decommission",
    "change_pipeline": "reschedule hourly daily every make",
    "copy_flow": "promote move sandbox stage",
}
"""What people call what a tool does, where its name and its description use other words."""
_SAME: Mapping[str, str] = {
    "account": "connection",
    "accounts": "connection",
    "add": "create",
    "change": "update",
    "drop": "delete",
    "edit": "update",
    "erase": "delete",
    "job": "run",
    "make": "create",
    "modify": "update",
    "remove": "delete",
    "rename": "update",
    "show": "get",
}
"""A word of a question -> the word that names of tools use for it."""
_FILLERS = frozenset(
    re.findall(
        r"\w+",
        "a all an and any are as at by do does for from how i in into is it me my of on one or our please that the "
        "their them this to want what where which why with you",
    )
)


def _words(text: str) -> list[str]:
    found = re.findall(r"[^\W_]+", text.casefold())
    return [word for word in found if word not in _FILLERS]


def _any(forms: Collection[str], unit: str) -> bool:
    return any(_alike(word, unit) for word in forms)


def _alike(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return len(short) >= _STEM and long.startswith(short.removesuffix("s").removesuffix("e"))


def _asked(arguments: Mapping[str, Any]) -> tuple[str, int]:
    given = fitted(arguments, _FIND_INPUT)
    query, limit = given.pop("query", ""), given.pop("limit", _SHOWN)
    if given:
        raise ToolError(f"{FIND} does not take {quoted(sorted(given))}. It takes: query, limit.")
    if not isinstance(query, str) or len(query) > 1_000:
        raise ToolError(f"{FIND} takes `query` as text of at most 1,000 characters.")
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= _MOST:
        raise ToolError(f"{FIND} takes `limit` from 1 to {_MOST}.")
    return query.strip(), limit


def _whole(cards: list[Card]) -> list[str]:
    """Lines for tools and what each takes; what two take alike is written out once."""
    import json

    lines: list[str] = []
    told: dict[str, str] = {}
    for card in cards:
        schema = json.dumps(card["input"], ensure_ascii=False, separators=(",", ":"))
        first = told.setdefault(schema, card["name"])
        takes = schema if first == card["name"] or len(schema) < _SHORT else f"the same as of {first}"
        lines += [f"{card['name']}{_asks(card)}: {card['description']}", f"  arguments: {takes}"]
    return lines


def _brief(card: Card) -> dict[str, Any]:
    return {"name": card["name"], "writes": card["writes"], "description": card["description"]}


def _asks(card: Card) -> str:
    return " (writes)" if card["writes"] else ""


def _result(lines: list[str], tools: list[dict[str, Any]], total: int) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(type="text", text="\n".join(lines))],
        structured_content={"tools": tools, "total": total},
    )


def _listed(name: str, schema: dict[str, Any], text: str, *, reads: bool) -> Tool:
    return Tool(
        fn=never_called,
        name=name,
        title=name.replace("_", " ").capitalize(),
        description=text,
        parameters=schema,
        fn_metadata=FuncMetadata(arg_model=ArgModelBase),
        is_async=True,
        context_kwarg=None,
        annotations=ToolAnnotations(
            read_only_hint=reads, destructive_hint=not reads, idempotent_hint=reads, open_world_hint=True
        ),
    )
