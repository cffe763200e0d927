"""What somebody wants: the answers given so far, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    """Which way the data goes, seen from the data lake."""

    IMPORT = "import"
    EXPORT = "export"


class StartState(StrEnum):
    """How the flow is left once it is created."""

    ENABLED = "enabled"
    DISABLED = "disabled"
    DRAFT = "draft"


@dataclass(frozen=True)
class FieldPair:
    """One row of a mapping: a column (or an expression over columns) and the XDM path that it fills."""

    source: str
    target: str


@dataclass(frozen=True, kw_only=True)
class PipelineWish:
    """Everything that can be said about a pipeline; None and () where nothing was said.

    `connector`, `account`, `datasets` and `mapping_set` are names or ids. `path` is the file, folder or table that is
    read, or the place that is written to; `params` are further source or target parameters of the connector's spec.
    `every` and the times are texts as people write them. `transformations` are further steps of the flow as the API
    takes them (`Encryption`); `labels` are access labels such as `core/C12`.
    """

    name: str | None = None
    description: str | None = None
    direction: Direction = Direction.IMPORT
    connector: str | None = None
    account: str | None = None
    auth_spec: str | None = None
    auth_params: Mapping[str, Any] | None = None
    path: str | None = None
    format: str | None = None
    format_options: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    mapping_set: str | None = None
    fields: tuple[FieldPair, ...] = ()
    every: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    backfill: bool | None = None
    delta_column: str | None = None
    tolerated_percent: float | None = None
    transformations: tuple[Mapping[str, Any], ...] = ()
    labels: tuple[str, ...] = ()
    state: StartState = StartState.ENABLED
