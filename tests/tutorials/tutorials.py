"""Adobe's tutorials as data: what their requests hold, without names and descriptions.

A tutorial is an account (`auth`), a source, a target and a flow; `family` names the page that goes on where the page of
the connector ends. In the bodies `$secret`, `$dataset`, `$schema`, `$mapping`, `$key`, `$start` and `$end` stand for
what a reader puts in, and `corrected` says what was put right because the page contradicts itself or its own spec.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from aep_flow_mcp.pipelines import wellknown

Json = dict[str, Any]
FOLDER = Path(__file__).parent
FILES = ("files-tables-and-streams", "applications", "destinations")
_ENDS = {
    "lake": wellknown.DATA_LAKE,
    "profile": wellknown.PROFILE_STORE,
}


@dataclass(frozen=True)
class Tutorial:
    """One way through a page (and the page of its family) from an account to a flow."""

    connector: str
    name: str
    page: str
    variant: str
    auth: Json | None
    encryption: Json | None
    has_account: bool
    source: Json
    target: Json
    flow: Json
    pages: tuple[str, ...]
    corrected: tuple[str, ...]

    def __str__(self) -> str:
        way = self.auth["specName"] if self.auth else "no account"
        return ", ".join(part for part in (self.name, way, self.variant, Path(self.page).stem) if part)

    def spec_of(self, side: str) -> str:
        """The connection spec of the source or target."""
        end: Json = getattr(self, side)
        named = end.get("spec", "own")
        if side == "source" and named == "lake":
            return wellknown.DATA_LAKE_SOURCE
        return _ENDS.get(named, self.connector)


@cache
def tutorials() -> tuple[Tutorial, ...]:
    """Every tutorial of the files beside this one."""
    families: Mapping[str, Json] = json.loads((FOLDER / "families.json").read_text("utf-8"))
    read = [json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in FILES]
    return tuple(_tutorial(entry, families) for entries in read for entry in entries)


def _tutorial(entry: Json, families: Mapping[str, Json]) -> Tutorial:
    family = families.get(entry.get("family", ""), {})
    parts = {name: entry.get(name) or family[name] for name in ("source", "target", "flow")}
    return Tutorial(
        connector=entry["connector"],
        name=entry["name"],
        page=entry["page"],
        variant=entry.get("variant", ""),
        auth=entry.get("auth"),
        encryption=entry.get("encryptionSpecs"),
        has_account=entry.get("account", False),
        **parts,
        pages=tuple(
            dict.fromkeys(
                page for page in (entry["page"], family.get("page"), entry.get("account page")) if page
            )
        ),
        corrected=tuple(text for text in (entry.get("corrected"), family.get("corrected")) if text),
    )


def filled(value: Any, what: Mapping[str, Any]) -> Any:
    """The value with what the placeholders stand for."""
    if isinstance(value, dict):
        return {name: filled(held, what) for name, held in value.items()}
    if isinstance(value, list):
        return [filled(held, what) for held in value]
    return what.get(value, value) if isinstance(value, str) else value


ASIDE = frozenset({"name", "description", "providerId"})
"""Members that say nothing about a pipeline: texts, and the provider, which only some pages send beside its spec."""


def alike(value: Any, *, at: str = "") -> Any:
    """A body as it is compared: numbers, truth values and their text are the same, null and empty are left out.

    The version of a reference to a schema or a spec is left out: pages write 1, 1.0, 1.2 and whole media types.
    """
    if isinstance(value, dict):
        kept = {
            name.casefold(): alike(held, at=f"{at}/{name}")
            for name, held in value.items()
            if name not in ASIDE
        }
        if "id" in kept:
            kept.pop("version", None)
        return {name: held for name, held in kept.items() if held not in (None, {}, [])}
    if isinstance(value, list):
        return [alike(held, at=at) for held in value]
    if isinstance(value, bool):
        return str(value).casefold()
    if isinstance(value, int | float):
        return f"{value:g}"
    return value
