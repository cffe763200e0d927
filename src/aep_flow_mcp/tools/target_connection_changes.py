"""Tools that create, change and remove target connections."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from aep_flow_mcp.guard.change import Change, PlanError
from aep_flow_mcp.guard.kinds import Kind
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.checks import check_target
from aep_flow_mcp.platform.errors import ErrorKind, PlatformError
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.tools import dependents, planning
from aep_flow_mcp.tools.dependencies import Reader
from aep_flow_mcp.tools.params import Id
from aep_flow_mcp.tools.planning import Description, Draft, Etag, FileFormat, Name, Params, PatchOps, compact
from aep_flow_mcp.tools.registry import write_tool
from aep_flow_mcp.tools.source_connection_changes import DataFormat, PathType


class ExportFormat(StrEnum):
    """File types of dataset exports."""

    JSON = "JSON"
    PARQUET = "PARQUET"


class Compression(StrEnum):
    """How exported files are compressed."""

    GZIP = "GZIP"
    NONE = "NONE"


Folder = Annotated[str, Field(min_length=1)]


@write_tool("connections")
async def create_target_connection(
    aep: Reader,
    name: Name,
    connection_spec_id: Id,
    base_connection_id: str | None = None,
    params: Annotated[Params | None, Field(description="e.g. dataSetId, bucketName, path")] = None,
    data_format: DataFormat = None,
    schema_id: str | None = None,
    description: Description = None,
    draft: Draft = False,
) -> Change:
    """Say where data goes, for any connector. For a dataset use create_target_connection_data_lake."""
    schema = {"id": schema_id, "version": wellknown.SCHEMA_VERSION} if schema_id else None
    data = compact(format=data_format, schema=schema) or None
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
async def create_target_connection_data_lake(
    aep: Reader, name: Name, dataset_id: Id, schema_id: str | None = None, description: Description = None
) -> Change:
    """Write into a dataset; the schema is the dataset's own."""
    try:
        dataset = await aep.neighbours.get_dataset(dataset_id)
    except PlatformError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        raise PlanError(f"dataset_id: there is no dataset {dataset_id} in this sandbox.") from None
    own = dataset.schema_id
    if schema_id and own and schema_id != own:
        raise PlanError(f"schema_id: the dataset {dataset.name or dataset_id} has the schema {own}.")
    if not (schema_id or own):
        raise PlanError(f"schema_id: the dataset {dataset_id} names no schema; give it.")
    data = {"format": "parquet_xdm", "schema": {"id": schema_id or own, "version": wellknown.SCHEMA_VERSION}}
    return await _create(
        aep,
        name,
        wellknown.DATA_LAKE,
        None,
        params={"dataSetId": dataset_id},
        data=data,
        description=description,
    )


@write_tool("connections")
async def create_target_connection_landing_zone(
    aep: Reader,
    name: Name,
    base_connection_id: Id,
    path: Folder,
    data_format: FileFormat = FileFormat.DELIMITED,
    type: PathType = PathType.FOLDER,
    description: Description = None,
) -> Change:
    """Write files into the landing zone. For datasets: create_target_connection_dataset_to_landing_zone."""
    params = {"mode": wellknown.SERVER_TO_SERVER, "path": path, "type": type.value}
    data = {"format": data_format.value}
    return await _create(
        aep,
        name,
        wellknown.LANDING_ZONE_TARGET,
        base_connection_id,
        params=params,
        data=data,
        description=description,
    )


@write_tool("connections")
async def create_target_connection_dataset_to_landing_zone(
    aep: Reader,
    name: Name,
    base_connection_id: Id,
    path: Folder,
    file_type: ExportFormat = ExportFormat.JSON,
    compression: Compression = Compression.GZIP,
    description: Description = None,
) -> Change:
    """Name the landing-zone folder of a dataset export. export_dataset_to_landing_zone makes the whole export."""
    return await _create(
        aep,
        name,
        wellknown.LANDING_ZONE_TARGET,
        base_connection_id,
        params=dataset_export_params(path, file_type, compression),
        description=description,
    )


@write_tool("connections", idempotent=True)
async def update_target_connection(
    aep: Reader, target_connection_id: Id, operations: PatchOps, etag: Etag = None
) -> Change:
    """Patch a target connection. A running flow keeps what it had: see update_flow."""
    lines = await dependents.of_target_connection(aep, target_connection_id)
    warnings = [f"Writes through it: {line}" for line in lines]
    return await planning.update(
        aep, Kind.TARGET_CONNECTION, target_connection_id, operations, etag, warnings=warnings
    )


@write_tool("connections", destructive=True, idempotent=True)
async def delete_target_connection(
    aep: Reader, target_connection_id: Id, delete_anyway: bool = False
) -> Change:
    """Delete a target connection. Refuses, with the list, while flows use it."""
    item = await planning.stored(aep, Kind.TARGET_CONNECTION, target_connection_id)
    lines = await dependents.of_target_connection(aep, target_connection_id)
    dependents.refuse_if_used("The target connection", lines, delete_anyway=delete_anyway)
    return Change.delete(Kind.TARGET_CONNECTION, item, dependents=lines)


@write_tool("connections", idempotent=True)
async def publish_target_connection(aep: Reader, target_connection_id: Id) -> Change:
    """Publish a target connection that is a draft."""
    return await planning.publish(aep, Kind.TARGET_CONNECTION, target_connection_id)


def dataset_export_params(path: str, file_type: ExportFormat, compression: Compression) -> Params:
    """`params` of a file destination for datasets.

    Raises:
        PlanError: JSON is delivered compressed only.
    """
    if file_type is ExportFormat.JSON and compression is Compression.NONE:
        raise PlanError(
            "compression: JSON is exported compressed only; take GZIP, or PARQUET without compression."
        )
    return {
        "mode": wellknown.SERVER_TO_SERVER,
        "path": path,
        "compression": compression.value,
        "datasetFileType": file_type.value,
    }


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
    planning.refuse(check_target(spec, params=params))
    await planning.check_account(aep, base_connection_id, spec)
    body = compact(
        name=name,
        description=description,
        baseConnectionId=base_connection_id,
        data=data,
        params=params,
        connectionSpec=planning.spec_ref(spec),
    )
    return Change.create(Kind.TARGET_CONNECTION, body, params={"mode": "draft"} if draft else None)
