"""What differs between two flows, field by field, without what differs always: ids, times, authors, versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.insight.shapes import Problem
from aep_flow_mcp.platform.models.connections import Connection, SourceConnection, TargetConnection
from aep_flow_mcp.platform.models.flows import Flow

_NOISE = frozenset(
    """
    id etag eTag version createdAt updatedAt createdBy updatedBy createdClient updatedClient sandboxId sandboxName
    imsOrgId providerRefId runs lastOperation lastRunDetails inheritedAttributes sourceConnectionIds
    targetConnectionIds baseConnectionId unifiedMetadata folderId isDraft
    """.split()  # noqa: SIM905
)
_ABSENT = "(absent)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs; a side without it is `(absent)`."""

    field: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Side:
    """One flow with what it reads, writes and maps. Names stand for ids, which differ between sandboxes anyway.

    `names` gives names for ids that fields hold (datasets, schemas, specs, accounts).
    """

    flow: Flow
    sources: tuple[SourceConnection | Problem, ...] = ()
    targets: tuple[TargetConnection | Problem, ...] = ()
    accounts: tuple[Connection | Problem, ...] = ()
    mappings: tuple[str, ...] | Problem | None = None
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`same` counts the fields that agree, `ignored` names what was left out of the comparison."""

    differences: tuple[Difference, ...]
    same: int
    ignored: tuple[str, ...] = tuple(sorted(_NOISE))


def compare_sides(left: Side, right: Side) -> Comparison:
    """The fields in which two flows differ, in the order in which a person would look at them."""
    first, second = dict(_fields(left)), dict(_fields(right))
    differences = []
    same = 0
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name, _ABSENT), second.get(name, _ABSENT)
        if one == other:
            same += 1
        else:
            differences.append(Difference(name, one, other))
    return Comparison(tuple(differences), same)


def _fields(side: Side) -> Iterator[tuple[str, str]]:
    """(dotted name, value as text) of everything that says what the flow does."""
    raw = side.flow.model_dump(mode="json", by_alias=True, exclude_none=True)
    flat = {key: value for key, value in raw.items() if key not in _NOISE and key != "transformations"}
    yield from _flatten("", flat, side.names)
    for at, step in enumerate(raw.get("transformations") or []):
        params = dict(step.get("params") or {})
        if "mappingId" in params and side.mappings is not None:
            params = {
                key: value for key, value in params.items() if key not in ("mappingId", "mappingVersion")
            }
        yield from _flatten(f"{step.get('name') or f'step {at}'}.", params or {"step": "yes"}, side.names)
    yield from _mapped(side.mappings)
    for word, parts in (("source", side.sources), ("target", side.targets), ("account", side.accounts)):
        for at, part in enumerate(parts):
            prefix = f"{word}." if len(parts) == 1 else f"{word} {at + 1}."
            yield from _part(prefix, part, side.names)


def _part(
    prefix: str, part: SourceConnection | TargetConnection | Connection | Problem, names: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    if isinstance(part, Problem):
        yield f"{prefix.rstrip('.')}", str(part)
        return
    raw = part.model_dump(mode="json", by_alias=True, exclude_none=True)
    yield from _flatten(prefix, {key: value for key, value in raw.items() if key not in _NOISE}, names)


def _mapped(mappings: tuple[str, ...] | Problem | None) -> Iterator[tuple[str, str]]:
    """One field for each mapped destination, so that a row that moved is no difference."""
    if isinstance(mappings, Problem):
        yield "mapping set", str(mappings)
        return
    for line in mappings or ():
        source, _, destination = line.partition(" -> ")
        yield f"mapping.{destination}", source


def _flatten(prefix: str, value: Any, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            if key not in _NOISE or inner in names.values():
                yield from _flatten(f"{prefix}{key}.", inner, names)
            elif isinstance(inner, str) and inner in names:
                yield f"{prefix}{key}", names[inner]
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for at, item in enumerate(value):
            yield from _flatten(f"{prefix}{at}.", item, names)
    elif isinstance(value, list):
        yield prefix.rstrip("."), ", ".join(str(item) for item in value) or "[]"
    elif value != {}:
        yield prefix.rstrip("."), names.get(value, value) if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
