"""Tools that create, change and remove target connections."""

from functools import partial
from typing import Annotated

from pydantic import Field

from aep_flow_mcp.gathering.finding import connection_id_of, connector_id_of, dataset_id_of
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.planning import ends
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning.exports import Compression, ExportFormat, dataset_export_params, notes_on
from aep_flow_mcp.planning.objects import Params, compact
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import AccountRef, ConnectorRef, DatasetRef, Id, Named
from aep_flow_mcp.surface.registry import write_tool
from aep_flow_mcp.surface.write_params import (
    DataFormat,
    Description,
    Draft,
    Etag,
    FileFormat,
    Folder,
    Name,
    PatchOps,
    PathType,
)


@write_tool("connections")
async def create_target_connection(
    aep: Reader,
    name: Name,
    connector: ConnectorRef,
    account: Named = None,
    params: Annotated[Params | None, Field(description="e.g. dataSetId, bucketName, path")] = None,
    data_format: DataFormat = None,
    schema_id: str | None = None,
    description: Description = None,
    draft: Draft = False,
) -> Change:
    """Say where data goes, for any connector. For a dataset use create_target_connection_data_lake."""
    schema = {"id": schema_id, "version": wellknown.SCHEMA_VERSION} if schema_id else None
    data = compact(format=data_format, schema=schema) or None
    return await ends.create(
        aep,
        ends.TARGET,
        name=name,
        spec_id=await connector_id_of(aep, connector),
        account_id=await connection_id_of(aep, account) if account else None,
        params=params,
        data=data,
        description=description,
        draft=draft,
    )


@write_tool("connections")
async def create_target_connection_data_lake(
    aep: Reader,
    name: Name,
    dataset: DatasetRef,
    schema_id: str | None = None,
    description: Description = None,
) -> Change:
    """Write into a dataset; the schema is the dataset's own."""
    warnings: list[str] = []
    dataset_id = await dataset_id_of(aep, dataset)
    found = await planning.readable(
        f"The dataset {dataset_id}",
        partial(aep.neighbours.get_dataset, dataset_id),
        warnings,
        so="its schema is not known",
        absent=f"dataset: there is no dataset {dataset_id} in this sandbox.",
    )
    own = found.schema_id if found else None
    if found and schema_id and own and schema_id != own:
        raise PlanError(f"schema_id: the dataset {found.name or dataset_id} has the schema {own}.")
    if not (schema_id or own):
        told = " ".join(warnings) or f"The dataset {dataset_id} names no schema."
        raise PlanError(f"schema_id: give it. {told}")
    data = {"format": "parquet_xdm", "schema": {"id": schema_id or own, "version": wellknown.SCHEMA_VERSION}}
    return await ends.create(
        aep,
        ends.TARGET,
        name=name,
        spec_id=wellknown.DATA_LAKE,
        params={"dataSetId": dataset_id},
        data=data,
        description=description,
        names=planning.called(("dataset", found)),
        warnings=warnings,
    )


@write_tool("connections")
async def create_target_connection_landing_zone(
    aep: Reader,
    name: Name,
    account: AccountRef,
    path: Folder,
    data_format: FileFormat = FileFormat.DELIMITED,
    type: PathType = PathType.FOLDER,
    compression: Annotated[Compression | None, Field(description="where its spec demands it")] = None,
    description: Description = None,
) -> Change:
    """Write files into the landing zone. For datasets: create_target_connection_dataset_to_landing_zone."""
    params = {"mode": wellknown.SERVER_TO_SERVER, "path": path, "type": type.value}
    if compression:
        params["compression"] = compression.value
    data = {"format": data_format.value}
    return await ends.create(
        aep,
        ends.TARGET,
        name=name,
        spec_id=wellknown.LANDING_ZONE_TARGET,
        account_id=await connection_id_of(aep, account),
        params=params,
        data=data,
        description=description,
    )


@write_tool("connections")
async def create_target_connection_dataset_to_landing_zone(
    aep: Reader,
    name: Name,
    account: AccountRef,
    path: Folder,
    dataset_file_type: ExportFormat = ExportFormat.JSON,
    compression: Compression = Compression.GZIP,
    description: Description = None,
) -> Change:
    """Name the landing-zone folder of a dataset export. export_dataset_to_landing_zone makes the whole export."""
    return await ends.create(
        aep,
        ends.TARGET,
        name=name,
        spec_id=wellknown.LANDING_ZONE_TARGET,
        account_id=await connection_id_of(aep, account),
        params=dataset_export_params(path, dataset_file_type, compression),
        description=description,
        warnings=notes_on(dataset_file_type, compression),
    )


@write_tool("connections", destructive=True, idempotent=True)
async def update_target_connection(
    aep: Reader, target_connection_id: Id, operations: PatchOps, etag: Etag = None
) -> Change:
    """Patch a target connection. A running flow keeps what it had: see update_flow."""
    return await ends.update(aep, ends.TARGET, target_connection_id, operations, etag)


@write_tool("connections", destructive=True, idempotent=True)
async def delete_target_connection(
    aep: Reader, target_connection_id: Id, delete_anyway: bool = False
) -> Change:
    """Delete a target connection. Refuses, with the list, while flows use it."""
    return await ends.delete(aep, ends.TARGET, target_connection_id, delete_anyway=delete_anyway)


@write_tool("connections", idempotent=True)
async def publish_target_connection(aep: Reader, target_connection_id: Id) -> Change:
    """Publish a target connection that is a draft."""
    return await planning.publish(aep, Kind.TARGET_CONNECTION, target_connection_id)
