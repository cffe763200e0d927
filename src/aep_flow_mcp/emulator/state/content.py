"""What an organisation consists of when an emulator is given one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..json_types import JsonObject
from .rows import Rows

ORG_ID = "0123456789ABCDEF01234567@AdobeOrg"
"""The organisation that owns everything in a seed."""


Objects = Any
"""A sequence or mapping of objects, or `Rows` that are made when they are asked for; the store tells them apart."""


@dataclass(frozen=True)
class Scale:
    """How many generated flows and runs the sandbox `dev` gets in addition to the real organisation."""

    flows: int
    runs: int


def no_rows(batch_id: str) -> list[JsonObject]:  # noqa: ARG001 - the signature of `SandboxSeed.rejected`
    return []


@dataclass
class SandboxSeed:
    """Everything in one sandbox, in API shape. Objects may share parts: a reader must not change them.

    `datasets` and `batches` are by Catalog id, `files` by base connection id or `landing-zone`: a tree of
    `{path: node}` with nodes `{type, columns, rows, format}`; folders end with `/`. `people` gives the e-mail
    address of a user id; `rejected` the rows that a batch left out, each with its errors, as Data Access has them.
    """

    connections: Objects
    source_connections: Objects
    target_connections: Objects
    flows: Objects
    runs: Rows
    datasets: Objects
    batches: Mapping[str, JsonObject]
    schemas: Objects
    mapping_sets: Sequence[JsonObject]
    read_files: Callable[[], dict[str, dict[str, JsonObject]]]
    earlier_mappings: Mapping[tuple[str, str], JsonObject] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    rejected: Callable[[str], list[JsonObject]] = no_rows

    @cached_property
    def files(self) -> dict[str, dict[str, JsonObject]]:
        """The trees; most callers never explore, and inventing sample rows takes longer than all else."""
        return self.read_files()


class Sandboxes(Mapping[str, SandboxSeed]):
    """The content of each sandbox by its name, built when first asked for: most callers want one of them."""

    def __init__(self, build: Mapping[str, Callable[[], SandboxSeed]]) -> None:
        self._build = build
        self._built: dict[str, SandboxSeed] = {}

    def __getitem__(self, name: str) -> SandboxSeed:
        if name not in self._built:
            self._built[name] = self._build[name]()
        return self._built[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._build)

    def __len__(self) -> int:
        return len(self._build)


@dataclass
class Seed:
    """One organisation: its sandboxes, the specs that all of them share, and each sandbox's content.

    `broken` gives the message with which a base connection fails when it is tested or explored, by its id;
    `unreachable` is what is said of all of them where there is nothing behind them (a snapshot).
    """

    sandboxes: list[JsonObject]
    connection_specs: list[JsonObject]
    flow_specs: list[JsonObject]
    by_sandbox: Sandboxes
    broken: dict[str, str]
    unreachable: str | None = None
