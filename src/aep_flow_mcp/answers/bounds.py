"""Every answer fits: lists end at an item, with the call that goes on; structured content has a bound of its own."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pydantic import BaseModel

from aep_flow_mcp.answers.pieces import Place
from aep_flow_mcp.answers.text import OF_PIECES, TEXT_LIMIT, InPieces, Listing, Whole, clean, count_shown
from aep_flow_mcp.answers.whole import cut, size_of

STRUCTURED_LIMIT = 150_000
"""Characters of JSON in an answer's structured content: the text is cut sooner, an application can take more."""
_ITEM_ROOM = TEXT_LIMIT - 2_500
"""Characters of one item of a list: one that is larger could not be shown whole by itself either."""
_BEGINNING = Place()
_MANY_KEYS = 300
"""A map of ids, which can be cut; an object of ours never has so many members."""
_NAMED = 8


def bounded(answer: BaseModel, *, takes: Collection[str] = (), place: Place = _BEGINNING) -> BaseModel:
    """A list with as many of its items as its text and its structured content may hold, at least one; anything else
    as it is.

    takes: the arguments of the tool, for what says how to go on. place: where the list begins.
    """
    if not isinstance(answer, Listing):
        return answer
    items, narrowed = _fitting_items(answer.items)
    fit = max(min(_count_fitting(items, STRUCTURED_LIMIT - 3_000), count_shown(items)), 1)
    changes: dict[str, Any] = {"items": items[:fit]}
    if "cursor" in takes:
        changes["next_cursor"] = place.after(fit, answer)
    if not changes.get("next_cursor"):
        # All there are: the number says nothing that is not seen.
        changes["total"] = None
    if fit >= len(items) and not narrowed:
        return answer.model_copy(update=changes)
    notes = [answer.note] if answer.note else []
    if narrowed:
        notes.append(
            "Large parts of some items were left out: get one by its id, whose answer says how to read them."
        )
    if fit < len(items) and "cursor" not in takes:
        notes.append(f"{fit} of {len(items)} fit here: ask more narrowly.")
    return answer.model_copy(update={**changes, "note": " ".join(notes) or None})


def _count_fitting(items: list[BaseModel], room: int) -> int:
    for count, item in enumerate(items):
        room -= size_of(item.model_dump(mode="json", exclude_none=True)) + 1
        if room < 0:
            return count
    return len(items)


def structured(answer: BaseModel) -> dict[str, Any]:
    """The structured content of an answer, cleaned and at most `STRUCTURED_LIMIT` characters of JSON.

    Lists and texts keep their start; `note` names what was cut.
    """
    dumped = answer.model_dump(mode="json", exclude_none=True, warnings="error")
    data: dict[str, Any] = clean(_without_empty(dumped) if isinstance(answer, InPieces) else dumped)
    data |= {name: dumped[name] for name in getattr(answer, "verbatim", ()) if name in dumped}
    if size_of(data) <= STRUCTURED_LIMIT:
        return data
    missing: list[str] = []
    short: dict[str, Any] = _shrunk(data, STRUCTURED_LIMIT - 2_000, "", missing)
    more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
    told = f"Cut for size: {', '.join(missing[:_NAMED])}{more}. Ask for less, or read the part with get_resource."
    note = short.get("note")
    return {**short, "note": f"{note[:1_000]} {told}" if isinstance(note, str) and note else told}


def _without_empty(data: dict[str, Any]) -> dict[str, Any]:
    """An answer of which nothing was cut does not tell of pieces."""
    kept = {name: value for name, value in data.items() if value or name not in OF_PIECES}
    if "further" in kept:
        kept["further"] = [_without_empty(each) for each in kept["further"]]
    return kept


def _fitting_items(items: list[Any]) -> tuple[list[Any], bool]:
    """The items, each small enough to be shown by itself, and whether any had to be cut for that."""
    room = _ITEM_ROOM
    fitted = [
        Whole(cut(item.root, room)[0]) if isinstance(item, Whole) and size_of(item.root) > room else item
        for item in items
    ]
    return fitted, any(one is not other for one, other in zip(fitted, items, strict=True))


def _shrunk(value: Any, room: int, place: str, missing: list[str]) -> Any:
    """What of a value fits into the room; what was cut is added to `missing`."""
    if size_of(value) <= room:
        return value
    if isinstance(value, dict):
        return _shrunk_object(value, room, place, missing)
    if isinstance(value, list):
        kept: list[Any] = []
        left = room - 2
        for item in value:
            left -= size_of(item) + 1
            if left < 0:
                break
            kept.append(item)
        if not kept and value:
            kept = [_shrunk(value[0], room - 3, f"{place}.0", missing)]
        if len(kept) < len(value):
            missing.append(f"{place or 'the list'} ({len(kept)} of {len(value)} kept)")
        return kept
    if isinstance(value, str):
        missing.append(f"{place} ({len(value):,} characters)")
        return cut(value, max(room - 3, 50))[0] + "…"
    return value


def _shrunk_object(value: dict[str, Any], room: int, place: str, missing: list[str]) -> dict[str, Any]:
    """Small members stay whole; what is left is shared among the large ones."""
    names = sorted(value, key=lambda name: size_of(value[name]))
    sizes = {name: size_of(value[name]) + len(name) + 6 for name in names}
    left = room - 2
    kept: dict[str, Any] = {}
    for at, name in enumerate(names):
        if len(names) > _MANY_KEYS and left < sizes[name]:
            missing.append(f"{place or 'the object'} ({at} of {len(names)} members kept)")
            break
        share = left // (len(names) - at)
        inner = f"{place}.{name}" if place else name
        whole = sizes[name] <= share
        kept[name] = value[name] if whole else _shrunk(value[name], share - len(name) - 6, inner, missing)
        left -= size_of(kept[name]) + len(name) + 6
    return {name: kept[name] for name in value if name in kept}
