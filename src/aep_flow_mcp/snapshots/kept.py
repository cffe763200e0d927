"""What of an object goes into the file: the one place that decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.redaction.masking import Known, masked
from aep_flow_mcp.snapshots.pseudonyms import Pseudonyms

JSON = Any


class Kept:
    """Drops credentials, masks what a spec or a name says is secret and what looks so in texts, replaces names.

    `declare` has to see the connection specs before the objects that use them.
    """

    def __init__(self, pseudonyms: Pseudonyms | None) -> None:
        self._pseudonyms = pseudonyms
        self._known: dict[str, frozenset[str]] = {}

    def declare(self, specs: Iterable[Mapping[str, Any]]) -> None:
        """Learn which fields connection specs declare secret."""
        for spec in specs:
            model = ConnectionSpec.model_validate(dict(spec))
            if model.id:
                self._known[model.id] = model.secret_pointers

    def of(self, kind: str, item: JSON) -> JSON:
        """The object as it is kept."""
        safe = _masked(_without_credentials(item), self._known)
        if self._pseudonyms is None or kind in ("connectionSpecs", "flowSpecs"):
            return safe
        return self._pseudonyms.of(safe)


def _masked(item: JSON, known: Known) -> JSON:
    return masked(item, known)


def _without_credentials(item: JSON) -> JSON:
    """An account without everything it signs in with; how it does (`specName`) stays."""
    if not isinstance(item, dict) or "auth" not in item:
        return item
    auth = item["auth"]
    if not isinstance(auth, dict):
        return item | {"auth": None}
    kept = {name: value for name, value in auth.items() if name == "specName"}
    return item | {"auth": kept | ({"params": {}} if "params" in auth else {})}
