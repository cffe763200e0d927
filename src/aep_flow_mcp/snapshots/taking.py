"""Reads a sandbox page by page, with GET alone, and keeps what is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from aep_flow_mcp.platform.answers import items_of, next_href, one_of, unexpected
from aep_flow_mcp.platform.concurrency import together
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.paging import next_page
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.urls import (
    CATALOG,
    CONVERSION,
    FLOW_SERVICE,
    SANDBOXES,
    SCHEMA_REGISTRY,
    Param,
    join_path,
    quoted_segment,
)
from aep_flow_mcp.snapshots.kept import Kept
from aep_flow_mcp.snapshots.workplace import BLOCK, Workplace

Told = Callable[[str], None]
Pair = tuple[str, Any]

PAGE = 100
AT_ONCE = 4
"""Requests at the same time, where each object is asked for by itself."""
_LISTED = ("connections", "sourceConnections", "targetConnections", "flows")
_XED_ID = "application/vnd.adobe.xed-id+json"
_XED_FULL = "application/vnd.adobe.xed-full+json; version=1"
_UNREADABLE = frozenset({ErrorKind.NOT_FOUND, ErrorKind.PERMISSION})


class Taking:
    """One reading of one sandbox into a workplace. `tell` gets a sentence now and then."""

    def __init__(self, aep: FlowReader, place: Workplace, kept: Kept, tell: Told) -> None:
        self._aep = aep
        self._place = place
        self._kept = kept
        self._tell = tell

    async def run(self) -> None:
        """Read what is not read yet. Raises PlatformError; what was kept before stays, and the next run goes on."""
        await self._specs()
        for kind in _LISTED:
            await self._listed(kind, [])
        await self._listed("runs", self._window())
        await self._datasets()
        await self._mapping_sets()
        await self._schemas()

    async def sandbox(self) -> dict[str, Any]:
        """The sandbox as the Sandbox API has it."""
        path = join_path(f"{SANDBOXES}/sandboxes", self._aep.sandbox or "")
        found: dict[str, Any] = self._kept.of("sandbox", one_of(await self._data(path), path))
        return found

    async def _data(self, path: str, params: Iterable[Param] = (), accept: str | None = None) -> Any:
        return (await self._aep.get_raw(path, list(params), accept=accept)).data

    async def _specs(self) -> None:
        """Always read anew: what connectors declare secret has to be known before anything else is kept."""
        for kind in ("connectionSpecs", "flowSpecs"):
            self._place.restart(kind)
            found: dict[str, Any] = {}
            async for objects, _ in self._pages(f"{FLOW_SERVICE}/{kind}", []):
                found.update({str(item["id"]): item for item in objects if item.get("id")})
            if kind == "connectionSpecs":
                self._kept.declare(found.values())
            self._store(kind, list(found.items()))

    def _window(self) -> list[Param]:
        """The runs of the window: no newer ones than the snapshot, so that going on later gives the same."""
        taken = datetime.fromisoformat(self._place.begun["taken_at"]).astimezone(UTC)
        since = taken - timedelta(days=self._place.begun["days"])
        ends = [f"createdAt>={_ms(since)}", f"createdAt<={_ms(taken)}"]
        return [*(("property", end) for end in ends), ("orderby", "createdAt")]

    async def _listed(self, kind: str, params: list[Param]) -> None:
        """A list of the Flow Service, a block after the other."""
        at = self._place.of(kind)
        if at["done"]:
            return
        position = at["next"]
        try:
            await self._read_list(kind, params, position)
        except PlatformError as error:
            if position is None or error.kind is not ErrorKind.INVALID:
                raise
            # The place where it stopped is not known any more.
            self._place.restart(kind)
            await self._read_list(kind, params, None)

    async def _read_list(self, kind: str, params: list[Param], position: list[list[str]] | None) -> None:
        waiting: list[Pair] = []
        path = f"{FLOW_SERVICE}/{kind}"
        asked = [*params, ("limit", str(PAGE))]
        start = None if position is None else [(name, value) for name, value in position]
        async for objects, following in self._pages(path, asked, start):
            waiting += [(str(item["id"]), self._kept.of(kind, item)) for item in objects if item.get("id")]
            if kind == "flows":
                self._place.note(pair for item in objects for pair in _mappings(item))
            if len(waiting) >= BLOCK or following is None:
                self._place.keep(kind, waiting, following=following, done=following is None)
                waiting = []
                self._tell(f"{kind}: {self._place.of(kind)['objects']:,}")

    async def _pages(self, path: str, params: list[Param], start: list[Param] | None = None) -> Any:
        """(objects, the parameters of the next page or None) of each page."""
        asked: list[Param] | None = start or params
        seen: set[int] = set()
        while asked is not None:
            if hash(tuple(asked)) in seen:
                raise unexpected(path, "the list leads back to a page that was read already")
            seen.add(hash(tuple(asked)))
            data = await self._data(path, asked)
            objects, _ = items_of(data, path)
            following = next_page(next_href(data), asked, self._aep.client.config.platform_url)
            yield objects, following
            asked = following

    async def _datasets(self) -> None:
        if self._place.of("dataSets")["done"]:
            return
        self._place.restart("dataSets")
        start = 0
        while True:
            params = [("limit", str(PAGE)), ("start", str(start))]
            data = await self._data(f"{CATALOG}/dataSets", params)
            if not isinstance(data, dict):
                raise unexpected(f"{CATALOG}/dataSets", "a map of objects was expected")
            pairs = [
                (id, self._kept.of("dataSets", row)) for id, row in data.items() if isinstance(row, dict)
            ]
            start += len(data)
            done = len(data) < PAGE
            self._place.keep("dataSets", pairs, following=None, done=done)
            if done:
                break
        self._tell(f"dataSets: {self._place.of('dataSets')['objects']:,}")

    async def _mapping_sets(self) -> None:
        """The mapping sets that flows name, in the versions that they name."""
        wanted = self._place.noted()
        asked = [(f"{id}@{version}", partial(self._mapping_set, id, version)) for id, version in wanted]
        await self._one_by_one("mappingSets", asked)

    async def _mapping_set(self, id: str, version: str) -> Any:
        path = join_path(f"{CONVERSION}/mappingSets", id)
        return one_of(await self._data(path, [("version", version)] if version else []), path)

    async def _schemas(self) -> None:
        if self._place.of("schemas")["done"]:
            return
        path = f"{SCHEMA_REGISTRY}/tenant/schemas"
        found: dict[str, Any] = {}
        params: list[Param] | None = [("orderby", "title"), ("limit", str(PAGE))]
        while params is not None:
            data = await self._data(path, params, _XED_ID)
            objects = data.get("results") if isinstance(data, dict) else None
            if not isinstance(objects, list):
                raise unexpected(path, "a list under `results` was expected")
            fresh = {item["$id"]: item for item in objects if isinstance(item, dict) and item.get("$id")}
            new = fresh.keys() - found.keys()
            found |= fresh
            page = data.get("_page")
            last = page.get("next") if isinstance(page, dict) else None
            params = (
                [("orderby", "title"), ("limit", str(PAGE)), ("start", str(last))] if last and new else None
            )
        await self._one_by_one("schemas", [(id, partial(self._schema, id)) for id in found])

    async def _schema(self, id: str) -> Any:
        path = f"{SCHEMA_REGISTRY}/tenant/schemas/{quoted_segment(id)}"
        return one_of(await self._data(path, accept=_XED_FULL), path)

    async def _one_by_one(self, kind: str, asked: list[tuple[str, Any]]) -> None:
        """Objects that each take a request; one that is gone, or not to be seen, is counted and left out."""
        if self._place.of(kind)["done"]:
            return
        self._place.restart(kind)
        missing = 0
        for part in _parts(asked, AT_ONCE * 8):
            pairs: list[Pair] = []
            for few in _parts(part, AT_ONCE):
                answers = await together([partial(self._found, call) for _, call in few])
                held = zip([id for id, _ in few], answers, strict=True)
                pairs += [(id, self._kept.of(kind, item)) for id, item in held if item is not None]
                missing += sum(item is None for item in answers)
            self._place.keep(kind, pairs, following=None, done=False)
        self._place.of(kind)["missing"] = missing
        self._place.keep(kind, [], following=None, done=True)
        self._tell(
            f"{kind}: {self._place.of(kind)['objects']:,}" + (f", {missing} not found" if missing else "")
        )

    async def _found(self, call: Callable[[], Any]) -> Any:
        try:
            return await call()
        except PlatformError as error:
            if error.kind in _UNREADABLE:
                return None
            raise

    def _store(self, kind: str, pairs: list[Pair]) -> None:
        for part in _parts(pairs, BLOCK):
            safe = [(id, self._kept.of(kind, item)) for id, item in part]
            self._place.keep(kind, safe, following=None, done=False)
        self._place.keep(kind, [], following=None, done=True)
        self._tell(f"{kind}: {len(pairs):,}")


def _mappings(flow: Any) -> Iterator[tuple[str, str]]:
    """(id, version or "") of the mapping sets that a flow names."""
    steps = flow.get("transformations") if isinstance(flow, dict) else None
    for step in steps if isinstance(steps, list) else []:
        params = step.get("params") if isinstance(step, dict) else None
        if isinstance(params, dict) and isinstance(params.get("mappingId"), str) and params["mappingId"]:
            version = params.get("mappingVersion")
            yield params["mappingId"], "" if version is None else str(version)


def _parts(items: list[Any], size: int) -> Iterator[list[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
