"""Tokens that `tools/list` costs per toolset: name, description and input schema, 4.4 characters a token."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from aep_flow_mcp.surface.schema import TOKEN_CHARACTERS


def tokens(card: dict[str, Any]) -> float:
    """What one tool costs a conversation."""
    seen = {"name": card["name"], "description": card["description"], "inputSchema": card["input"]}
    return len(json.dumps(seen, ensure_ascii=False, separators=(",", ":"))) / TOKEN_CHARACTERS


def measure(cards: list[dict[str, Any]]) -> dict[str, int]:
    """Tokens per toolset, of all reading tools (`read`) and of all (`all`)."""
    sums: Counter[str] = Counter()
    for card in cards:
        cost = tokens(card)
        sums[card["toolset"]] += cost  # type: ignore[assignment]
        sums["all"] += cost  # type: ignore[assignment]
        if not card["writes"]:
            sums["read"] += cost  # type: ignore[assignment]
    return {name: round(cost) for name, cost in sorted(sums.items())}
