"""Tools that create, change and remove source connections."""

from functools import partial
from typing import Annotated, Any

from pydantic import Field

from aep_flow_mcp.gathering.finding import connection_id_of, connector_id_of, dataset_id_of
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.checks.outcome import Problem
from aep_flow_mcp.planning import ends
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning.objects import Params, compact
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import AccountRef, ConnectorRef, Id, Named
from aep_flow_mcp.surface.registry import write_tool
from aep_flow_mcp.surface.write_params import (
    DataFormat,
    DatasetRefs,
    Description,
    Draft,
    Etag,
    FileFormat,
    Name,
    PatchOps,
    PathType,
)


@write_tool("connections")
async def create_source_connection(
    aep: Reader,
    name: Name,
    connector: ConnectorRef,
    account: Named = None,
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
    return await ends.create(
        aep,
        ends.SOURCE,
        name=name,
        spec_id=await connector_id_of(aep, connector),
        account_id=await connection_id_of(aep, account) if account else None,
        params=params,
        data=data,
        description=description,
        draft=draft,
    )


@write_tool("connections")
async def create_source_connection_streaming(
    aep: Reader, name: Name, account: AccountRef, description: Description = None
) -> Change:
    """Create the source connection of an HTTP API streaming account."""
    return await ends.create(
        aep,
        ends.SOURCE,
        name=name,
        spec_id=wellknown.HTTP_API,
        account_id=await connection_id_of(aep, account),
        description=description,
    )


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
    warnings = []
    if type is PathType.FILE and recursive:
        warnings.append("recursive goes with type folder; it is sent all the same.")
    elif type is PathType.FILE:
        del params["recursive"]
    data = compact(format=data_format.value, properties=data_properties)
    return await ends.create(
        aep,
        ends.SOURCE,
        name=name,
        spec_id=wellknown.LANDING_ZONE_SOURCE,
        account_id=None,
        params=params,
        data=data,
        description=description,
        warnings=warnings,
    )


@write_tool("connections")
async def create_source_connection_data_lake(
    aep: Reader, name: Name, datasets: DatasetRefs, description: Description = None
) -> Change:
    """Name the datasets that an export reads from the data lake."""
    warnings: list[str] = []
    ids = [await dataset_id_of(aep, text) for text in datasets]
    known = await planning.readable(
        "The datasets",
        partial(aep.neighbours.get_datasets, ids),
        warnings,
        so="whether they are there was not checked",
    )
    unknown = [dataset_id for dataset_id in ids if known and known.get(dataset_id) is None]
    if unknown:
        planning.refuse([Problem("datasets", f"there is no dataset {', '.join(unknown)}.")])
    listed: list[dict[str, Any]] = []
    for dataset_id in dict.fromkeys(ids):
        dataset = known.get(dataset_id) if known else None
        listed.append(compact(dataSetId=dataset_id, name=dataset.name if dataset else None))
    return await ends.create(
        aep,
        ends.SOURCE,
        name=name,
        spec_id=wellknown.DATA_LAKE_SOURCE,
        account_id=None,
        params={"datasets": listed},
        description=description,
        warnings=warnings,
    )


@write_tool("connections", destructive=True, idempotent=True)
async def update_source_connection(
    aep: Reader, source_connection_id: Id, operations: PatchOps, etag: Etag = None
) -> Change:
    """Patch a source connection. A running flow keeps what it had: see update_flow."""
    return await ends.update(aep, ends.SOURCE, source_connection_id, operations, etag)


@write_tool("connections", destructive=True, idempotent=True)
async def delete_source_connection(
    aep: Reader, source_connection_id: Id, delete_anyway: bool = False
) -> Change:
    """Delete a source connection. Refuses, with the list, while flows use it."""
    return await ends.delete(aep, ends.SOURCE, source_connection_id, delete_anyway=delete_anyway)


@write_tool("connections", idempotent=True)
async def publish_source_connection(aep: Reader, source_connection_id: Id) -> Change:
    """Publish a source connection that is a draft."""
    return await planning.publish(aep, Kind.SOURCE_CONNECTION, source_connection_id)
