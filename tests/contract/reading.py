"""Every public method of the readers, called once on an emulator, each with a look at what came back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aep_flow_mcp.platform.kept.insights import MetricsQuery
from aep_flow_mcp.platform.models.explore import Exploration, ExplorePreview, ExploreQuery
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.platform.reader_core import ReaderCore
from aep_flow_mcp.platform.reader_specs import ConfigsQuery
from contract.bodies import FILES_TO_LAKE, S3_SOURCE, Json
from contract.caller import FLOW_SERVICE, Caller
from contract.exercise import EXPORT_SOURCE, LANDING_ZONE_SOURCE, explorable, mapped_target


@dataclass(frozen=True)
class Known:
    """Objects of the seed, read by plain HTTP, for the readers to find again."""

    flow: Json
    run: Json
    connection: Json
    table_connection: Json
    source: Json
    target: Json
    mapping: str
    batch: str

    @classmethod
    async def of(cls, call: Caller) -> Known:
        filters = (f"flowSpec.id=={FILES_TO_LAKE}", "state==enabled", "lastRunDetails.state==success")
        flow = await call.first("flows", *filters)
        target, mapping = await mapped_target(call)
        dataset = target["params"]["dataSetId"]
        batches = await call(
            "GET", "/data/foundation/catalog/batches", query={"dataSet": dataset, "limit": 1}
        )
        return cls(
            flow=flow,
            run=await call.first("runs", f"flowId=={flow['id']}"),
            connection=await explorable(call, S3_SOURCE),
            table_connection=await explorable(call, "*"),
            source=await call.item(f"/sourceConnections/{flow['sourceConnectionIds'][0]}"),
            target=target,
            mapping=mapping,
            batch=next(iter(batches)),
        )

    @property
    def dataset(self) -> str:
        dataset: str = self.target["params"]["dataSetId"]
        return dataset


async def _all(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


async def _pages(fetch: Callable[[str | None], Awaitable[Any]], *, most: int = 3) -> list[Any]:
    """The items of the first pages, following cursors; each item once."""
    page = await fetch(None)
    items = list(page.items)
    while page.next_cursor is not None and most > 1:
        page, most = await fetch(page.next_cursor), most - 1
        items += page.items
    return items


Explore = Callable[[ExploreQuery], Awaitable[Exploration]]


async def _csv_file(explore: Explore, asked: ExploreQuery) -> str | None:
    """The path of the first delimited file below a place, depth first."""
    for item in (await explore(asked)).items:
        if item.type == "file" and (item.path or "").endswith(".csv"):
            return item.path
        if item.type == "folder":
            found = await _csv_file(explore, ExploreQuery(object_type="folder", object=item.path))
            if found is not None:
                return found
    return None


async def _preview(explore: Explore, asked: ExploreQuery) -> ExplorePreview:
    preview = (await explore(asked)).preview
    assert preview is not None
    return preview


async def _explored(reader: FlowReader, known: Known) -> Any:
    """A file with its properties given, and a table with its rows filtered at the source."""

    async def bucket(query: ExploreQuery) -> Exploration:
        return await reader.explore_connection(known.connection["id"], query)

    async def database(query: ExploreQuery) -> Exploration:
        return await reader.explore_connection(known.table_connection["id"], query)

    given = ExploreQuery(
        object_type="file",
        object=await _csv_file(bucket, ExploreQuery()),
        file_type="delimited",
        column_delimiter=",",
        compression_type="gzip",
        encoding="UTF-8",
        preview=True,
    )
    table = (await database(ExploreQuery())).items[0].path
    columns = (
        await _preview(database, ExploreQuery(object_type="table", object=table, preview=True))
    ).columns
    field = {"nodeType": "fieldLookup", "fieldName": columns[0].name}
    compared = {
        "nodeType": "fnApply",
        "fnName": "!=",
        "params": [field, {"nodeType": "literal", "value": "?"}],
    }
    filters = {"type": "PQL", "format": "pql/json", "value": compared}
    filtered = await _preview(database, ExploreQuery(object_type="table", object=table, filters=filters))
    shown = await _preview(database, ExploreQuery(object_type="rest", object=table, source_params={}))
    assert shown.format == "hierarchical"
    return (await _preview(bucket, given)).columns and filtered.data


async def _explored_zone(reader: FlowReader, known: Known) -> Any:
    async def zone(query: ExploreQuery) -> Exploration:
        return await reader.explore_connection_spec(LANDING_ZONE_SOURCE, query)

    detect = ExploreQuery(
        object_type="file",
        object=await _csv_file(zone, ExploreQuery()),
        determine_properties=True,
        preview=True,
    )
    return (await _preview(zone, detect)).columns


Call = Callable[[FlowReader, Known], Awaitable[Any]]

_ENABLED = ["state==enabled", "createdAt>0"]

READER_CALLS: dict[str, Call] = {
    "list_connections": lambda r, k: _pages(
        lambda c: r.list_connections(_ENABLED, limit=2, orderby=["-updatedAt", "name"], cursor=c)
    ),
    "iter_connections": lambda r, k: _all(r.iter_connections(cap=3)),
    "count_connections": lambda r, k: r.count_connections(),
    "get_connection": lambda r, k: r.get_connection(k.connection["id"]),
    "test_connection": lambda r, k: r.test_connection(k.connection["id"]),
    "search_connections": lambda r, k: _pages(
        lambda c: r.search_connections("state==enabled", limit=2, cursor=c)
    ),
    "list_source_connections": lambda r, k: _pages(lambda c: r.list_source_connections(limit=2, cursor=c)),
    "iter_source_connections": lambda r, k: _all(r.iter_source_connections(cap=3)),
    "count_source_connections": lambda r, k: r.count_source_connections(),
    "get_source_connection": lambda r, k: r.get_source_connection(k.source["id"]),
    "list_target_connections": lambda r, k: _pages(lambda c: r.list_target_connections(limit=2, cursor=c)),
    "iter_target_connections": lambda r, k: _all(r.iter_target_connections(cap=3)),
    "count_target_connections": lambda r, k: r.count_target_connections(),
    "get_target_connection": lambda r, k: r.get_target_connection(k.target["id"]),
    "list_flows": lambda r, k: _pages(
        lambda c: r.list_flows(_ENABLED, limit=2, orderby="-updatedAt", cursor=c)
    ),
    "iter_flows": lambda r, k: _all(r.iter_flows(cap=3)),
    "count_flows": lambda r, k: r.count_flows("state==enabled"),
    "get_flow": lambda r, k: r.get_flow(k.flow["id"]),
    "search_flows": lambda r, k: _pages(lambda c: r.search_flows("state==enabled", limit=2, cursor=c)),
    "list_runs": lambda r, k: _pages(lambda c: r.list_runs(f"flowId=={k.flow['id']}", limit=2, cursor=c)),
    "iter_runs": lambda r, k: _all(r.iter_runs(orderby="-createdAt", cap=3)),
    "count_runs": lambda r, k: r.count_runs(f"flowId=={k.flow['id']}"),
    "get_run": lambda r, k: r.get_run(k.run["id"]),
    "list_connection_specs": lambda r, k: r.list_connection_specs(),
    "get_connection_spec": lambda r, k: r.get_connection_spec(S3_SOURCE),
    "list_flow_specs": lambda r, k: r.list_flow_specs("name==CloudStorageToAEP"),
    "get_flow_spec": lambda r, k: r.get_flow_spec(FILES_TO_LAKE),
    "search_flow_specs": lambda r, k: _pages(
        lambda c: r.search_flow_specs("name==CloudStorageToAEP", cursor=c)
    ),
    "explore_connection": _explored,
    "explore_connection_spec": _explored_zone,
    "connection_configs": lambda r, k: r.connection_configs(k.connection["id"]),
    "connection_spec_configs": lambda r, k: _pages(
        lambda c: r.connection_spec_configs(
            EXPORT_SOURCE, ConfigsQuery(limit=2, properties=("name",)), cursor=c
        )
    ),
    "get_raw": lambda r, k: r.get_raw(f"{FLOW_SERVICE}/flows/{k.flow['id']}"),
    "list_objects": lambda r, k: _pages(lambda c: r.list_objects("flows", limit=2, cursor=c)),
    "get_object": lambda r, k: r.get_object("flows", k.flow["id"]),
}

READER_HELPERS = {"listed_specs", "with_sandbox", "forget_specs"}
"""Public methods that send nothing."""

NEIGHBOUR_CALLS: dict[str, Call] = {
    "get_dataset": lambda r, k: r.neighbours.get_dataset(k.dataset),
    "get_datasets": lambda r, k: r.neighbours.get_datasets([k.dataset, "66b0c1d2e3f4a5b6c7d8e9f0"]),
    "list_datasets": lambda r, k: _pages(lambda c: r.neighbours.list_datasets(limit=2, cursor=c)),
    "find_dataset_by_name": lambda r, k: _by_name(r, k),
    "get_batch": lambda r, k: r.neighbours.get_batch(k.batch),
    "list_batches": lambda r, k: _pages(
        lambda c: r.neighbours.list_batches(k.dataset, status="success", limit=2, cursor=c)
    ),
    "get_mapping_set": lambda r, k: r.neighbours.get_mapping_set(k.mapping, 0),
    "list_mapping_sets": lambda r, k: _pages(lambda c: r.neighbours.list_mapping_sets(limit=2, cursor=c)),
    "get_schema": lambda r, k: r.neighbours.get_schema(k.target["data"]["schema"]["id"]),
    "get_schema_fields": lambda r, k: r.neighbours.get_schema_fields(k.target["data"]["schema"]["id"]),
    "list_schemas": lambda r, k: _pages(lambda c: r.neighbours.list_schemas(limit=2, cursor=c)),
    "list_sandboxes": lambda r, k: r.neighbours.list_sandboxes(),
    "get_sandbox": lambda r, k: r.neighbours.get_sandbox("dev"),
    "landing_zone": lambda r, k: r.neighbours.landing_zone(),
    "landing_zone_credential": lambda r, k: r.neighbours.landing_zone_credential("dlz_destination"),
}


KEPT_CALLS: dict[str, Call] = {
    "audit_log.list_events": lambda r, k: _pages(
        lambda c: r.audit_log.list_events(
            ["assetType==Source Data Flow,Dataset", "timestamp>2020-01-01T00:00:00Z"], limit=2, cursor=c
        )
    ),
    "insights.metrics": lambda r, k: r.insights.metrics(
        MetricsQuery(
            names=["timeseries.ingestion.dataset.recordsuccess.count"],
            start=datetime(2026, 5, 1, tzinfo=UTC),
            end=datetime(2026, 6, 1, tzinfo=UTC),
            datasets=[k.dataset],
        )
    ),
    "data_access.list_files": lambda r, k: _kept_files(r, k),
    "data_access.read_file": lambda r, k: r.data_access.read_file(
        k.batch, "meta", "input_files/fileMetaData1.json", most=1_000
    ),
}
"""What Adobe keeps beside objects, by reader and method."""


async def _kept_files(reader: FlowReader, known: Known) -> Any:
    """Every place that files of a batch are listed at."""
    files = await reader.data_access.list_files(known.batch, "files")
    assert not (await reader.data_access.list_files(known.batch, "failed")).files
    inputs = await reader.data_access.list_files(known.batch, "meta", "input_files")
    return files.files and inputs.files


async def _by_name(reader: FlowReader, known: Known) -> Any:
    dataset = await reader.neighbours.get_dataset(known.dataset)
    return await reader.neighbours.find_dataset_by_name(dataset.name or "")


def public_methods(reader: type[ReaderCore]) -> set[str]:
    return {name for name in dir(reader) if not name.startswith("_") and callable(getattr(reader, name))}
