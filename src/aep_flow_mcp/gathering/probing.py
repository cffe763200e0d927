"""Trying what a flow depends on: does the account log in, is there something at the source's path."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from functools import partial

from aep_flow_mcp.insight.diagnosis.evidence import Probe, Probed
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.models.connections import SourceConnection
from aep_flow_mcp.platform.models.explore import Exploration, ExploreItem, ExploreQuery
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.reader import FlowReader

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Place:
    """A source path that can be looked for. `account` is None for the landing zone, which is explored by its spec."""

    source_id: str
    account: str | None
    spec_id: str
    path: str
    is_table: bool


def place_of(source: SourceConnection, connector: ConnectionSpec | None) -> Place | None:
    """Where to look for what a source connection reads; None for streams, exports and what cannot be explored."""
    path = source.path
    if path is None or connector is None or connector.explore_spec is None or source.spec_id is None:
        return None
    is_table = "tableName" in source.params
    if not is_table and "path" not in source.params:
        return None
    return Place(source.id, source.base_id, source.spec_id, path, is_table)


async def test_accounts(aep: FlowReader, account_ids: list[str]) -> dict[str, Probed]:
    """The connection test of each account."""
    found = await together([partial(_test, aep, id) for id in account_ids])
    return dict(zip(account_ids, found, strict=True))


async def look_for(aep: FlowReader, places: list[Place]) -> dict[str, Probed]:
    """Whether there is something at each place, by source connection id."""
    found = await together([partial(_look, aep, place) for place in places])
    return {place.source_id: probed for place, probed in zip(places, found, strict=True)}


async def _test(aep: FlowReader, account_id: str) -> Probed:
    try:
        works = await aep.test_connection(account_id)
    except PlatformError as error:
        if error.kind is ErrorKind.INVALID:
            return Probed(Probe.FAILED, error.detail or error.title)
        return Probed(Probe.UNAVAILABLE, error.detail)
    return Probed(Probe.OK if works else Probe.FAILED)


async def _look(aep: FlowReader, place: Place) -> Probed:
    """List what holds the place, and see whether it is in there: the answer of an explore of the place itself
    differs from connector to connector."""
    parent, name = ("", place.path) if place.is_table else _split(place.path)
    try:
        listing = await _list(aep, place, parent)
    except PlatformError as error:
        if error.kind is ErrorKind.NOT_FOUND:
            return Probed(Probe.MISSING, error.detail)
        return Probed(Probe.UNAVAILABLE, error.detail)
    held = any(_is(item, name, place) for item in listing.items)
    return Probed(Probe.OK if held else Probe.MISSING)


async def _list(aep: FlowReader, place: Place, parent: str) -> Exploration:
    query = ExploreQuery(object_type="folder", object=parent) if parent else ExploreQuery(object_type="root")
    if place.account is not None:
        return await aep.explore_connection(place.account, query)
    return await aep.explore_connection_spec(place.spec_id, query)


def _split(path: str) -> tuple[str, str]:
    """The folder that holds a path ("" for the root), and the path's own name; both without outer slashes but
    for the folder's end. A folder with wildcards is looked for from its first plain part on."""
    parts = path.strip("/").split("/")
    plain = next((at for at, part in enumerate(parts) if set(part) & _WILDCARDS), len(parts) - 1)
    lead = "/" if path.startswith("/") else ""
    parent = "/".join(parts[:plain])
    return (f"{lead}{parent}/" if parent else ""), parts[plain]


def _is(item: ExploreItem, name: str, place: Place) -> bool:
    names = {item.name or "", (item.path or "").strip("/")}
    if place.is_table:
        return any(name.casefold() == one.casefold() for one in names)
    return any(fnmatch.fnmatchcase(one.rstrip("/").rpartition("/")[2], name) for one in names if one)
