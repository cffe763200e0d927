"""Tools that create, change and remove base connections (accounts)."""

from enum import StrEnum
from functools import partial
from typing import Annotated

from pydantic import Field

from aep_flow_mcp.gathering.finding import connection_id_of, connector_id_of
from aep_flow_mcp.gathering.unread import Unread
from aep_flow_mcp.guard.changes.canonical import shown
from aep_flow_mcp.guard.changes.change import Change
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.pipelines import wellknown
from aep_flow_mcp.pipelines.checks.connections import check_auth, way_of
from aep_flow_mcp.planning import dependents
from aep_flow_mcp.planning import objects as planning
from aep_flow_mcp.planning.objects import Operations, Params, compact
from aep_flow_mcp.planning.patched import checked_ops
from aep_flow_mcp.platform.models.specs import ConnectionSpec
from aep_flow_mcp.platform.reader import FlowReader
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.params import AccountRef, ConnectorRef
from aep_flow_mcp.surface.registry import write_tool
from aep_flow_mcp.surface.write_params import Description, Draft, Etag, Name, PatchOps

Secret = Annotated[str, Field(min_length=1, description="a ${AEP_SECRET_...} reference")]


class DataType(StrEnum):
    """What a streaming connection receives."""

    RAW = "raw"
    XDM = "xdm"


@write_tool("connections")
async def create_connection(
    aep: Reader,
    name: Name,
    connector: ConnectorRef,
    auth_spec: str | None = None,
    auth_params: Annotated[Params | None, Field(description="secrets as ${AEP_SECRET_...}")] = None,
    description: Description = None,
    draft: Draft = False,
) -> Change:
    """Create an account for any connector. get_connection_spec tells which auth_spec and params it takes."""
    auth = None
    if auth_spec is not None or auth_params is not None:
        auth = compact(specName=auth_spec, params=auth_params or {})
    spec_id = await connector_id_of(aep, connector)
    return await _create(aep, name, spec_id, auth, description=description, draft=draft)


@write_tool("connections")
async def create_streaming_connection(
    aep: Reader,
    name: Name,
    data_type: DataType = DataType.RAW,
    authentication_required: bool = False,
    source_id: str | None = None,
    description: Description = None,
) -> Change:
    """Create an HTTP API streaming endpoint. get_connection shows its inletUrl afterwards."""
    params = {
        "dataType": data_type.value,
        "sourceId": source_id or name,
        "name": name,
        "authenticationRequired": authentication_required,
    }
    auth = {"specName": "Streaming Connection", "params": params}
    return await _create(aep, name, wellknown.HTTP_API, auth, description=description)


@write_tool("connections")
async def create_base_connection_s3(
    aep: Reader, name: Name, access_key: Secret, secret_key: Secret, description: Description = None
) -> Change:
    """Create an account for exporting to Amazon S3. To read from S3 use create_connection."""
    auth = {"specName": "Access Key", "params": {"s3AccessKey": access_key, "s3SecretKey": secret_key}}
    return await _create(aep, name, wellknown.S3_TARGET, auth, description=description)


@write_tool("connections")
async def create_base_connection_blob(
    aep: Reader, name: Name, connection_string: Secret, description: Description = None
) -> Change:
    """Create an account for exporting to Azure Blob. To read from Blob use create_connection."""
    auth = {"specName": "ConnectionString", "params": {"connectionString": connection_string}}
    return await _create(aep, name, wellknown.BLOB_TARGET, auth, description=description)


@write_tool("connections")
async def create_base_connection_landing_zone(
    aep: Reader, name: Name, description: Description = None
) -> Change:
    """Create the account for exporting to the Data Landing Zone; it needs no credentials."""
    return await _create(aep, name, wellknown.LANDING_ZONE_TARGET, None, description=description)


@write_tool("connections")
async def create_profile_connection(aep: Reader, name: Name, description: Description = None) -> Change:
    """Create the base connection to Real-Time Customer Profile."""
    return await _create(aep, name, wellknown.PROFILE_STORE, None, description=description)


@write_tool("connections", destructive=True, idempotent=True)
async def update_connection(
    aep: Reader, account: AccountRef, operations: PatchOps, etag: Etag = None
) -> Change:
    """Patch an account, e.g. replace /auth/params with new credentials or /name."""
    connection_id = await connection_id_of(aep, account)
    if any(operation.path.startswith("/connectionSpec") for operation in operations):
        # 1414-400, help/sources/errors/flow-service-errors.md.
        raise PlanError("An account cannot change its connector: create a new one.")
    warnings: list[str] = []
    used: list[str] = []

    async def checked(item: Params, ops: Operations) -> Operations:
        if not any(op["path"].startswith("/auth") for op in ops):
            return ops
        spec = await planning.spec_for_update(aep.get_connection_spec, planning.spec_id_of(item), warnings)
        if spec is not None:
            ops = checked_ops(item, ops, {"auth": partial(check_auth, spec)}, warnings)
        warnings.extend(_replaced_whole(item, spec, ops))
        unread = Unread()
        used.extend(await dependents.of_connection(aep, connection_id, unread))
        warnings.extend(unread.notes)
        return ops

    return await planning.update(
        aep,
        Kind.CONNECTION,
        connection_id,
        operations,
        etag,
        checked=checked,
        warnings=warnings,
        used=("Uses these credentials", used),
    )


def _replaced_whole(item: Params, spec: ConnectionSpec | None, ops: Operations) -> list[str]:
    """What a new `/auth` or `/auth/params` takes away: the fields that the service shows and those that the connector
    declares, since what is stored and secret need not be shown."""
    told = []
    for op in ops:
        if op["path"] not in ("/auth", "/auth/params") or op["op"] == "remove":
            continue
        value = op["value"] if isinstance(op["value"], dict) else {}
        stored = planning.object_in(item, "auth")
        auth = value if op["path"] == "/auth" else {**stored, "params": value}
        sent = planning.object_in(auth, "params")
        way = way_of(spec, auth.get("specName")) if spec is not None else None
        had = list(planning.object_in(stored, "params"))
        gone = [name for name in had if name not in sent]
        may = [name for name in (way.properties if way else {}) if name not in sent and name not in had]
        sentence = (
            f"All credentials that are stored are replaced: it keeps only {_listed(list(sent)) or 'none'}."
        )
        sentence += f" Dropped: {_listed(gone)}." if gone else ""
        sentence += f" Dropped where they are stored: {_listed(may)}." if may else ""
        if not gone and not may and way is None:
            sentence += " A field that is not among these is dropped."
        told.append(sentence)
    return told


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 30} more" if len(names) > 30 else ""
    return ", ".join(shown(name, limit=80) for name in names[:30]) + more


@write_tool("connections", destructive=True, idempotent=True)
async def delete_connection(aep: Reader, account: AccountRef, delete_anyway: bool = False) -> Change:
    """Delete an account. Refuses, with the list, while connections or flows use it."""
    connection_id = await connection_id_of(aep, account)
    item = await planning.stored(aep, Kind.CONNECTION, connection_id)
    unread = Unread()
    lines = await dependents.of_connection(aep, connection_id, unread)
    dependents.refuse_if_used("The account", lines, unread, delete_anyway=delete_anyway)
    return Change.delete(Kind.CONNECTION, item, dependents=lines, warnings=unread.notes)


@write_tool("connections", idempotent=True)
async def publish_connection(aep: Reader, account: AccountRef) -> Change:
    """Publish an account that is a draft."""
    connection_id = await connection_id_of(aep, account)
    return await planning.publish(aep, Kind.CONNECTION, connection_id)


async def _create(
    aep: FlowReader,
    name: str,
    spec_id: str,
    auth: Params | None,
    *,
    description: str | None,
    draft: bool = False,
) -> Change:
    warnings: list[str] = []
    spec = await planning.connector(aep, spec_id, warnings)
    auth = planning.sendable(check_auth(spec, auth), warnings) if spec else auth
    ref = planning.spec_ref(spec_id, spec)
    body = compact(name=name, description=description, auth=auth, connectionSpec=ref)
    return Change.create(
        Kind.CONNECTION,
        body,
        secret_keys=spec.secret_pointers if spec else (),
        params={"mode": "draft"} if draft else None,
        warnings=warnings,
        names=planning.called(("connector", spec)),
    )
