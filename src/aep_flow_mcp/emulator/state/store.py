"""What the emulator holds: per sandbox, one collection for each kind of object.

A collection is what the seed gave (never changed) and, over it, what was written since. Stored objects
are never changed in place: a write stores a new object. That makes a page, a journal entry or a
snapshot safe to keep.
"""

from __future__ import annotations

import copy
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import cached_property, partial
from typing import Any, cast

from ..json_types import JsonObject
from .content import SandboxSeed, Seed
from .rows import ListRows, MappingRows, Rows

FLOW_KINDS = ("connections", "sourceConnections", "targetConnections", "flows", "runs")
NEIGHBOUR_KINDS = ("dataSets", "batches", "schemas", "mappingSets")
SPEC_KINDS = ("connectionSpecs", "flowSpecs")
KINDS = FLOW_KINDS + NEIGHBOUR_KINDS
DEFAULT_CONTAINER = "dlz-user-container"


class Collection:
    """Objects by id: `base` as seeded, and the writes over it."""

    def __init__(self, base: Rows) -> None:
        self.base = base
        self.written: dict[str, JsonObject] = {}
        self.hidden: set[str] = set()
        """Ids of seeded rows that were replaced or removed."""
        self.revision = 0

    def get(self, id: str) -> JsonObject | None:
        found = self.written.get(id)
        if found is None and id not in self.hidden:
            found = self.base.get(id)
        return found

    def put(self, id: str, row: JsonObject) -> None:
        if self.base.get(id) is not None:
            self.hidden.add(id)
        self.written[id] = row
        self.revision += 1

    def remove(self, id: str) -> None:
        if self.written.pop(id, None) is None or self.base.get(id) is not None:
            self.hidden.add(id)
        self.revision += 1

    def __len__(self) -> int:
        return len(self.base) - len(self.hidden) + len(self.written)

    def __iter__(self) -> Iterator[JsonObject]:
        for id in self.base.ids():
            if id not in self.hidden:
                row = self.base.get(id)
                if row is not None:
                    yield row
        yield from self.written.values()

    def where(self, name: str, value: Any) -> Iterator[JsonObject]:
        """Objects whose top-level member equals a value; with a column, no other seeded row is built."""
        column = self.base.column(name)
        if column is None:
            yield from (row for row in self if row.get(name) == value)
            return
        ids = self.base.ids()
        for position, held in enumerate(column):
            if held == value and ids[position] not in self.hidden:
                row = self.base.get(ids[position])
                if row is not None:
                    yield row
        yield from (row for row in self.written.values() if row.get(name) == value)


class SandboxStore:
    """The collections of one sandbox, its files, and its name and id. Filled when first looked into."""

    def __init__(self, about: JsonObject, seed: Callable[[], SandboxSeed]) -> None:
        self.about = about
        self._load = seed
        self.credential_generations: dict[str, int] = {}
        """How often the landing zone's credentials were refreshed, by landing zone type."""
        self.encryption_keys: dict[str, JsonObject] = {}
        """Keys for encrypted files, by `publicKeyId`."""
        self.noted: list[JsonObject] = []
        """What the audit log took down since the seed, oldest first."""

    @cached_property
    def _seed(self) -> SandboxSeed:
        return self._load()

    @cached_property
    def earlier_mappings(self) -> MutableMapping[tuple[str, str], JsonObject]:
        """Mapping sets as they were, by id and version."""
        return ChainMap({}, cast("MutableMapping[tuple[str, str], JsonObject]", self._seed.earlier_mappings))

    @cached_property
    def files(self) -> dict[str, dict[str, JsonObject]]:
        """Trees of what can be explored, by base connection id or `landing-zone`."""
        return dict(self._seed.files)

    @property
    def landing_container(self) -> str:
        """The container of the landing zone's source side: the first part of each path in it."""
        for path in self.files.get("landing-zone", {}):
            first = path.lstrip("/").split("/")[0]
            if first:
                return first
        return DEFAULT_CONTAINER

    @property
    def people(self) -> Mapping[str, str]:
        """E-mail addresses by user id."""
        return self._seed.people

    def rejected(self, batch_id: str) -> list[JsonObject]:
        """The rows that a batch left out, each with its errors; none where nothing was kept of them."""
        return self._seed.rejected(batch_id)

    @cached_property
    def kinds(self) -> dict[str, Collection]:
        """The collections by kind of object."""
        seed = self._seed
        return {
            "connections": Collection(_rows(seed.connections)),
            "sourceConnections": Collection(_rows(seed.source_connections)),
            "targetConnections": Collection(_rows(seed.target_connections)),
            "flows": Collection(_rows(seed.flows)),
            "runs": Collection(seed.runs),
            "dataSets": Collection(_rows(seed.datasets)),
            "batches": Collection(MappingRows(seed.batches)),
            "schemas": Collection(_schema_rows(seed.schemas)),
            "mappingSets": Collection(ListRows(seed.mapping_sets)),
        }

    def __getitem__(self, kind: str) -> Collection:
        return self.kinds[kind]

    @property
    def name(self) -> str:
        return str(self.about["name"])


def _rows(given: Sequence[JsonObject] | Mapping[str, JsonObject] | Rows) -> Rows:
    """What a seed gives, as rows."""
    if isinstance(given, Mapping):
        return MappingRows(given)
    return ListRows(given) if isinstance(given, Sequence) else given


def _schema_rows(given: Sequence[JsonObject] | Rows) -> Rows:
    """Schemas carry their id under another name."""
    return MappingRows({item["$id"]: item for item in given}) if isinstance(given, Sequence) else given


class Store:
    """Every sandbox of the organisation and the specs they share. Loaded on first need.

    `get` and `all` give copies to look at; `collection` and `sandboxes` give what is stored.
    """

    def __init__(self, load: Callable[[], Seed]) -> None:
        self._load = load
        self._sandboxes: dict[str, SandboxStore] | None = None
        self._specs: dict[str, Collection] = {}

    @property
    def loaded(self) -> bool:
        return self._sandboxes is not None

    def reset(self) -> None:
        """Forget everything written; the seed is loaded again on the next need."""
        self._sandboxes = None
        self._specs = {}

    @property
    def sandboxes(self) -> dict[str, SandboxStore]:
        if self._sandboxes is None:
            seed = self._load()
            self._specs = {
                "connectionSpecs": Collection(ListRows(seed.connection_specs)),
                "flowSpecs": Collection(ListRows(seed.flow_specs)),
            }
            self._sandboxes = {
                about["name"]: SandboxStore(about, partial(seed.by_sandbox.__getitem__, about["name"]))
                for about in seed.sandboxes
            }
        return self._sandboxes

    def specs(self, kind: str) -> Collection:
        """The collection of `connectionSpecs` or `flowSpecs`, shared by all sandboxes."""
        if not self.loaded:
            _ = self.sandboxes
        return self._specs[kind]

    def collection(self, sandbox: str, kind: str) -> Collection:
        if kind in SPEC_KINDS:
            return self.specs(kind)
        return self.sandboxes[sandbox][kind]

    def get(self, sandbox: str, kind: str, id: str) -> JsonObject | None:
        return copy.deepcopy(self.collection(sandbox, kind).get(id))

    def all(self, sandbox: str, kind: str) -> list[JsonObject]:
        return [copy.deepcopy(row) for row in self.collection(sandbox, kind)]

    def put(self, sandbox: str, kind: str, row: JsonObject, *, id: str | None = None) -> None:
        """Store an object as it is. `id` is needed only for kinds whose objects don't carry one (dataSets)."""
        key = id or row.get("id") or row.get("$id")
        if not isinstance(key, str):
            raise ValueError(f"an object of {kind} needs an id to be stored")
        self.collection(sandbox, kind).put(key, copy.deepcopy(row))

    def remove(self, sandbox: str, kind: str, id: str) -> None:
        """Raises KeyError when there is no such object."""
        collection = self.collection(sandbox, kind)
        if collection.get(id) is None:
            raise KeyError(f"{kind} has no object {id} in {sandbox}")
        collection.remove(id)

    def snapshot(self, sandbox: str) -> dict[str, dict[str, JsonObject]]:
        """Everything in a sandbox, by kind and id: equal before and after means that nothing changed.

        The objects are the stored ones, to be compared and not to be changed.
        """
        return {kind: dict(_keyed(self.collection(sandbox, kind))) for kind in KINDS}


def _keyed(collection: Collection) -> Iterable[tuple[str, JsonObject]]:
    for id in collection.base.ids():
        row = collection.base.get(id) if id not in collection.hidden else None
        if row is not None:
            yield id, row
    yield from collection.written.items()
