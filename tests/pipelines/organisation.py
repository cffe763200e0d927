"""The emulator's organisation, read for one wish after another as the server would read it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import anyio
import anyio.lowlevel
import httpx
from pydantic import SecretStr

from aep_flow_mcp.emulator import Emulator, EmulatorOptions
from aep_flow_mcp.emulator.asgi import EmulatorTransport
from aep_flow_mcp.pipelines import connectors, wellknown
from aep_flow_mcp.pipelines.blueprint import Blueprint, Created, What
from aep_flow_mcp.pipelines.findings import Findings, Place
from aep_flow_mcp.pipelines.wish import Direction, PipelineWish
from aep_flow_mcp.platform.config import Credentials, PlatformConfig
from aep_flow_mcp.platform.errors import PlatformError
from aep_flow_mcp.platform.models.connections import Connection
from aep_flow_mcp.platform.models.explore import Exploration, ExploreQuery
from aep_flow_mcp.platform.models.neighbours import Dataset, MappingSet
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_specs import ConfigsQuery
from aep_flow_mcp.platform.transport import PlatformClient

T = TypeVar("T")

CLOCK = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOMORROW = (CLOCK + timedelta(days=1)).strftime("%Y-%m-%dT02:00:00Z")
SECRETS = {"s3SecretKey": "a+secret+that+is+as+long+as+a+key+of+S3/"}
"""What stands for the secret that has to look like one: the printed spec of the destination has a pattern."""
FLOW_SERVICE = "/data/foundation/flowservice"
PATHS = {
    What.ACCOUNT: f"{FLOW_SERVICE}/connections",
    What.SOURCE: f"{FLOW_SERVICE}/sourceConnections",
    What.TARGET: f"{FLOW_SERVICE}/targetConnections",
    What.MAPPING: "/data/foundation/conversion/mappingSets",
    What.FLOW: f"{FLOW_SERVICE}/flows",
}


@dataclass(frozen=True)
class Organisation:
    """An emulator of its own, and everything in it that wishes are judged by."""

    emulator: Emulator
    base: Findings
    accounts: tuple[Connection, ...]
    schemas: Mapping[str, Mapping[str, Any]]
    mapping_sets: tuple[MappingSet, ...]

    @classmethod
    def open(cls) -> Organisation:
        """A fresh one, with specs, accounts, datasets and schemas read."""
        emulator = Emulator(EmulatorOptions(clock=lambda: CLOCK, static_tokens=frozenset({"test"})))
        return _run(emulator, lambda reader: _read(emulator, reader))

    def findings(self, wish: PipelineWish) -> Findings:
        """What the organisation has that concerns the wish."""
        found = connectors.meant(wish.connector or "", self.base.connectors, wish.direction)
        spec = found[0] if len(found) == 1 else None
        own = tuple(item for item in self.accounts if spec and item.spec_id == spec.id)
        asked = tuple(item for item in self.accounts if wish.account in (item.id, item.name))
        datasets = {
            wanted: tuple(item for item in self.base.datasets if wanted in (item.id, item.name))
            for wanted in wish.datasets
        }
        known = replace(self.base, accounts=own, accounts_asked=asked, datasets_asked=datasets)
        dataset = known.dataset
        return replace(
            known,
            schema=self.schemas.get(dataset.schema_id or "") if dataset else None,
            mapping_sets_asked=tuple(item for item in self.mapping_sets if item.id == wish.mapping_set),
            mapping_sets=tuple(
                item for item in self.mapping_sets if dataset and item.schema_id == dataset.schema_id
            ),
            same_name=self._flows_called(wish.name),
            place=self._place(spec, asked, wish) if spec else None,
        )

    def build(self, blueprint: Blueprint) -> dict[str, dict[str, Any]]:
        """Posts the parts in their order; what the emulator then holds of each, by key."""
        return anyio.run(self._build, blueprint)

    def stored(self, collection: str) -> list[dict[str, Any]]:
        return self.emulator.store.all("dev", collection)

    def _flows_called(self, name: str | None) -> Any:
        async def read(reader: FlowReader) -> Any:
            return tuple([flow async for flow in reader.iter_flows() if flow.name == name])

        return _run(self.emulator, read)

    def _place(
        self, spec: ConnectionSpec, accounts: tuple[Connection, ...], wish: PipelineWish
    ) -> Place | None:
        account = next((item for item in accounts if item.spec_id == spec.id), None)
        if wish.direction is Direction.EXPORT or spec.explore_spec is None:
            return None
        if account is None and spec.id != wellknown.LANDING_ZONE_SOURCE:
            return None
        tables = spec.explore_spec.type == "Table"

        async def read(reader: FlowReader) -> Place:
            async def explore(query: ExploreQuery) -> Exploration:
                if account is None:
                    return await reader.explore_connection_spec(spec.id, query)
                return await reader.explore_connection(account.id, query)

            return await (_look_at_tables if tables else _look_at_files)(explore, wish.path)

        return _run(self.emulator, read)

    async def _build(self, blueprint: Blueprint) -> dict[str, dict[str, Any]]:
        made: dict[str, str] = {}
        built: dict[str, dict[str, Any]] = {}
        async with _http(self.emulator) as http:
            for part in blueprint.parts:
                path, body = PATHS[part.what], _filled(part.body, made)
                if part.what is What.ACCOUNT and body["connectionSpec"]["id"] == wellknown.S3_TARGET:
                    body["auth"]["params"] |= SECRETS
                draft = {"mode": "draft"} if blueprint.draft and part.what is What.FLOW else {}
                answer = await http.post(path, json=body, params=draft)
                assert answer.status_code in (200, 201), f"{part.what}: {answer.text}"
                made[part.what.value] = answer.json()["id"]
                item = (await http.get(f"{path}/{answer.json()['id']}")).json()
                built[part.what.value] = item["items"][0] if "items" in item else item
        return built


def _run(emulator: Emulator, read: Callable[[FlowReader], Awaitable[T]]) -> T:
    async def within() -> T:
        config = PlatformConfig(
            platform_url="http://127.0.0.1",
            ims_url="http://127.0.0.1",
            credentials=Credentials(
                client_id="emulator-client",
                org_id="0123456789ABCDEF01234567@AdobeOrg",
                client_secret=SecretStr("emulator-secret"),
            ),
            sandbox="dev",
        )
        transport = EmulatorTransport(emulator)
        async with PlatformClient(config, transport=transport, sleep=_no_wait) as client:
            return await read(FlowReader(client))

    return anyio.run(within)


async def _no_wait(_: float) -> None:
    await anyio.lowlevel.checkpoint()


async def _read(emulator: Emulator, reader: FlowReader) -> Organisation:
    datasets: list[Dataset] = (await reader.neighbours.list_datasets(limit=100)).items
    page = await reader.connection_spec_configs(wellknown.DATA_LAKE_SOURCE, ConfigsQuery(limit=100))
    mapping_sets = (await reader.neighbours.list_mapping_sets(limit=100)).items
    schemas: dict[str, Mapping[str, Any]] = {}
    async with _http(emulator) as http:
        for schema_id in {item.schema_id for item in datasets if item.schema_id}:
            answer = await http.get(
                f"/data/foundation/schemaregistry/tenant/schemas/{quote(schema_id, safe='')}",
                headers={"accept": "application/vnd.adobe.xed-full+json; version=1"},
            )
            schemas[schema_id] = answer.json()
    base = Findings(
        now=CLOCK.timestamp(),
        connectors=tuple(await reader.list_connection_specs()),
        flow_specs=tuple(await reader.list_flow_specs()),
        datasets=tuple(datasets),
        exportable=frozenset(item.id for item in page.items),
    )
    accounts = tuple([item async for item in reader.iter_connections()])
    return Organisation(emulator, base, accounts, schemas, tuple(mapping_sets))


def _http(emulator: Emulator) -> httpx.AsyncClient:
    headers = {
        "authorization": "Bearer test",
        "x-api-key": "emulator-client",
        "x-gw-ims-org-id": "0123456789ABCDEF01234567@AdobeOrg",
        "x-sandbox-name": "dev",
    }
    return httpx.AsyncClient(
        transport=EmulatorTransport(emulator), base_url="http://127.0.0.1", headers=headers
    )


async def _look_at_files(
    explore: Callable[[ExploreQuery], Awaitable[Exploration]], path: str | None
) -> Place:
    wanted = (path or "").strip("/")
    folder, entries = "", (await explore(ExploreQuery())).items
    while wanted and not any((item.path or "").strip("/") == wanted for item in entries):
        deeper = [item for item in entries if wanted.startswith(f"{(item.path or '').strip('/')}/")]
        if not deeper:
            return Place(folder=folder, entries=tuple(entries), missing=True)
        folder = deeper[0].path or ""
        entries = (await explore(ExploreQuery(object_type="folder", object=folder))).items
    found = next((item for item in entries if (item.path or "").strip("/") == wanted), None)
    if found is not None and found.type == "folder":
        folder = found.path or ""
        entries = (await explore(ExploreQuery(object_type="folder", object=folder))).items
        found = next((item for item in entries if item.type == "file"), None)
    if found is None:
        return Place(folder=folder, entries=tuple(entries))
    query = ExploreQuery(object_type="file", object=found.path, determine_properties=True, preview=True)
    return Place(
        folder=folder, entries=tuple(entries), sampled=found.path, preview=(await explore(query)).preview
    )


async def _look_at_tables(
    explore: Callable[[ExploreQuery], Awaitable[Exploration]], path: str | None
) -> Place:
    entries = tuple((await explore(ExploreQuery())).items)
    if path is None:
        return Place(entries=entries)
    try:
        looked = await explore(ExploreQuery(object_type="table", object=path))
    except PlatformError:
        return Place(entries=entries, missing=True)
    return Place(entries=entries, sampled=path, preview=looked.preview)


def _filled(value: Any, made: Mapping[str, str]) -> Any:
    if isinstance(value, Created):
        return made[value.key]
    if isinstance(value, Mapping):
        return {name: _filled(item, made) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(item, made) for item in value]
    return value
