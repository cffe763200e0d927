"""What differs between two flows, field by field, without what differs always: ids, times, authors, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aep_flow_mcp.insight.schedule import Timetable
from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.platform.models.common import MANAGED
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow

_OBJECT_NOISE = MANAGED | {
    *("version", "providerRefId", "runs", "lastOperation", "lastRunDetails", "inheritedAttributes"),
    *("sourceConnectionIds", "targetConnectionIds", "baseConnectionId", "unifiedMetadata"),
    *("scheduleParams", "transformations"),
}
"""Fields of the objects themselves that are never compared; the schedule and the steps are, on their own."""
_INNER_NOISE = frozenset({"createTime", "updateTime", "startDate", "meta:xdmType", "xdm"})
"""Fields anywhere below: when an audience was added, and what repeats a column's type."""
_LABELS = ("name", "path", "attributePath", "id", "dataSetId")
_ABSENT = "(absent)"
_PRESENT = "(present)"
_FEW = 3

Part = SourceConnection | TargetConnection | Connection
Fields = Iterator[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs; a side without it is `(absent)`."""

    field: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Side:
    """One flow with what it reads, writes and maps.

    `mappings` are "source -> destination" lines. `names` gives names for the ids that fields hold (datasets,
    schemas, specs, accounts): the same thing has another id in another sandbox.
    """

    flow: Flow
    sources: tuple[SourceConnection | Problem, ...] = ()
    targets: tuple[TargetConnection | Problem, ...] = ()
    accounts: tuple[Connection | Problem, ...] = ()
    mappings: tuple[str, ...] | Problem | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The differences, and how many fields agree."""

    differences: tuple[Difference, ...]
    same: int


def compare_sides(left: Side, right: Side) -> Comparison:
    """The fields in which two flows differ, in the order in which a person would look at them.

    An item that only one side has (a column, an audience) is one difference, not one for each of its fields.
    """
    first, second = dict(_fields(left)), dict(_fields(right))
    differences: list[Difference] = []
    missing: list[str] = []
    same = 0
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name, _ABSENT), second.get(name, _ABSENT)
        if any(name.startswith(prefix) for prefix in missing):
            continue
        if one == other:
            same += 1
            continue
        differences.append(Difference(name, one, other))
        if _PRESENT in (one, other):
            missing.append(f"{name}.")
    return Comparison(tuple(differences), same)


def _fields(side: Side) -> Fields:
    """(name, value as text) of everything that says what the flow does."""
    flow = side.flow
    raw = _plain(flow)
    yield from _flatten("", {key: value for key, value in raw.items() if key not in _OBJECT_NOISE}, side)
    yield from _schedule(flow, raw.get("scheduleParams") or {})
    for at, step in enumerate(raw.get("transformations") or []):
        name = step.get("name") or f"step {at + 1}"
        yield name, _PRESENT
        yield from _flatten(f"{name}.", step.get("params") or {}, side)
    yield from _mapped(side.mappings)
    groups: tuple[tuple[str, tuple[Part | Problem, ...]], ...] = (
        ("source", side.sources),
        ("target", side.targets),
        ("account", side.accounts),
    )
    for word, parts in groups:
        for at, part in enumerate(parts):
            yield from _part(word if len(parts) == 1 else f"{word} {at + 1}", part, side)


def _part(word: str, part: Part | Problem, side: Side) -> Fields:
    if isinstance(part, Problem):
        yield word, str(part)
        return
    raw = _plain(part)
    yield from _flatten(
        f"{word}.", {key: value for key, value in raw.items() if key not in _OBJECT_NOISE}, side
    )


def _schedule(flow: Flow, raw: dict[str, Any]) -> Fields:
    """The schedule without the day on which it began: only the time within its period makes a difference."""
    for key, value in raw.items():
        if key != "startTime":
            yield f"schedule.{key}", _text(value)
    start = flow.schedule.start_time if flow.schedule else None
    if start is not None:
        table = Timetable.read(flow.schedule)
        yield "schedule.start", _phase(start, table.step.total_seconds() if table and table.step else None)


def _phase(start: datetime, period: float | None) -> str:
    if period is None:
        return start.isoformat()
    if period <= 3600:
        return f"minute {start.minute}"
    return f"{start:%A %H:%M}" if period > 86_400 else f"{start:%H:%M}"


def _mapped(mappings: tuple[str, ...] | Problem | None) -> Fields:
    """One field for each mapped destination, so that a row that moved is no difference."""
    if isinstance(mappings, Problem):
        yield "mapping set", str(mappings)
        return
    for line in mappings or ():
        source, _, destination = line.partition(" -> ")
        yield f"mapping to {destination}", source


def _flatten(prefix: str, value: Any, side: Side) -> Fields:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if key not in _INNER_NOISE and not _is_mapping_id(key, side):
                yield from _flatten(f"{prefix}{key}.", inner, side)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        yield from _items(prefix.rstrip("."), value, side)
    elif isinstance(value, list):
        yield prefix.rstrip("."), ", ".join(side.names.get(str(item), str(item)) for item in value) or "[]"
    elif value != {}:
        text = _text(value)
        yield prefix.rstrip("."), side.names.get(text, text)


def _items(name: str, items: list[Any], side: Side) -> Fields:
    """Items are told apart by their names, so that one more or another order is not a difference in all."""
    for at, item in enumerate(items):
        label = _label(item, side) or str(at + 1)
        inner = dict(_flatten("", item, side)) if isinstance(item, dict) else {"value": _text(item)}
        named = label not in (inner.get("id"), inner.get("value.id"))
        left_out = ("id", "value.id") if named else ()
        rest = {key: text for key, text in inner.items() if text != label and key not in left_out}
        if len(rest) <= _FEW:
            yield f"{name}[{label}]", ", ".join(rest.values()) or _PRESENT
            continue
        yield f"{name}[{label}]", _PRESENT
        for key, text in rest.items():
            yield f"{name}[{label}].{key}", text


def _label(item: Any, side: Side) -> str | None:
    """What an item is called: by itself, or by the value inside a selector."""
    if not isinstance(item, dict):
        return None
    inner = item.get("value")
    for holder in (item, inner if isinstance(inner, dict) else {}):
        for key in _LABELS:
            text = holder.get(key)
            if isinstance(text, str) and text:
                return side.names.get(text, text)
    return None


def _is_mapping_id(key: str, side: Side) -> bool:
    """The mapping's rows are compared, so its id and version say nothing more."""
    return key in ("mappingId", "mappingVersion") and side.mappings is not None


def _plain(model: Flow | Part) -> dict[str, Any]:
    raw: dict[str, Any] = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return raw


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
