"""What a seed consists of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..rows import JsonObject, Rows

ORG_ID = "0123456789ABCDEF01234567@AdobeOrg"
"""The organisation that owns everything in a seed."""


@dataclass(frozen=True)
class Scale:
    """How many generated flows and runs the sandbox `dev` gets in addition to the real organisation."""

    flows: int
    runs: int


@dataclass
class SandboxSeed:
    """Everything in one sandbox, in API shape. Objects may share parts: a reader must not change them.

    `datasets` and `batches` are by Catalog id, `files` by base connection id or `landing-zone`: a tree of
    `{path: node}` with nodes `{type, columns, rows, format}`; folders end with `/`. `broken` gives the
    message with which a base connection fails when it is tested or explored.
    """

    connections: Sequence[JsonObject]
    source_connections: Sequence[JsonObject]
    target_connections: Sequence[JsonObject]
    flows: Sequence[JsonObject]
    runs: Rows
    datasets: dict[str, JsonObject]
    batches: Mapping[str, JsonObject]
    schemas: list[JsonObject]
    mapping_sets: Sequence[JsonObject]
    files: dict[str, dict[str, JsonObject]]
    broken: dict[str, str] = field(default_factory=dict)


@dataclass
class Seed:
    """One organisation: its sandboxes, the specs that all of them share, and each sandbox's content."""

    sandboxes: list[JsonObject]
    connection_specs: list[JsonObject]
    flow_specs: list[JsonObject]
    by_sandbox: dict[str, SandboxSeed]
