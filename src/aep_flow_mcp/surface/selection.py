"""Which tools are listed and callable, and the sentence for each that is not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aep_flow_mcp.settings import ApprovalMode, Settings, SettingsError
from aep_flow_mcp.surface.registry import Toolset

CONFIRM_TOOL = "confirm_change"


def refusals(cards: list[dict[str, Any]], settings: Settings) -> dict[str, str]:
    """Tool name -> why a call to it is refused; a tool that is not in here is listed and callable.

    `AEP_MCP_EXCLUDE_TOOLS` wins over `AEP_MCP_TOOLS`, which adds to what `AEP_MCP_TOOLSETS` lists.

    Raises:
        SettingsError: a setting names a toolset or a tool that does not exist.
    """
    names = {card["name"] for card in cards}
    _known("AEP_MCP_TOOLSETS", settings.mcp_toolsets, [*(item.value for item in Toolset), "all"])
    _known("AEP_MCP_TOOLS", settings.mcp_tools, sorted(names))
    _known("AEP_MCP_EXCLUDE_TOOLS", settings.mcp_exclude_tools, sorted(names))
    refused = {card["name"]: reason for card in cards if (reason := _refusal(card, settings))}
    if CONFIRM_TOOL in names and CONFIRM_TOOL not in refused and not _anything_to_confirm(cards, refused):
        refused[CONFIRM_TOOL] = f"{CONFIRM_TOOL} is switched off: no tool that writes is switched on."
    return refused


def _refusal(card: dict[str, Any], settings: Settings) -> str | None:
    name, toolset = card["name"], card["toolset"]
    if card["writes"] and settings.mcp_read_only:
        return f"{name} writes, and AEP_MCP_READ_ONLY is on: nothing was sent. Unset it to allow writes."
    if name in settings.mcp_exclude_tools:
        return f"{name} is switched off by AEP_MCP_EXCLUDE_TOOLS."
    if name in settings.mcp_tools:
        return None
    if name == CONFIRM_TOOL:
        if settings.mcp_approval in (ApprovalMode.ASK, ApprovalMode.TWO_STEP):
            return None
        return f"{name} is not used: AEP_MCP_APPROVAL is {settings.mcp_approval.value}."
    wanted = settings.mcp_toolsets
    if (not wanted and not settings.mcp_tools) or toolset in wanted or "all" in wanted:
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
        from rapidfuzz import process

        close = [
            match[0] for word in wrong for match in process.extract(word, known, limit=3, score_cutoff=60)
        ]
        hint = f" Close: {', '.join(dict.fromkeys(close))}." if close else f" It takes: {', '.join(known)}."
        raise SettingsError(f"{variable} names {', '.join(map(repr, wrong))}, which does not exist.{hint}")
