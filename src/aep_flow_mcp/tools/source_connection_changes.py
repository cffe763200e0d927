"""Tools that create, change and remove source connections."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.guard.change import Change, PlanError
from aep_flow_mcp.guard.kinds import Kind
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.checks import Problem, check_source
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.tools import dependents, planning
from aep_flow_mcp.tools.dependencies import Reader
from aep_flow_mcp.tools.params import Id
from aep_flow_mcp.tools.planning import Description, Draft, Etag, FileFormat, Name, Params, PatchOps, compact
from aep_flow_mcp.tools.registry import write_tool


class PathType(StrEnum):
    """What a path names."""

    FILE = "file"
    FOLDER = "folder"


DataFormat = Annotated[str | None, Field(description="delimited, json, parquet, tabular")]
DatasetIds = Annotated[list[str], Field(min_length=1, max_length=100)]


@write_tool("connections")
async def create_source_connection(
    aep: Reader,
    name: Name,
    connection_spec_id: Id,
    base_connection_id: str | None = None,
    params: Annotated[Params | None, Field(description="e.g. path, tableName")] = None,
    data_format: DataFormat = None,
    data_properties: Annotated[
        Params | None, Field(description="e.g. columnDelimiter, compressionType")
    ] = None,
    description: Description = None,
    draft: Draft = False,
) -> Change:
    """Say what is read, for any connector. get_connection_spec tells which params it takes."""
    data = compact(format=data_format, properties=data_properties) or None
    return await _create(
        aep,
        name,
        connection_spec_id,
        base_connection_id,
        params=params,
        data=data,
        description=description,
        draft=draft,
    )


@write_tool("connections")
async def create_source_connection_streaming(
    aep: Reader, name: Name, base_connection_id: Id, description: Description = None
) -> Change:
    """Create the source connection of an HTTP API streaming account."""
    return await _create(aep, name, wellknown.HTTP_API, base_connection_id, description=description)


@write_tool("connections")
async def create_source_connection_landing_zone(
    aep: Reader,
    name: Name,
    path: Annotated[str, Field(description="begins with the container; explore_landing_zone lists paths")],
    data_format: FileFormat = FileFormat.DELIMITED,
    type: PathType = PathType.FILE,
    recursive: bool = False,
    data_properties: Params | None = None,
    description: Description = None,
) -> Change:
    """Read a file or folder of the Data Landing Zone."""
    params: Params = {"path": path, "type": type.value, "recursive": recursive}
    if type is PathType.FILE:
        del params["recursive"]
        if recursive:
            raise PlanError("recursive goes with type folder only.")
    data = compact(format=data_format.value, properties=data_properties)
    return await _create(
        aep, name, wellknown.LANDING_ZONE_SOURCE, None, params=params, data=data, description=description
    )


@write_tool("connections")
async def create_source_connection_data_lake(
    aep: Reader, name: Name, dataset_ids: DatasetIds, description: Description = None
) -> Change:
    """Name the datasets that an export reads from the data lake."""
    datasets = await aep.neighbours.get_datasets(dataset_ids)
    unknown = [dataset_id for dataset_id in dataset_ids if datasets.get(dataset_id) is None]
    if unknown:
        planning.refuse([Problem("dataset_ids", f"there is no dataset {', '.join(unknown)}.")])
    listed: list[dict[str, Any]] = []
    for dataset_id in dict.fromkeys(dataset_ids):
        dataset = datasets[dataset_id]
        listed.append(compact(dataSetId=dataset_id, name=dataset.name if dataset else None))
    return await _create(
        aep, name, wellknown.DATA_LAKE_SOURCE, None, params={"datasets": listed}, description=description
    )


@write_tool("connections", idempotent=True)
async def update_source_connection(
    aep: Reader, source_connection_id: Id, operations: PatchOps, etag: Etag = None
) -> Change:
    """Patch a source connection. A running flow keeps what it had: see update_flow."""
    lines = await dependents.of_source_connection(aep, source_connection_id)
    warnings = [f"Reads through it: {line}" for line in lines]
    return await planning.update(
        aep, Kind.SOURCE_CONNECTION, source_connection_id, operations, etag, warnings=warnings
    )


@write_tool("connections", destructive=True, idempotent=True)
async def delete_source_connection(
    aep: Reader, source_connection_id: Id, delete_anyway: bool = False
) -> Change:
    """Delete a source connection. Refuses, with the list, while flows use it."""
    item = await planning.stored(aep, Kind.SOURCE_CONNECTION, source_connection_id)
    lines = await dependents.of_source_connection(aep, source_connection_id)
    dependents.refuse_if_used("The source connection", lines, delete_anyway=delete_anyway)
    return Change.delete(Kind.SOURCE_CONNECTION, item, dependents=lines)


@write_tool("connections", idempotent=True)
async def publish_source_connection(aep: Reader, source_connection_id: Id) -> Change:
    """Publish a source connection that is a draft."""
    return await planning.publish(aep, Kind.SOURCE_CONNECTION, source_connection_id)


async def _create(
    aep: FlowReader,
    name: str,
    spec_id: str,
    base_connection_id: str | None,
    *,
    params: Params | None = None,
    data: Params | None = None,
    description: str | None,
    draft: bool = False,
) -> Change:
    spec = await planning.connector(aep, spec_id)
    planning.refuse(check_source(spec, params=params, has_base=base_connection_id is not None))
    await planning.check_account(aep, base_connection_id, spec)
    body = compact(
        name=name,
        description=description,
        baseConnectionId=base_connection_id,
        data=data,
        params=params,
        connectionSpec=planning.spec_ref(spec),
    )
    return Change.create(Kind.SOURCE_CONNECTION, body, params={"mode": "draft"} if draft else None)
