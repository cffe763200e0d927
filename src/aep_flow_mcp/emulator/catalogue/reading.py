"""The whole catalogue, read from its JSON files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ..json_types import JsonObject
from .connection_specs import connection_spec
from .entries import Connector, Unpublished, connector, unpublished
from .flow_specs import flow_spec

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Catalogue:
    """Every connector, the rows of the flow specs, and the connectors that only have a page."""

    connectors: tuple[Connector, ...]
    flow_spec_rows: Sequence[Mapping[str, Any]]
    unpublished: tuple[Unpublished, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[str, Connector]:
        """The connectors by their ids and API names; a name that a source and a destination share is the source."""
        sources_last = sorted(self.connectors, key=lambda one: one.is_source)
        return {one.name: one for one in sources_last} | {one.id: one for one in self.connectors}

    def connection_specs(self) -> list[JsonObject]:
        """Every connection spec, as `GET /connectionSpecs` lists them."""
        return [connection_spec(one) for one in self.connectors]

    def flow_specs(self) -> list[JsonObject]:
        """Every flow spec, as `GET /flowSpecs` lists them."""
        return [flow_spec(row, self.connectors) for row in self.flow_spec_rows]

    @cached_property
    def _shapes(self) -> Mapping[str, str]:
        return {row["id"]: row["shape"] for row in self.flow_spec_rows}

    def flow_spec_of(self, used: Connector, shape: str) -> str:
        """The id of the flow spec of a shape that a connector is used with. ValueError when there is none."""
        found = next((id for id in used.flow_specs if self._shapes.get(id) == shape), None)
        if found is None:
            raise ValueError(f"{used.name} has no flow spec of the shape {shape}")
        return found


def load_catalogue(folder: Path = FOLDER) -> Catalogue:
    """The catalogue of a folder: `connectors/*.json`, what they share in `shared/*.json`, `flow_specs.json`.

    An entry `{"unpublished": [...]}` names connectors without a published id; they cannot be served.
    Raises ValueError for an entry that is not understood, for an id that is there twice, and for a name that is
    there twice on the same side.
    """
    shared = {path.stem: _read(path) for path in (folder / "shared").glob("*.json")}
    connectors: list[Connector] = []
    nameless: list[Unpublished] = []
    held: dict[str, str] = {}
    for path in sorted((folder / "connectors").glob("*.json")):
        for entry in _read(path):
            if "unpublished" in entry:
                nameless += unpublished(entry)
                continue
            one = connector(entry, shared)
            _hold(held, one, path.name)
            connectors.append(one)
    return Catalogue(tuple(connectors), _read(folder / "flow_specs.json"), tuple(nameless))


def _hold(held: dict[str, str], one: Connector, file: str) -> None:
    """Adobe gives a source and an older destination the same name, so a name is unique on its side only."""
    side = "out" if one.is_destination else "in"
    for key, shown in ((one.id, one.id), (f"{side} {one.name}", one.name)):
        if key in held:
            raise ValueError(f"the connector {shown} is in {held[key]} and in {file}")
        held[key] = file


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))
