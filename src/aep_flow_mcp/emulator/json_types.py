"""The type of everything that is sent, stored and answered."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]


def spec_id(row: JsonObject, member: str = "connectionSpec") -> str:
    """The id of the spec that an object names: objects of a snapshot name it as `{id, version}` or as bare text."""
    named = row.get(member)
    return str(named.get("id") if isinstance(named, dict) else named)
