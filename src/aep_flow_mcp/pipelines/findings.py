"""What was read from the organisation before a pipeline is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aep_flow_mcp.platform.models.common import to_text
from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.explore import Column, ExploreItem, ExplorePreview
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import Dataset, MappingSet
from aep_flow_mcp.platform.models.specs import ConnectionSpec, FlowSpec


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is where the source points to.

    Attributes:
        folder: the folder that `entries` lists; "" is the root.
        entries: folders, files or tables in it.
        missing: what was asked for is not there; `entries` are then of the nearest folder that is.
        sampled: the file or table that `preview` shows.
        error: why nothing could be looked at (the account does not work).
    """

    folder: str = ""
    entries: tuple[ExploreItem, ...] = ()
    missing: bool = False
    sampled: str | None = None
    preview: ExplorePreview | None = None
    error: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the sample's columns."""
        return tuple(column.name for column in self.preview.columns if column.name) if self.preview else ()


@dataclass(frozen=True, kw_only=True)
class Findings:
    """The organisation, as far as one wish is concerned.

    Attributes:
        now: epoch seconds.
        accounts_asked, mapping_sets_asked: what has the name or id that the wish gives.
        accounts, datasets, mapping_sets: what there is to choose from instead.
        datasets_asked: for each dataset of the wish, those of that name or id.
        exportable: ids of the datasets that can be exported; None when that was not read.
        schema: the XDM schema of the one dataset, fields included; None when that was not read.
        same_name: flows that have the wanted name already.
    """

    now: float
    connectors: tuple[ConnectionSpec, ...] = ()
    flow_specs: tuple[FlowSpec, ...] = ()
    accounts_asked: tuple[Connection, ...] = ()
    accounts: tuple[Connection, ...] = ()
    datasets_asked: Mapping[str, tuple[Dataset, ...]] = field(default_factory=dict)
    datasets: tuple[Dataset, ...] = ()
    exportable: frozenset[str] | None = None
    schema: Mapping[str, Any] | None = None
    mapping_sets_asked: tuple[MappingSet, ...] = ()
    mapping_sets: tuple[MappingSet, ...] = ()
    same_name: tuple[Flow, ...] = ()
    place: Place | None = None

    def connector(self, spec_id: str) -> ConnectionSpec | None:
        """The connection spec of that id."""
        return next((spec for spec in self.connectors if spec.id == spec_id), None)

    def flow_spec(self, spec_id: str) -> FlowSpec | None:
        """The flow spec of that id."""
        return next((spec for spec in self.flow_specs if spec.id == spec_id), None)

    @property
    def names(self) -> tuple[tuple[str | None, str, str | None], ...]:
        """(id, what it is, name) of everything that was read."""
        read: tuple[tuple[str, Iterable[Any]], ...] = (
            ("connector", self.connectors),
            ("flow spec", self.flow_specs),
            ("account", (*self.accounts_asked, *self.accounts)),
            (
                "dataset",
                (*(item for found in self.datasets_asked.values() for item in found), *self.datasets),
            ),
            ("mapping set", (*self.mapping_sets_asked, *self.mapping_sets)),
        )
        schema = self.schema or {}
        named = [(item.id, what, item.name) for what, items in read for item in items]
        return (*named, (to_text(schema.get("$id")), "schema", to_text(schema.get("title"))))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the sample, with their types."""
        return tuple(self.place.preview.columns) if self.place and self.place.preview else ()

    @property
    def dataset(self) -> Dataset | None:
        """The one dataset of the wish, when its name or id is clear."""
        found = [item for items in self.datasets_asked.values() for item in items]
        return found[0] if len(found) == 1 and len(self.datasets_asked) == 1 else None
