"""What may not stand in a document: values that a connector declares secret, or that look like one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.platform.redaction.declared import Pointers
from aep_flow_mcp.platform.redaction.masking import Place, hidden, walked


class _Secret:
    """Stands where a secret was."""


_GONE = _Secret()


def without_secrets(body: Mapping[str, Any], pointers: Pointers) -> tuple[dict[str, Any], list[str]]:
    """The same without its secrets, and the fields that they stood in. pointers: what the spec declares."""
    left: list[str] = []

    def leaf(place: Place, value: Any) -> Any:
        shown = hidden(place, value)
        if shown == value and type(shown) is type(value):
            return value
        left.append(".".join(map(str, place.way)))
        return _GONE

    kept = _taken_out(walked(dict(body), leaf, Place.root(pointers)))
    return (kept if isinstance(kept, dict) else {}), left


def _taken_out(value: Any) -> Any:
    """A list with a secret in it goes as a whole: what is left of it would mean something else."""
    if isinstance(value, Mapping):
        inner = {key: _taken_out(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item is not _GONE}
    if isinstance(value, list):
        items = [_taken_out(item) for item in value]
        return _GONE if any(item is _GONE for item in items) else items
    return value
