"""A whole object in one answer: what does not fit is named, with the way to read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from aep_flow_mcp.tools.answers import TEXT_LIMIT, Record
from aep_flow_mcp.tools.present import present

_ROOM = TEXT_LIMIT - 2_000
"""Characters of JSON for the object; the rest is for the note."""


def whole(item: BaseModel | Mapping[str, Any], *, path: str, select: str | None = None) -> Record:
    """The object, without its largest parts when it is larger than one answer.

    path: of the object, for `get_resource`, which reads a part that was left out; select: the part that
    `item` itself already is.
    """
    shown = present(item)
    sizes = {name: _size(value) for name, value in shown.items()}
    dropped: list[str] = []
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if sum(sizes[kept] for kept in sizes if kept not in dropped) <= _ROOM:
            break
        dropped.append(name)
    if not dropped:
        return Record(item=shown)
    parts = ", ".join(f"{name} ({sizes[name]:,} characters)" for name in dropped)
    where = ".".join(part for part in (select, dropped[0]) if part)
    note = f"Left out for size: {parts}. To read one: get_resource with path={path} and select={where}."
    return Record(item={name: value for name, value in shown.items() if name not in dropped}, note=note)


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"))) + 20
