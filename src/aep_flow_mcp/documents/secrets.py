"""What may not stand in a document: values that a connector declares secret, or that look like one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aep_flow_mcp.documents.findings import Finding
from aep_flow_mcp.documents.format import AccountToMake, Pipeline
from aep_flow_mcp.platform.redaction.declared import Pointers
from aep_flow_mcp.platform.redaction.masking import Place, hidden, scalars, walked

Way = tuple[str | int, ...]


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


def literal_secrets(document: Pipeline, pointers: Pointers) -> list[Finding]:
    """Where a document holds a secret itself: what an export would leave out, a file may not bring in.

    pointers: what the connector declares secret, in the bodies of the API.
    """
    account, extra = document.account, document.extra
    parts: list[tuple[Way, Way, Any]] = [
        (("source",), ("params",), document.source),
        (("destination",), ("params",), document.destination),
    ]
    if isinstance(account, AccountToMake):
        parts.append((("account", "params"), ("auth", "params"), account.params))
    if extra is not None:
        parts += [(("extra", "source"), (), extra.source), (("extra", "target"), (), extra.target)]
    told = "is a secret, which a file may not hold: write ${AEP_SECRET_NAME}, a variable that holds it."
    found = []
    for way, below, value in parts:
        whole = value
        for step in reversed(below):
            whole = {step: whole}
        for place, item in scalars(whole, Place.root(pointers)):
            if hidden(place, item) != item:
                found.append(Finding((*way, *place.way[len(below) :]), told))
    return found
