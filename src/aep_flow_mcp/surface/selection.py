"""Which tools are listed and callable, and the sentence for each that is not.

The settings decide for the server; over HTTP a connection's own headers narrow that further, and never widen it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from aep_flow_mcp.callers import Ability
from aep_flow_mcp.settings import ApprovalMode, Settings, SettingsError
from aep_flow_mcp.surface.registry import Toolset

CONFIRM_TOOL = "confirm_change"
READ_ONLY_HEADER, TOOLSETS_HEADER = "x-aep-mcp-read-only", "x-aep-mcp-toolsets"
NAMED_SETS: Mapping[str, frozenset[str]] = {
    "essential": frozenset(
        {
            *(Toolset.CORE, Toolset.PIPELINES),
            *("list_runs", "get_run", "create_run", "retry_run", "list_connections", "explore_connection"),
            *("run_flow_action", "update_flow", "update_connection"),
        }
    )
}
"""Sets that `AEP_MCP_TOOLSETS` takes besides the toolsets: the toolsets and tools in them."""
_SETS = [*(item.value for item in Toolset), *NAMED_SETS, "all"]


NAMED, LONGEST = 5, 100
"""How many names that do not exist are told or looked for, and how many characters of one."""


def quoted(names: Collection[str]) -> str:
    """Names that a caller gave, of any length and number, for a sentence."""
    shown = [repr(name[:LONGEST]) for name in islice(names, NAMED)]
    more = [f"{len(names) - NAMED:,} more"] if len(names) > NAMED else []
    return ", ".join(shown + more)


@dataclass(frozen=True)
class Narrowing:
    """What one connection wants less of: no writes, and these toolsets (or named sets) only; empty means all.

    toolsets: of each header; a tool is in all of them.

    may: what its caller may do at all; None where nobody signs in.
    """

    read_only: bool = False
    toolsets: tuple[tuple[str, ...], ...] = ()
    may: frozenset[Ability] | None = None


def narrowing(headers: Mapping[str, str] | None) -> Narrowing:
    """What the headers of a request ask for; any value but `false`, `0`, `no` and nothing means read-only.

    Raises:
        SettingsError: a toolset that does not exist.
    """
    if not headers:
        return Narrowing()
    said = [part.strip().lower() for one in _each(headers, READ_ONLY_HEADER) for part in one.split(",")]
    wanted = [
        one.lower().replace("-", "_").replace(",", " ").split() for one in _each(headers, TOOLSETS_HEADER)
    ]
    toolsets = tuple(tuple(names) for names in wanted if names)
    _known("X-AEP-MCP-Toolsets", chain.from_iterable(toolsets), _SETS)
    return Narrowing(any(one not in ("", "false", "0", "no") for one in said), toolsets)


def _each(headers: Mapping[str, str], name: str) -> list[str]:
    """A header as often as it came: whoever adds a second one to narrow a connection is not overruled by the first."""
    getlist: Callable[[str], list[str]] | None = getattr(headers, "getlist", None)
    if getlist is not None:
        return getlist(name)
    return [headers[name]] if name in headers else []


def needed(card: dict[str, Any], *, page: bool = False) -> frozenset[Ability]:
    """What its caller has to be able to do. Whoever confirms approves a write, and carries it out.

    page: whether people decide on a page; what was approved there its caller only carries out. The guard tells the two
    apart.
    """
    if card["name"] == CONFIRM_TOOL and not page:
        return frozenset({Ability.WRITE, Ability.APPROVE})
    return frozenset({Ability.WRITE if card["writes"] else Ability.READ})


def narrowed(
    cards: list[dict[str, Any]], refused: Mapping[str, str], by: Narrowing, settings: Settings
) -> dict[str, str]:
    """The refusals of the server with those of a connection added; nothing that is refused comes back."""
    scopes, page = settings.mcp_auth_scopes, settings.has_page
    more = dict(refused)
    for card in cards:
        name = card["name"]
        lacking = sorted(needed(card, page=page) - by.may) if by.may is not None else []
        if name not in more and lacking:
            more[name] = (
                f"{name} needs the scope {' and '.join(scopes[ability] for ability in lacking)}, which this sign-in "
                "does not have: nothing was sent."
            )
        elif name not in more and card["writes"] and by.read_only:
            more[name] = (
                f"{name} writes, and this connection is read-only (X-AEP-MCP-Read-Only): nothing was sent."
            )
        elif (
            name not in more
            and name != CONFIRM_TOOL
            and not all(_within(card, names) for names in by.toolsets)
        ):
            more[name] = (
                f"{name} is switched off on this connection: X-AEP-MCP-Toolsets does not name {card['toolset']}."
            )
    return _without_idle_confirm(cards, more)


def refusals(cards: list[dict[str, Any]], settings: Settings) -> dict[str, str]:
    """Tool name -> why a call to it is refused; a tool that is not in here is listed and callable.

    `AEP_MCP_EXCLUDE_TOOLS` wins over `AEP_MCP_TOOLS`, which adds to what `AEP_MCP_TOOLSETS` lists.

    Raises:
        SettingsError: a setting names a toolset or a tool that does not exist.
    """
    names = {card["name"] for card in cards}
    _known("AEP_MCP_TOOLSETS", settings.mcp_toolsets, _SETS)
    _known("AEP_MCP_TOOLS", settings.mcp_tools, sorted(names))
    _known("AEP_MCP_EXCLUDE_TOOLS", settings.mcp_exclude_tools, sorted(names))
    refused = {card["name"]: reason for card in cards if (reason := _refusal(card, settings))}
    return _without_idle_confirm(cards, refused)


def _without_idle_confirm(cards: list[dict[str, Any]], refused: dict[str, str]) -> dict[str, str]:
    there = any(card["name"] == CONFIRM_TOOL for card in cards)
    if there and CONFIRM_TOOL not in refused and not _anything_to_confirm(cards, refused):
        refused[CONFIRM_TOOL] = f"{CONFIRM_TOOL} is switched off: no tool that writes is switched on."
    return refused


def _within(card: dict[str, Any], wanted: Iterable[str]) -> bool:
    """Whether a tool is in one of the sets; no set at all means all."""
    chosen = set(wanted)
    named = chosen.union(*(NAMED_SETS[name] for name in chosen & NAMED_SETS.keys()))
    return not chosen or "all" in chosen or card["toolset"] in named or card["name"] in named - chosen


def _refusal(card: dict[str, Any], settings: Settings) -> str | None:
    name, toolset = card["name"], card["toolset"]
    if card["writes"] and settings.mcp_read_only:
        return f"{name} writes, and AEP_MCP_READ_ONLY is on: nothing was sent. Unset it to allow writes."
    if name in settings.mcp_exclude_tools:
        return f"{name} is switched off by AEP_MCP_EXCLUDE_TOOLS."
    if name in settings.mcp_tools:
        return None
    if name == CONFIRM_TOOL:
        if settings.mcp_approval in (ApprovalMode.ASK, ApprovalMode.TWO_STEP) or settings.has_page:
            return None
        return f"{name} is not used: AEP_MCP_APPROVAL is {settings.mcp_approval.value}."
    wanted = settings.mcp_toolsets
    if (wanted or not settings.mcp_tools) and _within(card, wanted):
        return None
    setting = "AEP_MCP_TOOLSETS" if wanted else "AEP_MCP_TOOLS"
    return f"{name} is switched off: {setting} does not name it or its toolset, {toolset}."


def _anything_to_confirm(cards: list[dict[str, Any]], refused: dict[str, str]) -> bool:
    return any(
        card["writes"] and card["name"] not in refused and card["name"] != CONFIRM_TOOL for card in cards
    )


def _known(variable: str, given: Iterable[str], known: list[str]) -> None:
    wrong = sorted(set(given) - set(known))
    if wrong:
        hint = close_to(wrong, known) or f" It takes: {', '.join(known)}."
        raise SettingsError(f"{variable} names {quoted(wrong)}, which does not exist.{hint}")


def close_to(wrong: Iterable[str], known: Iterable[str]) -> str:
    """ " Close: …." with the names that are like one of the wrong ones; nothing where none is."""
    from rapidfuzz import process

    names = sorted(known)
    close = [
        match[0]
        for word in list(wrong)[:NAMED]
        for match in process.extract(word[:LONGEST], names, limit=3, score_cutoff=60)
    ]
    return f" Close: {', '.join(dict.fromkeys(close))}." if close else ""
