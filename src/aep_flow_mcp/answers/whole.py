"""A whole object in one answer: what does not fit is named, with the way to read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.text import TEXT_LIMIT, Record

_ROOM = TEXT_LIMIT - 2_000
"""Characters of JSON for the object; the rest is for the note."""
_OVERHEAD = 5
"""Quotes, colon and comma around a member."""


def whole(item: BaseModel | Mapping[str, Any], *, path: str, select: str | None = None) -> Record:
    """The object, without its largest parts when it is larger than one answer. Long lists keep their start.

    path: of the object, for `get_resource`, which reads a part that was left out; select: the part that
    `item` itself already is.
    """
    return fitted(present(item), path=path, select=select)


def fitted(value: Any, *, path: str, select: str | None = None) -> Record:
    """The same of anything that is already as it may be shown; what is no object becomes `value`."""
    kept, missing = (value, []) if _size(value) <= _ROOM else _cut(value)
    item = dict(kept) if isinstance(kept, Mapping) else {"value": kept}
    if not missing:
        return Record(item=item)
    parts = ", ".join(f"{name or 'the rest'} ({size})" for name, size in missing)
    where = ".".join(part for part in (select, missing[0][0]) if part)
    advice = f" To read it: get_resource with path={path} and select={where}." if missing[0][0] else ""
    return Record(item=item, note=f"Left out for size: {parts}.{advice}")


def _cut(value: Any) -> tuple[Any, list[tuple[str, str]]]:
    """What fits of a value that does not, and what is missing: (part, how much)."""
    if isinstance(value, list):
        start = _start(value, _ROOM)
        return start, [(str(len(start)), f"{len(value) - len(start)} more of {len(value)}")]
    if isinstance(value, Mapping):
        return _cut_object(value)
    text = str(value)
    return text[:_ROOM], [("", f"{len(text) - _ROOM:,} characters")]


def _cut_object(fields: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    kept = dict(fields)
    missing: list[tuple[str, str]] = []
    sizes = {name: _size(value) + len(name) + _OVERHEAD for name, value in fields.items()}
    room = _ROOM - sum(sizes.values())
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if room >= 0:
            break
        room += sizes[name]
        value = kept.pop(name)
        start = _start(value, room) if isinstance(value, list) else []
        if start:
            kept[name] = start
            room -= _size(start) + len(name) + _OVERHEAD
            missing.append((f"{name}.{len(start)}", f"{len(value) - len(start)} more of {len(value)}"))
        else:
            missing.append((name, f"{sizes[name]:,} characters"))
    return {name: kept[name] for name in fields if name in kept}, missing


def _start(items: list[Any], room: int) -> list[Any]:
    """The first items that fit."""
    room -= 40
    for count, item in enumerate(items):
        room -= _size(item) + 1
        if room < 0:
            return items[:count]
    return items


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
