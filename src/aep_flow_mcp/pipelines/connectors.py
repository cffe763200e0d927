"""Which connector somebody means: by id, by name, or by words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aep_flow_mcp.platform.models.specs import ConnectionSpec

from . import wellknown
from .wish import Direction

_CLOSE = 70.0
# Words by which people call connectors whose API names do not hold them.
_ALSO = {
    wellknown.HTTP_API: "http api streaming inlet web events",
    wellknown.LANDING_ZONE_SOURCE: "data landing zone dlz files",
    wellknown.LANDING_ZONE_TARGET: "data landing zone dlz",
}
_INSIDE = frozenset({wellknown.DATA_LAKE, wellknown.DATA_LAKE_SOURCE, wellknown.PROFILE_STORE})


def goes(spec: ConnectionSpec) -> Direction:
    """Which way data goes through a connector; one that does both counts as a source."""
    return Direction.IMPORT if spec.is_source or not spec.is_destination else Direction.EXPORT


def can_go(spec: ConnectionSpec, direction: Direction) -> bool:
    """Whether data can go this way through a connector."""
    return goes(spec) is direction or (direction is Direction.EXPORT and spec.is_destination)


def outside(specs: Iterable[ConnectionSpec]) -> list[ConnectionSpec]:
    """The connectors to other systems: the platform's own ends are not among them."""
    return [spec for spec in specs if spec.id not in _INSIDE and spec.type != "platform"]


def label_of(spec: ConnectionSpec) -> str:
    """The name as people know it, where the spec says so; else its API name."""
    return spec.label or spec.name or spec.id


def rank(
    query: str, specs: Iterable[ConnectionSpec], direction: Direction | None = None
) -> list[ConnectionSpec]:
    """Connectors that fit the words, the best first; one whose id or whole name this is comes alone."""
    known = [spec for spec in outside(specs) if direction is None or can_go(spec, direction)]
    same = [spec for spec in outside(specs) if spec.id == query.strip()] or [
        spec for spec in known if plain(query) in (plain(spec.name or ""), plain(label_of(spec)))
    ]
    if same:
        present = (_present(query, spec, known) for spec in same)
        return list({spec.id: spec for spec in present}.values())
    scored = [(_score(query, spec), spec) for spec in known]
    best = sorted(
        (one for one in scored if one[0] >= _CLOSE), key=lambda one: (-one[0], label_of(one[1]), one[1].id)
    )
    return [spec for _, spec in best]


def meant(query: str, specs: Sequence[ConnectionSpec], direction: Direction) -> list[ConnectionSpec]:
    """The one connector that is meant, or those among which the person has to choose."""
    found = rank(query, specs, direction)
    if len(found) > 1:
        full = [spec for spec in found if _words(query) <= _words(_text(spec))]
        return full if len(full) == 1 else found
    return found


def plain(text: str) -> str:
    """Letters and digits in one case."""
    return "".join(character for character in text.casefold() if character.isalnum())


def _present(query: str, spec: ConnectionSpec, known: Sequence[ConnectionSpec]) -> ConnectionSpec:
    """What stands in for a connector that Adobe has replaced and that only its API name fits: who asks for Azure
    Blob means the present one. By id, or by the name that people see, the old one can be had."""
    if query.strip() == spec.id or plain(query) == plain(label_of(spec)):
        return spec
    return next((one for one in known if one.id == wellknown.REPLACED.get(spec.id)), spec)


def _score(query: str, spec: ConnectionSpec) -> float:
    """Out of 100: how many of the words the connector has, then how alike the names are."""
    from rapidfuzz import fuzz

    wanted, has = _words(query), _words(_text(spec))
    if not wanted:
        return 0.0
    share = len(wanted & has) / len(wanted)
    alike = max(fuzz.ratio(plain(query), plain(name)) for name in (spec.name or "", label_of(spec)))
    if share == 1:
        return 90 + alike / 10
    return max(alike, share * 85)


def _text(spec: ConnectionSpec) -> str:
    parts = (spec.name or "", label_of(spec), spec.category or "", _ALSO.get(spec.id, ""))
    return " ".join(parts)


def _words(text: str) -> set[str]:
    spaced = "".join(character if character.isalnum() else " " for character in text.casefold())
    return set(spaced.split()) - {"source", "destination", "connector", "the", "a", "from", "to", "our", "my"}
