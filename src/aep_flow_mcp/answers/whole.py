"""A whole object in one answer: what does not fit is named, with the way to read it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec.json
from pydantic import BaseModel

from aep_flow_mcp.answers.present import present
from aep_flow_mcp.answers.text import TEXT_LIMIT, Record
from aep_flow_mcp.platform.redaction.masking import NOTHING_KNOWN, Known

ONE = "items.0"
"""Where a Flow Service answer has the object that was asked for."""
_ROOM = TEXT_LIMIT - 2_000
"""Characters of JSON for the object; the rest is for the note."""
_OVERHEAD = 5
"""Quotes, colon and comma around a member."""
_FOLLOWING = bytes(range(0x80, 0xC0))
"""The bytes of UTF-8 that do not begin a letter."""
_NAMED = 12
"""Missing parts that the note names."""

Missing = tuple[str, str]
"""A part that was left out, by its place inside the object ("" for the object's own end), and how much it is."""


def whole(
    item: BaseModel | Mapping[str, Any],
    *,
    path: str,
    select: str | None = None,
    known: Known = NOTHING_KNOWN,
) -> Record:
    """The object, without its largest parts when it is larger than one answer. Long lists keep their start.

    path: of the object, for `get_resource`, which reads a part that was left out; select: where `item` is in the
    answer of that path. A part's name must be that of the API's answer, so give the object as the API gave it.
    known: what the specs of its connectors declare secret.
    """
    return fitted(present(item, known), path=path, select=select)


def fitted(value: Any, *, path: str, select: str | None = None) -> Record:
    """The same of anything that is already as it may be shown; what is no object becomes `value`."""
    kept, missing = (value, []) if size_of(value) <= _ROOM else cut(value, _ROOM)
    item = dict(kept) if isinstance(kept, Mapping) else {"value": kept}
    if not missing:
        return Record(item=item)
    return Record(item=item, note=left_out(missing, path=path, select=select))


def left_out(missing: list[Missing], *, path: str, select: str | None = None) -> str:
    """The note about parts that were left out, with a call that reads the first of them."""
    parts = [f"{_shown(name)} ({size})" for name, size in missing[:_NAMED]]
    if len(missing) > _NAMED:
        parts.append(f"{len(missing) - _NAMED} more parts")
    where = _joined(select, missing[0][0])
    return f"Left out for size: {', '.join(parts)}. To read it: get_resource with path={path} and select={where}."


def _shown(name: str) -> str:
    return name.removesuffix(":") or "the rest"


def cut(value: Any, room: int) -> tuple[Any, list[Missing]]:
    """What fits of a value that does not, and what is missing."""
    if isinstance(value, list):
        start = _start(value, room)
        missing = [(f"{len(start)}:", f"{len(value) - len(start)} more of {len(value)}")]
        if start:
            return start, missing
        # Not even the first fits: it is read by itself, and then the others.
        others = [("1:", f"{len(value) - 1} more of {len(value)}")] if len(value) > 1 else []
        return [], [("0", f"{size_of(value[0]):,} characters"), *others]
    if isinstance(value, Mapping):
        return _cut_object(value, room)
    text = str(value)
    kept = _start_of_text(text, room)
    return kept, [(f"{len(kept)}:", f"{len(text) - len(kept):,} characters")]


def size_of(value: Any, *, levels: int = 4) -> int:
    """Characters of compact JSON. levels: how deep the parts are counted one by one, so that no text of all is made."""
    if levels and isinstance(value, Mapping) and value:
        members = sum(size_of(str(name), levels=0) for name in value)
        return 1 + members + 2 * len(value) + sum(size_of(item, levels=levels - 1) for item in value.values())
    if levels and isinstance(value, list) and value:
        return 1 + len(value) + sum(size_of(item, levels=levels - 1) for item in value)
    try:
        encoded = msgspec.json.encode(value)
    except (TypeError, ValueError):  # Half characters, or keys that are no texts.
        return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    # Of each letter the first byte: as a text, one rare letter makes all of it four times as wide.
    return len(encoded) if encoded.isascii() else len(encoded.translate(None, _FOLLOWING))


def _cut_object(fields: Mapping[str, Any], room: int) -> tuple[dict[str, Any], list[Missing]]:
    kept = dict(fields)
    missing: list[Missing] = []
    sizes = {name: size_of(value) + len(name) + _OVERHEAD for name, value in fields.items()}
    room -= sum(sizes.values())
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if room >= 0:
            break
        room += sizes[name]
        value = kept.pop(name)
        start = _start(value, room) if isinstance(value, list) else []
        if start:
            kept[name] = start
            room -= size_of(start) + len(name) + _OVERHEAD
            missing.append((f"{name}.{len(start)}:", f"{len(value) - len(start)} more of {len(value)}"))
        else:
            missing.append((name, f"{sizes[name]:,} characters"))
    return {name: kept[name] for name in fields if name in kept}, missing


def _start(items: list[Any], room: int) -> list[Any]:
    """The first items that fit."""
    room -= 40
    for count, item in enumerate(items):
        room -= size_of(item) + 1
        if room < 0:
            return items[:count]
    return items


def _start_of_text(text: str, room: int) -> str:
    """The first characters that fit: as JSON some take several."""
    kept = text[: room - 40]
    while size_of(kept) > room:
        kept = kept[: len(kept) * room // (size_of(kept) + 1)]
    return kept


def _joined(select: str | None, part: str) -> str:
    """The place of a part inside a place. What begins at an item (`items.57:`) goes on counting from there."""
    base, _, last = (select or "").rpartition(".")
    if not last.endswith(":"):
        return ".".join(each for each in (select, part) if each)
    first, rest = int(last[:-1] or 0), part.split(".", 1)
    number = int(rest[0].rstrip(":")) + first
    colon = ":" if rest[0].endswith(":") else ""
    return ".".join(each for each in (base, f"{number}{colon}", *rest[1:]) if each)
