"""Small write tools, defined as the real ones are."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from aep_flow_mcp.guard.changes.change import Change, Plan
from aep_flow_mcp.guard.changes.kinds import Kind
from aep_flow_mcp.guard.changes.steps import PlanError
from aep_flow_mcp.surface.dependencies import Reader
from aep_flow_mcp.surface.registry import ToolDef, write_tool
from aep_flow_mcp.tools.general.confirm import confirm_change

ZONE_TARGET = "10440537-2a7b-4583-ac39-ed38d4b848e8"
S3_TARGET = "4fce964d-3f37-408f-9778-e597338a21ee"


class Operation(BaseModel):
    """One JSON Patch operation."""

    op: str
    path: str
    value: Any = None


def zone(name: str) -> dict[str, Any]:
    """The body of a connection that takes no credentials."""
    return {"name": name, "connectionSpec": {"id": ZONE_TARGET, "version": "1.0"}}


@write_tool("connections")
async def make_connection(aep: Reader, name: Annotated[str, Field(min_length=1)]) -> Change:
    """Create a connection."""
    if name == "refuse me":
        raise PlanError("name: this one is not taken.")
    return Change.create(Kind.CONNECTION, zone(name))


@write_tool("connections")
async def make_account(aep: Reader, name: str, access_key: str, secret_key: str, bucket: str = "") -> Change:
    """Create a connection with credentials."""
    params = {"s3AccessKey": access_key, "s3SecretKey": secret_key}
    body = {
        **zone(name),
        "connectionSpec": {"id": S3_TARGET, "version": "1.0"},
        "description": bucket or None,
    }
    body["auth"] = {"specName": "Access Key", "params": params}
    return Change.create(Kind.CONNECTION, body)


@write_tool("flows", idempotent=True)
async def change_flow(aep: Reader, flow_id: str, operations: list[Operation]) -> Change:
    """Update a flow."""
    flow = await aep.get_object("flows", flow_id)
    ops = [one.model_dump(exclude_unset=True) for one in operations]
    return Change.update(Kind.FLOW, flow_id, flow, ops, etag=flow["etag"])


@write_tool("flows", destructive=True)
async def remove_flow(aep: Reader, flow_id: str) -> Change:
    """Delete a flow."""
    flow = await aep.get_object("flows", flow_id)
    return Change.delete(Kind.FLOW, flow, dependents=["its schedule"])


@write_tool("flows")
async def switch_flow(aep: Reader, flow_id: str, on: bool) -> Change:
    """Enable or disable a flow."""
    flow = await aep.get_object("flows", flow_id)
    state = "enabled" if on else "disabled"
    return Change.action(
        Kind.FLOW,
        flow_id,
        "enable" if on else "disable",
        name=flow["name"],
        before={"state": flow["state"]},
        intended={"state": [state, state.replace("ed", "ing")]},
    )


@write_tool("exports")
async def make_export(aep: Reader, name: str) -> Change:
    """Create an account and a target that uses it."""
    plan = Plan(f"Create an export called {name}")
    account = plan.create(Kind.CONNECTION, zone(f"{name} account"), key="account")
    params = {"mode": "Server-to-server", "compression": "GZIP", "datasetFileType": "JSON", "path": "exports"}
    target = {"connectionSpec": {"id": ZONE_TARGET, "version": "1.0"}, "params": params}
    plan.create(Kind.TARGET_CONNECTION, {**target, "name": f"{name} target", "baseConnectionId": account})
    return plan.change(warnings=["It costs storage."])


TOYS: list[ToolDef] = [make_connection, make_account, change_flow, remove_flow, switch_flow, make_export]
EVERYTHING: list[ToolDef] = [*TOYS, confirm_change]
