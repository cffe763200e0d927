"""What a sandbox holds, as documents need it: flows with their parts as they are stored, and what all is called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from aep_flow_mcp.documents.names import Names, Thing
from aep_flow_mcp.documents.raising import CannotRaise
from aep_flow_mcp.documents.stored import Stored, spec_of
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.gathering.whole_lists import read_datasets, read_schema_titles
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.common import lives, to_int
from aep_flow_mcp.platform.models.flows import Flow
from aep_flow_mcp.platform.models.neighbours import MappingSet
from aep_flow_mcp.platform.paging import all_items
from aep_flow_mcp.platform.reader import FlowReader

Json = dict[str, Any]
Renamed = Mapping[str, Mapping[str, str]]
_PAGE = 100
_SO = "names in it are not known"


@dataclass
class Inventory:
    """One reading of one sandbox. `unread` says which lists could not be read."""

    names: Names
    flows: dict[str, Json]
    sources: dict[str, Json]
    targets: dict[str, Json]
    accounts: dict[str, Json]
    unread: Unread
    mappings: dict[tuple[str, int | None], Json] = field(default_factory=dict)
    """By id and version; None for the newest one."""
    _stored: dict[str, Stored] = field(default_factory=dict, repr=False)
    _refs: dict[str, tuple[str, Any] | None] = field(default_factory=dict, repr=False)

    def named(self, name: str) -> list[Json]:
        """The flows of a name, the oldest first."""
        found = [flow for flow in self.flows.values() if flow.get("name") == name]
        return sorted(found, key=lambda flow: (str(flow.get("createdAt") or ""), str(flow["id"])))

    def stored(self, flow: Json) -> Stored:
        """A flow with its parts.

        Raises:
            CannotRaise: one of its two ends cannot be read, or it has several.
        """
        if flow["id"] not in self._stored:
            self._stored[flow["id"]] = self._put_together(flow)
        return self._stored[flow["id"]]

    def _put_together(self, flow: Json) -> Stored:
        source = self._end(flow, "sourceConnectionIds", self.sources, "source connection")
        target = self._end(flow, "targetConnectionIds", self.targets, "target connection")
        ref = self.mapping_ref(flow)
        return Stored(
            flow=flow,
            source=source,
            target=target,
            mapping=self.mappings.get((ref[0], to_int(ref[1]))) if ref else None,
            mapping_ref=ref,
        )

    @cached_property
    def mappings_in_use(self) -> frozenset[str]:
        """Ids of the mapping sets that any flow names."""
        return frozenset(ref[0] for ref in map(self.mapping_ref, self.flows.values()) if ref)

    @cached_property
    def followed(self) -> frozenset[str]:
        """Ids of the mapping sets of which any flow takes the newest version."""
        refs = map(self.mapping_ref, self.flows.values())
        return frozenset(ref[0] for ref in refs if ref and to_int(ref[1]) is None)

    def mapping_ref(self, flow: Json) -> tuple[str, Any] | None:
        """Id and version of the mapping set that a stored flow names."""
        if flow["id"] not in self._refs:
            self._refs[flow["id"]] = mapping_ref(flow)
        return self._refs[flow["id"]]

    def users(self, member: str, end_id: str) -> list[Json]:
        """The flows that use a source or target connection. member: `sourceConnectionIds` or `targetConnectionIds`."""
        return [flow for flow in self.flows.values() if end_id in _ids(flow, member)]

    def _end(self, flow: Json, member: str, known: Mapping[str, Json], what: str) -> Json:
        ids = _ids(flow, member)
        if len(ids) != 1:
            raise CannotRaise(f"it has {len(ids)} {what}s")
        if ids[0] not in known:
            raise CannotRaise(f"its {what} {ids[0]} cannot be read")
        return known[ids[0]]

    async def read_mappings(self, aep: FlowReader, flows: Iterable[Json]) -> None:
        """The mapping sets that these flows name, in the versions that they name."""
        self._stored.clear()
        refs = [ref for ref in map(self.mapping_ref, flows) if ref]
        wanted = {(ref[0], to_int(ref[1])) for ref in refs} - self.mappings.keys()
        await self._list_mappings(aep, wanted)
        left = sorted(wanted - self.mappings.keys(), key=str)
        await together([partial(self._get_mapping, aep, *one) for one in left])

    async def _list_mappings(self, aep: FlowReader, wanted: set[tuple[str, int | None]]) -> None:
        """Lists say it for many at once; as long as that is less to ask than each by itself."""
        cursor: str | None = None
        pages = 0
        while pages * 2 < len(wanted - self.mappings.keys()):
            try:
                page = await aep.neighbours.list_mapping_sets(limit=_PAGE, cursor=cursor)
            except PlatformError:
                return
            pages += 1
            for item in page.items:
                self._keep(item)
            cursor = page.next_cursor
            if cursor is None:
                return

    async def _get_mapping(self, aep: FlowReader, mapping_id: str, version: int | None) -> None:
        what = f"The mapping set {mapping_id}"
        get = partial(aep.neighbours.get_mapping_set, mapping_id, version)
        item: MappingSet | None = await self.unread.read(what, get, None, so="its rows are not known")
        if item is not None:
            self.mappings[mapping_id, version] = mapping_json(item)

    def _keep(self, item: MappingSet) -> None:
        made = mapping_json(item)
        self.mappings[item.id, item.version] = made
        self.mappings[item.id, None] = made


async def read_inventory(aep: FlowReader, *, renamed: Renamed | None = None) -> Inventory:
    """Read a sandbox's flows, connections, accounts and the names around them, all side by side.

    renamed: names of documents that are other ones here.

    Raises:
        PlatformError: the flows or the specs could not be read.
    """
    unread = Unread()
    found: dict[str, Any] = {}

    async def keep(name: str, read: Callable[[], Awaitable[Any]]) -> None:
        found[name] = await read()

    def optional(what: str, name: str, read: Callable[[], Awaitable[Any]]) -> Callable[[], Awaitable[None]]:
        return partial(keep, name, partial(unread.read, what, read, {}, so=_SO))

    def objects(collection: str) -> Callable[[], Awaitable[dict[str, Json]]]:
        return partial(_every, aep, collection)

    calls: list[Callable[[], Awaitable[None]]] = [
        partial(keep, "flows", objects("flows")),
        partial(keep, "connectors", aep.list_connection_specs),
        partial(keep, "flow specs", aep.list_flow_specs),
        optional("The source connections", "sources", objects("sourceConnections")),
        optional("The target connections", "targets", objects("targetConnections")),
        optional("The accounts", "accounts", objects("connections")),
        optional("The datasets", "datasets", partial(read_datasets, aep)),
        optional("The schemas", "schemas", partial(read_schema_titles, aep)),
    ]
    await together(calls)
    names = Names(
        sandbox=aep.sandbox or "",
        connectors=found["connectors"],
        flow_specs=found["flow specs"],
        datasets=[Thing(id, one.name, one.schema_id) for id, one in found["datasets"].items() if one.name],
        schemas=[Thing(id, title) for id, title in found["schemas"].items() if title != id],
        accounts=[
            Thing(id, one["name"], spec_of(one))
            for id, one in found["accounts"].items()
            if isinstance(one.get("name"), str) and one["name"]
        ],
        renamed=renamed,
    )
    flows = {id: flow for id, flow in found["flows"].items() if lives(flow.get("state"))}
    return Inventory(names, flows, found["sources"], found["targets"], found["accounts"], unread)


def mapping_ref(flow: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Id and version of the mapping set that a flow names."""
    found = Flow.model_validate({"id": "", "transformations": flow.get("transformations")}).mapping
    return (found.mapping_id, found.mapping_version) if found else None


async def _every(aep: FlowReader, collection: str) -> dict[str, Json]:
    async def fetch(cursor: str | None) -> Any:
        return await aep.list_objects(collection, cursor=cursor)

    return {str(item["id"]): item async for item in all_items(fetch) if item.get("id")}


def _ids(flow: Mapping[str, Any], member: str) -> list[str]:
    held = flow.get(member)
    return [one for one in (held if isinstance(held, list) else [held]) if isinstance(one, str) and one]


def mapping_json(item: MappingSet) -> Json:
    """What of a mapping set a document says."""
    rows = [
        {
            "source": row.written_source or row.source,
            "destination": row.written_destination or row.destination,
            "sourceType": row.source_type,
            "identity": row.identity,
            "primaryIdentity": row.primary_identity,
        }
        for row in item.mappings
    ]
    return {
        "id": item.id,
        "name": item.name,
        "version": item.version,
        "mappings": rows,
        "outputSchema": {"schemaRef": {"id": item.schema_id}},
    }
